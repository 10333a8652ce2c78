"""An upgrade that is being made: its namespace, brought from moment to moment, and what was seen of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from canary_conformance.cluster.pod_access import UNANSWERED
from canary_conformance.errors import EnvironmentFailed, NotJudged
from canary_conformance.images.provisions import Provisions
from canary_conformance.mesh.base import Mesh
from canary_conformance.mesh.installation import ROOT_NAMESPACE, mesh_of, write_down
from canary_conformance.mesh.istioctl import analyze, precheck
from canary_conformance.mesh.proxies import Proxies
from canary_conformance.mesh.revisions import control_planes, revisions
from canary_conformance.scenario.observations import StepRecord, Transition
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.stage_runner import transition_facts
from canary_conformance.stages.transition import start_callers
from canary_conformance.timeouts import LIMITS
from canary_conformance.traffic.voter import Voter
from canary_conformance.upgrade.moves import Course, Side, go, lacking
from canary_conformance.upgrade.upgrade_failures import Stops, text_of
from canary_conformance.upgrade.upgrade_moments import ORDER, Moment
from canary_conformance.upgrade.upgrade_observations import End, Move, sightings
from canary_conformance.upgrade.upgrade_options import Asked, BadMove
from canary_conformance.upgrade.upgraded_proxies import look_at_proxies
from canary_conformance.upgrade.witnesses import Witnesses, witnesses
from canary_conformance.voting.contract import CANARY, CHAINS, FINALIZE, NEW, OLD
from canary_conformance.voting.page_results import DEFAULT_VOTES, Counts, parse_results
from canary_conformance.voting.stage_rules import FLAGGED, ORDINARY
from canary_conformance.waiting import NotInTime, wait_until

NO_PROXY = "proxy-that-does-not-exist"
# How much each witness sees before the first step of a move, and again after its last.
SEEN_BESIDE = 5


@dataclass
class Upgrade:
    """An upgrade and its rollback in one namespace; `ends_run`: exceptions that end the run, not the move."""

    asked: Asked
    namespace: NamespaceUnderTest
    source: Provisions
    target: Provisions
    ends_run: tuple[type[Exception], ...] = ()
    moves: dict[Moment, Move] = field(default_factory=dict)
    findings: tuple[str, ...] = ()

    def reach(self, moment: Moment) -> None:
        """Move the mesh of a namespace that is at its stage, then move it back, as far as a moment asks for.

        Raises EnvironmentFailed.
        """
        if moment is Moment.BEFORE:
            return
        try:
            self._go_to(moment)
        except UNANSWERED as error:
            raise EnvironmentFailed(f"no move can be begun or watched: {text_of(error)}") from error

    def not_there(self, moment: Moment) -> str:
        """Return why the namespace is not at a moment that it was to reach, "" where it is."""
        last = Moment.ROLLING_BACK if is_back(moment) else Moment.DURING
        move = self.moves.get(last)
        return f"the move {move} was stopped: {move.stopped}" if move and move.stopped else ""

    def _go_to(self, moment: Moment) -> None:
        if Moment.DURING not in self.moves:
            self.findings = tuple(self._ask_before())
            self.moves[Moment.DURING] = self._move(self._there(), forward=True)
        stopped = bool(self.moves[Moment.DURING].stopped)
        if Moment.ROLLING_BACK not in self.moves and (stopped or is_back(moment)):
            self.moves[Moment.ROLLING_BACK] = self._move(self._back(), forward=False)

    def _ask_before(self) -> list[str]:
        """Return what the target's own checks find on the source's mesh."""
        namespace, program = self.namespace, self.target.istioctl
        found: list[str] = []
        checks: Mapping[str, Callable[[], Sequence[str]]] = {
            "precheck": lambda: precheck(namespace.cluster, program),
            "analyze": lambda: analyze(namespace.cluster, program, namespace.name, ROOT_NAMESPACE),
        }
        with namespace.progress.phase(f"precheck of {self.asked.target}"):
            for name, check in checks.items():
                try:
                    found += [f"{name}: {finding}" for finding in check()] or [f"{name}: no findings"]
                except (EnvironmentFailed, NotJudged, LookupError, ValueError) as failed:
                    found.append(f"{name} came to no end: {text_of(failed)}")
        return found

    def _there(self) -> Course:
        bad = self.asked.bad_move
        target = Side(self.target, self.asked.revision)
        if bad is BadMove.STUCK:
            target = replace(target, proxy=NO_PROXY)
        gone = bad is BadMove.GONE
        return Course(self.namespace, self.asked, Side(self.source), target, gone=gone)

    def _back(self) -> Course:
        there = self._there()
        source = replace(there.target, proxy=there.source.proxy)
        return Course(self.namespace, self.asked, source, there.source)

    def _move(self, course: Course, *, forward: bool) -> Move:
        namespace, voters = self.namespace, self._voters()
        # What happened before is nobody's doing; all that changes from now on is the move's.
        namespace.watch.note()
        before, stops = self._counts(voters), Stops(self.ends_run)
        began = time.monotonic()
        name = f"{'move' if forward else 'roll back'}: {course}"
        with namespace.progress.phase(name), witnesses(namespace, voters, self._stores(voters)) as watching:
            silent = let_see(watching)
            if silent and forward:
                raise EnvironmentFailed(silent)
            mesh = self._go(course, name, stops)
            if not stops:
                # Where a witness sees nothing any more, what it saw is judged.
                let_see(watching)
            ended = time.monotonic()
        if stops:
            # All that changed was the move's doing, but not the node itself.
            namespace.watch.start_anew()
            namespace.watch.check()
        end, after = self._arrive(course, mesh, stops, voters)
        self._put_back(voters, before, after)
        move = Move(
            source=course.source.provisions.mesh_version,
            target=course.target.provisions.mesh_version,
            image=mesh.proxy_image,
            revision=mesh.revision,
            began=began,
            ended=ended,
            stopped=str(stops),
            steps=tuple(course.steps),
            versions={voter: self._version_of(voter) for voter in voters},
            pages=watching.traffic.pages(),
            ballots=watching.ballots.seen(),
            counts_before=before,
            counts_after=after,
            calls=watching.calls.seen(),
            attempts=tuple(one for seen in watching.attempts.seen().values() for one in seen),
            timeline=sightings(one for seen in watching.looks.seen().values() for one in seen),
            end=end,
        )
        write_move(namespace, name, move)
        return move

    def _go(self, course: Course, name: str, stops: Stops) -> Mesh:
        """Go the way, and return the mesh as it is then, wherever the way ended."""
        namespace = self.namespace
        mesh = namespace.mesh
        with stops.noted():
            # Whoever finds the cluster from now on can't rely on its mesh.
            write_down(namespace.cluster, "")
            mesh = go(course)
        if stops:
            namespace.progress.note(f"{name} is stopped: {stops}")
            with stops.noted():
                mesh = mesh_of(namespace.cluster, course.target.provisions, course.target.revision)
        return mesh

    def _arrive(
        self, course: Course, mesh: Mesh, stops: Stops, voters: Mapping[str, Voter]
    ) -> tuple[End, Mapping[str, Counts]]:
        """Be in the mesh as it is now; return what there is, and the votes in each store."""
        end = End({}, (), {}, ())
        with stops.noted():
            end = self._end(course)
        after = self._counts(voters)
        with stops.noted():
            moved_to(self.namespace, mesh)
        return end, after

    def _end(self, course: Course) -> End:
        namespace = self.namespace
        proxies = Proxies(namespace.api)
        try:
            seen = {one.pod: one for one in look_at_proxies(namespace, proxies)}
        finally:
            proxies.close()
        try:
            left = lacking(namespace, course.target)
        except (EnvironmentFailed, NotJudged, ValueError) as failed:
            left = [text_of(failed)]
        images = sorted(control_planes(namespace.cluster).values())
        return End(seen, tuple(images), revisions(namespace.cluster), tuple(left))

    def _voters(self) -> dict[str, Voter]:
        ordinary = self.namespace.voter.with_patience(LIMITS.patient_request)
        return {ORDINARY: ordinary, FLAGGED: ordinary.with_flag()}

    def _version_of(self, voter: str) -> str:
        if self.namespace.stage >= FINALIZE or (voter == FLAGGED and self.namespace.stage >= CANARY):
            return NEW.app
        return OLD.app

    def _stores(self, voters: Mapping[str, Voter]) -> dict[str, Voter]:
        """Return who votes in each store: one voter of its app version."""
        by_version = {self._version_of(name): voter for name, voter in reversed(list(voters.items()))}
        return {CHAINS[version].store: voter for version, voter in sorted(by_version.items())}

    def _counts(self, voters: Mapping[str, Voter]) -> dict[str, Counts]:
        """Return the votes in each store, by a page that shows them."""
        found: dict[str, Counts] = {}
        for store, voter in self._stores(voters).items():
            counts = parse_results(voter.open_page()[0].results)
            if counts is not None:
                found[store] = counts
        return found

    def _put_back(
        self, voters: Mapping[str, Voter], before: Mapping[str, Counts], after: Mapping[str, Counts]
    ) -> None:
        """Leave as many votes in each store as there were: tests that follow know no others.

        A store that reports none now takes none either.
        """
        for store, voter in self._stores(voters).items():
            if store not in after:
                continue
            voter.reset()
            if store in before:
                voter.vote(DEFAULT_VOTES[0], before[store].cats)
                voter.vote(DEFAULT_VOTES[1], before[store].dogs)


def write_move(namespace: NamespaceUnderTest, name: str, move: Move) -> None:
    """Write what voters saw of a move as an event, in the form of a transition."""
    steps = tuple(StepRecord(one.name, (), one.started, one.ended, one.ended) for one in move.steps)
    seen = Transition(namespace.stage, steps, move.pages, ballots=move.ballots)
    progress = namespace.progress
    progress.event("transition_seen", move=name, **transition_facts(seen, progress.began))


def moved_to(namespace: NamespaceUnderTest, mesh: Mesh) -> None:
    """Record that a namespace is in another mesh: nothing that was observed before holds for it."""
    namespace.reached.mesh = mesh
    namespace.taken.forget()
    namespace.watch.start_anew()
    namespace.versions.look(namespace.proxied())
    namespace.reached.propagated_at = time.monotonic()
    if namespace.rules.of_stage(namespace.stage).calls_from_pods:
        start_callers(namespace)


def is_back(moment: Moment) -> bool:
    """Return whether a moment lies after the beginning of the rollback."""
    return ORDER.index(moment) >= ORDER.index(Moment.ROLLING_BACK)


def let_see(watching: Witnesses) -> str:
    """Wait until each witness has seen something more; return why not, "" where each has."""
    goal = {name: seen + SEEN_BESIDE for name, seen in watching.counts().items()}
    try:
        wait_until(
            watching.counts,
            until=lambda counts: all(counts[name] >= goal[name] for name in goal),
            limit=LIMITS.page_whole,
            what="every witness of the move sees something",
        )
    except NotInTime as late:
        return str(late)
    return ""
