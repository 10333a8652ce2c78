"""What the proxies on a page's way run: their routes' conditions, and what no request can be derived from.

Two ways: the page's own, through the ingress gateway and the sidecars of the app, and the one behind it, from
the app's sidecars to analytics and the stores. Each proxy is read once at a stage.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from canary_conformance.cluster.apply_answers import Refused
from canary_conformance.cluster.pod_access import PodName
from canary_conformance.errors import NotJudged
from canary_conformance.mesh.propagation import host_of_sentinel
from canary_conformance.mesh.proxies import proxied_pods
from canary_conformance.mesh.routes.conditions import METHOD, PATH, Condition
from canary_conformance.mesh.routes.foreign_clusters import (
    ACTIVE_CLUSTERS,
    RunningCluster,
    running_clusters,
)
from canary_conformance.mesh.routes.foreign_filters import (
    LISTENERS,
    RunningListener,
    foreign_in_dump,
    running_listeners,
)
from canary_conformance.mesh.routes.route_tables import ROUTES, RouteTable, dynamic_tables
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.running_workloads import Workload
from canary_conformance.voting.contract import ANALYTICS, APP
from canary_conformance.voting.distinguished_requests import COOKIE

# What may bring a filter that a plain mesh does not have, by apiVersion and kind.
BRINGING = (("networking.istio.io/v1alpha3", "EnvoyFilter"), ("extensions.istio.io/v1alpha1", "WasmPlugin"))
UNDERIVED = "no request can be derived from what the proxies run"


@dataclass(frozen=True, slots=True)
class RunningProxy:
    """What one proxy runs.

    Attributes:
        pod: Its pod.
        app: The component in the pod, "" for the ingress gateway.
        listeners: Its active listeners.
        tables: Its virtual hosts, by the name of their route configuration.
        set_up: The filters that a route configuration sets up, likewise, in words.
        clusters: Those that lead to the namespace, or into the proxy's own pod.
    """

    pod: PodName
    app: str
    listeners: tuple[RunningListener, ...]
    tables: Mapping[str, tuple[RouteTable, ...]]
    set_up: Mapping[str, tuple[str, ...]]
    clusters: tuple[RunningCluster, ...] = ()


_Part = tuple[RunningProxy, RunningListener]


@dataclass(frozen=True, slots=True)
class Way:
    """What the proxies of one way distinguish.

    Attributes:
        tables: The virtual hosts through which its requests go, of all of its proxies, each once.
        rules: The conditions of each rule of access.
        unread: What no request can be derived from, by its words, with the proxies that have it.
    """

    tables: tuple[RouteTable, ...]
    rules: tuple[tuple[Condition, ...], ...]
    unread: Mapping[str, tuple[str, ...]]


def running_proxies(namespace: NamespaceUnderTest) -> Sequence[RunningProxy]:
    """Return what the ingress gateway and every sidecar of the application runs; read once at a stage."""
    return namespace.once("running proxies", lambda: _read(namespace))


def way_of_pages(namespace: NamespaceUnderTest) -> Way:
    """Return what distinguishes requests for a page, at the gateway and in the app's pods."""
    own = host_of_sentinel(namespace.setting.suite_namespace)
    parts: list[_Part] = []
    others: list[_Part] = []
    for proxy in running_proxies(namespace):
        if not proxy.app:
            parts += [(proxy, one) for one in proxy.listeners if own in _domains(proxy, one)]
            others += [(proxy, one) for one in proxy.listeners if own not in _domains(proxy, one)]
        elif proxy.app == APP:
            parts += [(proxy, one) for one in proxy.listeners if one.inbound]
    way = _way(parts, lambda table: table.leads_to(namespace.name))
    return replace(way, unread={**way.unread, **_at_other_ports(namespace, others, way.tables)})


def cookies_changed_for_some(namespace: NamespaceUnderTest) -> dict[str, tuple[str, ...]]:
    """Return each route of a page that changes cookies for some voters only, with the gateway.

    By other properties than the cookie, the method and the path, which the pages of R4.6's browsers have in
    common with everyone's.
    """
    return {
        f"{route.origin} {change} where {' and '.join(map(str, route.conditions))}": ("the ingress gateway",)
        for table in way_of_pages(namespace).tables
        for route in table.routes
        if {one.subject for one in route.conditions} - {COOKIE, METHOD, PATH}
        for change in route.cookies
    }


def way_behind(namespace: NamespaceUnderTest) -> Way:
    """Return what distinguishes requests and connections behind the page, from the app's pods on."""
    host = f"{ANALYTICS}.{namespace.name}.svc.cluster.local"
    parts = [
        (proxy, one)
        for proxy in running_proxies(namespace)
        for one in proxy.listeners
        if proxy.app and not (proxy.app == APP and one.inbound)
    ]
    return _way(parts, lambda table: host in table.domains)


def expect_derived(
    namespace: NamespaceUnderTest, unread: Mapping[str, Collection[str]], why: str = UNDERIVED
) -> None:
    """Raise NotJudged where something runs that no request shows.

    Args:
        namespace: The namespace under test.
        unread: What runs, in words, with the proxies that run it.
        why: Why that is not judged.
    """
    if not unread:
        return
    reasons = [f"{what} (in {_some(proxies)})" for what, proxies in unread.items()]
    brought = _bringing(namespace)
    raise NotJudged(
        f"{why}: {'; '.join(reasons)}. "
        + (
            f"Look at {', '.join(brought)}"
            if brought
            else "No EnvoyFilter or WasmPlugin is there that brought it"
        )
    )


