"""A cluster that somebody else made, which others use too: reached by one context, and left as it is.

Its gateway is reached at its load balancer or at a port of a node, whichever answers; else from inside, or by
a port-forward. Before a Gateway object exists nothing listens at port 80 of Istio's gateway, so a refused
connection shows a route as well as one that is accepted; where the Service has Istio's status port, its
answer is the proof (Istio: "Ports used by Istio", 15021).
"""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.base import Address, Object, label_selector, node_port
from canary_conformance.cluster.kubeconfig import Kubeconfig, read_kubeconfig
from canary_conformance.cluster.node_conditions import is_ready_node
from canary_conformance.cluster.pod_access import UNANSWERED, PodName
from canary_conformance.cluster.pod_state import is_ready
from canary_conformance.cluster.port_forward import PortForward
from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.existing_options import IN_CLUSTER
from canary_conformance.timeouts import LIMITS

STATUS_PORT, READY = 15021, "/healthz/ready"
WORKERS = NODES_TRIED = 8
# What a request without any login is made as (Kubernetes: "Authenticating", anonymous requests).
ANONYMOUS = "system:anonymous"


@dataclass(frozen=True, slots=True)
class ExistingCluster:
    """A Cluster that others use too.

    Attributes:
        name: Its context.
        api: Its API server.
        server: The URL of that.
        user: As whom the API server knows the run.
        forwards: The port-forwards that were opened, for close().
    """

    name: str
    api: Api
    server: str
    user: str
    forwards: list[PortForward] = field(default_factory=list, compare=False)

    @property
    def own_namespaces(self) -> tuple[str, ...]:
        """None: others may change any part of it at any time."""
        return ()

    @property
    def node_address(self) -> None:
        """None: a port that is opened on one node need not be opened on another."""
        return

    @property
    def nodes(self) -> None:
        """None: only the API server reports of them."""
        return

    def address_of(self, service: Object, port: int) -> Address | None:
        """Return where this machine reaches a port of a Service: at its load balancer, else at a node."""
        ways = list(_ways(service, port, self.api))
        with ThreadPoolExecutor(WORKERS) as pool:
            shown = list(pool.map(lambda way: _shows(*way), ways))
        # The first of those that are proved, else the first that leads somewhere.
        best = max(shown, default=0)
        return ways[shown.index(best)][0] if best else None

    def inside_address(self, service: Object, port: int) -> Address | None:
        """Return where a port of a Service is reached by way of the cluster: see Cluster."""
        spec = service["spec"]
        target = next((one.get("targetPort", port) for one in spec["ports"] if one["port"] == port), None)
        if target is None:
            return None
        inside = Address(str(spec.get("clusterIP")), port)
        if self.name == IN_CLUSTER and _leads_somewhere(inside):
            return inside
        for pod in filter(is_ready, _pods_of(service, self.api)):
            for number in _numbers_of(target, pod):
                name = PodName(pod["metadata"]["namespace"], pod["metadata"]["name"])
                self.forwards.append(PortForward(self.api, name, number))
                return Address("127.0.0.1", self.forwards[-1].number, behind=inside)
        return None

    def close(self) -> None:
        """Close every port-forward."""
        while self.forwards:
            self.forwards.pop().close()


def existing_cluster(kubeconfig: Path | None, context: str, folder: Path) -> ExistingCluster:
    """Return the cluster of a context, whose API server answers.

    Args:
        kubeconfig: The file, None for $KUBECONFIG or ~/.kube/config.
        context: The context's name, or IN_CLUSTER.
        folder: A folder of the run's own, for its copy of the context and the discovery cache.

    Raises:
        BadInput: There is no such context, or its login is not accepted.
        EnvironmentFailed: The API server does not answer.
    """
    copied = read_kubeconfig(kubeconfig, context)
    try:
        api = Api(copied.write(folder), context, folder)
        user = api.user()
    except EnvironmentFailed as failed:
        raise _refusal(copied, failed.__cause__ or failed) from failed
    except UNANSWERED as error:
        raise _refusal(copied, error) from error
    return ExistingCluster(context, api, copied.server, user)


