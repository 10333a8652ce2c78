"""The runtime for hosts without CAP_SYS_RESOURCE takes that one capability away, and nothing else.

The script itself runs, with jq and a runc that only pretends.
"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from canary_conformance.images.engine import CAPPED_RUNTIME
from tests.selftest.support import Programs

PROCESS = {
    "terminal": False,
    "args": ["sh", "-c", 'echo "CAP_SYS_RESOURCE"'],
    "env": ["KEEP=CAP_SYS_RESOURCE", 'QUOTED="é"'],
    "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1048576, "soft": 1024}],
    "oomScoreAdj": -500,
}
SETS = ("bounding", "effective", "inheritable", "permitted", "ambient")


def with_capabilities(*names: str) -> dict[str, object]:
    return PROCESS | {"capabilities": {one: list(names) for one in SETS}}


@pytest.fixture
def runc(programs: Programs, tmp_path: Path) -> Path:
    """Put a runc on PATH that writes its arguments down, one a line."""
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    arguments = tmp_path / "arguments"
    programs.add("runc", f'printf "%s\\n" "$@" > {arguments}; exit 7')
    return arguments


def call(*arguments: str | Path) -> int:
    return subprocess.run([CAPPED_RUNTIME, *arguments], check=False).returncode


@pytest.mark.parametrize("option", ["--bundle", "-b"])
def test_a_container_loses_cap_sys_resource_and_nothing_else(runc: Path, tmp_path: Path, option: str) -> None:
    config = tmp_path / "bundle/config.json"
    config.parent.mkdir()
    linux = {"resources": {"memory": {"limit": -1}}, "seccomp": {"names": ["CAP_SYS_RESOURCE"]}}
    rest = {"ociVersion": "1.2.0", "root": {"path": "rootfs"}, "linux": linux}
    config.write_text(json.dumps(rest | {"process": with_capabilities("CAP_CHOWN", "CAP_SYS_RESOURCE")}))
    words = ["--root", "/run/runc", "create", option, str(config.parent), "--pid-file", "a file", "name"]
    assert call(*words) == 7
    assert runc.read_text().splitlines() == words
    assert json.loads(config.read_text()) == rest | {"process": with_capabilities("CAP_CHOWN")}
    assert list(config.parent.iterdir()) == [config]


@pytest.mark.parametrize("option", ["--process", "-p"])
def test_a_command_in_a_container_loses_cap_sys_resource_and_nothing_else(
    runc: Path, tmp_path: Path, option: str
) -> None:
    process = tmp_path / "runc-process123"
    process.write_text(json.dumps(with_capabilities("CAP_SYS_RESOURCE", "CAP_SYS_ADMIN", "CAP_KILL")))
    process.chmod(0o600)
    words = ["exec", option, str(process), "--detach", "name"]
    assert call(*words) == 7
    assert runc.read_text().splitlines() == words
    assert json.loads(process.read_text()) == with_capabilities("CAP_SYS_ADMIN", "CAP_KILL")
    assert process.stat().st_mode & 0o777 == 0o600
    assert not process.with_name(f"{process.name}.less").exists()


def test_a_process_without_capabilities_is_left_alone(runc: Path, tmp_path: Path) -> None:
    process = tmp_path / "process.json"
    process.write_text(json.dumps(PROCESS))
    call("exec", "--process", process, "name")
    assert json.loads(process.read_text()) == PROCESS
    assert runc.exists()


def test_every_other_call_goes_through_word_by_word(runc: Path) -> None:
    words = ["--log", "a b", "kill", "--all", "name", "15", "*", ""]
    assert call(*words) == 7
    assert runc.read_text().split("\n")[:-1] == words


def test_a_file_that_can_not_be_read_never_reaches_runc(runc: Path, tmp_path: Path) -> None:
    assert call("create", "--bundle", tmp_path, "name") not in {0, 7}
    assert not runc.exists()
