"""A run's findings: what failed by its causes first, then what was not judged, at lines of the repository."""

import shutil
from pathlib import Path

from canary_conformance.paths import MANIFESTS
from canary_conformance.report.findings import RunFinding, findings_of
from canary_conformance.report.manifest_lines import ManifestLines
from canary_conformance.report.repository_paths import repository_of, repository_path
from canary_conformance.report.run_record import Outcome, RunRecord, TestRecord
from canary_conformance.scenario.places import Finding, Place
from canary_conformance.settings import read_source
from canary_conformance.verdicts import Verdict
from tests.selftest.manifest_files import ROUTING
from tests.selftest.review_cases import NOWHERE, ROUTE, SUBSET, failed, unjudged


def found(*tests: TestRecord, selected: tuple[str, ...] | None = None) -> tuple[RunFinding, ...]:
    return findings_of(RunRecord((), tests, (), selected=selected), NOWHERE)


def test_causes_come_before_what_follows_from_them_and_what_was_not_judged_comes_last() -> None:
    findings = found(
        unjudged("R4.9", "Skipped: not judged: a field is not supported"),
        failed("R4.4", ROUTE),
        failed("R4.5", ROUTE),
        failed("R4.2", SUBSET),
        failed("R4.4", ROUTE, name="t::again"),
    )
    assert [(one.requirement, one.outcome, one.cause, one.follows) for one in findings] == [
        ("R4.4", Outcome.FAILED, 1, False),
        ("R4.2", Outcome.FAILED, 2, False),
        ("R4.5", Outcome.FAILED, 1, True),
        ("R4.9", Outcome.NOT_JUDGED, 0, False),
    ]
    assert findings[-1].statement == "a field is not supported"


def test_a_failure_has_what_its_red_message_has() -> None:
    (one,) = found(failed("R4.5", ROUTE, SUBSET, seen="5 of 26 cookies\nanother line"))
    assert one.statement == "0 of 3 pods for R4.5"
    assert one.required.startswith("Exactly the cookie featureflag=on opens 2.0")
    assert (one.expected, one.seen, one.tier, one.stage) == (
        "3 pods",
        "5 of 26 cookies\nanother line",
        "static",
        4,
    )
    assert [(str(line), line.sentence) for line in one.causes] == [
        (f"{ROUTING}:34", ROUTE.sentence),
        (f"{ROUTING}:16", SUBSET.sentence),
    ]


def test_a_failure_of_unknown_cause_and_one_of_no_requirement_are_findings() -> None:
    findings = found(failed("R4.9"), failed("", name="t::compares"))
    assert [(one.requirement, one.causes, one.cause) for one in findings] == [("R4.9", (), 1), ("", (), 0)]


def test_a_selected_requirement_whose_tests_did_not_run_is_not_judged() -> None:
    findings = found(failed("R4.5", ROUTE), selected=("R4.5", "R4.9"))
    assert [(one.requirement, one.outcome) for one in findings] == [
        ("R4.5", Outcome.FAILED),
        ("R4.9", Outcome.NOT_JUDGED),
    ]


def test_what_holds_is_no_finding() -> None:
    verdict = Verdict(True, "3 pods", "3 pods", "3 of 3 pods", (), 1, None, None)
    assert found(TestRecord("t", ("R1.2",), 1, Outcome.PASSED, (verdict,), "", 1.0), selected=("R1.2",)) == ()


def test_secrets_are_masked_in_every_text() -> None:
    cause = Finding(Place(ROUTING, 3), "MYSQL_PASSWORD: tooManySecrets")
    verdict = Verdict(False, "password=Uno", "token=Dos", "api_key=Tres", (), 1, None, None, causes=(cause,))
    test = TestRecord("t", ("R4.5",), 4, Outcome.FAILED, (verdict,), "", 1.0, causes=(cause,))
    (one,) = found(test)
    for secret in ("tooManySecrets", "Uno", "Dos", "Tres"):
        assert secret not in f"{one.statement}{one.expected}{one.seen}{one.causes}"


def repository(tmp_path: Path) -> Path:
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    return Path(shutil.copytree(MANIFESTS, tmp_path / "repository/deploy/manifests"))


def test_a_line_has_its_path_in_the_repository_its_object_and_its_text(tmp_path: Path) -> None:
    folder = repository(tmp_path)
    lines = ManifestLines.of_folder(folder, read_source(folder, MANIFESTS / "scenario.yaml"))
    (line,) = lines.of([ROUTE, ROUTE])
    assert line.path == f"deploy/manifests/{ROUTING}"
    assert line.object == "VirtualService/voting-app"
    assert line.text.strip().startswith("regex:")


def test_line_ends_of_windows_and_a_file_that_is_gone_leave_the_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"one: 1\r\ntwo: 2\r\n")
    lines = ManifestLines(tmp_path)
    assert lines.at(Place("a.yaml", 2)).text == "two: 2"
    assert lines.at(Place("a.yaml", 9)).text == lines.at(Place("b.yaml", 1)).text == ""


def test_a_line_is_counted_as_reviewers_count_although_yaml_knows_more_line_ends(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes("# a\u2028# b\x85# c\none: 1\r\ntwo: 2\n".encode())
    line = ManifestLines(tmp_path).at(Place("a.yaml", 5))
    assert (line.line, line.text) == (3, "two: 2")


def test_no_value_of_a_secret_is_quoted(tmp_path: Path) -> None:
    folder = repository(tmp_path)
    lines = ManifestLines.of_folder(folder, read_source(folder, MANIFESTS / "scenario.yaml"))
    source = lines.source
    assert source is not None
    secret = next(one for one in source.manifests.objects if one.ref.kind == "Secret")
    key = next(iter(secret.body.get("data") or secret.body["stringData"]))
    place = secret.place_of("data" if "data" in secret.body else "stringData", key)
    assert lines.at(place).text.strip() == f"{key}: <masked>"


def test_the_repository_is_that_of_the_folder_else_the_workspace_that_holds_it(tmp_path: Path) -> None:
    folder = repository(tmp_path)
    assert repository_of(folder, {"GITHUB_WORKSPACE": str(tmp_path)}) == tmp_path / "repository"
    (tmp_path / "repository" / ".git").rmdir()
    assert repository_of(folder, {"CI_PROJECT_DIR": str(tmp_path)}) == tmp_path
    for odd in ("", "relative", str(tmp_path / "absent"), "/" + "x" * 5000):
        assert repository_of(folder, {"GITHUB_WORKSPACE": odd}) is None


def test_a_file_outside_of_the_repository_has_no_path_in_it(tmp_path: Path) -> None:
    folder = repository(tmp_path)
    root = repository_of(folder, {})
    (tmp_path / "elsewhere.yaml").write_text("a: 1\n", encoding="utf-8")
    (folder / "link.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    (folder / "inside.yaml").symlink_to(folder / ROUTING)
    assert repository_path(folder / "link.yaml", root) == ""
    assert repository_path(folder / "inside.yaml", root) == f"deploy/manifests/{ROUTING}"
    assert repository_path(folder / "link.yaml", None) == ""
