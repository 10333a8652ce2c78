"""A stand-in for a test item, around which the hooks are called as pytest calls them."""

from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, cast

import pytest

from canary_conformance.errors import EnvironmentFailed
from canary_conformance.exit_codes import ExitStatus
from canary_conformance.paths import MANIFESTS, TESTS
from canary_conformance.report.bundle import RunFolder
from canary_conformance.report.exit_decision import unjudged_requirements
from canary_conformance.report.run_record import TestRecord
from canary_conformance.settings import Settings
from canary_conformance.verdicts import Verdict, expect
from fixtures import verdict_hooks
from fixtures.exit_status import Noted, account_of, decide
from fixtures.run_state import RUN, RunState

When = Literal["setup", "call", "teardown"]
FILE = TESTS / "stage_4_canary/test_flag.py"
PASSWORD = "MYSQL_PASSWORD=hunter2"


def verdict(*, held: bool, seen: str = "60 of 600 pages came from 1.0") -> Verdict:
    return Verdict(held, "every page is of 2.0", seen, "60 of 600 from 1.0", (), 600, 0.0, 0.01)


def judged(*, held: bool, seen: str = "60 of 600 pages came from 1.0") -> Callable[[], object]:
    return lambda: expect(None, lambda _: verdict(held=held, seen=seen))


def nothing() -> None:
    pass


def broken_environment() -> None:
    raise EnvironmentFailed("the node is gone")


def defect() -> None:
    raise KeyError("votes")


def raising(error: BaseException) -> Callable[[], object]:
    def body() -> None:
        raise error

    return body


class Item:
    """What the hooks use of a test item, and what pytest needs to make a report of it."""

    def __init__(self, run: RunState, *ids: str) -> None:
        self.path = FILE
        self.nodeid = self.id = "tests/stage_4_canary/test_flag.py::test_flag"
        self.location = (str(FILE), 1, "test_flag")
        self.keywords: dict[str, object] = {}
        self.stash = pytest.Stash()
        self.config = SimpleNamespace(
            stash=pytest.Stash(),
            getoption=lambda _, default=None: default,
            get_verbosity=lambda: 0,
            pluginmanager=SimpleNamespace(get_plugins=list),
        )
        self.session = SimpleNamespace(items=[self])
        self.config.stash[RUN] = run
        self.user_properties: list[tuple[str, object]] = []
        self._report_sections: list[tuple[str, str, str]] = []
        self._marks = [pytest.mark.requirement(*ids).mark] if ids else []

    def iter_markers(self, name: str) -> Iterator[pytest.Mark]:
        return (mark for mark in self._marks if mark.name == name)

    def repr_failure(self, info: pytest.ExceptionInfo[BaseException], **_: object) -> object:
        if isinstance(info.value, pytest.fail.Exception) and not info.value.pytrace:
            return str(info.value)
        return info.getrepr(style="long")

    _repr_failure_py = repr_failure

    def goes_through(self, phase: When, body: Callable[[], object]) -> pytest.TestReport:
        """Let a phase of the test run and be reported, through the hooks."""
        call = pytest.CallInfo.from_call(
            lambda: self._phase(phase, body), when=phase, reraise=pytest.exit.Exception
        )
        plain = pytest.TestReport.from_item_and_call(cast(pytest.Item, self), cast(Any, call))
        hook = verdict_hooks.pytest_runtest_makereport(cast(pytest.Item, self), cast(Any, call))
        next(hook)
        with pytest.raises(StopIteration) as done:
            hook.send(plain)
        Noted(cast(Any, self.config)).pytest_runtest_logreport(done.value.value)
        return cast(pytest.TestReport, done.value.value)

    def _phase(self, phase: When, body: Callable[[], object]) -> None:
        inner = partial(self._through, verdict_hooks.pytest_runtest_call, body) if phase == "call" else body
        if phase == "teardown":
            inner()
        else:
            setup = phase == "setup"
            self._through(
                verdict_hooks.pytest_runtest_setup if setup else verdict_hooks.pytest_runtest_call_ends, inner
            )

    def _through(self, wrapper: Callable[..., Generator[None]], body: Callable[[], object]) -> None:
        hook = wrapper(cast(pytest.Item, self))
        next(hook)
        try:
            body()
        except BaseException as error:
            hook.throw(error)
        else:
            assert next(hook, "ended") == "ended"

    def properties(self, name: str) -> list[object]:
        return [value for key, value in self.user_properties if key == name]


@pytest.fixture
def run(tmp_path: Path) -> RunState:
    run = RunState(Settings(MANIFESTS, tmp_path / "store"))
    run.folder = RunFolder.of_now(tmp_path / "reports").make()
    return run


def only_record(run: RunState) -> TestRecord:
    (record,) = run.tests
    return record


def exit_code(item: Item, raw: int = pytest.ExitCode.TESTS_FAILED) -> ExitStatus:
    account = account_of(cast(Any, item.config))
    run = item.config.stash[RUN]
    account.not_judged = unjudged_requirements(run.record())
    account.all_required = run.settings.require_all
    return decide(raw, account)
