"""What is downloaded for images is named by its checksum, or signed: nothing is taken on trust."""

import configparser
import re
from pathlib import Path

import pytest

from canary_conformance.images.golang import go_environment
from canary_conformance.paths import IMAGES

REQUIREMENTS = sorted((IMAGES / "offline").rglob("*.txt"))
MODULES = sorted(IMAGES.rglob("go.mod"))
DOCKERFILES = sorted(IMAGES.rglob("Dockerfile*"))
# Whose digests no source at hand states; references.ini says why.
WITHOUT_DIGEST = {"debian", "pilot", "proxyv2", "istioctl", "mysql"}


def shown(path: Path) -> str:
    return str(path.relative_to(IMAGES))


@pytest.mark.parametrize("file", REQUIREMENTS, ids=shown)
def test_every_wheel_is_pinned_by_version_and_hash(file: Path) -> None:
    lines = [line for line in file.read_text().replace("\\\n", " ").splitlines() if line and line[0] != "#"]
    assert lines
    assert [line for line in lines if not re.search(r"==[\w.]+ .*--hash=sha256:[0-9a-f]{64}", line)] == []


@pytest.mark.parametrize("file", MODULES, ids=shown)
def test_every_go_module_that_needs_others_has_their_sums(file: Path) -> None:
    needs = "require" in file.read_text()
    assert needs == file.with_name("go.sum").exists()


def test_go_checks_the_sums() -> None:
    assert not {
        name
        for name in go_environment("linux/amd64")
        if name.startswith(("GONOSUM", "GOINSECURE", "GOSUMDB"))
    }
    assert "-mod=mod" not in go_environment("linux/amd64")["GOFLAGS"]


@pytest.mark.parametrize("file", DOCKERFILES, ids=shown)
def test_no_dockerfile_takes_anything_unchecked(file: Path) -> None:
    text = "\n".join(line for line in file.read_text().splitlines() if not line.startswith("#"))
    # curl as a package's name is followed by another package, as a command by an option, URL or variable.
    run_download = r"(?:curl|wget)\s+(?=[-\"'$h])"
    install = r"pip install(?! --no-cache-dir --constraint requirements\.txt \.)"
    unchecked = rf"\b(?:{run_download}|ADD\s+https?:|--allow-unauthenticated|trusted=yes|{install})\b"
    assert re.findall(unchecked, text) == []


def test_what_is_pulled_has_a_digest_or_is_listed_here() -> None:
    references = configparser.ConfigParser()
    references.read(IMAGES / "pulled/references.ini")
    named = {
        name: references[name]["reference"]
        for name in references.sections()
        if "reference" in references[name]
    }
    bare = {name for name, reference in named.items() if not re.search(r"@sha256:[0-9a-f]{64}$", reference)}
    assert bare == WITHOUT_DIGEST
    assert not any(reference.endswith(":latest") or ":" not in reference for reference in named.values())
