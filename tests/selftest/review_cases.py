"""Runs as reviewers get to see them, made from a few values."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from canary_conformance.exit_codes import ExitStatus
from canary_conformance.paths import MANIFESTS
from canary_conformance.report.findings import RunFinding, findings_of
from canary_conformance.report.manifest_lines import ManifestLines
from canary_conformance.report.reviewed_run import ReviewedRun
from canary_conformance.report.run_record import Outcome, RunRecord, TestRecord, Tier
from canary_conformance.scenario.places import Finding, Place
from canary_conformance.settings import read_source
from canary_conformance.verdicts import Verdict
from tests.selftest.manifest_files import ROUTING

ROUTE = Finding(
    Place(ROUTING, 34), "VirtualService/voting-app http[0]: routes to voting-app:8080 subset v2-0"
)
NOWHERE = ManifestLines(Path("/nowhere"))
SUBSET = Finding(Place(ROUTING, 16), "DestinationRule/voting-app subset v2-0 selects no pod")
HOSTILE = (
    "x`|</details><img src=x onerror=alert(1)> @octocat #12 GH-3 !4 [a](http://evil.example) "
    "www.evil.example ![i](j) *b* _c_ ~~d~~ <!-- ::error::pwned\r\n::set-output name=a::b\u202e $x$ 100% | y"
)


def failed(id_: str, *causes: Finding, words: str = "", seen: str = "0 pods", name: str = "") -> TestRecord:
    """Return a test that failed because of these causes."""
    said = words or f"0 of 3 pods for {id_}"
    verdict = Verdict(False, "3 pods", seen, said, (), 1, None, None, causes=causes)
    ids = (id_,) if id_ else ()
    return TestRecord(
        name or f"t::{id_}", ids, 4, Outcome.FAILED, (verdict,), "", 1.0, Tier.STATIC, None, causes
    )


def unjudged(id_: str, reason: str, *causes: Finding) -> TestRecord:
    """Return a test that came to no verdict."""
    return TestRecord(f"t::{id_}", (id_,), 4, Outcome.NOT_JUDGED, (), reason, 1.0, Tier.STATIC, None, causes)


def repository(folder: Path) -> Path:
    """Make a repository with this suite's manifests in deploy/; return that folder."""
    (folder / ".git").mkdir(parents=True)
    manifests = folder / "deploy"
    for file in MANIFESTS.rglob("*.yaml"):
        (manifests / file.relative_to(MANIFESTS)).parent.mkdir(parents=True, exist_ok=True)
        (manifests / file.relative_to(MANIFESTS)).write_bytes(file.read_bytes())
    return manifests


def lines_of(manifests: Path) -> ManifestLines:
    """Return the lines of a folder of manifests."""
    return ManifestLines.of_folder(manifests, read_source(manifests, MANIFESTS / "scenario.yaml"))


def reviewed(
    tests: Iterable[TestRecord],
    lines: ManifestLines,
    *ended: RunFinding,
    status: ExitStatus = ExitStatus.FAILED,
) -> ReviewedRun:
    """Return a run of these tests, with what ended it early."""
    run = RunRecord(("mesh profile: default",), tuple(tests), (), seconds=1.5)
    return ReviewedRun(run, status, "R4.5 FAILED", (*ended, *findings_of(run, lines)))


def hostile(lines: ManifestLines) -> ReviewedRun:
    """Return a run in which every text that is not the suite's own is hostile."""
    place = Finding(ROUTE.place, HOSTILE)
    tests = [failed("R4.5", place, words=HOSTILE, seen=f"{HOSTILE}\n````\n</pre>"), unjudged("R4.9", HOSTILE)]
    return replace(reviewed(tests, lines), meaning=HOSTILE)
