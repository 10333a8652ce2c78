"""Each phase is told when it starts and ends, and kept for the table of times, failed ones too."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import fixtures.progress
from fixtures.progress import Phase, Progress

pytestmark = pytest.mark.selftest


class Watch:
    """The monotonic clock of a test: it moves when told to."""

    def __init__(self) -> None:
        self.time = 100.0


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = Watch()
    monkeypatch.setattr(fixtures.progress, "time", SimpleNamespace(monotonic=lambda: watch.time))
    return watch


def test_a_phase_is_told_when_it_starts_and_when_it_ends(watch: Watch) -> None:
    said: list[str] = []
    with Progress(said.append, began=100.0).phase("making images"):
        assert said == ["[    0.0s] making images ..."]
        watch.time += 12.34
    assert said[1:] == ["[   12.3s] making images took 12.3 s"]


def test_phases_within_a_phase_are_indented_and_kept_as_they_end(watch: Watch) -> None:
    said: list[str] = []
    progress = Progress(said.append, began=100.0)
    with progress.phase("stage 1"):
        watch.time += 1
        with progress.phase("apply"):
            watch.time += 2
            progress.note("a note")
        watch.time += 4
    assert said[2] == "[    3.0s]     a note"
    assert progress.phases == [Phase("apply", 1, 1.0, 2.0), Phase("stage 1", 0, 0.0, 7.0)]


def test_a_quiet_phase_is_only_in_the_table(watch: Watch) -> None:
    said: list[str] = []
    progress = Progress(said.append, began=100.0)
    with progress.phase("step", quiet=True):
        watch.time += 1
    assert said == []
    assert progress.phases == [Phase("step", 0, 0.0, 1.0)]


def test_a_failed_phase_is_told_kept_and_the_error_goes_on(watch: Watch) -> None:
    said: list[str] = []
    progress = Progress(said.append, began=100.0)

    def fail() -> None:
        watch.time += 5
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"), progress.phase("outer"), progress.phase("inner"):
        fail()
    assert said[-2:] == ["[    5.0s]   inner failed after 5.0 s", "[    5.0s] outer failed after 5.0 s"]
    assert [phase.name for phase in progress.phases] == ["inner", "outer"]
    assert progress.depth == 0


def test_nobody_has_to_watch() -> None:
    progress = Progress()
    with progress.phase("unseen"):
        progress.note("unheard")
    assert progress.elapsed() >= 0
