"""When a change has propagated: when every proxy concerned runs a sentinel that was written after it.

istiod sends each proxy its whole state in order (CDS, EDS, LDS, RDS), so a route that arrives after a change
proves that the change arrived before it. The sentinel is a host of the suite's own whose route carries two
tokens, one of its VirtualService and one of its DestinationRule; a proxy that shows the newest of both in its
admin port's route dump has everything older of these kinds. Objects of other kinds reach istiod by watches of
their own, so tokens could overtake their events; second tokens, written only when the first are everywhere,
can't have. The same holds for DestinationRules where proxies may not use the sentinel's.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.pod_access import PodName
from canary_conformance.errors import NotJudged
from canary_conformance.images.pins import numbers_of
from canary_conformance.mesh.proxies import Proxies
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import SYSTEM_CLOCK, Clock, NotInTime, wait_until

NAME = "sentinel"
# A token can't overtake these: each kind comes to istiod in order, and there is a token of each.
KINDS_WITH_TOKEN = frozenset({"DestinationRule", "VirtualService"})
ROUNDS = 2
# Istio calls a route configuration by its port: "80" in a sidecar, "http.80" or "http.8080" in a gateway.
ROUTES = "/config_dump?resource=dynamic_route_configs&mask=route_config.virtual_hosts&name_regex=.*80.*"
# For so long (seconds) istiod waits for more changes before it sends any (Istio: PILOT_DEBOUNCE_AFTER).
DEBOUNCED = 0.1
NETWORKING = "networking.istio.io/v1"
# For so long (seconds) Envoy may keep news of endpoints' health from its workers: what comes within this time
# of other such news is delivered with it, at once (Envoy: "update_merge_window", which Istio leaves at its
# default). Its admin port shows them as healthy before that. Seen in 1.36 to 1.39, and no more in 1.40.
MERGE_WINDOW = 1.0
FIRST_WITHOUT_MERGING = (1, 40)


class Sentinel:
    """A host known to every proxy, whose route carries the newest tokens."""

    def __init__(
        self,
        api: Api,
        namespace: str,
        gateway_selector: dict[str, str],
        proxies: Proxies,
        kinds: frozenset[str] = KINDS_WITH_TOKEN,
        home: str = "",
    ) -> None:
        """Prepare the sentinel.

        Args:
            api: The cluster's API server.
            namespace: The suite's own namespace, which holds the sentinel's Gateway.
            gateway_selector: The labels of the ingress gateway's pods.
            proxies: Every proxy's admin port.
            kinds: Those whose tokens proxies are sure to show. A DestinationRule for any host, in a pod's own
                namespace, takes precedence over the sentinel's (Istio: "Destination Rule", the lookup by
                namespaces).
            home: The namespace of its host, route and rule, where it is another: a Sidecar shows proxies the
                objects of some namespaces only.
        """
        self._kinds = kinds
        self._api = api
        self._namespace = namespace
        self._home = home or namespace
        self._name = NAME if self._home == namespace else f"{namespace}-{NAME}"
        self._selector = gateway_selector
        self._proxies = proxies
        self._tokens = (f"live-{time.time_ns():x}-{number}" for number in itertools.count(1))
        self.host = host_of_sentinel(namespace)

    def create(self) -> None:
        """Make the sentinel's Gateway and ServiceEntry; its route and rule come with the first tokens."""
        gateway = {
            "selector": self._selector,
            "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": [self.host]}],
        }
        entry = {
            "hosts": [self.host],
            "location": "MESH_EXTERNAL",
            "resolution": "STATIC",
            "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}],
            "endpoints": [{"address": "127.0.0.1"}],
        }
        self._apply("Gateway", gateway)
        self._apply("ServiceEntry", entry)

    def remove(self) -> None:
        """Delete all of it, where the namespaces that it is in stay."""
        for kind in ("Gateway", "VirtualService", "DestinationRule", "ServiceEntry"):
            name, namespace = self._place(kind)
            self._api.delete(NETWORKING, kind, name, namespace)

    def wait_until_live(
        self, pods: Callable[[], Sequence[PodName]], written: Collection[str] | None = None
    ) -> float:
        """Return the monotonic time at which all that was written before this call was seen in every proxy.

        Args:
            pods: Returns the pods with a proxy; called again as they come and go.
            written: See has_tokens().

        Raises:
            NotJudged: LIMITS.change_live seconds passed; the cause is not known here.
        """
        for _ in range(1 if self.has_tokens(written) else ROUNDS):
            self._wait_for(next(self._tokens), pods)
        return time.monotonic()

    def has_tokens(self, written: Collection[str] | None) -> bool:
        """Return whether the first tokens prove all that was written since the last ones.

        Args:
            written: The kinds of what was written, None where they are unknown.
        """
        return written is not None and self._kinds.issuperset(written)

    def _wait_for(self, token: str, pods: Callable[[], Sequence[PodName]]) -> None:
        specs = {"DestinationRule": self._rule, "VirtualService": self._route}
        tokens = {kind: f"{token}-{kind.lower()}" for kind in specs if kind in self._kinds}
        for kind, value in tokens.items():
            self._apply(kind, specs[kind](value))
        left = _Left(pods)

        def shown(wanted: Sequence[PodName]) -> Mapping[PodName, bool]:
            return self._proxies.each(wanted, lambda port: _carries(port.get(ROUTES), tokens.values()))

        try:
            wait_until(
                lambda: left.ask(shown),
                until=lambda missing: not missing,
                limit=LIMITS.change_live,
                what="every proxy runs the change",
                pause=0.03,
                not_before=DEBOUNCED,
                passing=(OSError,),
            )
        except NotInTime as late:
            raise NotJudged(f"{late} (proxies without it)") from late

    def _route(self, token: str) -> dict[str, object]:
        return {
            "hosts": [self.host],
            "gateways": [f"{self._namespace}/{NAME}", "mesh"],
            "http": [{"name": token, "route": [{"destination": {"host": self.host}}]}],
        }

    def _rule(self, token: str) -> dict[str, object]:
        """Return a rule whose token a route to its host carries: the header by which requests are spread.

        Istio writes the header of "consistentHash" into the route (Envoy: RouteAction, hash_policy).
        """
        balanced = {"consistentHash": {"httpHeaderName": token}}
        return {"host": self.host, "trafficPolicy": {"loadBalancer": balanced}}

    def _apply(self, kind: str, spec: Mapping[str, object]) -> None:
        name, namespace = self._place(kind)
        metadata = {"name": name, "namespace": namespace}
        body = {"apiVersion": NETWORKING, "kind": kind, "metadata": metadata, "spec": spec}
        self._api.apply(body, namespace)

    def _place(self, kind: str) -> tuple[str, str]:
        """Return name and namespace of an object of it."""
        return (NAME, self._namespace) if kind == "Gateway" else (self._name, self._home)


