"""Every way in which a run can end has its exit code, its words, and its place in the JUnit file.

Each test is a pytest of its own on this repository, seen through links so that its reports lie elsewhere,
with a plugin that makes trouble. Tests of the static tier stand for all. Workers are tried where they take a
way of their own.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from canary_conformance.exit_codes import ExitStatus
from tests.selftest.repository_copy import linked_repository
from tests.selftest.repository_copy import run_pytest as run_pytest_in

ONE_TEST = "tests/static/test_stage_1_deploy.py"
BOTH_WAYS = pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "workers"])


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its exit code, its lines, what its JUnit file counts, the folder of its report."""

    code: int
    lines: list[str]
    junit: dict[str, int]
    report: Path

    @property
    def last(self) -> str:
        """The line that tells the exit code, and those after it."""
        found = [number for number, line in enumerate(self.lines) if line.startswith("exit code ")]
        return "\n".join(self.lines[found[-1] :]) if found else ""


class Pytest:
    """Runs pytest with a plugin that makes trouble."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        linked_repository(folder)

    def __call__(self, trouble: str, *options: str, tests: str = ONE_TEST) -> Ended:
        (self.folder / "trouble.py").write_text(trouble)
        found_here = {"PYTHONPATH": str(self.folder)}
        done = run_pytest_in(self.folder, "-p", "trouble", tests, *options, environment=found_here)
        report = self.folder / "reports/latest"
        return Ended(done.returncode, (done.stdout + done.stderr).splitlines(), _counts(report), report)


def _counts(report: Path) -> dict[str, int]:
    file = report / "junit.xml"
    if not file.exists():
        return {}
    (suite,) = ElementTree.parse(file).getroot()
    return {name: int(suite.get(name, 0)) for name in ("errors", "failures", "skipped")}


@pytest.fixture
def run_pytest(tmp_path: Path) -> Pytest:
    folder = tmp_path / "repository"
    folder.mkdir()
    return Pytest(folder)


PLUGIN = """
import pytest

def make_trouble(phase, node):
    for id_ in [one for mark in node.iter_markers("requirement") for one in mark.args]:
        exec({raised!r}.get((phase, id_), ""))

@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    make_trouble("call", pyfuncitem)
    return (yield)

@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef, request):
    made = yield
    if fixturedef.argname == "plan":
        make_trouble("setup", request.node)
    return made
