"""report.json from the record of a run: its schema, excerpts, requests, and nothing secret."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from canary_conformance.paths import MANIFESTS, REPOSITORY
from canary_conformance.report.conformance_yaml import conformance_of
from canary_conformance.report.html.page import page_of
from canary_conformance.report.manifest_lines import ManifestLines, excerpts_of
from canary_conformance.report.report_data import SCHEMA, VERSION, RunEnd, report_of
from canary_conformance.report.report_writing import read_data, write_data
from canary_conformance.report.run_events import MOST_TICKS, answered_by, observations_of
from canary_conformance.report.run_record import Outcome, RunRecord, TestRecord
from canary_conformance.scenario.observations import with_cookie
from canary_conformance.scenario.places import Finding, Place
from canary_conformance.settings import read_source
from canary_conformance.verdicts.verdict import Count, FirstSeen, Verdict
from tests.selftest.manifest_files import ROUTING
from tests.selftest.report_examples import NAMES, report

SCHEMA_FILE = json.loads((REPOSITORY / "docs" / SCHEMA).read_text(encoding="utf-8"))
BROKEN = Verdict(
    held=False,
    expected="each answered by 1.0",
    seen="1 of 2 cookies was answered by 2.0",
    evidence="1 of 2 cookies was answered by 2.0",
    examples=(),
    sample_size=2,
    false_alarm=0.0,
    smallest_leak=0.5,
    causes=(Finding(Place(ROUTING, 34), "routes to 2.0"),),
    counts=(Count("fine", 1, 2, 2), Count("strays", 1, 0, 0)),
    requests=(with_cookie("a='b'; featureflag=on2"), with_cookie("")),
)
RED = TestRecord("tests/x.py::t", ("R4.5",), 4, Outcome.FAILED, (BROKEN,), "why", 0.5, causes=BROKEN.causes)


def data_of(
    *tests: TestRecord, folder: Path, lines: ManifestLines | None = None, **more: Any
) -> dict[str, Any]:
    record = RunRecord(("ran: Istio 1.31",), tests, (), seconds=3.0, selected=("R4.5",))
    made = lines or ManifestLines(MANIFESTS, read_source(MANIFESTS, MANIFESTS / "scenario.yaml"))
    return report_of(record, RunEnd(1), made, folder, **more)


def problems(data: dict[str, Any]) -> list[str]:
    return [one.message for one in Draft202012Validator(SCHEMA_FILE).iter_errors(data)]


@pytest.mark.parametrize("name", NAMES)
def test_reports_of_real_runs_are_of_the_schema(name: str) -> None:
    assert problems(report(name)) == []


def test_what_is_made_now_is_of_the_schema_and_of_its_version(tmp_path: Path) -> None:
    data = data_of(RED, folder=tmp_path)
    assert problems(json.loads(json.dumps(data))) == []
    assert SCHEMA_FILE["properties"]["version"] == {"const": VERSION}
    write_data(tmp_path, data)
    assert read_data(tmp_path) == json.loads(json.dumps(data))


def test_what_was_rewritten_for_the_mesh_stands_in_the_data(tmp_path: Path) -> None:
    record = RunRecord((), (RED,), (), rewrite=("--- a", "+++ a"))
    data = report_of(record, RunEnd(1), ManifestLines(MANIFESTS), tmp_path)
    assert data["judged"]["rewrite"] == ["--- a", "+++ a"]
    assert problems(data) == []


def test_a_field_that_the_schema_does_not_have_is_found() -> None:
    assert problems({**report("green"), "more": 1}) != []


def test_a_failure_has_its_lines_marked_and_its_requests_quoted_for_a_shell(tmp_path: Path) -> None:
    event = {"event": "transition_seen", "stage": 2, "steps": [], "address": "http://10.0.0.1:31/"}
    finding = data_of(RED, folder=tmp_path, events=[event])["findings"][0]
    assert (finding["requirement"], finding["expected"]) == ("R4.5", "each answered by 1.0")
    assert [one["line"] for one in finding["excerpts"][0]["lines"] if one["marked"]] == [34]
    assert finding["requests"] == [
        "curl -si http://10.0.0.1:31/ -H 'cookie: a='\"'\"'b'\"'\"'; featureflag=on2'",
        "curl -si http://10.0.0.1:31/",
    ]


def _transition(stage: int, began: float) -> dict[str, Any]:
    steps = [
        {"step": "apply a", "started": 1.0, "applied": 2.0, "propagated": 3.0, "objects": []},
        {"step": "apply b", "started": 10.0, "applied": 11.0, "propagated": 12.5, "objects": []},
    ]
    return {"event": "transition_seen", "stage": stage, "began": began, "steps": steps}


@pytest.mark.parametrize(
    ("sent_at", "words"),
    [
        (1013.0, "57 of 1,375 pages, 2.0 s after “apply b” was done and 0.5 s after it had propagated"),
        (1012.0, "57 of 1,375 pages, 1.0 s after “apply b” was done and 0.5 s before it had propagated"),
        (1010.5, "57 of 1,375 pages, 0.5 s before “apply b” was done"),
        (1009.0, "57 of 1,375 pages, 7.0 s after “apply a” was done and 6.0 s after it had propagated"),
        (1000.5, "57 of 1,375 pages."),
    ],
)
def test_a_failure_says_at_which_request_and_after_which_change_it_was_first_seen(
    tmp_path: Path, sent_at: float, words: str
) -> None:
    failed = replace(RED, verdicts=(replace(BROKEN, first=FirstSeen(57, 1375, "pages", sent_at)),))
    events = [_transition(4, 1000.0), _transition(3, 0.0)]
    data = data_of(failed, folder=tmp_path, events=events)
    assert problems(json.loads(json.dumps(data))) == []
    assert f"first seen at number {words.rstrip('.')}</p>" in page_of(data, tmp_path)


def test_links_lead_to_the_files_of_the_failed_test(tmp_path: Path) -> None:
    bundle = tmp_path / "failures" / "x.py_t"
    bundle.mkdir(parents=True)
    for name in ("events.txt", "failure.txt"):
        (bundle / name).touch()
    files = data_of(RED, folder=tmp_path)["findings"][0]["files"]
    assert files == ["failures/x.py_t/failure.txt", "failures/x.py_t/events.txt"]


def test_no_secret_of_the_manifests_or_of_a_verdict_comes_into_data_or_page(tmp_path: Path) -> None:
    manifests = tmp_path / "manifests"
    shutil.copytree(MANIFESTS, manifests)
    file = "kubernetes/step-3-update-voting-app-with-new-storage.yaml"
    text = (manifests / file).read_text()
    secret = "hunter2-hunter2"
    old = text.partition("MYSQL_PASSWORD:")[2].partition("\n")[0]
    (manifests / file).write_text(text.replace(f"MYSQL_PASSWORD:{old}", f"MYSQL_PASSWORD: {secret}", 1))
    at = text[: text.index("MYSQL_PASSWORD:")].count("\n") + 1
    cause = Finding(Place(file, at), f"MYSQL_PASSWORD={secret}")
    leaky = replace(
        BROKEN, seen=f"password: {secret}", causes=(cause,), requests=(with_cookie(f"token={secret}"),)
    )
    test = replace(RED, verdicts=(leaky,), causes=(cause,), reason=f"MYSQL_PASSWORD: {secret}")
    lines = ManifestLines(manifests, read_source(manifests, manifests / "scenario.yaml"))
    data = data_of(test, folder=tmp_path, lines=lines)
    excerpt = data["findings"][0]["excerpts"][0]["lines"]
    assert any(one["marked"] and "MYSQL_PASSWORD" in one["text"] for one in excerpt)
    for written in (json.dumps(data), page_of(data, tmp_path), yaml.safe_dump(conformance_of(data))):
        assert secret not in written


def test_an_excerpt_ends_with_its_file_and_a_file_that_is_gone_has_none() -> None:
    lines = ManifestLines(MANIFESTS)
    count = len((MANIFESTS / ROUTING).read_text().splitlines())
    last = lines.at(Place(ROUTING, count))
    assert excerpts_of(lines, [last])[0]["lines"][0]["line"] == count - 4
    assert excerpts_of(lines, [last])[0]["lines"][-1]["line"] <= count + 1
    assert excerpts_of(lines, [lines.at(Place("istio/gone.yaml", 3))]) == []


def test_an_excerpt_of_an_objects_first_line_is_the_object() -> None:
    text = (MANIFESTS / ROUTING).read_text().splitlines()
    second = text.index("---") + 1
    end = text.index("---", second)
    lines = ManifestLines(MANIFESTS)
    shown = excerpts_of(lines, [lines.at(Place(ROUTING, second + 1))])[0]["lines"]
    assert [one["line"] for one in shown] == list(range(second + 1, min(end, second + 30) + 1))


def test_a_failure_while_the_mesh_moved_names_the_step_of_the_move(tmp_path: Path) -> None:
    broken = replace(BROKEN, first=FirstSeen(57, 1375, "pages", 1013.0))
    failed = replace(RED, requirements=("U1",), stage=0, verdicts=(broken,))
    events = [_transition(4, 1000.0), {**_transition(4, 1002.0), "move": "move: A -> B"}]
    data = data_of(failed, folder=tmp_path, events=events)
    assert problems(json.loads(json.dumps(data))) == []
    assert [one.get("move") for one in data["observations"]["transitions"]] == [None, "move: A -> B"]
    assert data["findings"][0]["first_seen"]["after_applied"] == 0.0


def test_requests_of_voters_are_all_counted_and_thinned_but_for_the_ends_of_each_run() -> None:
    many = 10 * MOST_TICKS
    sent = [number / 100 for number in range(many + 3)]
    answers = [["1.0", many], ["status 503", 1], ["2.0", 2]]
    pages = {"v": {"sent": sent, "took": [1] * len(sent), "answers": answers}}
    events = [{"event": "transition_seen", "stage": 4, "steps": [], "pages": pages}]
    voter = observations_of(events)["transitions"][0]["voters"][0]
    assert voter["counts"] == {"1.0": many, "status 503": 1, "2.0": 2}
    assert len(voter["shown"]) < 2 * MOST_TICKS
    assert [sent[many], 1, "status 503"] in voter["shown"]


@pytest.mark.parametrize(
    ("received", "who"),
    [
        (b"", ""),
        (b"HTTP/1.1 200 OK\r\n", "HTTP 200"),
        (b"+PONG\r\n", "Redis"),
        (b"d\x00\x00\x00\n5.5.5-10.11", "MySQL"),
        (b"strange", "strange"),
    ],
)
def test_who_answered_is_known_by_the_first_bytes(received: bytes, who: str) -> None:
    assert answered_by(repr(received)) == who


def test_conformance_yaml_counts_what_passed_failed_and_was_skipped_with_reasons() -> None:
    red, partly = conformance_of(report("red")), conformance_of(report("incomplete"))
    stage_4 = next(one for one in red["profiles"] if one["name"] == "stage 4")
    assert stage_4["result"] == "failure"
    assert [one["id"] for one in stage_4["failedTests"]] == ["R4.5"]
    assert sum(sum(one["statistics"].values()) for one in red["profiles"]) == 34
    skipped = [one for profile in partly["profiles"] for one in profile.get("skippedTests", ())]
    assert all(one["reason"] for one in skipped)
    assert any("reuses a namespace" in one["reason"] for one in skipped)
