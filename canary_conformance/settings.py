"""The settings of a run, made once from its command line, and the manifests that it judges, read once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from canary_conformance.existing_options import ExistingOptions
from canary_conformance.images.image_options import AskedVersions, ImagesFrom
from canary_conformance.model.objects.mesh_profile import MeshProfile, mesh_profile
from canary_conformance.scenario.manifests import ManifestFolder, load_manifests
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.scenario.stages import Scenario

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
        require_all: Whether a requirement that can't be judged counts as FAILED.
        requirements: The ids of --requirements; empty for all.
        registry: The registry that images are pulled from, None for each image's own.
        load_node: An archive of the node to take it from.
        save_node: A file to write such an archive to.
        report: The folder for the run's report, None for a new one under reports/.
        store: The folder where the suite keeps what it builds.
        worker: The name of this worker of pytest-xdist, "" where the process is none.
        workers: The names of all workers; empty where the run is one process.
        existing: The cluster that the suite did not make, None where it makes one.
    """

    manifests_folder: Path
    store: Path
    images: ImagesFrom = ImagesFrom.AUTO
    versions: AskedVersions = field(default_factory=AskedVersions)
    cluster_name: str = CLUSTER_NAME
    keep_cluster: bool = False
    reuse: bool = False
    mesh_profile: str | None = None
    require_all: bool = False
    requirements: frozenset[str] = frozenset()
    registry: str | None = None
    load_node: Path | None = None
    save_node: Path | None = None
    report: Path | None = None
    worker: str = ""
    workers: tuple[str, ...] = ()
    existing: ExistingOptions | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """The manifests under judgement: the scenario, its files, and the mesh that they are judged for."""

    scenario: Scenario
    manifests: ManifestFolder
    mesh: MeshProfile


def read_source(folder: Path, fallback: Path, profile: str | None = None) -> Source:
    """Return the manifests of a folder.

    Args:
        folder: The manifests, with a scenario.yaml or without one.
        fallback: The scenario.yaml for a folder without one.
        profile: The name of the mesh profile, None for the one of the scenario.

    Raises:
        BadInput: A file can't be read or is not valid, or there is no profile of this name.
    """
    scenario = load_scenario(folder, fallback=fallback)
    mesh = mesh_profile(profile, scenario.mesh)
    return Source(scenario, load_manifests(folder, scenario), mesh)
