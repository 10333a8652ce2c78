"""The settings of a run, made once from its command line, and the manifests that it judges, read once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from canary_conformance.existing_options import ExistingOptions
from canary_conformance.images.image_options import AskedVersions, ClusterImageOptions, ImagesFrom
from canary_conformance.model.handshake_counters import with_counter
from canary_conformance.model.mesh_rewrite import Labels, rewritten_for
from canary_conformance.model.objects.mesh_profile import MeshProfile, mesh_profile
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.manifests import ManifestFolder, load_manifests
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.scenario.stages import Scenario
from canary_conformance.shard import Shard

CLUSTER_NAME = "voting-conformance"


@dataclass(frozen=True, slots=True)
class Settings:
    """One run's command line.

    Attributes:
        images: Where images come from.
        versions: The versions of Istio, Envoy and Kubernetes.
        cluster_name: The name of the kind cluster.
        keep_cluster: Whether the cluster is left at the end; --reuse implies it.
        reuse: Whether the namespace of the last such run is reused, and left for the next.
        manifests_folder: The folder with the manifests to judge.
        mesh_profile: The name of the mesh that the static tier judges for, None for scenario.yaml's.
        rewrite_for_mesh: Whether the manifests get the mesh's labels where they have a usual one's.
        require_all: Whether a requirement that can't be judged counts as FAILED.
        requirements: The ids of --requirements; empty for all.
        registry: The registry that images are pulled from, None for each image's own.
        load_node: An archive of the node to take it from.
        save_node: A file to write such an archive to.
        report: The folder for the run's report, None for a new one under reports/.
        store: The folder where the suite keeps what it builds.
        worker: The name of this worker of pytest-xdist, "" where the process is none.
        workers: The names of all workers; empty where the run is one process.
        shard: Which of several runs this is that share the tests, None where it judges all.
        existing: The cluster that the suite did not make, None where it makes one.
        cluster_images: What stands for the images of the manifests there.
    """

    manifests_folder: Path
    store: Path
    images: ImagesFrom = ImagesFrom.AUTO
    versions: AskedVersions = field(default_factory=AskedVersions)
    cluster_name: str = CLUSTER_NAME
    keep_cluster: bool = False
    reuse: bool = False
    mesh_profile: str | None = None
    rewrite_for_mesh: bool = False
    require_all: bool = False
    requirements: frozenset[str] = frozenset()
    registry: str | None = None
    load_node: Path | None = None
    save_node: Path | None = None
    report: Path | None = None
    worker: str = ""
    workers: tuple[str, ...] = ()
    shard: Shard | None = None
    existing: ExistingOptions | None = None
    cluster_images: ClusterImageOptions = field(default_factory=ClusterImageOptions)

    @property
    def part(self) -> str:
        """The worker or shard that this process is, "" where it judges alone."""
        return self.worker or str(self.shard or "")

    @property
    def rewrites_for_found_mesh(self) -> bool:
        """Whether a mesh that was found gets the manifests with its labels; the suite's own always."""
        return self.rewrite_for_mesh or self.manifests_folder == MANIFESTS.resolve()


@dataclass(frozen=True, slots=True)
class Source:
    """The manifests under judgement: the scenario, its files, and the mesh that they are judged for.

    `diff` has the lines of what was rewritten for this mesh; the files on disk stay as they are.
    """

    scenario: Scenario
    manifests: ManifestFolder
    mesh: MeshProfile
    diff: tuple[str, ...] = ()

    def for_mesh(self, mesh: MeshProfile, *, rewrite: bool) -> Source:
        """Return the same manifests for another mesh; rewrite: with its labels in place of a usual one's."""
        if not rewrite:
            return replace(self, mesh=mesh)
        made = rewritten_for(self.manifests, self.scenario, mesh)
        return Source(made.scenario, made.manifests, mesh, made.diff())

    def with_counter(self, pods: Labels, counter: str) -> Source:
        """Return the same manifests with a counter that some pods' proxies are asked for."""
        made = with_counter(self.manifests, self.scenario, pods, counter)
        return replace(self, manifests=made.manifests, diff=(*self.diff, *made.diff()))


def read_source(folder: Path, fallback: Path, profile: str | None = None, *, rewrite: bool = False) -> Source:
    """Return the manifests of a folder.

    Args:
        folder: The manifests, with a scenario.yaml or without one.
        fallback: The scenario.yaml for a folder without one.
        profile: The name of the mesh profile, None for the one of the scenario.
        rewrite: Whether they get the labels of this mesh where they have a usual one's.

    Raises:
        BadInput: A file can't be read or is not valid, or there is no profile of this name.
    """
    scenario = load_scenario(folder, fallback=fallback)
    mesh = mesh_profile(profile, scenario.mesh)
    return Source(scenario, load_manifests(folder, scenario), mesh).for_mesh(mesh, rewrite=rewrite)
