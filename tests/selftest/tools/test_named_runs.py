"""A run by its name: how it has to end, and what its header has to say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from canary_conformance.exit_codes import ExitStatus
from tools.named_runs import named_run


@pytest.mark.parametrize(
    ("exit_code", "expected", "header", "status"),
    [
        (0, 0, "loopback", ExitStatus.HOLDS),
        (0, 0, "a route", ExitStatus.FAILED),
        (3, 0, "a route", ExitStatus.ENVIRONMENT),
        (5, 0, "loopback", ExitStatus.NOT_JUDGED),
        (1, 1, "", ExitStatus.HOLDS),
        (0, 1, "", ExitStatus.FAILED),
    ],
)
def test_a_run_ends_as_it_should_and_says_how_it_reached_the_gateway(
    exit_code: int, expected: int, header: str, status: ExitStatus, tmp_path: Path
) -> None:
    words = [sys.executable, "-c", f"print('by loopback'); raise SystemExit({exit_code})"]
    run = named_run("kept", words, {}, tmp_path / "log", expected, header)
    assert run.status == status
    assert ("'a route'" in str(run)) is (header == "a route")
    assert ("should end with" in str(run)) is (exit_code != expected)
