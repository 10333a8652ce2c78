"""Limits are stated once, each with its reason."""

from __future__ import annotations

import ast
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from fixtures import timeouts
from fixtures.timeouts import LIMITS, Timeouts

pytestmark = pytest.mark.selftest

SOURCE = Path(timeouts.__file__)
LIBRARY = SOURCE.parent


def test_every_limit_is_some_seconds() -> None:
    for limit in fields(Timeouts):
        assert 0 < getattr(LIMITS, limit.name) <= 3600, limit.name


def test_limits_can_not_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        LIMITS.request = 1  # type: ignore[misc]


def test_every_limit_says_why() -> None:
    lines = SOURCE.read_text(encoding="utf-8").splitlines()
    for limit in fields(Timeouts):
        index = next(
            number for number, line in enumerate(lines) if line.startswith(f"    {limit.name}: float")
        )
        assert lines[index - 1].startswith("    # "), limit.name
        assert ":" in lines[index - 1], f"{limit.name} has no reason"


def test_what_contains_a_wait_is_longer_than_it() -> None:
    assert (
        LIMITS.connection <= LIMITS.request < LIMITS.change_live < LIMITS.pods_ready < LIMITS.cluster_create
    )
    assert LIMITS.page_whole <= LIMITS.pods_ready
    assert LIMITS.request < LIMITS.traffic_stop


def test_no_other_module_states_a_limit() -> None:
    names = {"timeout", "limit", "timeout_seconds", "request_timeout"}
    stated = [
        f"{path.relative_to(LIBRARY)}:{node.value.lineno}"
        for path in sorted(LIBRARY.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg and node.arg.lstrip("_") in names
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, int | float)
    ]
    assert not stated
