"""Each phase is told when it starts and ends, and while it lasts; it is kept for the table of times."""

import threading
from collections.abc import Callable

import pytest

import canary_conformance.progress
from canary_conformance.progress import Phase, Progress
from canary_conformance.status_line import LiveLine
from canary_conformance.waiting import wait_until


class Watch:
    """The monotonic clock of a test: it moves when told to."""

    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        return self.time


class Watched:
    """A progress on a test's clock, all that it said, and what its live line showed (None: erased)."""

    def __init__(self, *, live: bool = False) -> None:
        self.watch = Watch()
        self.said: list[str] = []
        self.shown: list[tuple[str, str] | None] = []
        line = RecordedLine(self.shown) if live else None
        self.progress = Progress(self.said.append, began=100.0, live=line, now=self.watch.now)

    def after(self, seconds: float) -> None:
        """Let time pass, then look at what runs, as the thread of a phase does."""
        self.watch.time += seconds
        self.progress.look()


class RecordedLine(LiveLine):
    """A live line that only keeps what it is told to show."""

    def __init__(self, shown: list[tuple[str, str] | None]) -> None:
        super().__init__(lambda _: None, lambda: 80)
        self._shown = shown

    def draw(self, head: str, tail: str) -> None:
        self._shown.append((head, tail))

    def erase(self) -> None:
        self._shown.append(None)


@pytest.fixture(autouse=True)
def looked_at_by_the_test_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canary_conformance.progress, "LOOK_EVERY", 3600)


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "progress"]


# --- lines -----------------------------------------------------------------------------------------------


def test_a_phase_is_told_when_it_starts_and_when_it_ends() -> None:
    seen = Watched()
    with seen.progress.phase("making images"):
        assert seen.said == ["[    0.0s] making images ..."]
        seen.watch.time += 12.34
    assert seen.said[1:] == ["[   12.3s] making images took 12.3 s"]


def test_phases_within_a_phase_are_indented_and_kept_as_they_end() -> None:
    seen = Watched()
    with seen.progress.phase("stage 1"):
        seen.watch.time += 1
        with seen.progress.phase("apply"):
            seen.watch.time += 2
            seen.progress.note("a note")
        seen.watch.time += 4
    assert seen.said[2] == "[    3.0s]     a note"
    assert seen.progress.phases == [Phase("apply", 1, 1.0, 2.0), Phase("stage 1", 0, 0.0, 7.0)]


def test_a_quiet_phase_is_only_in_the_table() -> None:
    seen = Watched()
    with seen.progress.phase("step", quiet=True):
        seen.watch.time += 1
    assert seen.said == []
    assert seen.progress.phases == [Phase("step", 0, 0.0, 1.0)]


def test_a_phase_that_is_not_kept_is_not_even_there() -> None:
    seen = Watched()
    with seen.progress.phase("opening pages", quiet=True, kept=False):
        assert seen.progress.depth == 1
    assert (seen.said, seen.progress.phases, seen.progress.depth) == ([], [], 0)


def test_a_failed_phase_is_told_kept_and_the_error_goes_on() -> None:
    seen = Watched()

    def fail() -> None:
        seen.watch.time += 5
        raise ValueError("broken")

    phase = seen.progress.phase
    with pytest.raises(ValueError, match="broken"), phase("outer"), phase("inner"):
        fail()
    assert seen.said[-2:] == ["[    5.0s]   inner failed after 5.0 s", "[    5.0s] outer failed after 5.0 s"]
    assert [phase.name for phase in seen.progress.phases] == ["inner", "outer"]
    assert (seen.progress.depth, threads()) == (0, [])


def test_nobody_has_to_watch_and_then_nobody_looks() -> None:
    progress = Progress()
    with progress.phase("unseen"):
        progress.note("unheard")
        progress.detail("unread")
        assert threads() == []
    assert progress.elapsed() >= 0


# --- a log that would be silent ----------------------------------------------------------------------------


@pytest.mark.parametrize("quiet", [False, True])
def test_a_long_phase_breaks_the_silence_after_15_seconds_then_30_then_every_60(quiet: bool) -> None:
    seen = Watched()
    with seen.progress.phase("compiling", quiet=quiet):
        seen.progress.detail("1 of 3 made")
        for _ in range(720):
            seen.after(0.25)
        text = [line for line in seen.said if "compiling, for" in line]
    assert text == [f"[{at:7.1f}s]   compiling, for {at} s now: 1 of 3 made" for at in (15, 45, 105, 165)]


