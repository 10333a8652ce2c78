"""--promises picks the tests of some promises, and refuses an id that there isn't."""

from types import SimpleNamespace
from typing import cast

import pytest

from fixtures.plugin.promises import asked_promises, pytest_collection_modifyitems

pytestmark = pytest.mark.selftest


def item(*ids: str) -> pytest.Item:
    marks = [pytest.mark.requirement(one).mark for one in ids]
    found = SimpleNamespace(ids=ids, iter_markers=lambda name: marks if name == "requirement" else [])
    return cast(pytest.Item, found)


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ("", [("R1.1",), ("R1.1", "R4.4"), ("R4.10",), ()]),
        ("R1.1", [("R1.1",), ("R1.1", "R4.4")]),
        (" R4.4 ,R4.10", [("R1.1", "R4.4"), ("R4.10",)]),
        ("R6.2", []),
    ],
)
def test_what_is_left_and_what_is_told_to_be_left_out(asked: str, left: list[tuple[str, ...]]) -> None:
    items = [item("R1.1"), item("R1.1", "R4.4"), item("R4.10"), item()]
    before, told = list(items), list[pytest.Item]()

    def deselected(items: list[pytest.Item]) -> None:
        told.extend(items)

    config = SimpleNamespace(getoption=lambda _: asked, hook=SimpleNamespace(pytest_deselected=deselected))
    pytest_collection_modifyitems(cast(pytest.Config, config), items)
    assert [one.ids for one in items] == left  # type: ignore[attr-defined]
    assert [one for one in before if one not in items] == told


def test_an_id_that_there_is_not_is_bad_input() -> None:
    with pytest.raises(pytest.UsageError, match=r"'R0\.11'; did you mean"):
        asked_promises("R1.1,R0.11")
