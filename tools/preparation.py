"""What a command that runs the suite checks and makes before its first run."""

from __future__ import annotations

from canary_conformance.cluster.supply import Supply
from canary_conformance.file_output import writing
from canary_conformance.images.engine import ensure_engine
from canary_conformance.images.provisions import Provisions
from canary_conformance.paths import store
from canary_conformance.progress import Progress
from tools.reports import check_reports
from tools.suite_process import SuiteOptions


def ready_to_run(suite: SuiteOptions, progress: Progress) -> Provisions:
    """Return what clusters are made from; the engine runs, and the machine meets the requirements.

    Raises:
        BadInput: A version is not available.
        EnvironmentFailed: The machine or the engine is not ready.
    """
    ready_machine(progress)
    return Supply(suite.images, store(), progress).of_one(suite.versions)


def ready_machine(progress: Progress) -> None:
    """Start the engine and check that reports can be written.

    Raises:
        EnvironmentFailed: One of them fails.
    """
    check_reports()
    with writing(store()):
        store().mkdir(parents=True, exist_ok=True)
    ensure_engine(progress)