def _refusal(copied: Kubeconfig, error: BaseException) -> Exception:
    """Return what an answer of the API server, or none, means for the user."""
    server, context = copied.server, copied.context
    if isinstance(error, ApiException) and error.status in {401, 403}:
        known = "the request came without a login" if ANONYMOUS in str(error.body) else str(error.reason)
        return BadInput(
            f"the API server {server} does not accept the login of context {context} "
            f"({error.status}, {known}): log in anew, as for kubectl"
        )
    if isinstance(error, (*UNANSWERED, TimeoutError)):
        return EnvironmentFailed(
            f"the API server {server} of context {context} can't be reached: {_root(error)}"
        )
    return BadInput(f"context {context} can't be used: {error}")


def _root(error: BaseException) -> str:
    """Return the innermost reason of a failed connection, which libraries wrap several times."""
    while inner := getattr(error, "reason", None) or error.__cause__ or error.__context__:
        if not isinstance(inner, BaseException):
            break
        error = inner
    return str(error) or type(error).__name__


def _ways(service: Object, port: int, api: Api) -> Iterator[tuple[Address, Address | None]]:
    """Yield each address of a port of a Service, with that of its status port, the best first."""
    numbers = [one["port"] for one in service["spec"].get("ports") or ()]
    if port not in numbers:
        return
    has_status = STATUS_PORT in numbers
    balancer = (service.get("status") or {}).get("loadBalancer") or {}
    for given in balancer.get("ingress") or ():
        host = given.get("ip") or given.get("hostname")
        if host:
            yield Address(host, port), Address(host, STATUS_PORT) if has_status else None
    opened, status = node_port(service, port), node_port(service, STATUS_PORT)
    if opened is None:
        return
    for host in _node_hosts(service, api):
        yield Address(host, opened), Address(host, status) if status else None


def _node_hosts(service: Object, api: Api) -> Iterator[str]:
    """Yield the addresses of some nodes, those for the outside first.

    Nodes with a pod of the Service come first, which may be the only ones that lead to it (Kubernetes:
    externalTrafficPolicy).
    """
    with_pods = {pod["spec"].get("nodeName") for pod in _pods_of(service, api)}
    ready = [one for one in api.list("v1", "Node") if is_ready_node(one)]
    nodes = sorted(ready, key=lambda one: one["metadata"]["name"] not in with_pods)[:NODES_TRIED]
    for kind in ("ExternalIP", "InternalIP"):
        for node in nodes:
            addresses = (node.get("status") or {}).get("addresses") or ()
            yield from (str(one["address"]) for one in addresses if one["type"] == kind)


def _pods_of(service: Object, api: Api) -> list[dict[str, Any]]:
    labels = label_selector(service["spec"].get("selector") or {})
    return api.list("v1", "Pod", service["metadata"]["namespace"], labels) if labels else []


def _shows(address: Address, status: Address | None) -> int:
    """Return how well an address is known to lead to the gateway: 2 is proved, 0 is not at all."""
    with contextlib.suppress(ConnectionRefusedError):
        if status and _answer(status) == http.HTTPStatus.OK:
            return 2
    return int(_leads_somewhere(address))


def _leads_somewhere(address: Address) -> bool:
    """Return whether a port is refused or answers; a router may accept connections for everybody."""
    try:
        return _answer(address) is not None
    except ConnectionRefusedError:
        return True


def _answer(address: Address) -> int | None:
    """Return the status of an answer, None where there is none. Raises ConnectionRefusedError."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=LIMITS.node_route)
    try:
        connection.request("GET", READY)
        return connection.getresponse().status
    except ConnectionRefusedError:
        raise
    except (OSError, ValueError, http.client.HTTPException):
        # A name that can't be one is a ValueError.
        return None
    finally:
        connection.close()


def _numbers_of(target: object, pod: Object) -> list[int]:
    """Return the number of a Service's target port, which may be the name of a container's port."""
    if isinstance(target, int):
        return [target]
    ports = (port for one in pod["spec"]["containers"] for port in one.get("ports") or ())
    return [int(port["containerPort"]) for port in ports if port.get("name") == target]
