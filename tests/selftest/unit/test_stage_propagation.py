"""New endpoints are in use when Envoy's workers have been told, which is later than its admin port says."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.cluster.endpoints import SERVICE_LABEL, ready_endpoints
from canary_conformance.errors import NotJudged, StageFailed
from canary_conformance.mesh.propagation import MERGE_WINDOW, merges_news, taken_up
from canary_conformance.stages import stage_propagation as module
from canary_conformance.stages.namespace_under_test import Reached
from canary_conformance.voting.stage_rules import VOTING_RULES
from tests.selftest.support import FakeClock


def one_slice(service: str, *addresses: str, ready: bool = True) -> dict[str, Any]:
    endpoints = [{"addresses": [address], "conditions": {"ready": ready}} for address in addresses]
    return {"metadata": {"labels": {SERVICE_LABEL: service}}, "endpoints": endpoints}


def test_workers_have_new_endpoints_a_merge_window_after_the_proxies() -> None:
    clock = FakeClock()
    assert taken_up(clock.now() - 0.25, clock) == pytest.approx(1000.0 - 0.25 + MERGE_WINDOW)


def test_nothing_is_waited_for_that_is_long_past() -> None:
    clock = FakeClock()
    assert taken_up(clock.now() - 2 * MERGE_WINDOW, clock) == 1000.0


def test_ready_endpoints_are_told_with_their_service() -> None:
    slices = [one_slice("app", "10.0.0.1", "10.0.0.2"), one_slice("app", "10.0.0.3", ready=False)]
    api = SimpleNamespace(list=lambda *_: [*slices, one_slice("storage", "10.0.0.1")])
    found = ready_endpoints(cast(Any, api), "voting")
    assert found == {("app", "10.0.0.1"), ("app", "10.0.0.2"), ("storage", "10.0.0.1")}


@pytest.mark.parametrize(
    ("envoy", "merges"), [("1.36.4", True), ("1.39.3", True), ("1.40.0", False), ("1.41.0-dev", False)]
)
def test_older_envoys_merge_news(envoy: str, merges: bool) -> None:
    assert merges_news(envoy) is merges


@pytest.mark.parametrize("merged", [True, False])
@pytest.mark.parametrize(
    ("steps", "new"),
    [
        ([{"1"}], [True]),
        ([{"1"}, {"1"}], [True, False]),
        ([{"1"}, {"1", "2"}], [True, True]),
        ([{"1", "2"}, {"1"}], [True, False]),
        ([set()], [False]),
    ],
)
def test_a_change_waits_for_the_workers_only_where_endpoints_are_new_and_it_has_to(
    monkeypatch: pytest.MonkeyPatch, steps: list[set[str]], new: list[bool], merged: bool
) -> None:
    left = iter(steps)
    monkeypatch.setattr(module, "stale_endpoints", lambda *_: [])
    monkeypatch.setattr(module, "ready_endpoints", lambda *_: frozenset(next(left)))
    monkeypatch.setattr(module, "taken_up", lambda live_at: live_at + 1)
    sentinel = SimpleNamespace(wait_until_live=lambda *_: 5.0, has_tokens=lambda _: False)
    namespace = SimpleNamespace(api=None, name="voting", sentinel=sentinel, proxied=None, reached=Reached())
    monkeypatch.setattr(module, "_news_is_merged", lambda _: merged)
    waited = [module.wait_until_live(cast(Any, namespace), None) == 6.0 for _ in steps]
    assert waited == [merged and one for one in new]


@pytest.mark.parametrize("looked_before", [True, False])
def test_endpoints_are_looked_at_but_where_only_routes_and_rules_were_written_since(
    monkeypatch: pytest.MonkeyPatch, *, looked_before: bool
) -> None:
    asked: list[str] = []

    def stale(*_: object) -> list[str]:
        asked.append("stale")
        return []

    endpoints = frozenset({("app", "10.0.0.1")})
    monkeypatch.setattr(module, "stale_endpoints", stale)
    monkeypatch.setattr(module, "ready_endpoints", lambda *_: endpoints)
    sentinel = SimpleNamespace(wait_until_live=lambda *_: 5.0, has_tokens={"Route"}.issuperset)
    namespace = SimpleNamespace(api=None, name="voting", sentinel=sentinel, proxied=None)
    namespace.reached = Reached(endpoints=endpoints if looked_before else frozenset())
    monkeypatch.setattr(module, "_news_is_merged", lambda _: False)
    assert module.wait_until_live(cast(Any, namespace), {"Route"}) == 5.0
    assert bool(asked) is not looked_before
    module.wait_until_live(cast(Any, namespace), {"Route", "Service"})
    assert "stale" in asked


@pytest.mark.parametrize(
    ("settled", "stage", "breaks"), [(True, 4, "R4.4"), (False, 3, "R4.4"), (False, 0, "R1.5")]
)
def test_a_configuration_that_proxies_reject_fails_the_stage_and_what_nobody_explains_is_not_judged(
    monkeypatch: pytest.MonkeyPatch, *, settled: bool, stage: int, breaks: str
) -> None:
    rejected: list[str] = []

    def late(*_: object) -> float:
        raise NotJudged("every proxy runs the change: not within 15 s")

    monkeypatch.setattr(module, "_wait", late)
    monkeypatch.setattr(module, "refused_by_proxies", lambda *_, within: rejected)  # noqa: ARG005
    reached = Reached(settled=settled, stage=stage)
    mesh = SimpleNamespace(root_namespace="istio-system")
    namespace = SimpleNamespace(api=None, mesh=mesh, reached=reached, rules=VOTING_RULES)
    with pytest.raises(NotJudged, match="not within 15 s"):
        module.wait_until_live(cast(Any, namespace), None)
    rejected.append("LDS Internal:Error adding/updating listener(s)")
    with pytest.raises(StageFailed, match=r"proxies reject their configuration: LDS .*not within") as end:
        module.wait_until_live(cast(Any, namespace), None)
    assert end.value.breaks == breaks
