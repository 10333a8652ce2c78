"""What `istioctl analyze` is given of a run's objects, where it may not read the whole cluster itself.

On a live cluster it lists, of all namespaces, every kind that any of its analyzers knows, Secrets too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from canary_conformance.cluster.api import Api
from canary_conformance.scenario.kinds import CLUSTER_SCOPED
from canary_conformance.stages.namespace_setting import Setting


def analyzed_objects(api: Api, setting: Setting) -> list[dict[str, Any]]:
    """Return the scenario's objects as they are now, with its pods, its namespace and the ingress gateway.

    Secrets are left out: what they hold is not to be in files.
    """
    return [*_of_the_scenario(api, setting), *_around_it(api, setting)]


def _of_the_scenario(api: Api, setting: Setting) -> Iterator[dict[str, Any]]:
    namespace = setting.scenario.namespace
    refs = {(one.api_version, str(one.body["kind"]), one.ref.name) for one in setting.manifests.objects}
    for version, kind, name in sorted(refs):
        if (
            kind != "Secret"
            and kind not in CLUSTER_SCOPED
            and (found := api.get(version, kind, name, namespace))
        ):
            yield found


def _around_it(api: Api, setting: Setting) -> Iterator[dict[str, Any]]:
    namespace, gateway = setting.scenario.namespace, setting.mesh.gateway
    if found := api.get("v1", "Namespace", namespace):
        yield found
    for kind, where in (("Pod", namespace), ("Pod", gateway.namespace), ("Service", gateway.namespace)):
        for item in api.list("v1", kind, where):
            yield {"apiVersion": "v1", "kind": kind, **item}
