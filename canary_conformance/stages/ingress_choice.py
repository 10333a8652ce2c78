"""Whether a run sends its requests through the ingress gateway that others have, or through a copy of it.

The scenario's Gateway takes requests for any host. On a gateway that others have opened it would take those
for hosts that they do not name, so that is for the user to choose. Two that take any host exclude each other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any

from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.base import label_selector
from canary_conformance.errors import BadInput
from canary_conformance.mesh.base import Gateway
from canary_conformance.mesh.ingress_gateways import others_on_port
from canary_conformance.progress import Progress
from canary_conformance.scenario.manifests import ManifestFolder

_OWN = "choose --ingress own for a copy of the gateway that the run makes and removes"


def needs_own_ingress(
    api: Api, gateway: Gateway, asked: str, own: Collection[str], part: str, progress: Progress
) -> bool:
    """Return whether a run needs an ingress gateway of its own.

    Args:
        api: The cluster's API server.
        gateway: The gateway that is there.
        asked: "own", "shared", or "" where neither was chosen.
        own: The namespaces of the run, in which a dead one may have left a Gateway.
        part: The name of this worker or shard, "" where the run is one process.
        progress: What says what could not be known.

    Raises:
        BadInput: The gateway can't be shared, or not without being asked for.
    """
    if part and asked == "shared":
        raise BadInput(
            "--ingress shared can't be combined with -n or --shard: each needs a gateway of its own"
        )
    if part or asked == "own":
        return True
    try:
        others = [one for one in others_on_port(api, gateway) if one.namespace not in own]
    except ApiException as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        progress.note("whether Gateways of others open the ingress is not known: they may not be listed")
        return False
    where = f"the ingress gateway {gateway.namespace}/{gateway.name}"
    if all_taken := [one for one in others if one.takes_all]:
        raise BadInput(f"requests for any host at {where} are taken by Gateway {all_taken[0]}: {_OWN}")
    if others and not asked:
        raise BadInput(
            f"{where} is used by others (Gateway {others[0]}): the scenario would take requests for hosts "
            f"that they do not name; {_OWN}, or --ingress shared where that does no harm"
        )
    return False


def check_selectors(
    api: Api, gateway: Gateway, manifests: ManifestFolder, progress: Progress, *, own: bool
) -> None:
    """Raise BadInput where a Gateway of the manifests would open gateways of others, too.

    Istio applies it to every pod of its labels, in any namespace (Istio: "Gateway", selector). own: whether
    the labels that name the gateway are going to be those of a copy.
    """
    for one in manifests.objects:
        spec = one.body.get("spec")
        selector = spec.get("selector") if isinstance(spec, Mapping) else None
        if one.ref.kind != "Gateway" or not isinstance(selector, Mapping):
            continue
        if own and any(gateway.selector.get(name) == value for name, value in selector.items()):
            continue
        labels = label_selector(selector)
        try:
            pods = api.list("v1", "Pod", None, labels)
        except ApiException as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            progress.note(f"whether {one.ref} opens gateways of others is not known: pods may not be listed")
            continue
        chosen = {str(pod["metadata"]["namespace"]) for pod in pods if not _is_of(pod, gateway)}
        if chosen:
            raise BadInput(
                f"{one.place}: {one.ref} chooses pods in {', '.join(sorted(chosen))} too, not only those of "
                f"the gateway {gateway.namespace}/{gateway.name}: it would open them"
            )


def _is_of(pod: Mapping[str, Any], gateway: Gateway) -> bool:
    metadata = pod["metadata"]
    labels = (metadata.get("labels") or {}).items()
    return bool(metadata["namespace"] == gateway.namespace and gateway.selector.items() <= labels)
