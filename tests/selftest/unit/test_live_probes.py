"""What the live tier derives from running proxies and pods: requests, other names, undeclared ports."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.cluster.apply_answers import Refused
from canary_conformance.cluster.pod_access import PodName
from canary_conformance.errors import NotJudged
from canary_conformance.mesh.routes.conditions import METHOD, Condition, How
from canary_conformance.mesh.routes.foreign_filters import RunningListener
from canary_conformance.mesh.routes.route_tables import RouteTable, RunningRoute
from canary_conformance.scenario.observations import Call, Opening, Reply, ReplyKind
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.stages.observation_cache import Taken
from canary_conformance.verdicts import ExpectationFailed, answers_with
from canary_conformance.voting import distinguished_answers, other_names, running_routes, undeclared_ports
from canary_conformance.voting.cookie_matrix import ServedBy
from canary_conformance.voting.distinguished_answers import expect_answers, ordinary, varies_the_cookie_alone
from canary_conformance.voting.distinguished_requests import COOKIE, Probe
from canary_conformance.voting.feature_flag import OPENS
from canary_conformance.voting.running_routes import RunningProxy, Way, expect_derived

V1, V2 = (f"outbound|8080|v{one}-0|voting-app.voting.svc.cluster.local" for one in (1, 2))
CANARY = RunningRoute("voting-app", (Condition(COOKIE, How.REGEX, OPENS),), (V2,), 1.0)
EVERYONE = RunningRoute("voting-app", (), (V1,), 1.0)
PONG = Reply(ReplyKind.ANSWERED, b"+PONG\r\n", "", 0.0)
RESET = Reply(ReplyKind.RESET, b"", "", 0.0)


def table(*routes: RunningRoute, domain: str = "*") -> RouteTable:
    return RouteTable((domain,), routes)


class Namespace:
    """A namespace at stage 4 whose routes are given, and whose gateway does what these routes say."""

    name, stage = "voting", 4
    mesh = SimpleNamespace(
        gateway=SimpleNamespace(address=SimpleNamespace(host="192.0.2.1")), root_namespace="istio-system"
    )

    def __init__(self) -> None:
        self.taken = Taken()

    def once(self, name: str, take: Callable[[], Any]) -> Any:
        return self.taken.once(name, take)


def served(tables: Sequence[RouteTable]) -> Callable[..., Mapping[Probe, ServedBy]]:
    """Return what stands for the gateway: the first route whose conditions hold decides the version."""

    def text(probe: Probe, subject: str) -> str | None:
        return probe.text(subject) or {METHOD: "GET", "path": "/"}.get(subject)

    def answer(probe: Probe) -> ServedBy:
        host = probe.text("authority")
        routes = next(one.routes for one in tables if one.domains in {(host or "*",), ("*",)})
        fitting = next(
            one for one in routes if all(it.holds(text(probe, it.subject)) for it in one.conditions)
        )
        return ServedBy(frozenset({"2.0" if fitting.clusters == (V2,) else "1.0"}))

    return lambda _, probes, *__: {probe: answer(probe) for probe in probes}


def judged(monkeypatch: pytest.MonkeyPatch, *tables: RouteTable) -> Any:
    way = Way(tables, (), {})
    monkeypatch.setattr(distinguished_answers, "way_of_pages", lambda _: way)
    monkeypatch.setattr(distinguished_answers, "versions_by_request", served(tables))
    return cast(Any, Namespace())


def test_the_scenarios_own_routes_answer_as_required(monkeypatch: pytest.MonkeyPatch) -> None:
    namespace = judged(monkeypatch, table(CANARY, EVERYONE))
    for which in (ordinary, distinguished_answers.flagged, varies_the_cookie_alone):
        expect_answers(namespace, which)


@pytest.mark.parametrize(
    ("condition", "shown"),
    [
        (Condition(METHOD, How.EXACT, "POST"), "POST /"),
        (Condition("query beta", How.EXACT, "1"), "GET /?beta=1"),
        (Condition("header user-agent", How.CONTAINS, "Mobile"), "user-agent: "),
        (Condition("path", How.PREFIX, "/beta"), "GET /beta"),
    ],
)
def test_another_property_that_opens_2_0_is_shown(
    monkeypatch: pytest.MonkeyPatch, condition: Condition, shown: str
) -> None:
    other = RunningRoute("voting-app", (condition,), (V2,), 1.0)
    with pytest.raises(ExpectationFailed) as failed:
        expect_answers(judged(monkeypatch, table(other, CANARY, EVERYONE)), ordinary)
    assert shown in str(failed.value)
    assert "2.0 instead of 1.0" in str(failed.value)


def test_a_flag_that_another_header_closes_again_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = RunningRoute("voting-app", (Condition("header x-opt-out", How.PRESENT),), (V1,), 1.0)
    with pytest.raises(ExpectationFailed, match="x-opt-out"):
        expect_answers(judged(monkeypatch, table(closed, CANARY, EVERYONE)), distinguished_answers.flagged)


def test_another_cookie_that_opens_2_0_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    wider = RunningRoute(
        "voting-app", (Condition(COOKIE, How.REGEX, "(.*; ?)?featureflag=(on|true)(;.*)?"),), (V2,), 1.0
    )
    with pytest.raises(ExpectationFailed, match="featureflag=true"):
        expect_answers(judged(monkeypatch, table(wider, EVERYONE)), varies_the_cookie_alone)


def test_another_host_of_the_gateway_must_not_open_2_0(monkeypatch: pytest.MonkeyPatch) -> None:
    beta = table(RunningRoute("beta", (), (V2,), 1.0), domain="beta.example")
    with pytest.raises(ExpectationFailed, match=r"host: beta\.example"):
        expect_answers(judged(monkeypatch, beta, table(CANARY, EVERYONE)), ordinary)


def test_what_gives_no_request_is_not_judged_and_names_what_may_have_brought_it() -> None:
    def listed(version: str, kind: str, where: str) -> list[dict[str, Any]]:
        if kind == "WasmPlugin":
            raise Refused(ObjectRef(kind, "?"), f"{version} is not served")
        return [{"metadata": {"name": "slow"}}] if where == "voting" else []

    namespace = cast(Any, Namespace())
    namespace.api = SimpleNamespace(list=listed)
    expect_derived(namespace, {})
    with pytest.raises(NotJudged) as unread:
        expect_derived(namespace, {"envoy.filters.http.lua": ("app-1", "app-2")})
    assert "envoy.filters.http.lua (in app-1 and 1 more)" in str(unread.value)
    assert "EnvoyFilter/slow in voting" in str(unread.value)


def other_service(
    monkeypatch: pytest.MonkeyPatch, reply: Reply, *, source: str = "voting-analytics 1.0"
) -> None:
    """Judge a namespace with a second Service that leads to Redis, which answers a source so."""
    names = ("voting-app", "voting-analytics", "voting-storage", "voting-cache")
    services = [{"metadata": {"name": name}, "spec": {"ports": [{"port": 6379}]}} for name in names]
    slices = [
        {
            "metadata": {"labels": {"kubernetes.io/service-name": "voting-cache"}},
            "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": True}}],
        }
    ]
    namespace = cast(Any, Namespace())
    namespace.stage, namespace.outside = 3, "outside"
    namespace.api = SimpleNamespace(list=lambda _, kind, __: services if kind == "Service" else slices)
    namespace.workloads = lambda: [SimpleNamespace(address="10.0.0.1", app="voting-storage")]

    def call(_: object, calls: Sequence[tuple[Call, Opening]]) -> dict[Call, Reply]:
        return {one: reply for one, _ in calls}

    namespace.callers = SimpleNamespace(prepare=list, call=call)
    monkeypatch.setattr(other_names, "source_pod", lambda _, name: name)
    may = {"voting-storage 1.0": answers_with(b"+PONG")}
    other_names.expect_no_way_by_other_names(namespace, [source], may)


def test_a_second_name_by_which_a_source_reaches_what_it_may_not_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ExpectationFailed, match=r"voting-analytics 1.0 -> Service/voting-cache:6379"):
        other_service(monkeypatch, PONG)


def test_a_second_name_that_refuses_or_leads_to_the_own_store_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    other_service(monkeypatch, RESET)
    other_service(monkeypatch, PONG, source="voting-app 1.0")


def undeclared(monkeypatch: pytest.MonkeyPatch, ports: set[int], reply: Reply) -> None:
    """Judge plaintext at a pod that declares 6379 and listens at these ports."""

    @dataclass(frozen=True, eq=False)
    class Storage:
        ready = True
        owner, pod, ports = "Deployment/voting-storage-1-0", "storage", (6379,)
        containers = ("voting-storage", "istio-proxy")

        def has_proxy(self) -> bool:
            return True

        def plain_calls(self, chosen: Sequence[int]) -> list[tuple[Call, Opening]]:
            return [(Call("outside", "10.0.0.1", port), Opening(b"", listens=False)) for port in chosen]

    namespace = cast(Any, Namespace())
    namespace.api = None
    namespace.workloads = lambda: [Storage()]
    namespace.from_outside = lambda calls: {call: reply for call, _ in calls}
    monkeypatch.setattr(undeclared_ports, "listening_ports", lambda *_: frozenset(ports))
    undeclared_ports.expect_refused_plaintext_at_undeclared_ports(namespace)


def test_plaintext_that_is_answered_at_an_undeclared_port_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ExpectationFailed, match=r"10\.0\.0\.1:9090"):
        undeclared(monkeypatch, {6379, 9090, 15006}, PONG)


def test_plaintext_that_is_refused_there_holds_as_where_none_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    undeclared(monkeypatch, {6379, 9090}, RESET)
    undeclared(monkeypatch, {6379, 15021, 15090}, PONG)


def proxies(*ports: tuple[str, RouteTable]) -> list[RunningProxy]:
    """Return a gateway with these listeners, each with its table; the sentinel's host is at the first."""
    sentinel = table(EVERYONE, domain="sentinel.voting-conformance.internal")
    tables = {name: (one, *([sentinel] if number == 0 else [])) for number, (name, one) in enumerate(ports)}
    listeners = tuple(RunningListener(name, 0, False, (name,), (), (), ()) for name in tables)
    return [RunningProxy(PodName("istio-system", "ingress"), "", listeners, tables, {})]


