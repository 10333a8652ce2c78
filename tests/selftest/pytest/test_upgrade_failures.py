"""Whatever ends a move is told, judged and rolled back; only the environment and the user end a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from kubernetes.client.exceptions import ApiException

from canary_conformance.errors import EnvironmentFailed, NotJudged, RequirementFailed, StageFailed
from canary_conformance.progress import Progress
from canary_conformance.settings import Settings
from canary_conformance.stages.namespace_under_test import StageRules
from canary_conformance.upgrade import upgrade_run as module
from canary_conformance.upgrade.upgrade_failures import Stops, text_of
from canary_conformance.upgrade.upgrade_moments import Moment
from canary_conformance.upgrade.upgrade_observations import End
from canary_conformance.upgrade.upgrade_options import Asked
from canary_conformance.upgrade.upgrade_run import Upgrade, let_see
from canary_conformance.upgrade.witnesses import Witnesses
from canary_conformance.voting.page_results import Counts
from canary_conformance.voting.stage_rules import ORDINARY
from canary_conformance.waiting import GaveUp, NotInTime
from fixtures.run_state import FAILED_STAGE, RUN, RunState
from fixtures.stage import bring_to_stage
from tests.selftest.upgrade_support import RESET, SOURCE, TARGET, attempt

GONE = "the node was running and is gone"
MESH = SimpleNamespace(proxy_image="proxy", revision="default")


class Moved:
    """A namespace whose mesh can't be moved: what it is told, and what of it fails."""

    def __init__(self, *, proxies: BaseException | None = None, disturbed: str = "") -> None:
        self.mesh, self.stage, self.progress = MESH, 4, Progress()
        self.cluster, self.watch = None, self
        self.reached = SimpleNamespace()
        self.taken = self.versions = self
        self.rules = SimpleNamespace(of_stage=lambda _: StageRules())
        self._proxies, self._disturbed = proxies, disturbed

    def forget(self) -> None:
        """Nothing was taken."""

    def proxied(self) -> list[str]:
        return []

    def look(self, _: object) -> None:
        if self._proxies:
            raise self._proxies

    def note(self) -> None:
        """Remember nothing of what was before."""

    def start_anew(self) -> None:
        """Know nothing of what was before."""

    def check(self, _: BaseException | None = None) -> None:
        if self._disturbed:
            raise EnvironmentFailed(self._disturbed)


@contextmanager
def nobody(*_: object) -> Iterator[object]:
    nothing = SimpleNamespace(pages=dict, seen=dict)
    yield SimpleNamespace(traffic=nothing, ballots=nothing, calls=nothing, attempts=nothing, looks=nothing)


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[BaseException | None]:
    """How each way that is gone ends, in order."""
    ends: list[BaseException | None] = []

    def go(_: object) -> object:
        if (end := ends.pop(0)) is not None:
            raise end
        return MESH

    for name, stand_in in {
        "go": go,
        "witnesses": nobody,
        "let_see": lambda _: "",
        "write_down": lambda *_: None,
        "mesh_of": lambda *_: MESH,
    }.items():
        monkeypatch.setattr(module, name, stand_in)
    for name, found in {"_voters": {}, "_ask_before": [], "_end": End({}, (), {}, ())}.items():
        monkeypatch.setattr(Upgrade, name, lambda *_, found=found: found)
    return ends


def upgrade_of(namespace: Moved) -> Upgrade:
    source, target = (SimpleNamespace(mesh_version=version) for version in (SOURCE, TARGET))
    return Upgrade(Asked(SOURCE, TARGET), cast(Any, namespace), cast(Any, source), cast(Any, target))


@pytest.mark.parametrize(
    ("failed", "words"),
    [
        (StageFailed("pods don't start"), "pods don't start"),
        (EnvironmentFailed("Istio could not be installed"), "Istio could not be installed"),
        (ValueError("no number"), "ValueError: no number"),
        (OSError("port 15000 is closed"), "OSError: port 15000 is closed"),
        (ApiException(reason="gone"), "ApiException: "),
    ],
)
def test_whatever_stops_a_move_is_told_once_and_the_mesh_is_moved_back(
    ways: list[BaseException | None], failed: Exception, words: str
) -> None:
    ways += [failed, None]
    upgrade = upgrade_of(Moved())
    for _ in range(2):
        upgrade.reach(Moment.DURING)
    assert upgrade.moves[Moment.DURING].stopped.startswith(words)
    assert upgrade.moves[Moment.ROLLING_BACK].stopped == ""
    assert ways == []


def test_what_fails_after_a_stop_is_told_beside_its_reason(ways: list[BaseException | None]) -> None:
    ways += [StageFailed("its proxy restarts"), StageFailed("and here")]
    upgrade = upgrade_of(Moved(proxies=ConnectionError("no answer")))
    upgrade.reach(Moment.DURING)
    text = "its proxy restarts\nand then: ConnectionError: no answer"
    assert [move.stopped for move in upgrade.moves.values()] == [
        text,
        "and here\nand then: ConnectionError: no answer",
    ]


def test_a_proxy_that_is_silent_after_the_last_step_stops_the_move(ways: list[BaseException | None]) -> None:
    ways += [None, None]
    upgrade = upgrade_of(Moved(proxies=ConnectionError("no answer")))
    upgrade.reach(Moment.DURING)
    assert upgrade.moves[Moment.DURING].stopped == "ConnectionError: no answer"
    assert Moment.ROLLING_BACK in upgrade.moves


def test_a_move_that_the_environment_stopped_is_no_verdict(ways: list[BaseException | None]) -> None:
    ways.append(StageFailed("pods don't start"))
    upgrade = upgrade_of(Moved(disturbed=GONE))
    with pytest.raises(EnvironmentFailed, match=GONE):
        upgrade.reach(Moment.DURING)


