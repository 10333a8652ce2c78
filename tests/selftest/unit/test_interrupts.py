"""The first signal ends the run, the second lets it clean up, the third is obeyed."""

import signal

import pytest

from canary_conformance.interrupts import Interrupts


def test_the_second_signal_is_told_and_the_third_is_obeyed() -> None:
    lines: list[str] = []
    interrupts = Interrupts(lines.append)
    with pytest.raises(KeyboardInterrupt, match="SIGINT"):
        interrupts.take(signal.SIGINT)
    assert lines == []
    interrupts.take(signal.SIGTERM)
    assert len(lines) == 1
    assert lines[0].startswith("SIGTERM again")
    with pytest.raises(KeyboardInterrupt, match="SIGTERM"):
        interrupts.take(signal.SIGTERM)
    assert interrupts.seen == 3


def test_a_run_that_removes_what_it_made_is_not_disturbed_by_the_first_signal() -> None:
    lines: list[str] = []
    interrupts = Interrupts(lines.append)
    interrupts.let_remove()
    interrupts.take(signal.SIGTERM)
    assert lines == ["SIGTERM: cleaning up. Interrupt again to stop and leave the cluster behind"]
    interrupts.check()


def test_an_interrupt_that_was_lost_is_raised_again() -> None:
    interrupts = Interrupts(lambda _: None)
    interrupts.check()
    with pytest.raises(KeyboardInterrupt):
        interrupts.take(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt, match="before"):
        interrupts.check()


def test_a_line_that_can_not_be_printed_now_changes_nothing() -> None:
    def reentered(_: str) -> None:
        raise RuntimeError("reentrant call")

    interrupts = Interrupts(reentered)
    interrupts.let_remove()
    interrupts.take(signal.SIGINT)
    assert interrupts.seen == 1
