"""Which fault is done when, and how a run may end then.

With right manifests a run ends green, or with exit code 3 and a sentence that names the fault; with a mistake
in them it may be red for that mistake, and never green.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from canary_conformance.exit_codes import ExitStatus, word_of
from canary_conformance.report.run_record import RunRecord, Standing, requirement_lines
from tools.faults import node_faults
from tools.suite_process import Ended

_SENTENCE = re.compile(r"environment failed(, no verdict)?: (.+)")
_SHOWN = 110


@dataclass(frozen=True, slots=True)
class When:
    """The moment of a fault: a progress line of the run, and seconds after it."""

    words: str
    line: str
    after: float


@dataclass(frozen=True, slots=True)
class Case:
    """A fault at a moment of a run of some tests; pattern: what the sentence about it has to match.

    mistake: the file, the text in it that is replaced, and by what; breaks: the requirements that may fail by
    it. green: whether a green end can be right.
    """

    fault: str
    do: Callable[[str], AbstractContextManager[None]]
    when: When
    tests: tuple[str, ...]
    pattern: str
    green: bool = True
    mistake: tuple[str, str, str] | None = None
    breaks: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The fault and its moment."""
        return f"{self.fault}, {self.when.words}" + (", the manifests wrong" if self.mistake else "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended, in words, and whether that was right."""

    words: str
    right: bool


# A stage is entered by itself, and reported so, only where a selected test judges the way into it.
_WALKED_3, _WALKED_4 = "locking_loses_no_request", "ordinary_voters_never_see_2_0"
_FLAG = (
    "tests/stage_4_canary/test_canary.py",
    "tests/stage_4_canary/test_routes.py",
    "-k",
    f"{_WALKED_4} or voter_with_the_flag or voter_without_the_flag",
)
_STAGE_2 = ("tests/stage_2_update/test_two_versions_of_analytics.py",)
_STAGE_3 = ("tests/stage_3_lock/test_lock.py",)
_MYSQL = (
    "tests/stage_3_lock/test_lock.py",
    "tests/stage_4_canary/test_canary.py",
    "-k",
    f"{_WALKED_3} or are_ready or claim_is_bound",
)
_ENTERING_2 = When("while stage 2 is entered", r"^stage 2 update \.\.\.", 0.5)
_ENTERING_3 = When("while stage 3 is entered", r"^stage 3 lock \.\.\.", 0.3)
_BEFORE_4 = When("before stage 4 is entered", r"^stage 3 lock took", 0.0)
_ENTERING_4 = When("while stage 4 is entered", r"^stage 4 canary \.\.\.", 4.0)
_SAMPLING_4 = When("while stage 4 is sampled", r"^stage 4 canary took", 1.0)
_COOKIE = ("istio/step-3-add-routing-for-2.0-components.yaml", "(featureflag=on)", "(featureflag=no)")
_ISTIOD, _POD = "istiod", r"voting-app-1-0|pod .* was (taken away|disrupted)"
_NODE, _ENGINE = r"the node (was|is) ", "the container engine is silent|node is lost"

CASES = (
    Case("istiod restarted", node_faults.istiod_restarted, _ENTERING_3, _STAGE_3, _ISTIOD),
    Case("istiod restarted", node_faults.istiod_restarted, _SAMPLING_4, _FLAG, _ISTIOD),
    Case(
        "istiod restarted",
        node_faults.istiod_restarted,
        _ENTERING_4,
        _FLAG,
        _ISTIOD,
        green=False,
        mistake=_COOKIE,
        breaks=frozenset({"R4.4"}),
    ),
    Case("app pod killed", node_faults.app_pod_killed, _ENTERING_3, _STAGE_3, _POD),
    Case("app pod killed", node_faults.app_pod_killed, _SAMPLING_4, _FLAG, _POD),
    Case("API server slow", node_faults.api_server_slow, _ENTERING_2, _STAGE_2, "API server|kube-"),
    Case("disk full", node_faults.disk_full, _BEFORE_4, _MYSQL, "disk is full", green=False),
    Case("node restarted", node_faults.node_restarted, _SAMPLING_4, _FLAG, _NODE, green=False),
    Case("node restarted", node_faults.node_restarted, _ENTERING_4, _FLAG, _NODE, green=False),
    Case("engine stopped", node_faults.engine_stopped, _SAMPLING_4, _FLAG, _ENGINE, green=False),
)


def judge(case: Case, ended: Ended | None, record: RunRecord) -> Outcome:
    """Return whether a run ended rightly; ended is None where it had not within its limit."""
    if ended is None:
        return Outcome("hangs", right=False)
    lines = requirement_lines(record)
    failed = {line.requirement.id for line in lines if line.standing is Standing.FAILED}
    held = any(line.standing is Standing.HOLDS for line in lines)
    if ended.exit_code == ExitStatus.HOLDS:
        return Outcome("green: all hold", right=case.green and held and not failed)
    if ended.exit_code == ExitStatus.FAILED:
        words = f"red: {', '.join(sorted(failed)) or 'nothing'} failed"
        return Outcome(words, right=bool(failed) and failed <= case.breaks)
    if ended.exit_code == ExitStatus.ENVIRONMENT:
        reason = sentence(ended.output)
        return Outcome(f"environment failed: {reason[:_SHOWN]}", right=bool(re.search(case.pattern, reason)))
    return Outcome(f"{word_of(ended.exit_code)} (exit code {ended.exit_code})", right=False)


def sentence(output: str) -> str:
    """Return what a run said failed, "nothing" where it said so of nothing.

    Why there is no verdict comes before what could not be removed for the same reason, whichever is printed
    first.
    """
    found = sorted(_SENTENCE.findall(output), key=lambda match: not match[0])
    return " ".join(found[0][1].split()).rstrip("! ") if found else "nothing"
