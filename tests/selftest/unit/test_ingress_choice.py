"""Which ingress gateway a run takes beside others: theirs where that harms nobody, else as it was chosen."""

from __future__ import annotations

from typing import Any, cast

import pytest
from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster.base import Address
from canary_conformance.errors import BadInput
from canary_conformance.mesh.base import Gateway
from canary_conformance.progress import Progress
from canary_conformance.stages.ingress_choice import needs_own_ingress

pytestmark = pytest.mark.selftest

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
