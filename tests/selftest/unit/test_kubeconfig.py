"""One context of the user's kubeconfig is read as kubectl reads it, and copied for the run alone."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from canary_conformance.cluster import kubeconfig as module
from canary_conformance.cluster.kubeconfig import Kubeconfig, read_kubeconfig
from canary_conformance.errors import BadInput
from canary_conformance.existing_options import IN_CLUSTER
from tests.selftest.api_server import write_kubeconfig
from tests.selftest.support import Programs

SERVER = "https://api.example.test:6443"


def plugin(command: Path | str, **more: Any) -> dict[str, Any]:
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(command), **more}}


def read(folder: Path, **user: Any) -> Kubeconfig:
    return read_kubeconfig(write_kubeconfig(folder / "config", SERVER, **user), "theirs")


def test_the_copy_holds_one_context_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    file = read(tmp_path).write(tmp_path)
    document = yaml.safe_load(file.read_text())
    assert document["current-context"] == "theirs"
    assert [one["user"] for one in document["users"]] == [{"token": "secret"}]
    assert file.stat().st_mode & 0o777 == 0o600


def test_files_are_merged_in_the_order_of_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write_kubeconfig(tmp_path / "first", SERVER, token="first")
    second = write_kubeconfig(tmp_path / "second", "https://other.example.test", token="second")
    document = yaml.safe_load(second.read_text())
    document["contexts"].append({"name": "only-here", "context": document["contexts"][0]["context"]})
    second.write_text(yaml.safe_dump(document))
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, (first, tmp_path / "absent", second))))
    for context in ("theirs", "only-here"):
        found = read_kubeconfig(None, context)
        assert (found.server, found.user) == (SERVER, {"token": "first"})


def test_without_the_variable_the_home_folder_has_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".kube").mkdir()
    write_kubeconfig(tmp_path / ".kube/config", SERVER)
    assert read_kubeconfig(None, "theirs").server == SERVER


def test_paths_are_seen_from_the_files_own_folder(tmp_path: Path) -> None:
    for name in ("me.crt", "me.key"):
        (tmp_path / name).touch()
    user = read(tmp_path, **{"client-certificate": "me.crt", "client-key": str(tmp_path / "me.key")}).user
    assert user == {"client-certificate": str(tmp_path / "me.crt"), "client-key": str(tmp_path / "me.key")}


def test_a_token_file_is_read_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    assert read(tmp_path, tokenFile="token").user == {
        "tokenFile": str(tmp_path / "token"),
        "token": "from-file",
    }


def test_a_plugin_keeps_the_users_home_and_its_own_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "inside.example.test")
    script = tmp_path / "login"
    script.write_text('#!/bin/sh\n[ "$MINE" = 1 ] && echo \'{"status": {"token": "t"}}\'\n')
    script.chmod(0o755)
    made = read(tmp_path, **plugin("./login", env=[{"name": "MINE", "value": "1"}])).user["exec"]
    assert made["command"] == str(script)
    assert {one["name"]: one["value"] for one in made["env"]} == {
        "HOME": os.environ["HOME"],
        "NO_PROXY": "inside.example.test",
        "no_proxy": os.environ.get("no_proxy", ""),
        "MINE": "1",
    }


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo first >&2; echo 'AADSTS700082: the refresh token has expired' >&2; exit 1", "AADSTS700082"),
        ("echo please log in", "printed no ExecCredential"),
        ("echo '[]'", "printed no ExecCredential"),
        ("echo '{\"status\": {}}'", "printed no ExecCredential"),
        ('echo \'{"status": {"clientCertificateData": "c"}}\'', "printed no ExecCredential"),
    ],
)
def test_a_plugin_that_gives_no_login_is_bad_input_with_its_last_line(
    programs: Programs, script: str, why: str, tmp_path: Path
) -> None:
    program = programs.add("kubelogin", script)
    with pytest.raises(BadInput, match=rf"^the login of context theirs failed: .*{why}") as bad:
        read(tmp_path, **plugin(program))
    assert "first" not in str(bad.value)


def test_a_plugin_that_is_not_installed_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="login of context theirs failed: no-such-plugin can't be started"):
        read(tmp_path, **plugin("no-such-plugin"))


@pytest.mark.parametrize("field", ["client-certificate", "client-key", "tokenFile"])
def test_a_file_of_the_login_that_is_absent_is_named(field: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=f"context theirs: {field} {tmp_path}/absent can't be read"):
        read(tmp_path, **{field: "absent"})


def test_an_unknown_context_is_rejected_with_those_that_are_known(tmp_path: Path) -> None:
    file = write_kubeconfig(tmp_path / "config", SERVER)
    with pytest.raises(BadInput, match=r"has no context 'prod'; its contexts are theirs"):
        read_kubeconfig(file, "prod")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: [", "is not YAML: "),
        ("just a text", "is not a kubeconfig"),
        ("", "is not a kubeconfig"),
        ("contexts: 3", "is not a kubeconfig"),
        ("contexts: [{context: {}}]", "is not a kubeconfig"),
        ("\xff", "is not YAML"),
        ("contexts: [{name: theirs, context: {cluster: c}}]", "names cluster 'c', which is not there"),
        (
            "{contexts: [{name: theirs, context: {cluster: c, user: u}}],"
            " clusters: [{name: c, cluster: {server: s}}]}",
            "names user 'u', which is not there",
        ),
    ],
)
def test_a_file_that_is_no_kubeconfig_is_one_sentence(text: str, why: str, tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadInput, match=why) as bad:
        read_kubeconfig(file, "theirs")
    assert "\n" not in str(bad.value)


@pytest.mark.parametrize("name", ["absent", "."])
def test_a_file_that_can_not_be_read_is_one_sentence(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"^--kubeconfig: .* can't be read: "):
        read_kubeconfig(tmp_path / name, "theirs")


def test_a_variable_that_names_no_file_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/absent/config")
    with pytest.raises(BadInput, match="KUBECONFIG names /absent/config, which does not exist"):
        read_kubeconfig(None, "theirs")


def test_the_environments_proxy_leads_to_the_server_as_for_kubectl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example.test:3128")
    monkeypatch.setenv("no_proxy", "")
    assert read(tmp_path).cluster["proxy-url"] == "http://proxy.example.test:3128"
    monkeypatch.setenv("no_proxy", ".example.test")
    assert "proxy-url" not in read(tmp_path).cluster


@pytest.mark.parametrize(("host", "server"), [("10.0.0.1", "10.0.0.1"), ("fd00::1", "[fd00::1]")])
def test_in_a_pod_the_service_account_is_the_login(
    host: str, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ACCOUNT", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    for name in ("token", "ca.crt"):
        (tmp_path / name).write_text(name)
    found = read_kubeconfig(None, IN_CLUSTER)
    assert found.server == f"https://{server}:6443"
    assert found.user == {"tokenFile": str(tmp_path / "token"), "token": "token"}
    assert found.cluster["certificate-authority"] == str(tmp_path / "ca.crt")


def test_outside_of_a_pod_there_is_no_service_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(BadInput, match="this is no pod with a service account"):
        read_kubeconfig(None, IN_CLUSTER)
