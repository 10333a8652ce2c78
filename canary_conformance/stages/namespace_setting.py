"""The names and the gateway of a namespace under test: alone on its cluster, or beside others.

Alone it has the manifests as they are written. Beside other workers each has a name of its own, a namespace
of the suite's and an ingress gateway, so that nothing has to be judged in another way. In a cluster that
others use it has names of its own, and their gateway or a copy of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from canary_conformance.cluster.base import Cluster
from canary_conformance.cluster.host_reach import gateway_ports
from canary_conformance.cluster.run_lease import RunLease
from canary_conformance.images.cluster_images import ClusterImages
from canary_conformance.mesh.base import Mesh
from canary_conformance.model.objects.mesh_profile import MeshProfile
from canary_conformance.progress import Progress
from canary_conformance.scenario.application import Application
from canary_conformance.scenario.manifests import ManifestFolder
from canary_conformance.scenario.namespace_names import Renaming, rename_manifests, rename_scenario
from canary_conformance.scenario.stages import Scenario
from canary_conformance.settings import Source
from canary_conformance.stages.gateway_copy import copied_gateway, gateway_labels
from canary_conformance.stages.owned_namespaces import MADE_BY
from canary_conformance.stages.run_names import SUITE_NAMESPACE, RunNames


@dataclass(frozen=True, slots=True)
class Setting:
    """The scenario and manifests under the names of one namespace, its gateway, its application.

    others: the namespaces of other workers, which come and go by themselves. written_namespace: the name that
    the manifests have, where this namespace has another. profile: the mesh as the model takes it, None for
    the one that the scenario states. burst: a file's objects are applied without waiting for any of them, as
    kubectl does. In a cluster that the suite did not make: lease is that of the run on its names, and images
    what is applied in place of the manifests' images.
    """

    scenario: Scenario
    manifests: ManifestFolder
    mesh: Mesh
    application: Application
    suite_namespace: str = SUITE_NAMESPACE
    others: frozenset[str] = frozenset()
    written_namespace: str = ""
    profile: MeshProfile | None = None
    burst: bool = False
    lease: RunLease | None = None
    images: ClusterImages | None = None

    @property
    def shared(self) -> bool:
        """Whether others use the cluster, too."""
        return self.lease is not None

    @property
    def label(self) -> Mapping[str, str]:
        """The label of what a run makes outside of its namespaces, and of these."""
        return {MADE_BY: self.suite_namespace}

    @property
    def namespaces(self) -> tuple[str, str]:
        """The namespaces that a run makes and removes."""
        return self.scenario.namespace, self.suite_namespace

    def as_written(self, cells: str) -> str:
        """Return a text of names like "default/voting" with the namespace that the manifests have."""
        here = self.scenario.namespace
        return cells.replace(f"/{here}", f"/{self.written_namespace}") if self.written_namespace else cells


def beside_others(
    cluster: Cluster,
    mesh: Mesh,
    scenario: Scenario,
    manifests: ManifestFolder,
    application: Application,
    worker: str,
    workers: Sequence[str],
    progress: Progress,
) -> Setting:
    """Return the setting of one worker's namespace, its ingress gateway made and ready.

    The gateway stays as long as the cluster.

    Raises BadInput for manifests that can't be kept apart, EnvironmentFailed where the gateway can't be made.
    """
    names = RunNames(worker=worker)
    labels, carried = gateway_labels(cluster, mesh)
    renaming = Renaming(scenario.namespace, names.of(scenario.namespace), labels, carried, names.suffix)
    renamed = rename_manifests(manifests, renaming)
    with progress.phase(f"ingress gateway of {worker}", quiet=True):
        # The first is the mesh's own. A worker has the same port whatever their number: its gateway stays.
        in_order = sorted(workers, key=lambda name: (len(name), name))
        node_port = gateway_ports(1 + len(workers))[1 + in_order.index(worker)]
        gateway = copied_gateway(cluster, mesh, renaming, names.ingress, {MADE_BY: names.suite}, node_port)
    others = [RunNames(worker=other) for other in workers if other != worker]
    return Setting(
        scenario=rename_scenario(scenario, renaming),
        manifests=renamed,
        mesh=mesh.with_gateway(gateway),
        application=application,
        suite_namespace=names.suite,
        others=frozenset(
            name for one in others for name in (one.of(scenario.namespace), one.suite, one.ingress)
        ),
        written_namespace=scenario.namespace,
    )


def renaming_beside(
    cluster: Cluster, mesh: Mesh, written: str, names: RunNames, *, own_ingress: bool
) -> Renaming:
    """Return the names of a run in a cluster that others use."""
    labels, carried = gateway_labels(cluster, mesh) if own_ingress else ({}, {})
    several = bool(names.worker)
    return Renaming(written, names.of(written), labels, carried, names.suffix, several=several)


def in_shared_cluster(
    mesh: Mesh, source: Source, application: Application, names: RunNames, renaming: Renaming
) -> Setting:
    """Return the setting of a namespace in a cluster that others use; images and Lease come to it later.

    Raises BadInput for manifests that can't be kept apart from what others have.
    """
    return Setting(
        scenario=rename_scenario(source.scenario, renaming),
        manifests=rename_manifests(source.manifests, renaming),
        mesh=mesh,
        application=application,
        suite_namespace=names.suite,
        written_namespace=source.scenario.namespace,
        profile=source.mesh,
    )
