"""The evidence of a stage is read once, and every red message of that stage says where it is."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance import paths
from canary_conformance.report.bundle import RunFolder
from canary_conformance.settings import Settings
from fixtures.report_files import leave_failure
from fixtures.run_state import FAILED_STAGE, NAMESPACE_UNDER_TEST, RUN, RunState

RED = "R4.4 stage 4 FAILED"


class Failing:
    """Tests that fail one after the other in one run."""

    def __init__(self, reports: Path) -> None:
        self.stash = pytest.Stash()
        run = RunState(Settings(reports, reports))
        run.folder = RunFolder.of_now(reports).make()
        self.failures = run.folder.path / "failures"
        self.stash[RUN] = self.run = run
        self.namespace = SimpleNamespace(stage=4)
        self.read: list[int] = []

    def evidence(self, namespace: object, stage: int) -> Mapping[str, str]:
        assert namespace is self.namespace
        self.read.append(stage)
        return {"pods.txt": f"pods at stage {stage}", "env.txt": "MYSQL_PASSWORD=hunter2"}

    def fail(self, name: str, longrepr: Any = RED) -> pytest.TestReport:
        item = SimpleNamespace(nodeid=f"tests/{name}", config=SimpleNamespace(stash=self.stash))
        report = pytest.TestReport(item.nodeid, ("", 1, name), {}, "failed", longrepr, "call")
        leave_failure(cast(pytest.Item, item), report)
        return report

    def texts(self, name: str) -> dict[str, str]:
        return {path.name: path.read_text() for path in (self.failures / name).iterdir()}


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Failing:
    failing = Failing(tmp_path)
    failing.stash[NAMESPACE_UNDER_TEST] = cast(Any, failing.namespace)
    monkeypatch.setattr("canary_conformance.stages.stage_evidence.evidence", failing.evidence)
    return failing


def bundle_of(text: str) -> str:
    label, path = text.splitlines()[-1].split()
    assert label == "bundle"
    return path


def test_the_first_failure_has_the_evidence_beside_its_message(failing: Failing) -> None:
    report = failing.fail("one")
    assert failing.texts("one") == {
        "failure.txt": RED,
        "pods.txt": "pods at stage 4",
        "env.txt": "MYSQL_PASSWORD=<masked>",
    }
    assert str(report.longrepr).startswith(f"{RED}\n")
    assert Path(bundle_of(str(report.longrepr))) == failing.failures / "one"


def test_other_failures_of_the_stage_say_where_it_is(failing: Failing) -> None:
    first, second = failing.fail("one"), failing.fail("two")
    assert failing.read == [4]
    assert list(failing.texts("two")) == ["failure.txt"]
    assert (
        bundle_of(failing.texts("two")["failure.txt"])
        == bundle_of(str(second.longrepr))
        == bundle_of(str(first.longrepr))
    )


def test_a_later_stage_has_evidence_of_its_own(failing: Failing) -> None:
    failing.fail("one")
    failing.namespace.stage = 5
    failing.fail("two")
    assert failing.read == [4, 5]
    assert failing.texts("two")["pods.txt"] == "pods at stage 5"


def test_a_stage_that_never_got_ready_is_the_one_to_look_at(failing: Failing) -> None:
    failing.stash[FAILED_STAGE] = 5
    failing.fail("one")
    assert failing.read == [5]


def test_a_trace_keeps_its_form_and_names_the_bundle_below(failing: Failing) -> None:
    class Trace:
        def __str__(self) -> str:
            return "a trace"

    trace = Trace()
    report = failing.fail("one", trace)
    assert report.longrepr is cast(Any, trace)
    assert failing.texts("one")["failure.txt"] == "a trace"
    assert [(name, Path(text)) for name, text in report.sections] == [("bundle", failing.failures / "one")]


def test_where_there_is_no_namespace_there_is_the_message(failing: Failing) -> None:
    del failing.stash[NAMESPACE_UNDER_TEST]
    report = failing.fail("one")
    assert failing.texts("one") == {"failure.txt": RED}
    assert report.longrepr == RED
    assert failing.read == []


def test_a_run_without_a_folder_leaves_nothing(failing: Failing) -> None:
    failing.run.folder = None
    assert failing.fail("one").longrepr == RED
    assert not failing.failures.exists()


def test_reading_evidence_has_its_place_in_the_table_of_times(failing: Failing) -> None:
    failing.fail("one")
    failing.fail("two")
    assert [phase.name for phase in failing.run.progress.phases] == ["evidence of stage 4"]


def test_a_folder_of_the_repository_is_named_from_there(
    failing: Failing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(paths, "REPOSITORY", tmp_path)
    path = bundle_of(str(failing.fail("one").longrepr))
    assert not path.startswith("/")
    assert tmp_path / path == failing.failures / "one"