@pytest.mark.parametrize("end", [KeyboardInterrupt(), pytest.exit.Exception("enough")])
def test_who_ends_the_run_ends_the_move(ways: list[BaseException | None], end: BaseException) -> None:
    ways.append(end)
    upgrade = replace(upgrade_of(Moved()), ends_run=(pytest.exit.Exception,))
    with pytest.raises(type(end)):
        upgrade.reach(Moment.DURING)


def test_an_api_server_that_is_silent_before_the_first_step_is_the_environment(
    ways: list[BaseException | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("connection refused")

    monkeypatch.setattr(module, "witnesses", refuse)
    with pytest.raises(EnvironmentFailed, match="OSError: connection refused"):
        upgrade_of(Moved()).reach(Moment.DURING)
    assert ways == []


def test_a_gateway_that_hangs_ends_the_run_before_a_move_and_is_judged_after_it(
    ways: list[BaseException | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = ["", "nothing was seen", "nothing was seen", ""]
    monkeypatch.setattr(module, "let_see", lambda _: looks.pop(0))
    ways += [None, None]
    upgrade = upgrade_of(Moved())
    upgrade.reach(Moment.ROLLING_BACK)
    assert [move.stopped for move in upgrade.moves.values()] == ["", ""]
    looks.append("nothing was seen")
    with pytest.raises(EnvironmentFailed, match="nothing was seen"):
        upgrade_of(Moved()).reach(Moment.DURING)


def test_who_sees_nothing_is_told_where_the_limit_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMITS", SimpleNamespace(page_whole=0.01))
    text = let_see(cast(Any, SimpleNamespace(counts=lambda: {"ordinary voter": 3})))
    assert text.startswith("every witness of the move sees something: not within")


def stop(stops: Stops, error: Exception) -> None:
    with stops.noted():
        raise error


def test_votes_are_put_back_where_a_store_takes_any() -> None:
    done: list[object] = []
    voter = SimpleNamespace(reset=lambda: done.append("reset"), vote=lambda *vote: done.append(vote))
    voters, before = {ORDINARY: cast(Any, voter)}, {"voting-storage 1.0": Counts(2, 3, "plain")}
    upgrade_of(Moved())._put_back(voters, before, {})
    assert done == []
    upgrade_of(Moved())._put_back(voters, before, before)
    assert done == ["reset", ("Cats", 2), ("Dogs", 3)]


def test_a_round_of_plaintext_whose_control_failed_is_nothing_that_was_seen() -> None:
    nothing = SimpleNamespace(pages=dict, seen=dict)
    rounds = SimpleNamespace(seen=lambda: {"plaintext": (attempt(1.0), attempt(2.0, control=RESET))})
    seen = Witnesses(
        cast(Any, nothing), cast(Any, nothing), cast(Any, nothing), cast(Any, rounds), cast(Any, nothing)
    )
    assert seen.counts() == {"plaintext": 1}


def test_why_a_move_stopped_has_notes_and_no_secrets() -> None:
    failed = StageFailed("it crashes", ["MYSQL_PASSWORD=hunter2"])
    failed.add_note("the store takes no writes")
    stops = Stops()
    stop(stops, failed)
    assert "hunter2" not in str(stops)
    assert str(stops).endswith("; the store takes no writes")
    assert text_of(KeyError("votes")) == "KeyError: 'votes'"


class Walks:
    """A run whose stage ends with an exception, each time that it is entered."""

    def __init__(self, error: Exception) -> None:
        self.stages: list[int] = []
        self._error = error
        self.stash = pytest.Stash()
        self.stash[RUN] = RunState(Settings(Path(), Path()))
        config = SimpleNamespace(stash=self.stash)
        marks = [pytest.mark.requirement("U1").mark]
        node = SimpleNamespace(config=config, stash=pytest.Stash(), iter_markers=lambda _: iter(marks))
        self._request = cast(pytest.FixtureRequest, SimpleNamespace(config=config, node=node))
        api = SimpleNamespace(list=lambda *_: [])
        self.namespace = SimpleNamespace(
            watch=Moved(), stage=0, reached=SimpleNamespace(), api=api, name="voting"
        )

    def advance_to(self, stage: int) -> None:
        self.stages.append(stage)
        raise self._error

    def enter(self) -> None:
        bring_to_stage(self._request, cast(Any, self), 4)


def test_a_stage_that_never_gets_ready_is_walked_once() -> None:
    run = Walks(StageFailed("pods don't start", breaks="R1.2", since=5.0))
    for _ in range(2):
        with pytest.raises(StageFailed, match="pods don't start"):
            run.enter()
    assert run.stash[FAILED_STAGE] == 1
    assert (run.stages, run.namespace.reached.propagated_at) == ([4], 5.0)


@pytest.mark.parametrize(
    ("error", "first", "then"),
    [
        (NotInTime("callers start", 5, None), NotJudged, NotJudged),
        (GaveUp("callers start", "the pod is gone", None), NotJudged, NotJudged),
        (RequirementFailed("no sidecar", breaks="R3.4"), RequirementFailed, RequirementFailed),
        (KeyError("votes"), KeyError, NotJudged),
    ],
)
def test_whatever_ends_a_stage_ends_it_for_every_later_test_and_is_no_failed_environment(
    error: Exception, first: type[Exception], then: type[Exception]
) -> None:
    run = Walks(error)
    with pytest.raises(first):
        run.enter()
    with pytest.raises(then):
        run.enter()
    assert run.stages == [4]