def ingress_pods(namespace: NamespaceUnderTest) -> list[PodName]:
    """Return the pods of the ingress gateway."""
    gateway = namespace.mesh.gateway
    return proxied_pods(namespace.api.list("v1", "Pod", gateway.namespace, gateway.pod_labels))


def _read(namespace: NamespaceUnderTest) -> Sequence[RunningProxy]:
    ingress = ingress_pods(namespace)
    apps = dict.fromkeys(ingress, "") | {one.pod: one.app for one in namespace.workloads() if _is_read(one)}
    if not ingress:
        raise NotJudged("no pod of the ingress gateway runs")
    listeners = namespace.proxies.ask(apps, LISTENERS)
    routes = namespace.proxies.ask(apps, ROUTES)
    clusters = namespace.proxies.ask(apps, ACTIVE_CLUSTERS)
    running = [
        RunningProxy(
            pod,
            app,
            running_listeners(listeners[pod]),
            dynamic_tables(routes[pod]),
            {name: tuple(map(str, found)) for name, found in foreign_in_dump(routes[pod]).items()},
            running_clusters(clusters[pod], namespace.name),
        )
        for pod, app in apps.items()
    ]
    namespace.progress.event(
        "routes_seen",
        stage=namespace.stage,
        proxies=_facts(namespace, running),
        subsets=_subsets(namespace),
    )
    return running


def _subsets(namespace: NamespaceUnderTest) -> dict[str, str]:
    """Return the labels of each subset, by "voting-app v2-0"."""
    rules = namespace.api.list("networking.istio.io/v1", "DestinationRule", namespace.name)
    return {
        f"{rule['spec']['host'].partition('.')[0]} {subset['name']}": ",".join(
            f"{name}={value}" for name, value in subset.get("labels", {}).items()
        )
        for rule in rules
        for subset in rule["spec"].get("subsets", ())
    }


def _facts(namespace: NamespaceUnderTest, running: Iterable[RunningProxy]) -> dict[str, list[list[object]]]:
    """Return what each proxy of the namespace runs as routes of requests, for the run's events.

    By "ingress gateway" or the workload; of several pods of one workload, what the first runs.
    """
    names = {one.pod: str(one) for one in namespace.workloads()}
    found: dict[str, list[list[object]]] = {}
    for proxy in running:
        tables = dict.fromkeys(table for several in proxy.tables.values() for table in several)
        rows = [
            [one.origin, [str(it) for it in one.conditions], list(one.clusters), round(one.share, 3)]
            for table in tables
            if table.leads_to(namespace.name)
            for one in table.routes
        ]
        found.setdefault(names.get(proxy.pod, "ingress gateway"), rows)
    return found


def _is_read(workload: Workload) -> bool:
    return workload.ready and workload.has_proxy()


def _domains(proxy: RunningProxy, listener: RunningListener) -> set[str]:
    tables = (table for name in listener.route_configs for table in proxy.tables.get(name, ()))
    return {domain for table in tables for domain in table.domains}


def _at_other_ports(
    namespace: NamespaceUnderTest, parts: Sequence[_Part], probed: Sequence[RouteTable]
) -> dict[str, tuple[str, ...]]:
    """Return the gateway's other listeners that lead to the namespace by routes that are not probed."""
    known = {table.routes for table in probed}
    return {
        f"other routes at {listener.name}": (str(proxy.pod),)
        for proxy, listener in parts
        for name in listener.route_configs
        for table in proxy.tables.get(name, ())
        if table.leads_to(namespace.name) and table.routes not in known
    }


def _way(parts: Sequence[_Part], counts: Callable[[RouteTable], bool]) -> Way:
    tables: dict[RouteTable, None] = {}
    rules: dict[tuple[Condition, ...], None] = {}
    unread: dict[str, dict[str, None]] = {}
    for proxy, listener in parts:
        named = [table for name in listener.route_configs for table in proxy.tables.get(name, ())]
        used = [*filter(counts, named), *listener.tables]
        tables.update(dict.fromkeys(used))
        rules.update((rule.conditions, None) for rule in listener.rules if rule.conditions)
        for what in _unread(proxy, listener, used):
            unread.setdefault(what, {})[str(proxy.pod)] = None
    return Way(tuple(tables), tuple(rules), {what: tuple(pods) for what, pods in unread.items()})


def _unread(proxy: RunningProxy, listener: RunningListener, used: Iterable[RouteTable]) -> Iterator[str]:
    yield from map(str, listener.foreign)
    for cluster in proxy.clusters:
        yield from map(str, cluster.foreign if cluster.inbound == listener.inbound else ())
    for name in listener.route_configs:
        yield from proxy.set_up.get(name, ())
    for rule in listener.rules:
        yield from (f"{what} in the rule {rule.name}" for what in rule.unread)
    for table in used:
        yield from table.unread
        for route in table.routes:
            yield from (f"{what} of {route.origin}" for what in route.unread)


def _bringing(namespace: NamespaceUnderTest) -> list[str]:
    """Return the objects in the namespace and in the mesh's that may bring filters."""
    found = []
    for version, kind in BRINGING:
        for where in dict.fromkeys((namespace.name, namespace.mesh.root_namespace)):
            with contextlib.suppress(Refused):
                listed = namespace.api.list(version, kind, where)
                found += [f"{kind}/{one['metadata']['name']} in {where}" for one in listed]
    return found


def _some(names: Collection[str]) -> str:
    first, *rest = sorted(names)
    return f"{first} and {len(rest)} more" if rest else first
