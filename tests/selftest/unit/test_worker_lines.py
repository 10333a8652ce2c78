"""What workers say is printed by their controller, each line with the worker's name."""

from pathlib import Path

from canary_conformance.progress import say_nothing
from canary_conformance.worker_lines import lines_heard, say_into


def test_lines_of_several_workers_are_heard_in_their_order(tmp_path: Path) -> None:
    heard: list[str] = []
    with lines_heard(tmp_path / "lines", heard.append):
        one, other = (say_into(str(tmp_path / "lines"), name) for name in ("gw0", "gw1"))
        one("stage 1 ...")
        other("stage 4 ...\nwith another line")
        one("stage 1 took 9.0 s")
    text = ["gw0 stage 1 ...", "gw1 stage 4 ...", "gw1 with another line", "gw0 stage 1 took 9.0 s"]
    assert heard == text


def test_the_pipe_is_gone_at_the_end(tmp_path: Path) -> None:
    with lines_heard(tmp_path / "lines", say_nothing):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_line_that_is_too_long_is_cut(tmp_path: Path) -> None:
    heard: list[str] = []
    with lines_heard(tmp_path / "lines", heard.append):
        say_into(str(tmp_path / "lines"), "gw0")("x" * 10000)
    assert [len(line) for line in heard] == [4095]


def test_a_worker_whose_controller_is_gone_goes_on(tmp_path: Path) -> None:
    with lines_heard(tmp_path / "lines", say_nothing):
        say = say_into(str(tmp_path / "lines"), "gw0")
    say("nobody hears this")


def test_without_a_pipe_nothing_is_said() -> None:
    assert say_into("", "gw0") is say_nothing