"""


def raising(raised: str, *, setup: str = "", call: str = "") -> str:
    """Return a plugin in which tests of one requirement fail in a fixture, those of another in their call."""
    return PLUGIN.format(raised={("setup", setup): raised, ("call", call): raised})


SETUP = {"setup": "R1.1"}
CALL = {"call": "R1.1"}
BOTH = {"setup": "R1.1", "call": "R1.2"}
BROKEN = """
from canary_conformance.verdicts import ExpectationFailed, Verdict
raise ExpectationFailed(Verdict(False, "all of 2.0", "one of 1.0", "1 of 600", (), 600, 0.0, 0.01))
"""
RAISE = "from canary_conformance import errors; raise errors."
KEY_ERROR = "{}['votes']"
REPORT_IT = "this is a defect of the suite, not of your manifests; please report it with reports/"

# --- the codes -------------------------------------------------------------------------------------------


@BOTH_WAYS
def test_all_that_was_selected_holds(run_pytest: Pytest, workers: tuple[str, ...]) -> None:
    ended = run_pytest("", *workers)
    assert (ended.code, ended.last) == (ExitStatus.HOLDS, "")
    assert ended.junit == {"errors": 0, "failures": 0, "skipped": 0}


@pytest.mark.parametrize(
    ("raised", "failed", "workers"),
    [
        (BROKEN, "R1.1, R1.2 FAILED", ()),
        (f"{RAISE}StageFailed('MySQL is gone', breaks='R4.9')", "R4.9 FAILED", ("-n", "2")),
    ],
)
def test_a_requirement_that_fails_wherever_that_is_noticed(
    run_pytest: Pytest, raised: str, failed: str, workers: tuple[str, ...]
) -> None:
    ended = run_pytest(raising(raised, **BOTH), *workers)
    assert ended.code == ExitStatus.FAILED
    assert ended.last.startswith(f"exit code 1: {failed}")
    assert "defect" not in ended.last
    assert (ended.junit["errors"], ended.junit["failures"] > 0) == (0, True)


@pytest.mark.parametrize(("where", "workers"), [(SETUP, ()), (CALL, ("-n", "2"))])
def test_an_environment_that_failed_ends_the_run(
    run_pytest: Pytest, where: dict[str, str], workers: tuple[str, ...]
) -> None:
    ended = run_pytest(raising(f"{RAISE}EnvironmentFailed('the node is lost')", **where), *workers)
    assert ended.code == ExitStatus.ENVIRONMENT
    assert ended.last.startswith("exit code 3: no verdict, the environment failed: the node is lost")
    assert ended.junit["errors"] == 1


def test_bad_input_that_is_noticed_late(run_pytest: Pytest) -> None:
    ended = run_pytest(raising(f"{RAISE}BadInput('namespace voting is not ours')", **SETUP))
    assert ended.code == ExitStatus.BAD_INPUT
    assert ended.last.startswith("exit code 4: the input can't be judged: namespace voting is not ours")


@pytest.mark.parametrize(
    ("raised", "workers"),
    [
        (f"{RAISE}NotSpoken('a delegate')", ()),
        (f"{RAISE}NotJudged('a delegate')", ("-n", "2")),
    ],
)
def test_what_could_not_be_judged_is_no_success(
    run_pytest: Pytest, raised: str, workers: tuple[str, ...]
) -> None:
    ended = run_pytest(raising(raised, **BOTH), *workers)
    assert ended.code == ExitStatus.NOT_JUDGED
    text = "exit code 5: nothing failed, but 2 requirements were not judged (R1.1, R1.2): a delegate"
    assert ended.last == text
    assert (ended.junit["errors"], ended.junit["failures"]) == (0, 0)
    assert ended.junit["skipped"] > 1


def test_what_could_not_be_judged_is_a_failure_where_all_is_required(run_pytest: Pytest) -> None:
    ended = run_pytest(raising("pytest.skip('a delegate')", **CALL), "--require-all")
    assert ended.code == ExitStatus.FAILED
    assert ended.last == (
        "exit code 1: 1 requirement was not judged (R1.1): a delegate, which --require-all counts as FAILED"
    )
    assert ended.junit["errors"] == 1


@BOTH_WAYS
def test_a_defect_of_the_suite_has_a_code_of_its_own_and_its_traceback(
    run_pytest: Pytest, workers: tuple[str, ...]
) -> None:
    ended = run_pytest(raising(KEY_ERROR, **BOTH), *workers)
    assert ended.code == ExitStatus.DEFECT
    assert ended.last.startswith("exit code 6: ")
    assert "(setup): KeyError: 'votes'" in ended.last
    assert "(call): KeyError: 'votes'" in ended.last
    assert REPORT_IT in ended.last
    assert any(line.startswith("trouble.py:") for line in ended.lines), "no traceback"
    assert (ended.junit["errors"] > 1, ended.junit["failures"]) == (True, 0)
    assert json.loads((ended.report / "run.json").read_text())["tests"]


def test_a_defect_beside_a_failed_requirement_is_told_too(run_pytest: Pytest) -> None:
    raised = {("call", "R1.1"): BROKEN, ("call", "R1.2"): KEY_ERROR}
    ended = run_pytest(PLUGIN.format(raised=raised))
    assert ended.code == ExitStatus.FAILED
    assert ended.last.startswith("exit code 1: R1.1 FAILED")
    assert "KeyError: 'votes'" in ended.last
    assert REPORT_IT in ended.last


# --- what pytest itself ends with ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hook", "workers"),
    [
        ("configure", ()),
        ("collection_modifyitems", ("-n", "2")),
        ("runtest_logstart", ()),
        ("runtest_logstart", ("-n", "2")),
        ("sessionfinish", ()),
        ("sessionfinish", ("-n", "2")),
        ("terminal_summary", ()),
        ("unconfigure", ()),
    ],
)
def test_an_internal_error_is_a_defect(run_pytest: Pytest, hook: str, workers: tuple[str, ...]) -> None:
    ended = run_pytest(f"def pytest_{hook}():\n    {KEY_ERROR}", *workers)
    assert ended.code == ExitStatus.DEFECT
    assert any("KeyError" in line and "votes" in line for line in ended.lines)
    assert "please report it with" in ended.last


@BOTH_WAYS
def test_a_file_of_the_suite_that_can_not_be_imported_is_a_defect(
    run_pytest: Pytest, workers: tuple[str, ...]
) -> None:
    ended = run_pytest(f"def pytest_pycollect_makeitem():\n    {KEY_ERROR}", *workers)
    assert ended.code == ExitStatus.DEFECT
    assert f"{ONE_TEST} can't be collected: KeyError: 'votes'" in ended.last


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import no_such_library", "needs the library no_such_library"),
        ("def test_one(:", "can't be collected"),
    ],
)
def test_a_file_of_the_user_s_that_can_not_be_imported_is_bad_input(
    run_pytest: Pytest, text: str, words: str
) -> None:
    (run_pytest.folder / "test_mine.py").write_text(text)
    ended = run_pytest("", "-m", "static", tests="test_mine.py")
    assert ended.code == ExitStatus.BAD_INPUT
    assert words in ended.last


@BOTH_WAYS
def test_an_interrupt(run_pytest: Pytest, workers: tuple[str, ...]) -> None:
    ended = run_pytest("def pytest_runtest_call():\n    raise KeyboardInterrupt('SIGINT')", *workers)
    assert ended.code == ExitStatus.INTERRUPTED
    assert ended.last.startswith("exit code 2: interrupted: ")


@pytest.mark.parametrize(("number", "code"), [(9, ExitStatus.ENVIRONMENT), (11, ExitStatus.DEFECT)])
def test_a_worker_that_is_killed_from_outside_is_the_environment_and_one_that_crashes_is_ours(
    run_pytest: Pytest, number: int, code: ExitStatus
) -> None:
    killed = f"import os; os.environ.get('PYTEST_XDIST_WORKER') == 'gw0' and os.kill(os.getpid(), {number})"
    ended = run_pytest(f"def pytest_runtest_call(item):\n    {killed}", "-n", "2", tests="tests/static")
    assert ended.code == code
    assert "worker gw0 died" in ended.last
    assert ("SIGKILL" if number == 9 else "SIGSEGV") in ended.last
