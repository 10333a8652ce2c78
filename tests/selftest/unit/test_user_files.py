"""The user's kubeconfig and Docker contexts are compared by content, mode and time."""

from __future__ import annotations

from pathlib import Path

import pytest

from canary_conformance.user_files import changes, fingerprints

pytestmark = pytest.mark.selftest


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("KUBECONFIG", "DOCKER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    (home / ".kube").mkdir(parents=True)
    (home / ".kube/config").write_text("current-context: mine\n")
    (home / ".bashrc").write_text("not looked at\n")
    return home


def test_nothing_changed(home: Path) -> None:
    before = fingerprints(home)
    (home / ".bashrc").write_text("other\n")
    assert changes(before, fingerprints(home)) == []


def test_every_change_is_told(home: Path) -> None:
    before = fingerprints(home)
    (home / ".kube/config").write_text("current-context: ours\n")
    (home / ".docker").mkdir()
    (home / ".docker/config.json").write_text("{}")
    told = changes(before, fingerprints(home))
    assert told == [
        f"{home}/.docker is new",
        f"{home}/.docker/config.json is new",
        f"{home}/.kube/config was changed",
    ]
    (home / ".kube/config").unlink()
    assert f"{home}/.kube/config is gone" in changes(before, fingerprints(home))


def test_written_again_with_the_same_content_is_a_change_too(home: Path) -> None:
    before = fingerprints(home)
    (home / ".kube/config").write_bytes((home / ".kube/config").read_bytes())
    assert changes(before, fingerprints(home)) == [f"{home}/.kube/config was changed"]


def test_files_that_variables_name_are_the_user_s_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", f"{home}/one:{home}/two")
    (home / "one").write_text("1")
    before = fingerprints(home)
    (home / "two").write_text("2")
    assert changes(before, fingerprints(home)) == [f"{home}/two is new"]


def test_what_can_not_be_read_is_no_failure(home: Path) -> None:
    (home / ".kube/nowhere").symlink_to(home / "not-there")
    assert changes(fingerprints(home), fingerprints(home)) == []
