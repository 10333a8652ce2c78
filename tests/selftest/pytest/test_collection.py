"""--requirements picks the tests of some requirements, and refuses an unknown id."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.settings import Settings
from fixtures.collection import pytest_collection_modifyitems, selected_requirements
from fixtures.run_state import RUN, RunState


def item(*ids: str) -> pytest.Item:
    marks = [pytest.mark.requirement(one).mark for one in ids]
    found = SimpleNamespace(
        ids=ids, path=Path("test_x.py"), iter_markers=lambda name: marks if name == "requirement" else []
    )
    return cast(pytest.Item, found)


def config(wanted: str | None, upgrade: bool = False) -> pytest.Config:
    found = SimpleNamespace(
        getoption=lambda _: wanted, pluginmanager=SimpleNamespace(hasplugin=lambda _: upgrade)
    )
    return cast(pytest.Config, found)


def left_of(wanted: str | None, items: list[pytest.Item]) -> list[pytest.Item]:
    """Leave out what is not wanted, and return that."""
    left_out: list[pytest.Item] = []
    given = config(wanted)

    def deselected(items: list[pytest.Item]) -> None:
        left_out.extend(items)

    settings = Settings(Path(), Path(), requirements=selected_requirements(given))
    given.stash = pytest.Stash()
    given.stash[RUN] = RunState(settings)
    given.hook = cast(Any, SimpleNamespace(pytest_deselected=deselected))
    pytest_collection_modifyitems(given, items)
    return left_out


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        (None, [("R1.1",), ("R1.1", "R4.4"), ("R4.10",), ()]),
        ("R1.1", [("R1.1",), ("R1.1", "R4.4")]),
        (" R4.4 ,R4.10", [("R1.1", "R4.4"), ("R4.10",)]),
        ("R4.4 R4.10\n", [("R1.1", "R4.4"), ("R4.10",)]),
        ("R6.2", []),
    ],
)
def test_tests_of_other_requirements_are_deselected(wanted: str | None, left: list[tuple[str, ...]]) -> None:
    items = [item("R1.1"), item("R1.1", "R4.4"), item("R4.10"), item()]
    before = list(items)
    left_out = left_of(wanted, items)
    assert [one.ids for one in items] == left  # type: ignore[attr-defined]
    assert [one for one in before if one not in items] == left_out


def test_an_unknown_id_is_bad_input() -> None:
    with pytest.raises(pytest.UsageError, match=r"'R0\.11'; did you mean"):
        selected_requirements(config("R1.1,R0.11"))


@pytest.mark.parametrize("wanted", ["", ",", " , "])
def test_an_empty_list_is_bad_input(wanted: str) -> None:
    with pytest.raises(pytest.UsageError, match="lists no requirement"):
        selected_requirements(config(wanted))


def test_requirements_of_an_upgrade_are_judged_by_an_upgrade_alone() -> None:
    assert selected_requirements(config("U1,R4.4", upgrade=True)) == {"U1", "R4.4"}
    with pytest.raises(pytest.UsageError, match=r"only `python -m tools\.upgrade` judges U1, U5"):
        selected_requirements(config("U5,U1,R4.4"))