def way(*ports: tuple[str, RouteTable]) -> Way:
    namespace = cast(Any, Namespace())
    namespace.setting = SimpleNamespace(suite_namespace="voting-conformance")
    namespace.taken.once("running proxies", lambda: proxies(*ports))
    return running_routes.way_of_pages(namespace)


def test_the_routes_of_the_suites_port_are_those_that_are_probed() -> None:
    assert table(CANARY, EVERYONE) in way(("http.80", table(CANARY, EVERYONE))).tables


def test_the_same_routes_at_another_port_need_no_requests_of_their_own() -> None:
    found = way(("http.80", table(CANARY, EVERYONE)), ("https.443", table(CANARY, EVERYONE)))
    assert found.unread == {}


def test_other_routes_at_another_port_of_the_gateway_are_not_judged() -> None:
    everyone = RunningRoute("beta", (), (V2,), 1.0)
    found = way(("http.80", table(CANARY, EVERYONE)), ("http.8081", table(everyone)))
    assert found.unread == {"other routes at http.8081": ("ingress.istio-system",)}


def test_another_applications_port_of_the_gateway_is_left_alone() -> None:
    other = RunningRoute("shop", (), ("outbound|80||shop.shop.svc.cluster.local",), 1.0)
    assert way(("http.80", table(CANARY, EVERYONE)), ("http.8081", table(other))).unread == {}


def test_cookies_that_a_route_changes_for_some_browsers_only_are_named() -> None:
    agent = Condition("header user-agent", How.CONTAINS, "Firefox")
    some = RunningRoute("voting-app", (agent,), (V1,), 1.0, (), ("removes set-cookie of answers",))
    namespace = cast(Any, Namespace())
    namespace.setting = SimpleNamespace(suite_namespace="voting-conformance")
    namespace.taken.once("running proxies", lambda: proxies(("http.80", table(some, CANARY, EVERYONE))))
    (named,) = running_routes.cookies_changed_for_some(namespace)
    assert named == "voting-app removes set-cookie of answers where header user-agent contains 'Firefox'"
