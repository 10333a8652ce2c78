"""The one wait, on a clock that only moves when it is told to: no test here takes any time."""

import ast
import pickle
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from canary_conformance.waiting import SYSTEM_CLOCK, GaveUp, NotInTime, wait_until
from tests.selftest.support import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def one_by_one(values: Iterable[object]) -> Callable[[], object]:
    """Return each value in turn; raise those that are exceptions."""
    left = iter(values)

    def observe() -> object:
        value = next(left)
        if isinstance(value, BaseException):
            raise value
        return value

    return observe


def test_first_good_observation_is_returned_without_a_pause(clock: FakeClock) -> None:
    observe = one_by_one(["ready"])
    assert (
        wait_until(observe, until=lambda seen: seen == "ready", limit=5, what="pods", clock=clock) == "ready"
    )
    assert clock.slept == []


def test_observes_again_after_each_pause(clock: FakeClock) -> None:
    seen = wait_until(
        one_by_one([1, 2, 3]), until=lambda n: n == 3, limit=5, what="three", pause=0.5, clock=clock
    )
    assert seen == 3
    assert clock.slept == [0.5, 0.5]


def test_nothing_is_observed_before_it_can_be_so(clock: FakeClock) -> None:
    wait_until(one_by_one([1, 2]), until=lambda n: n == 2, limit=5, what="two", not_before=0.3, clock=clock)
    assert clock.slept == [0.3, 0.1]


def test_the_time_before_the_first_observation_is_part_of_the_limit(clock: FakeClock) -> None:
    with pytest.raises(NotInTime):
        wait_until(lambda: 1, until=lambda _: False, limit=1, what="x", not_before=1.0, clock=clock)
    assert clock.time == pytest.approx(1001)


def test_limit_ends_the_wait_and_tells_the_last_observation(clock: FakeClock) -> None:
    observations = iter(range(1000))
    with pytest.raises(NotInTime) as caught:
        wait_until(lambda: next(observations), until=lambda _: False, limit=1, what="pods ready", clock=clock)
    assert caught.value.what == "pods ready"
    assert caught.value.limit == 1
    assert caught.value.last == 10
    assert str(caught.value) == "pods ready: not within 1 s; last seen: 10"
    assert clock.time == pytest.approx(1001)


def test_last_observation_is_made_at_the_limit_not_after_it(clock: FakeClock) -> None:
    moments: list[float] = []

    def observe() -> None:
        moments.append(clock.now() - 1000)

    with pytest.raises(NotInTime):
        wait_until(observe, until=lambda _: False, limit=1, what="x", pause=0.4, clock=clock)
    assert moments == pytest.approx([0, 0.4, 0.8, 1.0])


def test_there_is_always_one_observation(clock: FakeClock) -> None:
    def slow() -> str:
        clock.time += 60
        return "ready"

    assert wait_until(slow, until=bool, limit=1, what="x", clock=clock) == "ready"


def test_slow_observation_that_is_not_it_is_the_last(clock: FakeClock) -> None:
    calls = []

    def slow() -> None:
        calls.append(clock.now())
        clock.time += 60

    with pytest.raises(NotInTime):
        wait_until(slow, until=lambda _: False, limit=1, what="x", clock=clock)
    assert len(calls) == 1


def test_giving_up_ends_the_wait_at_once(clock: FakeClock) -> None:
    with pytest.raises(GaveUp) as caught:
        wait_until(
            one_by_one(["starting", "ErrImagePull"]),
            until=lambda seen: seen == "ready",
            limit=100,
            what="pods ready",
            give_up=lambda seen: "image not found" if seen == "ErrImagePull" else None,
            clock=clock,
        )
    assert str(caught.value) == "pods ready: image not found"
    assert caught.value.last == "ErrImagePull"
    assert caught.value.reason == "image not found"
    assert clock.slept == [0.1]


def test_what_is_good_is_not_given_up(clock: FakeClock) -> None:
    seen = wait_until(
        lambda: "ready", until=lambda _: True, limit=1, what="x", give_up=lambda _: "never", clock=clock
    )
    assert seen == "ready"


def test_good_observations_have_to_be_in_a_row(clock: FakeClock) -> None:
    observe = one_by_one([True, True, False, True, True, True, "too far"])
    wait_until(observe, until=lambda seen: seen is True, limit=5, what="x", times_in_a_row=3, clock=clock)
    assert len(clock.slept) == 5


