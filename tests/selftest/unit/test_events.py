"""A run's events are lines of JSON, written as they happen, by several processes into one file."""

import re
from pathlib import Path

import pytest

from canary_conformance import events
from canary_conformance.events import FILE, EventLog, events_in
from canary_conformance.progress import Progress


def test_events_wait_until_the_file_is_known(tmp_path: Path) -> None:
    file, log = tmp_path / FILE, EventLog("gw0")
    log.write("run_began", 0.12345, requirements=("R1.1",))
    assert list(events_in(file)) == []
    log.write_to(file)
    log.write("run_ended", 2.0, exit_code=0, reason="")
    assert list(events_in(file)) == [
        {"event": "run_began", "seconds": 0.123, "worker": "gw0", "requirements": ["R1.1"]},
        {"event": "run_ended", "seconds": 2.0, "worker": "gw0", "exit_code": 0, "reason": ""},
    ]


def test_several_processes_write_into_one_file(tmp_path: Path) -> None:
    logs = [EventLog(f"gw{number}") for number in range(2)]
    for log in logs:
        log.write_to(tmp_path / FILE)
    for number in range(4):
        logs[number % 2].write("stage_entered", number, stage=number)
    assert [event["worker"] for event in events_in(tmp_path / FILE)] == ["gw0", "gw1", "gw0", "gw1"]


def test_a_line_that_is_not_whole_yet_is_left_for_later(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"event": "run_began"}\n{"event": "run_')
    assert [event["event"] for event in events_in(tmp_path / FILE)] == ["run_began"]


def test_a_disk_that_takes_nothing_ends_no_run(tmp_path: Path) -> None:
    log = EventLog()
    log.write_to(tmp_path / "missing" / FILE)
    log.write("run_ended", 1.0)


def test_phases_are_events_quiet_or_not(tmp_path: Path) -> None:
    progress = Progress()
    progress.events.write_to(tmp_path / FILE)
    with pytest.raises(KeyError), progress.phase("outer"), progress.phase("inner", quiet=True):
        raise KeyError("votes")
    found = events_in(tmp_path / FILE)
    assert [(one["event"], one["name"], one["depth"], one.get("failed")) for one in found] == [
        ("phase_began", "outer", 0, None),
        ("phase_began", "inner", 1, None),
        ("phase_ended", "inner", 1, True),
        ("phase_ended", "outer", 0, True),
    ]


def test_every_event_that_is_written_is_documented() -> None:
    root = Path(__file__).parents[3]
    sources = [path for name in ("canary_conformance", "fixtures") for path in (root / name).rglob("*.py")]
    written = {
        name
        for path in sources
        for found in re.findall(r"progress\.event\(\s*\"(\w+)\"|self\.event\(\s*\"(\w+)\"", path.read_text())
        for name in found
        if name
    }
    documented = set(re.findall(r"^\| ([a-z_, ]+) \|", str(events.__doc__), re.MULTILINE))
    names = {name for row in documented for name in row.split(", ")} - {"event"}
    assert written == names
