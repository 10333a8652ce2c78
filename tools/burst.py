"""How often a burst loses a request: each file's objects are sent at once, as `kubectl apply` does.

Judged is the stricter reading, in which each object is live before the next (SCENARIO, "How a file is
applied"). A proxy that gets a rule and a route at once may lose what comes in between, even where their order
is right; how often is a property of the mesh, so it is counted and not judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from canary_conformance.cluster.kind import kind_cluster
from canary_conformance.errors import NotJudged, RequirementFailed
from canary_conformance.exit_codes import ExitStatus
from canary_conformance.images.provisions import Provisions
from canary_conformance.mesh.installation import ensure_mesh
from canary_conformance.paths import MANIFESTS, store
from canary_conformance.progress import Progress
from canary_conformance.scenario.manifests import load_manifests
from canary_conformance.scenario.observations import Transition
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.stages.namespace_creation import namespace_under_test
from canary_conformance.stages.namespace_setting import Setting
from canary_conformance.stages.stage_runner import StageRunner
from canary_conformance.voting.contract import CANARY, FINALIZE, LOCK
from canary_conformance.voting.stage_rules import FLAGGED, ORDINARY, VOTING_RULES
from canary_conformance.voting.voting_app import VOTING_APP
from tools.reports import publish, report_named
from tools.suite_process import SuiteOptions

COUNTED: Mapping[int, Sequence[str]] = {
    LOCK: (ORDINARY, FLAGGED),
    CANARY: (ORDINARY,),
    FINALIZE: (ORDINARY, FLAGGED),
}
"""By stage: the voters who may lose nothing. With the flag there is no page at stage 4 until 2.0 is ready."""


@dataclass(slots=True)
class Losses:
    """The requests of rounds, and those lost, by stage; `lossy` are the rounds that lost any."""

    rounds: int = 0
    sent: Counter[int] = field(default_factory=Counter)
    lost: Counter[int] = field(default_factory=Counter)
    lossy: Counter[int] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    def add(self, transitions: Mapping[int, Transition]) -> None:
        """Add a round that came to its end."""
        self.rounds += 1
        for stage, voters in COUNTED.items():
            sent, lost = requests_of(transitions[stage], voters)
            self.sent[stage] += sent
            self.lost[stage] += lost
            self.lossy[stage] += bool(lost)

    def table(self) -> str:
        """Return a line for each stage, and why rounds came to no end."""
        lines = [f"{self.rounds} rounds, each file sent at once"]
        lines += [
            f"stage {stage}: {self.lost[stage]} of {self.sent[stage]} requests lost, "
            f"in {self.lossy[stage]} of {self.rounds} rounds"
            for stage in COUNTED
        ]
        return "\n".join([*lines, *(f"not counted: {reason}" for reason in self.failed)])


def requests_of(transition: Transition, voters: Sequence[str]) -> tuple[int, int]:
    """Return how many pages and votes these voters sent, and how many of them were lost."""
    whole = [page.whole for voter in voters for page in transition.pages.get(voter, ())]
    counted = [ballot.counted for voter in voters for ballot in transition.ballots.get(voter, ())]
    answered = [*whole, *counted]
    return len(answered), answered.count(False)


def count_losses(rounds: int, suite: SuiteOptions, provisions: Provisions, progress: Progress) -> int:
    """Enter the stages so many times, in a burst for each file, and print what was lost.

    Returns the exit code: nothing is judged, so what is lost fails nothing.

    Raises:
        EnvironmentFailed: The cluster or the mesh failed.
        NotJudged: No round came to its end.
    """
    losses, scenario = Losses(), load_scenario(MANIFESTS)
    manifests = load_manifests(MANIFESTS, scenario)
    try:
        with kind_cluster(
            suite.cluster_name, provisions, store(), progress, keep=suite.keep_cluster
        ) as cluster:
            mesh = ensure_mesh(cluster, provisions, progress)
            setting = Setting(scenario, manifests, mesh, VOTING_APP, burst=True)
            watched = frozenset(COUNTED)
            for number in range(1, rounds + 1):
                caller = provisions.caller_image
                with namespace_under_test(
                    cluster, setting, VOTING_RULES, caller, progress, watched, tidy=True
                ) as runner:
                    _enter(runner, losses, number)
                progress.note(f"round {number} of {rounds}: {losses.lost.total()} requests lost so far")
    finally:
        publish(report_named("burst"), f"{provisions.describe()}\n{losses.table()}\n")
    if not losses.rounds:
        raise NotJudged(f"none of {rounds} rounds came to its end: {'; '.join(losses.failed)}")
    return int(ExitStatus.HOLDS)


def _enter(runner: StageRunner, losses: Losses, number: int) -> None:
    """Enter every stage that is counted, and those before; a round that can't is no count."""
    try:
        runner.advance_to(max(COUNTED))
    except (RequirementFailed, NotJudged) as failed:
        runner.namespace.watch.check(failed)
        losses.failed.append(f"round {number}: {failed}")
    else:
        losses.add(runner.namespace.transitions)