def test_unfinished_row_is_told(clock: FakeClock) -> None:
    observe = one_by_one([False] * 9 + [True] * 2)
    with pytest.raises(NotInTime, match="2 of 3 in a row; last seen: True"):
        wait_until(observe, until=lambda seen: seen is True, limit=1, what="x", times_in_a_row=3, clock=clock)


def test_exception_goes_through_as_it_is(clock: FakeClock) -> None:
    trouble = KeyError("pods")
    with pytest.raises(KeyError) as caught:
        wait_until(one_by_one([1, trouble]), until=lambda _: False, limit=5, what="x", clock=clock)
    assert caught.value is trouble
    assert clock.slept == [0.1]


def test_interruption_goes_through(clock: FakeClock) -> None:
    with pytest.raises(KeyboardInterrupt):
        wait_until(
            one_by_one([KeyboardInterrupt()]), until=bool, limit=5, what="x", passing=(OSError,), clock=clock
        )


def test_exception_of_the_condition_goes_through(clock: FakeClock) -> None:
    def until(_: object) -> bool:
        raise OSError("not the observation's")

    with pytest.raises(OSError, match="not the observation's"):
        wait_until(lambda: 1, until=until, limit=5, what="x", passing=(OSError,), clock=clock)


def test_passing_exception_counts_as_not_yet(clock: FakeClock) -> None:
    observe = one_by_one([ConnectionRefusedError("no"), "up"])
    assert wait_until(observe, until=bool, limit=5, what="x", passing=(OSError,), clock=clock) == "up"


def test_passing_exception_breaks_a_row(clock: FakeClock) -> None:
    observe = one_by_one([True, OSError("no"), True, True])
    wait_until(observe, until=bool, limit=5, what="x", times_in_a_row=2, passing=(OSError,), clock=clock)
    assert len(clock.slept) == 3


def test_last_passing_exception_is_told(clock: FakeClock) -> None:
    def observe() -> object:
        raise ConnectionRefusedError(f"at {clock.now():g}")

    with pytest.raises(NotInTime) as caught:
        wait_until(observe, until=bool, limit=1, what="api", passing=(OSError,), clock=clock)
    expected = "api: not within 1 s; last seen: nothing; last attempt failed: ConnectionRefusedError: at 1001"
    assert str(caught.value) == expected
    assert caught.value.last is None
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


def test_passing_exception_that_passed_is_not_told(clock: FakeClock) -> None:
    observe = one_by_one([OSError("long ago")] + [False] * 20)
    with pytest.raises(NotInTime) as caught:
        wait_until(observe, until=bool, limit=1, what="x", passing=(OSError,), clock=clock)
    assert caught.value.problem is None
    assert "long ago" not in str(caught.value)


def test_huge_observation_is_cut_in_the_message(clock: FakeClock) -> None:
    with pytest.raises(NotInTime) as caught:
        wait_until(lambda: "x" * 1_000_000, until=lambda _: False, limit=1, what="x", clock=clock)
    assert len(str(caught.value)) < 3000
    assert caught.value.last == "x" * 1_000_000


@pytest.mark.parametrize("change", [{"limit": 0}, {"limit": -1}, {"pause": 0}, {"times_in_a_row": 0}])
def test_a_wait_that_is_none_is_refused(change: dict[str, float], clock: FakeClock) -> None:
    arguments = {"limit": 1, "pause": 0.1, "times_in_a_row": 1} | change
    with pytest.raises(ValueError, match="is no wait"):
        wait_until(lambda: 1, until=bool, what="x", clock=clock, **arguments)  # type: ignore[arg-type]


def test_exceptions_can_be_sent_to_another_process() -> None:
    for error in (NotInTime("pods", 5, "last", None, "1 of 2 in a row"), GaveUp("pods", "no image", "last")):
        assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_system_clock_is_monotonic_and_sleeps() -> None:
    before = SYSTEM_CLOCK.now()
    SYSTEM_CLOCK.sleep(0.001)
    assert SYSTEM_CLOCK.now() > before


def test_nothing_else_sleeps() -> None:
    repository = Path(__file__).parents[3]
    sleeping = [
        f"{path.relative_to(repository)}:{node.lineno}"
        for package in ("canary_conformance", "fixtures", "tools")
        for path in sorted((repository / package).rglob("*.py"))
        if path.name != "waiting.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (
            isinstance(node, ast.Attribute)
            and node.attr == "sleep"
            and getattr(node.value, "id", "") == "time"
        )
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "time"
            and "sleep" in {a.name for a in node.names}
        )
    ]
    assert not sleeping
