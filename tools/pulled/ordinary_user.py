"""A user with no rights but to use one engine: made for a run, with a home of its own, and removed.

Its Python is one that anybody may run, of the same minor version as ours, so that it can use copies of our
packages.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from canary_conformance.errors import EnvironmentFailed
from canary_conformance.paths import REPOSITORY, store
from canary_conformance.processes import run
from canary_conformance.timeouts import LIMITS

NAME = "voting-pulled"
SYSTEM = Path("/usr/bin")
# What lies in a clone and is no part of it, or is made again.
LEFT_BEHIND = (".git", ".tox", ".ci", ".venv", "venv", "reports", "__pycache__", ".*_cache")
# Variables that say how package registries, proxies and certificates are reached; all else is the user's own.
PASSED_ON = (
    "PATH",
    "LANG",
    "CI",
    "PIP_*",
    "GOPROXY",
    "GOSUMDB",
    "GONOSUMDB",
    "SSL_CERT_*",
    "REQUESTS_CA_BUNDLE",
)
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True, slots=True)
class OrdinaryUser:
    """The user: its number, its group's, and where it works."""

    number: int
    group: int
    home: Path
    python: Path

    @property
    def suite(self) -> Path:
        """The copy of the repository."""
        return self.home / "suite"

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of its programs."""
        passed = {name: value for name, value in os.environ.items() if is_passed_on(name)}
        own = {
            "HOME": str(self.home),
            "USER": NAME,
            "LOGNAME": NAME,
            "PYTHONPATH": str(self.home / "packages"),
        }
        return {**passed, **own, **extra}

    @property
    def options(self) -> dict[str, Any]:
        """What subprocess.Popen gets for a program of the user's in the copy of the repository."""
        return {"cwd": self.suite, **_identity(self.number, self.group)}


def _identity(number: int, group: int) -> dict[str, Any]:
    return {"user": number, "group": group, "extra_groups": []}


def is_passed_on(name: str) -> bool:
    """Return whether the user's programs get a variable of ours."""
    known = any(name == one or (one.endswith("*") and name.startswith(one[:-1])) for one in PASSED_ON)
    return known or name.upper() in PROXIES


@contextlib.contextmanager
def ordinary_user(home: Path, programs: Sequence[Path] = (), *, keep: bool = False) -> Iterator[OrdinaryUser]:
    """Yield a new user with copies of the repository and of our packages; all of it is removed at the end.

    Args:
        home: Its home, which is made.
        programs: Folders of the store that its own store gets, so that it need not compile them.
        keep: Leave it at the end; the next one replaces it.

    Raises:
        EnvironmentFailed: The user can't be made, or no Python here is one that it may run.
    """
    remove_user(home)
    options = ("--no-create-home", "--home-dir", home, "--user-group", "--shell", "/bin/sh")
    run(["useradd", *options, NAME], limit=LIMITS.command)
    try:
        found = pwd.getpwnam(NAME)
        home.mkdir(mode=0o755, parents=True)
        shutil.copytree(
            REPOSITORY, home / "suite", ignore=shutil.ignore_patterns(*LEFT_BEHIND), symlinks=True
        )
        shutil.copytree(sysconfig.get_path("purelib"), home / "packages", symlinks=True)
        for folder in programs:
            shutil.copytree(folder, home / ".cache" / store().name / folder.name)
        run(["chown", "--recursive", f"{NAME}:{NAME}", home], limit=LIMITS.packages_install)
        python = python_for(found.pw_uid, found.pw_gid, home)
        yield OrdinaryUser(found.pw_uid, found.pw_gid, home, python)
    finally:
        if not keep:
            remove_user(home)


def remove_user(home: Path) -> None:
    """Remove the user, its group and its home, as far as they exist."""
    with contextlib.suppress(KeyError):
        _end_processes(pwd.getpwnam(NAME).pw_uid)
        run(["userdel", "--force", NAME], limit=LIMITS.command)
    with contextlib.suppress(KeyError):
        grp.getgrnam(NAME)
        run(["groupdel", NAME], limit=LIMITS.command)
    if home.exists():
        shutil.rmtree(home)


def _end_processes(number: int) -> None:
    """End what a run that was killed left running of the user's."""
    for process in psutil.process_iter(["uids"]):
        uids = process.info["uids"]
        if uids is not None and uids.real == number:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def python_for(number: int, group: int, folder: Path) -> Path:
    """Return a Python of our own minor version that the user may run. Raises EnvironmentFailed."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    places = (Path(sys.base_exec_prefix) / "bin", *map(Path, os.environ["PATH"].split(":")), SYSTEM)
    for place in dict.fromkeys(places):
        if not (place / name).exists():
            continue
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run(
                [str(place / name), "-I", "-c", "import sqlite3, ssl"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=LIMITS.command,
                check=True,
                cwd=folder,
                **_identity(number, group),
            )
            return place / name
    raise EnvironmentFailed(f"no {name} on PATH is one that an ordinary user may run")
