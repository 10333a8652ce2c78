"""Where the sentinel lives, so that the proxies of every pod know it.

A Sidecar shows its pods the Services and routes of some namespaces only (Istio, "Sidecar", egress.hosts). One
that shows the pods' own namespace and the mesh's, as Istio's performance advice has it, hides the suite's.
"""

from __future__ import annotations

from collections.abc import Mapping

from canary_conformance.mesh.propagation import KINDS_WITH_TOKEN, host_of_sentinel
from canary_conformance.model.objects.host_names import is_wild
from canary_conformance.model.objects.state import State
from canary_conformance.model.routing.sidecars import SIDECAR, Sidecar, Sidecars
from canary_conformance.scenario.manifests import ManifestFolder
from canary_conformance.stages.namespace_setting import Setting


def namespace_shown_to_all(setting: Setting) -> str:
    """Return the first namespace of a run whose objects no Sidecar of the manifests hides from its pods.

    The suite's own comes first. It is returned as well where both are hidden: then no change can be proved to
    have propagated, and the run says so.
    """
    scenario = setting.scenario
    state = State(scenario.namespace, application=setting.application)
    sidecars: list[Sidecar] = []
    # Each version of a Sidecar counts, whatever stage applies it.
    for manifest in setting.manifests.objects:
        if manifest.ref.kind == SIDECAR:
            sidecars += Sidecars(state.apply(manifest), setting.mesh.root_namespace).all
    host = host_of_sentinel(setting.suite_namespace)
    for namespace in (setting.suite_namespace, scenario.namespace):
        if all(one.shows(host, namespace, scenario.namespace, ()) for one in sidecars):
            return namespace
    return setting.suite_namespace


def kinds_with_token(manifests: ManifestFolder) -> frozenset[str]:
    """Return the kinds whose tokens every proxy shows, whatever the manifests have: see Sentinel."""
    specs = [one.body.get("spec") for one in manifests.objects if one.ref.kind == "DestinationRule"]
    # A spec that is no map is for the API server to refuse (R0.1).
    wild = any(is_wild(str(spec.get("host", ""))) for spec in specs if isinstance(spec, Mapping))
    return KINDS_WITH_TOKEN - {"DestinationRule"} if wild else KINDS_WITH_TOKEN
