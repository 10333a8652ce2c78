"""No password leaves the run, in whatever form it is written; what isn't secret stays as it was."""

import base64
import json
from pathlib import Path

import pytest
import yaml

from canary_conformance.paths import MANIFESTS
from canary_conformance.report import secret_masks
from canary_conformance.report.secret_leaks import leaking_files, secret_values
from canary_conformance.report.secret_masks import MASK, know_values, mask_secrets
from canary_conformance.scenario.manifests import load_manifests
from canary_conformance.scenario.scenario_folder import load_scenario

SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "voting-storage-secret"},
    "data": {"MYSQL_USER": "aHVudGVyMg=="},
    "stringData": {"conf": "line hunter2\n!!hunter2!!\n}hunter2 {\n"},
}
POD = {
    "kind": "Pod",
    "spec": {
        "automountServiceAccountToken": True,
        "containers": [
            {
                "env": [
                    {"name": "MYSQL_PASSWORD", "value": "hunter2"},
                    {"name": "MYSQL_HOST", "value": "voting-storage"},
                    {
                        "name": "MYSQL_ROOT_PASSWORD",
                        "valueFrom": {"secretKeyRef": {"name": "voting-storage-secret", "key": "PASSWORD"}},
                    },
                ]
            }
        ],
    },
}


def leaks(text: str) -> bool:
    return "hunter2" in text or "aHVudGVyMg" in text


def test_values_of_a_secret_are_masked_and_its_keys_stay() -> None:
    masked = mask_secrets(SECRET)
    assert masked == {**SECRET, "data": {"MYSQL_USER": MASK}, "stringData": {"conf": MASK}}


def test_secrets_in_a_list_are_masked() -> None:
    bare = {key: value for key, value in SECRET.items() if key != "kind"}
    for body in ({"kind": "SecretList", "items": [bare]}, {"kind": "List", "items": [SECRET]}, [SECRET]):
        assert not leaks(json.dumps(mask_secrets(body)))


def test_an_annotation_that_holds_the_applied_secret_is_masked() -> None:
    applied = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(SECRET)}
    body = {"kind": "Secret", "metadata": {"annotations": applied}, "data": {"a": "aHVudGVyMg=="}}
    assert not leaks(json.dumps(mask_secrets(body)))
    assert not leaks(mask_secrets(json.dumps(body)))
    assert not leaks(mask_secrets("seen: " + json.dumps(body)))
    assert not leaks(mask_secrets(yaml.safe_dump(body)))


def test_only_secret_values_of_an_environment_are_masked() -> None:
    masked = mask_secrets(POD)
    env = masked["spec"]["containers"][0]["env"]
    assert env[0] == {"name": "MYSQL_PASSWORD", "value": MASK}
    assert env[1:] == POD["spec"]["containers"][0]["env"][1:]  # type: ignore[index]
    assert masked["spec"]["automountServiceAccountToken"] is True


def test_config_maps_and_numbers_stay() -> None:
    body = {"kind": "ConfigMap", "data": {"PORT": "8080"}, "n": 3, "share": 0.5, "none": None, "token": ""}
    assert mask_secrets(body) == body
    assert mask_secrets({"password": 1234, "tokens": ("a", "b")}) == {"password": MASK, "tokens": ["a", "b"]}


def indented(text: str, prefix: str) -> str:
    return "".join(f"{prefix}{line}" for line in text.splitlines(keepends=True))


BLOCKS = """\
data:
  MYSQL_USER: >-
    aHVudGVyMg==
  MYSQL_PASSWORD: &password
    aHVudGVyMg==

  # hunter2
stringData:
  conf: |
    [client]
    hunter2: hunter2

    !!!hunter2
  ? hunter2
kind: Secret
metadata:
  name: voting-storage-secret
"""


@pytest.mark.parametrize("prefix", ["", "    ", "E   ", "+", "> ", "- "])
def test_blocks_of_a_secret_are_masked_to_their_end(prefix: str) -> None:
    masked = mask_secrets(indented(BLOCKS, prefix))
    assert not leaks(masked.replace("hunter2: <masked>", "")), masked
    assert "name: voting-storage-secret" in masked


@pytest.mark.parametrize("prefix", ["", "    ", "E   ", "E         ", "+", "> "])
@pytest.mark.parametrize("sort_keys", [True, False])
def test_a_secret_written_as_yaml_is_masked_wherever_it_is_quoted(prefix: str, sort_keys: bool) -> None:
    documents = [SECRET, {"kind": "ConfigMap", "data": {"PORT": "8080"}}, SECRET]
    for style in (None, '"'):
        text = indented(yaml.safe_dump_all(documents, sort_keys=sort_keys, default_style=style), prefix)
        assert leaks(text)
        masked = mask_secrets(text)
        assert not leaks(masked), masked
        assert "MYSQL_USER" in masked
    assert not leaks(mask_secrets(indented(yaml.safe_dump(SECRET, default_flow_style=True), prefix)))