def host_of_sentinel(namespace: str) -> str:
    """Return the sentinel's host, by the suite's own namespace."""
    return f"{NAME}.{namespace}.internal"


def merges_news(envoy: str) -> bool:
    """Return whether an Envoy of this version keeps news of endpoints from its workers for a while."""
    return numbers_of(envoy) < FIRST_WITHOUT_MERGING


def taken_up(live_at: float, clock: Clock = SYSTEM_CLOCK) -> float:
    """Return the monotonic time at which every proxy uses the endpoints that it had received by `live_at`.

    istiod sends proxies the address of a pod before it is ready, as unhealthy, and then as healthy.
    """
    until = live_at + MERGE_WINDOW
    left = max(until - clock.now(), 0.01)
    return wait_until(
        clock.now,
        until=lambda now: now >= until,
        limit=LIMITS.change_live,
        what="proxies have taken up new endpoints",
        pause=left,
        clock=clock,
    )


def _carries(routes: bytes, tokens: Collection[str]) -> bool:
    return all(token.encode() in routes for token in tokens)


class _Left:
    """The proxies that have not shown a token yet.

    One that has it keeps it, as the next one is not written meanwhile: it is not read again. Pods are listed
    anew when one doesn't answer, since it may have gone, and before all are said to have it.
    """

    def __init__(self, pods: Callable[[], Sequence[PodName]]) -> None:
        self._pods = pods
        self._having: set[PodName] = set()
        self._left = self._listed()

    def ask(self, shown: Callable[[Sequence[PodName]], Mapping[PodName, bool]]) -> list[str]:
        """Ask those that are left; return which of them, and of those that came since, are without it."""
        try:
            self._having.update(pod for pod, has in shown(self._left).items() if has)
        except OSError:
            self._left = self._listed()
            raise
        self._left = [pod for pod in self._left if pod not in self._having] or self._listed()
        return [str(pod) for pod in self._left]

    def _listed(self) -> list[PodName]:
        return [pod for pod in self._pods() if pod not in self._having]
