"""What `istioctl analyze` is given where others use the cluster, too: the scenario's objects of Istio.

On a live cluster it lists each kind that its analyzers know in all namespaces, Secrets too. Of files it reads
Istio's own kinds alone, so that it finds no host without a Service and no subset without pods; these are
judged besides (R5.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from canary_conformance.cluster.api import Api
from canary_conformance.stages.namespace_setting import Setting

OF_ISTIO = ".istio.io/"


def analyzed_objects(api: Api, setting: Setting) -> Iterator[dict[str, Any]]:
    """Yield the scenario's objects of Istio that exist, as the cluster has them."""
    refs = {(one.api_version, str(one.body["kind"]), one.ref.name) for one in setting.manifests.objects}
    for version, kind, name in sorted(refs):
        if OF_ISTIO in version and (found := api.get(version, kind, name, setting.scenario.namespace)):
            yield found