def test_yaml_keeps_what_is_not_secret() -> None:
    documents = [POD, {"kind": "ConfigMap", "data": {"PORT": "8080"}}, SECRET]
    masked = list(yaml.safe_load_all(mask_secrets(yaml.safe_dump_all(documents))))
    assert masked[1:2] == documents[1:2]
    assert masked[0] == mask_secrets(POD)
    assert masked[2]["metadata"] == SECRET["metadata"]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_secret_quoted_as_json_within_a_text_is_masked(indent: int | None) -> None:
    for body in (SECRET, POD, {"items": [SECRET, POD]}):
        text = json.dumps(body, indent=indent)
        assert not leaks(mask_secrets(text))
        for quoted in (f"seen: {text}\nend", f"seen: {json.dumps(text)}", text[:-3], f"seen: {body!r}"):
            assert not leaks(mask_secrets(quoted)), quoted


def test_json_stays_json() -> None:
    assert json.loads(mask_secrets(json.dumps(POD, indent=2))) == mask_secrets(POD)


@pytest.mark.parametrize(
    "text",
    [
        "MYSQL_PASSWORD=hunter2",
        "env MYSQL_PASSWORD='a hunter2' mysqld",
        'MYSQL_ROOT_PASSWORD="a \\" hunter2"',
        'cut off: password="hunter2',
        "mysql --password=hunter2 -h voting-storage",
        "mysql --root-password=hunter2",
        "password: two words, hunter2",
        "E       password: two words, hunter2",
        "  - name: MYSQL_PASSWORD\n    value: two hunter2",
        "  - value: two hunter2\n    name: MYSQL_PASSWORD",
        "{'name': 'MYSQL_PASSWORD', 'value': 'hunter2'}",
        "Settings(user='voting', password='hunter2')",
        "clientSecret: hunter2",
        "DB_PASS=hunter2",
        "GET /?token=hunter2&page=1",
        "authorization: Bearer hunter2",
        '"Authorization": "Basic aHVudGVyMg=="',
        "mysql://voting:hunter2@voting-storage:3306/voting",
        "-----BEGIN RSA PRIVATE KEY-----\naHVudGVyMg==\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\naHVudGVyMg==",
    ],
)
def test_a_secret_in_a_text_is_masked(text: str) -> None:
    masked = mask_secrets(text)
    assert not leaks(masked), masked
    assert MASK in masked
    assert mask_secrets(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "R4.4 stage 4: 60 of 600 pages; cookie 'featureflag=on; session=1'; rule istio/step-3.yaml:31",
        "Secret/voting-storage-secret: created",
        "Secret/db-password: created",
        "secretName: voting-tls",
        "secretKeyRef: {name: voting-storage-secret, key: MYSQL_PASSWORD}",
        "automountServiceAccountToken: true",
        "PWD=/app",
        "http://voting-app.voting.svc:8080/",
        "kind: ConfigMap\ndata:\n  PORT: 8080\n",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert mask_secrets(text) == text


def test_no_secret_of_the_scenarios_own_manifests_is_left() -> None:
    found = 0
    for path in sorted(MANIFESTS.rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        masked = mask_secrets(text)
        for body in yaml.safe_load_all(text):
            secret = body.get("stringData", {}) if body and body.get("kind") == "Secret" else {}
            passwords = [str(value) for key, value in secret.items() if "PASSWORD" in key]
            assert not [password for password in passwords if password in masked]
            found += len(passwords)
        kept = list(yaml.safe_load_all(masked))
        assert [body and body.get("kind") for body in kept] == [
            body and body.get("kind") for body in yaml.safe_load_all(text)
        ]
    assert found


# --- the values of the manifests' Secrets --------------------------------------------------------------


PASSWORD, ROOT = "sample-password-of-the-voting-app", "sample-password-of-root"


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch) -> frozenset[str]:
    monkeypatch.setattr(secret_masks, "_known", set())
    found = secret_values(load_manifests(MANIFESTS, load_scenario(MANIFESTS)))
    know_values(found)
    return found


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_passwords_are_known_plain_and_encoded_and_names_are_none(values: frozenset[str]) -> None:
    assert values == {PASSWORD, ROOT, encoded(PASSWORD), encoded(ROOT)}


@pytest.mark.parametrize(
    "text", [PASSWORD, f"login with {PASSWORD}!", f"<a>{encoded(ROOT)}</a>", f"x{ROOT}y"]
)
def test_a_known_value_is_masked_under_any_name_or_none(values: frozenset[str], text: str) -> None:
    masked = mask_secrets(text)
    assert MASK in masked
    assert not any(value in masked for value in values)
    assert not any(value in str(mask_secrets({"note": [text]})) for value in values)


def test_files_that_leak_are_found(values: frozenset[str], tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle/log.txt").write_text(f"password {ROOT}")
    (tmp_path / "junit.xml").write_bytes(b"\xff" + encoded(PASSWORD).encode())
    (tmp_path / "summary.txt").write_text("voting is the database's name, and the user's")
    assert [path.name for path in leaking_files(tmp_path, values)] == ["log.txt", "junit.xml"]
