"""Requests from the apps to analytics stay in the chain of who makes them."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.cluster.pod_access import PodName
from canary_conformance.mesh.routes.conditions import METHOD, Condition, How
from canary_conformance.mesh.routes.route_tables import RouteTable, RunningRoute
from canary_conformance.scenario.observations import Call, Opening, Reply, ReplyKind
from canary_conformance.stages.observation_cache import Taken
from canary_conformance.verdicts import ExpectationFailed
from canary_conformance.voting import chain_requests
from canary_conformance.voting.chain_requests import expect_answers_of_the_own_chain
from canary_conformance.voting.page_results import DIFFERENT_VOTES
from canary_conformance.voting.running_routes import Way

PODS = {f"voting-app {version}": PodName("voting", f"app-{version}") for version in ("1.0", "2.0")}
COUNTER = {"voting-analytics 1.1": "10.0.0.1", "voting-analytics 2.0": "10.0.0.2"}
Leads = Callable[[str, bytes], str]


class Workload(SimpleNamespace):
    def __str__(self) -> str:
        return str(self.who)


class Sidecars:
    """Both apps' pods: `leads` returns the chain ("1.0") to which a request of an app's version goes."""

    def __init__(self, leads: Leads) -> None:
        self._leads = leads
        self._sent = dict.fromkeys(COUNTER.values(), 0)

    def each(self, pod: PodName, calls: Sequence[tuple[Call, Opening]]) -> list[Reply]:
        return [self._reply(pod.name.removeprefix("app-"), opening.send) for _, opening in calls]

    def of(self, _: PodName) -> Any:
        return SimpleNamespace(get_json=lambda _: self._counters())

    def _reply(self, version: str, sent: bytes) -> Reply:
        chain = self._leads(version, sent)
        self._sent["10.0.0.1" if chain == "1.0" else "10.0.0.2"] += 1
        body = DIFFERENT_VOTES[chain] if sent.startswith(b"GET /analytics ") else "405"
        return Reply(ReplyKind.ANSWERED, body.encode(), "", 0.0)

    def _counters(self) -> dict[str, Any]:
        hosts = [
            {
                "address": {"socket_address": {"address": address}},
                "stats": [{"name": "rq_total", "value": number}],
            }
            for address, number in self._sent.items()
        ]
        return {"cluster_statuses": [{"name": "analytics", "host_statuses": hosts}]}


def judge(monkeypatch: pytest.MonkeyPatch, leads: Leads, *conditions: Condition) -> None:
    """Judge sidecars whose routes have these conditions."""
    sidecars, taken = Sidecars(leads), Taken()
    tables = (RouteTable(("voting-analytics",), (RunningRoute("voting-analytics", conditions, (), 1.0),)),)
    monkeypatch.setattr(chain_requests, "way_behind", lambda _: Way(tables, (), {}))
    monkeypatch.setattr(chain_requests, "source_pod", lambda _, source: PODS[source])
    monkeypatch.setattr(chain_requests, "cast_different_votes", lambda _: None)
    namespace = SimpleNamespace(
        name="voting",
        voter=None,
        once=taken.once,
        proxies=sidecars,
        callers=SimpleNamespace(prepare=list, each=sidecars.each),
        workloads=lambda _: [Workload(who=who, address=address) for who, address in COUNTER.items()],
    )
    expect_answers_of_the_own_chain(cast(Any, namespace))


def own(version: str, _: bytes) -> str:
    return version


def test_chains_that_nothing_crosses_hold_by_body_and_by_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    judge(monkeypatch, own)
    judge(
        monkeypatch, own, Condition(METHOD, How.EXACT, "POST"), Condition("header x-trace", How.PREFIX, "deb")
    )


def test_a_header_by_which_a_request_crosses_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def traced(version: str, sent: bytes) -> str:
        return "2.0" if b"x-trace: deb" in sent else version

    with pytest.raises(ExpectationFailed, match=r"voting-app 1.0 -> GET /analytics, x-trace: deb"):
        judge(monkeypatch, traced, Condition("header x-trace", How.PREFIX, "deb"))


def test_a_method_by_which_a_request_crosses_is_shown_by_the_counters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def posted(version: str, sent: bytes) -> str:
        return "2.0" if sent.startswith(b"POST") else version

    with pytest.raises(ExpectationFailed, match=r"POST /analytics: answered by voting-analytics 2.0"):
        judge(monkeypatch, posted, Condition(METHOD, How.EXACT, "POST"))
