"""Every limit is stretched by one number, from the command line or the environment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from canary_conformance.timeouts import LIMITS, stretch
from fixtures.options import FACTOR_VARIABLE, apply_factor

pytestmark = pytest.mark.selftest


@pytest.fixture(autouse=True)
def _written_limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(FACTOR_VARIABLE, raising=False)
    yield
    stretch(1)


def test_nothing_is_stretched_or_said_by_default() -> None:
    assert apply_factor(None) == []
    assert LIMITS.pods_ready == 120


def test_the_option_counts_before_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FACTOR_VARIABLE, "3")
    assert apply_factor(None) == ["time limits: 3 times the usual ones (VOTING_TIMEOUT_FACTOR)"]
    assert apply_factor("1.5") == ["time limits: 1.5 times the usual ones (--timeout-factor)"]
    assert (LIMITS.request, LIMITS.namespace_gone) == (7.5, 270)


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FACTOR_VARIABLE, "")
    assert apply_factor(None) == []


@pytest.mark.parametrize("text", ["", "0.5", "-2", "nan", "inf", "two", "1,5"])
def test_a_bad_factor_is_bad_input(text: str) -> None:
    with pytest.raises(pytest.UsageError, match="--timeout-factor must be a number of at least 1, not"):
        apply_factor(text)
    assert LIMITS.pods_ready == 120
