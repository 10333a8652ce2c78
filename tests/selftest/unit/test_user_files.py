"""The user's kubeconfig and Docker contexts are compared by content, mode and time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.paths import MANIFESTS
from canary_conformance.settings import Settings
from canary_conformance.user_files import changes, fingerprints
from fixtures import machine_audit
from fixtures.run_state import RUN, RunState


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
    text = changes(before, fingerprints(home))
    assert text == [
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


# --- the plugin that compares them around a run ----------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path) -> pytest.Config:
    stash = pytest.Stash()
    stash[RUN] = RunState(Settings(MANIFESTS, tmp_path))
    return cast(pytest.Config, SimpleNamespace(stash=stash))


def header(config: pytest.Config) -> str:
    machine_audit.pytest_terminal_summary(config)
    return config.stash[RUN].header[-1]


def test_a_run_says_whether_the_users_files_are_as_before(
    home: Path, config: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(home))
    machine_audit.pytest_sessionstart(cast(pytest.Session, SimpleNamespace(config=config)))
    assert header(config).endswith("of the user are as before")
    (home / ".kube/new").touch()
    assert f"{home}/.kube/new is new" in header(config)


def test_the_cluster_is_watched_from_its_making_to_its_end(
    config: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []

    @contextmanager
    def watch(cluster: object, _header: list[str]) -> Iterator[None]:
        seen.append(cluster)
        yield
        seen.append("end")

    monkeypatch.setattr(machine_audit, "only_inside", watch)
    ends: list[Callable[[], None]] = []
    for name in ("mesh", "cluster"):
        fixture = SimpleNamespace(argname=name, addfinalizer=ends.append)
        setup = machine_audit.pytest_fixture_setup(
            cast(Any, fixture), cast(Any, SimpleNamespace(config=config))
        )
        next(setup)
        with pytest.raises(StopIteration):
            setup.send(f"the {name}")
    assert seen == ["the cluster"]
    (end,) = ends
    end()
    assert seen == ["the cluster", "end"]
