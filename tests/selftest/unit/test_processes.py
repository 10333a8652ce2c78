"""A program's limit is kept for all that it started, and a failure tells its last lines."""

import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from canary_conformance.errors import EnvironmentFailed
from canary_conformance.processes import (
    CommandFailed,
    Silent,
    TooLate,
    end_running,
    find_program,
    last_lines,
    run,
)
from canary_conformance.waiting import wait_until

SOON = 0.5
LONG = 20


def runs(pid: int) -> bool:
    """Tell whether a process runs; a zombie that nobody has waited for does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def assert_ends(pid: int) -> None:
    wait_until(lambda: runs(pid), until=lambda running: not running, limit=5, what=f"process {pid} ends")


@pytest.mark.parametrize(
    ("command", "output"),
    [
        (["sh", "-c", "echo told; echo noise >&2"], "told\n"),
        (["cat"], ""),
        (["printf", r"a\377b"], "a\N{REPLACEMENT CHARACTER}b"),
    ],
    ids=["without the errors", "nothing is fed unless asked", "output that is no text"],
)
def test_standard_output_is_returned(command: list[str], output: str) -> None:
    assert run(command, limit=LONG) == output


def test_environment_is_added_to_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "kept")
    text = run(["sh", "-c", 'echo "$OURS $ADDED"'], limit=LONG, environment={"ADDED": "new"})
    assert text == "kept new\n"


def test_the_command_runs_in_its_folder(tmp_path: Path) -> None:
    assert run(["pwd"], limit=LONG, folder=tmp_path).strip() == str(tmp_path.resolve())


def test_bytes_or_an_open_file_are_fed(tmp_path: Path) -> None:
    assert run(["cat"], limit=LONG, feed=b"from bytes") == "from bytes"
    file = tmp_path / "input"
    file.write_text("from a file")
    with file.open("rb") as opened:
        assert run(["cat"], limit=LONG, feed=opened) == "from a file"


def test_an_exit_code_is_a_failure_unless_accepted() -> None:
    assert run(["sh", "-c", "echo findings; exit 79"], limit=LONG, accepted=(0, 79)) == "findings\n"
    with pytest.raises(CommandFailed, match=r"ended with exit code 78"):
        run(["sh", "-c", "exit 78"], limit=LONG, accepted=(0, 79))


def test_a_failure_tells_the_last_lines_of_the_errors() -> None:
    script = "i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo line $i >&2; done; echo output; exit 3"
    with pytest.raises(CommandFailed) as failed:
        run(["sh", "-c", script], limit=LONG)
    heading, *text = str(failed.value).splitlines()
    assert heading.endswith("ended with exit code 3:")
    assert text == [f"  line {number}" for number in range(26, 41)]


@pytest.mark.parametrize(("script", "told"), [("echo only here; exit 1", r":\n  only here"), ("exit 1", "")])
def test_a_failure_without_errors_tells_the_last_lines_of_the_output_if_any(script: str, told: str) -> None:
    with pytest.raises(CommandFailed, match=rf"exit code 1{told}$"):
        run(["sh", "-c", script], limit=LONG)


def test_a_failed_command_is_a_failed_environment_and_no_verdict() -> None:
    assert issubclass(CommandFailed, EnvironmentFailed)


def test_a_long_command_is_cut_in_the_message() -> None:
    with pytest.raises(CommandFailed) as failed:
        run(["false", "x" * 500], limit=LONG)
    assert len(str(failed.value)) < 200


@pytest.mark.parametrize("folder", [None, Path("/no/such/folder")])
def test_a_program_that_can_not_be_started_is_a_failure(folder: Path | None) -> None:
    program = "sh" if folder else "no-such-program"
    with pytest.raises(CommandFailed, match=rf"{program} can't be started: .*No such file"):
        run([program], limit=LONG, folder=folder)


def test_the_limit_ends_all_that_the_program_started_and_tells_its_last_lines() -> None:
    with pytest.raises(CommandFailed, match=r"did not end within 0\.5 s:\n  [0-9]+ [0-9]+$") as failed:
        run(["sh", "-c", "sleep 60 & echo $$ $!; wait"], limit=SOON)
    for pid in str(failed.value).splitlines()[-1].split():
        assert_ends(int(pid))


def test_a_program_that_left_the_group_does_not_hold_us_up() -> None:
    with pytest.raises(CommandFailed, match="did not end within") as failed:
        run(["sh", "-c", "setsid sleep 20 & echo $!; wait"], limit=SOON)
    left = int(str(failed.value).split()[-1])
    assert runs(left), "it ended by itself, so this proves nothing"
    os.kill(left, signal.SIGKILL)


def test_an_interrupt_ends_the_program_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def interrupted(process: subprocess.Popen[bytes], *_: object, **__: object) -> None:
        started.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(["sleep", "60"], limit=LONG)
    assert [process.returncode for process in started] == [-signal.SIGKILL]


def test_programs_of_other_threads_can_be_ended(tmp_path: Path) -> None:
    failures: list[str] = []

    def work() -> None:
        try:
            run(["sh", "-c", "touch begun; sleep 60"], limit=LONG, folder=tmp_path)
        except CommandFailed as failed:
            failures.append(str(failed))

    thread = threading.Thread(target=work)
    thread.start()
    wait_until((tmp_path / "begun").exists, until=bool, limit=5, what="the program runs")
    end_running()
    thread.join(5)
    assert len(failures) == 1
    assert "exit code -9" in failures[0]


def test_ending_what_runs_is_nothing_when_nothing_runs() -> None:
    run(["true"], limit=LONG)
    end_running()


def test_programs_are_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ours"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_program("ours") == program
    assert find_program("theirs") is None


def test_last_lines_leaves_out_blank_ones() -> None:
    assert last_lines("a\n\n  b  \n\nc\n", count=2) == "    b\n  c"
    assert last_lines(" \n") == ""


def test_a_program_that_writes_nothing_by_its_first_word_s_limit_is_ended() -> None:
    with pytest.raises(Silent, match=r"wrote nothing within 0\.5 s$"):
        run(["sh", "-c", "read never <&- ; exec sleep 60"], limit=LONG, first_word=SOON)


def test_a_first_word_gives_a_program_its_whole_limit() -> None:
    assert run(["sh", "-c", "echo one; sleep 0.6; echo two"], limit=LONG, first_word=SOON) == "one\ntwo\n"
    assert run(["sh", "-c", "echo one >&2; sleep 0.6; echo two"], limit=LONG, first_word=SOON) == "two\n"


def test_a_program_that_speaks_and_does_not_end_is_ended_at_its_limit_with_what_it_wrote() -> None:
    with pytest.raises(TooLate, match=r"did not end within 1 s:\n  one"):
        run(["sh", "-c", "echo one; exec sleep 60"], limit=1, first_word=SOON)
