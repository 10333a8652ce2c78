"""An observation is taken once; what was begun is waited for, and raises where it is asked for."""

import threading

import pytest

from canary_conformance.stages.observation_cache import Taken


def test_it_is_taken_once_under_its_name() -> None:
    taken = Taken()
    values = iter((1, 2))
    assert [taken.once("pages", lambda: next(values)) for _ in range(3)] == [1, 1, 1]
    assert taken.once("other pages", lambda: next(values)) == 2


def test_what_was_begun_runs_beside_what_follows_and_is_waited_for() -> None:
    taken, proceed = Taken(), threading.Event()
    taken.begin("restart", lambda: proceed.wait(5))
    taken.begin("restart", lambda: pytest.fail("it was begun already"))
    assert taken.begun("restart")
    assert taken.once("pages", lambda: 1) == 1
    proceed.set()
    assert taken.once("restart", lambda: False) is True
    assert taken.once("restart", lambda: False) is True


def test_what_is_taken_is_not_begun_again() -> None:
    taken = Taken()
    taken.once("pages", lambda: 1)
    taken.begin("pages", lambda: pytest.fail("it was taken already"))
    assert taken.once("pages", lambda: 2) == 1


def test_what_it_raised_is_raised_where_it_is_asked_for() -> None:
    taken = Taken()
    taken.begin("restart", lambda: 1 / 0)
    taken.settle()
    with pytest.raises(ZeroDivisionError):
        taken.once("restart", lambda: 1)


def test_what_could_not_be_taken_is_not_taken_a_second_time() -> None:
    """The second test that asks would pass on what the first one failed on."""
    taken = Taken()
    taken.begin("restart", lambda: 1 / 0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            taken.once("restart", lambda: 1)
        with pytest.raises(ZeroDivisionError):
            taken.once("pages", lambda: 1 / 0)
    assert taken.begun("restart")
    with pytest.raises(ZeroDivisionError):
        taken.once("pages", lambda: 1)
    taken.forget()
    assert taken.once("pages", lambda: 1) == 1
