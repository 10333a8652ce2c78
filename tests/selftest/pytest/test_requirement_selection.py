"""--promises picks the tests of some promises, and refuses an id that there isn't."""

from types import SimpleNamespace
from typing import cast

import pytest

from fixtures.requirement_selection import asked_requirements, pytest_collection_modifyitems

pytestmark = pytest.mark.selftest


def item(*ids: str) -> pytest.Item:
    marks = [pytest.mark.requirement(one).mark for one in ids]
    found = SimpleNamespace(ids=ids, iter_markers=lambda name: marks if name == "requirement" else [])
    return cast(pytest.Item, found)


def config(asked: str | None, told: list[pytest.Item] | None = None, upgrade: bool = False) -> pytest.Config:
    def deselected(items: list[pytest.Item]) -> None:
        assert told is not None
        told.extend(items)

    found = SimpleNamespace(
        getoption=lambda _: asked,
        hook=SimpleNamespace(pytest_deselected=deselected),
        pluginmanager=SimpleNamespace(hasplugin=lambda _: upgrade),
    )
    return cast(pytest.Config, found)


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        (None, [("R1.1",), ("R1.1", "R4.4"), ("R4.10",), ()]),
        ("R1.1", [("R1.1",), ("R1.1", "R4.4")]),
        (" R4.4 ,R4.10", [("R1.1", "R4.4"), ("R4.10",)]),
        ("R6.2", []),
    ],
)
def test_what_is_left_and_what_is_told_to_be_left_out(asked: str | None, left: list[tuple[str, ...]]) -> None:
    items = [item("R1.1"), item("R1.1", "R4.4"), item("R4.10"), item()]
    before, told = list(items), list[pytest.Item]()
    pytest_collection_modifyitems(config(asked, told), items)
    assert [one.ids for one in items] == left  # type: ignore[attr-defined]
    assert [one for one in before if one not in items] == told


def test_an_id_that_there_is_not_is_bad_input() -> None:
    with pytest.raises(pytest.UsageError, match=r"'R0\.11'; did you mean"):
        asked_requirements(config("R1.1,R0.11"))


@pytest.mark.parametrize("asked", ["", ",", " , "])
def test_an_empty_list_is_bad_input(asked: str) -> None:
    with pytest.raises(pytest.UsageError, match="lists no requirement"):
        asked_requirements(config(asked))


def test_what_a_move_of_the_mesh_requirements_only_such_a_run_judges() -> None:
    assert asked_requirements(config("U1,R4.4", upgrade=True)) == {"U1", "R4.4"}
    with pytest.raises(pytest.UsageError, match=r"only `python -m tools\.upgrade` judges U1, U5"):
        asked_requirements(config("U5,U1,R4.4"))
