"""Debian's packages: those that a run needs and this machine lacks, installed where we may."""

from __future__ import annotations

import os
from pathlib import Path

from canary_conformance.errors import BadInput
from canary_conformance.processes import CommandFailed, run
from canary_conformance.progress import Progress
from canary_conformance.temporary_files import OUTLIVING
from canary_conformance.timeouts import LIMITS

RELEASE = Path("/etc/os-release")


def may_install() -> bool:
    """Tell whether packages can be installed here: we are root, on Debian, Ubuntu or a child of theirs."""
    words = RELEASE.read_text().replace('"', "").split() if RELEASE.exists() else []
    families = [word.partition("=")[2] for word in words if word.startswith(("ID=", "ID_LIKE="))]
    return os.geteuid() == 0 and bool({"debian", "ubuntu"} & set(families))


def install_packages(packages: tuple[str, ...], progress: Progress | None = None) -> None:
    """Install those packages that are missing, without those they recommend, and say so.

    Raises CommandFailed, and BadInput when we are not root.
    """
    missing = [name for name in packages if not _is_installed(name)]
    if not missing:
        return
    if os.geteuid() != 0:
        raise BadInput(
            "Debian packages are missing, and only root can install them: "
            f"run `sudo apt-get install {' '.join(missing)}`"
        )
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    # A package may start its daemon, which is to stay.
    command = [*OUTLIVING, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    with (progress or Progress()).phase(f"installing Debian's {', '.join(missing)}"):
        run(["apt-get", "update", "-qq"], limit=LIMITS.packages_install, environment=quiet)
        run(command, limit=LIMITS.packages_install, environment=quiet)


def _is_installed(package: str) -> bool:
    try:
        state = run(
            ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package], limit=LIMITS.command
        )
    except CommandFailed:
        return False
    return state == "installed"
