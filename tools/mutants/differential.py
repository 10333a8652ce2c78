"""The differential run: changes that the schemas allow, judged by the manifests and by a real cluster.

The static tier and the API server's dry run judge every change. Those that both accept are proved by live
runs in groups (tools.mutants.group_testing); with the runs that are left, those that the static tier rejects
or does not judge are run one by one, to find false alarms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.kind import kind_cluster
from canary_conformance.paths import store
from canary_conformance.progress import Progress
from canary_conformance.voting.static.static_runner import static_verdicts
from tools.manifest_copies import changed_copy
from tools.mutants.disagreements import Case, Differential, by_verdict
from tools.mutants.dry_runs import dry_runs
from tools.mutants.edit_sites import sources_of
from tools.mutants.group_testing import in_groups, packed
from tools.mutants.live_verdicts import live_run, read_run
from tools.mutants.requirement_verdicts import StaticVerdict, requirement_verdicts, verdicts_of_all
from tools.mutants.schema_changes import overlay_of, sample, schema_changes
from tools.mutants.scoring import Judged
from tools.mutants.static_verdicts import check_original
from tools.preparation import ready_to_run
from tools.suite_process import SuiteOptions

# With more changes in one run a failure takes more halves to find its cause than a second run costs.
LARGEST_GROUP = 64
RunOverlay = Callable[[str, Mapping[str, bytes]], Judged]
"""Judges the folder with an overlay by a live run; the name is for the log."""


@dataclass(frozen=True, slots=True)
class Draw:
    """Which changes are made (seed, at most `limit`), in how many live runs (None: as many as it takes)."""

    seed: int
    limit: int | None
    runs: int | None
    jobs: int


def differential(
    folder: Path, draw: Draw, suite: SuiteOptions, logs: Path, progress: Progress
) -> Differential:
    """Draw changes of a folder, let all judge them, and return what each said.

    Raises BadInput where the folder fails a requirement without any change, and what kind_cluster() raises.
    """
    check_original(folder, static_verdicts(folder, {}))
    possible = tuple(schema_changes([source for source in sources_of(folder) if source.manifests]))
    changes = sample(possible, draw.seed, draw.limit)
    progress.note(f"{len(changes)} of {len(possible)} changes, seed {draw.seed}")
    static = verdicts_of_all(folder, [change.overlay for change in changes], draw.jobs, progress)
    cases = [Case(change, verdicts) for change, verdicts in zip(changes, static, strict=True)]
    provisions = ready_to_run(suite, progress)
    with kind_cluster(suite.cluster_name, provisions, store(), progress, keep=suite.keep_cluster) as cluster:
        _dry_run(cases, cluster.api, progress)
        runs = _Runs(folder, suite, logs, progress)
        if draw.runs != 0:
            prove(cases, folder, runs.judge, draw.runs)
    return Differential(len(possible), draw.seed, tuple(cases), runs.made)


def prove(cases: Sequence[Case], folder: Path, run: RunOverlay, most: int | None) -> None:
    """Let live runs judge cases: the green ones in groups, then the others one by one while runs are left."""
    left = [most]

    def judged(group: Sequence[Case]) -> bool | None:
        left[0] = None if left[0] is None else left[0] - 1
        found = run(group[0].change.name, overlay_of(case.change for case in group))
        if found.problem:
            return None
        failed = tuple(dict.fromkeys(kill.requirement for kill in found.kills))
        if len(group) == 1 or not failed:
            for case in group:
                case.live = failed
        return not failed

    green = by_verdict(cases, StaticVerdict.HOLDS)
    in_groups(
        packed(green, _conflict, lambda group: _static_holds(folder, group), LARGEST_GROUP), judged, left[0]
    )
    failed, unknown = (by_verdict(cases, one) for one in (StaticVerdict.FAILED, StaticVerdict.NOT_JUDGED))
    singles = [case for case in chain.from_iterable(zip_longest(failed, unknown)) if case is not None]
    in_groups([[case] for case in singles], judged, 0 if left[0] is None else left[0])


@dataclass(slots=True)
class _Runs:
    """The live runs on the cluster: how to make one, and how many were made."""

    folder: Path
    suite: SuiteOptions
    logs: Path
    progress: Progress
    made: int = 0

    def judge(self, name: str, overlay: Mapping[str, bytes]) -> Judged:
        self.made += 1
        log = self.logs / f"run-{self.made}.log"
        with changed_copy(self.folder, overlay) as copy:
            judged = read_run(name, live_run(self.suite, copy, log), log)
        failed = ", ".join(dict.fromkeys(kill.requirement for kill in judged.kills))
        self.progress.note(f"run {self.made}: {failed or judged.problem or 'holds'} ({judged.seconds:.0f} s)")
        return judged


def _dry_run(cases: Sequence[Case], api: Api, progress: Progress) -> None:
    with progress.phase(f"the API server's dry run of {len(cases)} changes"):
        for case, answer in zip(cases, dry_runs(api, [case.change.body() for case in cases]), strict=True):
            case.dry_run = answer


def _conflict(one: Case, other: Case) -> bool:
    return one.change.conflicts_with(other.change)


def _static_holds(folder: Path, group: Sequence[Case]) -> bool:
    verdicts = requirement_verdicts(folder, overlay_of(case.change for case in group))
    return verdicts.verdict is StaticVerdict.HOLDS
