"""What is checked of a run's settings before anything is made."""

from __future__ import annotations

from pathlib import Path

from canary_conformance.errors import BadInput
from canary_conformance.file_output import check_writable
from canary_conformance.paths import REPORTS
from canary_conformance.report.bundle import RunFolder
from canary_conformance.report.secret_masks import know_values
from canary_conformance.settings import Settings, Source

LOAD, SAVE = "--load-node", "--save-node"


def report_folder(named: Path | None) -> RunFolder:
    """Return the folder of the run's report, which isn't made yet. Raises BadInput and EnvironmentFailed."""
    if named is None:
        check_writable(REPORTS)
        return RunFolder.of_now(REPORTS)
    if named.exists():
        raise BadInput(f"--report: {named} exists already; name a folder that does not")
    check_writable(named)
    return RunFolder(named, linked=False)


def check_for_a_cluster(settings: Settings) -> None:
    """Check the cluster's name, the registry and the versions. Raises BadInput and EnvironmentFailed."""
    # A static run has no cluster, and pulls nothing.
    from canary_conformance.cluster.cluster_ownership import check_name  # noqa: PLC0415
    from canary_conformance.images.pins import use_registry  # noqa: PLC0415
    from canary_conformance.images.versions import check_asked  # noqa: PLC0415

    check_name(settings.cluster_name)
    use_registry(settings.registry)
    check_asked(settings.images, settings.versions)


def check_images(settings: Settings, source: Source) -> None:
    """Check the options for images on a cluster that the suite did not make. Raises BadInput."""
    from canary_conformance.images.cluster_images import cluster_images, used_images  # noqa: PLC0415
    from canary_conformance.images.references import Mirror  # noqa: PLC0415

    options = settings.cluster_images
    images = cluster_images(options, used_images(source.manifests))
    if images.pull_secret:
        know_values(images.pull_secret.secret_values())
    if options.push_to:
        Mirror.parse(options.push_to, "--push-to")


def check_node_files(settings: Settings) -> None:
    """Raise BadInput for an archive of the node that can't be a file, or whose folder does not exist."""
    for option, file in ((LOAD, settings.load_node), (SAVE, settings.save_node)):
        if file is not None and file.is_dir():
            raise BadInput(f"{option} {file} is a folder; expected: a file")
    save = settings.save_node
    if save is not None and not save.parent.is_dir():
        raise BadInput(f"{SAVE} {save}: there is no folder {save.parent}; make it first")