def test_a_phase_of_less_than_15_seconds_says_nothing_however_silent_it_was_before() -> None:
    seen = Watched()
    seen.watch.time += 300
    with seen.progress.phase("short", quiet=True):
        seen.after(14.9)
    assert seen.said == []


def test_a_line_that_is_printed_anyway_is_no_silence() -> None:
    seen = Watched()
    with seen.progress.phase("making"):
        for number in range(10):
            seen.after(14.9)
            seen.progress.note(f"made {number}")
        assert not any("for" in line for line in seen.said)
        seen.after(15)
    assert seen.said[-2] == "[  164.0s]   making, for 164 s now"


def test_many_short_phases_are_told_as_the_long_one_that_they_are_in() -> None:
    seen = Watched()
    with seen.progress.phase("stage 1"):
        for number in range(4):
            with seen.progress.phase(f"step {number}", quiet=True):
                seen.progress.detail(f"{number} of 4 ready")
                seen.after(4)
    assert [line for line in seen.said if "for" in line] == [
        "[   16.0s]     stage 1, for 16 s now: 3 of 4 ready"
    ]


def test_a_detail_is_that_of_the_innermost_phase_and_ends_with_it() -> None:
    seen = Watched()
    seen.progress.detail("of nothing")
    with seen.progress.phase("outer", quiet=True):
        seen.after(15)
        seen.progress.detail("outer's")
        with seen.progress.phase("inner", quiet=True):
            seen.progress.detail("inner's")
            seen.after(30)
        seen.after(60)
    assert [line.partition("now")[2] for line in seen.said] == ["", ": inner's", ": outer's"]


# --- a terminal --------------------------------------------------------------------------------------------


def test_the_live_line_is_the_innermost_phase_with_its_seconds_and_its_detail() -> None:
    seen = Watched(live=True)
    with seen.progress.phase("stage 1", quiet=True):
        seen.after(3)
        with seen.progress.phase("step", quiet=True):
            seen.progress.detail("3 of 5 Deployments ready")
            seen.after(40)
        seen.after(1)
    assert seen.shown == [
        ("  stage 1", ", for 3 s now"),
        ("    step", ", for 40 s now: 3 of 5 Deployments ready"),
        ("  stage 1", ", for 44 s now"),
        None,
    ]
    assert seen.said == []


def test_the_live_line_is_erased_before_any_other_line_and_at_the_end() -> None:
    seen = Watched(live=True)

    def note(line: str) -> None:
        seen.said.append(line)
        assert seen.shown[-1] is None

    seen.progress.say = note
    with seen.progress.phase("making"):
        seen.after(1)
        seen.progress.note("made one")
        seen.after(1)
    assert len(seen.said) == 3
    assert seen.shown[-1] is None
    seen.after(1)
    assert seen.shown[-1] is None


def test_one_thread_looks_while_phases_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canary_conformance.progress, "LOOK_EVERY", 0.001)
    seen = Watched(live=True)
    with seen.progress.phase("outer"), seen.progress.phase("inner"):
        wait_until(
            lambda: seen.shown.count(("    inner", ", for 0 s now")),
            until=lambda times: times > 3,
            limit=10,
            what="it is drawn",
        )
        assert [thread.daemon for thread in threads()] == [True]
    assert threads() == []


def test_what_handles_a_signal_may_say_so_while_something_is_said() -> None:
    progress = Progress()
    say: Callable[[str], None] = lambda line: progress.note("again") if "again" not in line else None  # noqa: E731
    progress.say = say
    progress.note("once")
    assert not progress.phases


def test_details_come_from_many_threads_while_phases_start_and_end() -> None:
    seen = Watched(live=True)
    stop = threading.Event()

    def tell() -> None:
        # A pause, or three busy threads leave the fourth no turn.
        while not stop.wait(0.0005):
            seen.progress.detail("told")

    tellers = [threading.Thread(target=tell) for _ in range(3)]
    for teller in tellers:
        teller.start()
    try:
        for _ in range(200):
            with seen.progress.phase("short", quiet=True):
                seen.progress.look()
    finally:
        stop.set()
        for teller in tellers:
            teller.join()
    assert len(seen.progress.phases) == 200
