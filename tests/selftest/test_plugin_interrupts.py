"""The first signal ends the run, the second lets it clean up, the third is obeyed."""

from __future__ import annotations

import signal

import pytest

from fixtures.plugin.interrupts import Interrupts

pytestmark = pytest.mark.selftest


def test_the_second_signal_is_told_and_the_third_is_obeyed() -> None:
    told: list[str] = []
    interrupts = Interrupts(told.append)
    with pytest.raises(KeyboardInterrupt, match="SIGINT"):
        interrupts.take(signal.SIGINT)
    assert told == []
    interrupts.take(signal.SIGTERM)
    assert len(told) == 1
    assert told[0].startswith("SIGTERM again")
    with pytest.raises(KeyboardInterrupt, match="SIGTERM"):
        interrupts.take(signal.SIGTERM)
    assert interrupts.seen == 3
