"""Limits are stated once, each with its reason."""

import ast
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from canary_conformance import timeouts
from canary_conformance.timeouts import LIMITS, Timeouts, stretch, stretched_by

SOURCE = Path(timeouts.__file__)
LIBRARY = SOURCE.parent


def test_every_limit_is_some_seconds() -> None:
    for limit in fields(Timeouts):
        assert 0 < getattr(LIMITS, limit.name) <= 3600, limit.name


def test_limits_can_not_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        LIMITS.request = 1  # type: ignore[misc]


@pytest.fixture
def written_limits() -> Iterator[None]:
    yield
    stretch(1)


@pytest.mark.usefixtures("written_limits")
def test_every_limit_is_stretched_by_one_factor_wherever_it_was_imported() -> None:
    same = LIMITS
    stretch(2.5)
    assert all(
        getattr(same, limit.name) == 2.5 * getattr(Timeouts(), limit.name) for limit in fields(Timeouts)
    )
    assert stretched_by() == 2.5
    stretch(1.5)
    assert (same.request, stretched_by()) == (7.5, 1.5)


@pytest.mark.parametrize("factor", [0.99, 0, -1, float("inf"), float("nan")])
def test_no_limit_is_shortened(factor: float) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        stretch(factor)
    assert Timeouts() == LIMITS


def test_no_module_keeps_a_copy_of_a_limit() -> None:
    kept = [
        f"{path.relative_to(LIBRARY)}:{line}"
        for path in sorted(LIBRARY.rglob("*.py"))
        for line in _copies(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not kept


def test_a_copy_is_found() -> None:
    in_class = "class B:\n  c: float = 2 * LIMITS.x\n  def f(self, d=LIMITS.x):\n    return LIMITS.x"
    assert list(_copies(ast.parse(f"A = LIMITS.x\n{in_class}"))) == [1, 3, 4]


def _copies(tree: ast.AST) -> Iterator[int]:
    """Yield the lines on which a limit is read when the module is imported."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            defaults = [one for one in (*node.args.defaults, *node.args.kw_defaults) if one is not None]
            for default in defaults:
                yield from _copies(ast.Expression(default))
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "LIMITS":
            yield node.lineno
        else:
            yield from _copies(node)


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
