"""Which ingress gateway a run takes beside others: theirs where that harms nobody, else as it was chosen."""

from pathlib import Path
from typing import Any, cast

import pytest
from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster.base import Address
from canary_conformance.errors import BadInput
from canary_conformance.mesh.base import Gateway
from canary_conformance.progress import Progress
from canary_conformance.scenario.manifests import ManifestFolder, parse_manifests
from canary_conformance.stages.ingress_choice import check_selectors, needs_own_ingress

LABELS = {"istio": "ingressgateway", "app": "istio-ingressgateway"}
INGRESS = Gateway(
    "istio-system", "ingress", Address("192.0.2.1", 80), {"istio": "ingressgateway"}, shared=True
)


def opened(namespace: str, *hosts: str, port: int = 80, **selector: str) -> dict[str, Any]:
    servers = [{"port": {"number": port}, "hosts": list(hosts)}]
    return {
        "metadata": {"namespace": namespace, "name": "g"},
        "spec": {"selector": selector or LABELS, "servers": servers},
    }


class Server:
    """An API server with a gateway's pod and these Gateway objects."""

    def __init__(self, *gateways: dict[str, Any], status: int = 0) -> None:
        self.gateways = gateways
        self.status = status

    def list(self, _: str, kind: str, *__: str) -> list[dict[str, Any]]:
        if kind == "Pod":
            return [{"metadata": {"labels": {**LABELS, "pod-template-hash": "1"}}}]
        if self.status:
            raise ApiException(status=self.status)
        return list(self.gateways)


def choice(server: Server, asked: str = "", worker: str = "", notes: list[str] | None = None) -> bool:
    progress = Progress(say=(notes if notes is not None else []).append)
    return needs_own_ingress(cast(Any, server), INGRESS, asked, ("run-voting",), worker, progress)


@pytest.mark.parametrize(
    "gateways",
    [
        [],
        [opened("shop", "shop.example", port=443)],
        [opened("shop", "shop.example", istio="egressgateway")],
        [opened("run-voting", "*")],
    ],
)
def test_a_gateway_that_nobody_opens_is_shared(gateways: list[dict[str, Any]]) -> None:
    assert not choice(Server(*gateways))


def test_one_that_others_open_is_shared_only_where_that_is_chosen() -> None:
    server = Server(opened("shop", "shop.example"))
    with pytest.raises(BadInput) as bad:
        choice(server)
    assert str(bad.value) == (
        "the ingress gateway istio-system/ingress is used by others (Gateway shop/g for shop.example): the "
        "scenario would take requests for hosts that they do not name; choose --ingress own for a copy of "
        "the gateway that the run makes and removes, or --ingress shared where that does no harm"
    )
    assert not choice(server, "shared")
    assert choice(server, "own")


@pytest.mark.parametrize("host", ["*", "./*", "shop/*"])
@pytest.mark.parametrize("asked", ["", "shared"])
def test_one_at_which_another_takes_any_host_is_never_shared(host: str, asked: str) -> None:
    server = Server(opened("shop", host, istio="ingressgateway"))
    with pytest.raises(BadInput, match=r"requests for any host .* are taken by Gateway shop/g"):
        choice(server, asked)
    assert choice(server, "own")


def test_each_worker_has_its_own() -> None:
    assert choice(Server(), worker="gw1")
    with pytest.raises(BadInput, match="--ingress shared can't be combined with -n"):
        choice(Server(), "shared", worker="gw1")


def test_what_may_not_be_listed_is_reported() -> None:
    notes: list[str] = []
    assert not choice(Server(status=403), notes=notes)
    assert "whether Gateways of others open the ingress is not known" in notes[0]


GATEWAY = """\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: g}
spec: {selector: SELECTOR}
"""


class Pods:
    """An API server with gateways of these labels in these namespaces."""

    def __init__(self, *pods: tuple[str, dict[str, str]]) -> None:
        self.pods: list[dict[str, Any]] = [
            {"metadata": {"namespace": namespace, "labels": labels}} for namespace, labels in pods
        ]

    def list(self, _: str, __: str, ___: None, labels: str) -> list[dict[str, Any]]:
        wanted = {tuple(one.split("=")) for one in labels.split(",") if one}
        return [one for one in self.pods if wanted <= set(one["metadata"]["labels"].items())]


OURS, THEIRS, OTHER = (
    ("istio-system", LABELS),
    ("team", {"istio": "ingressgateway"}),
    ("team", {"istio": "other"}),
)


def check(pods: Pods, selector: str, *, own: bool = False) -> None:
    parsed = parse_manifests(GATEWAY.replace("SELECTOR", selector).encode(), "g.yaml", "voting")
    manifests = ManifestFolder(Path(), {"g.yaml": parsed.manifests})
    check_selectors(cast(Any, pods), INGRESS, manifests, Progress(), own=own)


@pytest.mark.parametrize("selector", ["{istio: ingressgateway}", "{istio: nobody}", "[odd]"])
def test_a_gateway_that_opens_no_others_is_fine(selector: str) -> None:
    check(Pods(OURS, OTHER), selector)


@pytest.mark.parametrize(
    ("selector", "pods"),
    [("{istio: ingressgateway}", [OURS, THEIRS]), ("{istio: other}", [OURS, OTHER]), ("{}", [OTHER])],
)
def test_one_that_opens_gateways_of_others_is_refused(selector: str, pods: list[Any]) -> None:
    with pytest.raises(BadInput, match=r"g\.yaml:1: Gateway/g chooses pods in team too, not only those of"):
        check(Pods(*pods), selector)


def test_a_copy_has_labels_of_its_own() -> None:
    check(Pods(OURS, THEIRS), "{istio: ingressgateway}", own=True)
    with pytest.raises(BadInput):
        check(Pods(OURS, OTHER), "{istio: other}", own=True)
