"""A container registry on loopback: started and stopped here, its images kept in the store.

It serves every image under two names: as Docker Hub does (istio/pilot), which makes it a mirror of Docker Hub
for an engine, and below a prefix (some/prefix/istio/pilot), as Artifactory, ACR and Harbor do.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.images.content_keys import key_of
from canary_conformance.processes import last_lines
from canary_conformance.progress import Progress
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import NotInTime, wait_until
from tools.pulled.image_files import write_image
from tools.pulled.stand_ins import REGISTRY, StandIn

LOOPBACK = "127.0.0.1"
PORT = 5099
PREFIX = "some/prefix"
FOLDERS = "pulled-registry-"
# Written when all images are there.
FILLED = "filled"
MANIFESTS = ", ".join(
    (
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
    )
)


@dataclass(frozen=True, slots=True)
class LoopbackRegistry:
    """A registry that runs.

    Attributes:
        host: Its address as it stands before an image's name: 127.0.0.1:5099.
    """

    host: str

    def digest(self, name: str) -> str:
        """Return the digest of an image's manifest. Raises EnvironmentFailed where it has none."""
        repository, _, tag = name.rpartition(":")
        answer, _ = self._ask("HEAD", f"/v2/{repository}/manifests/{tag}")
        if answer.status != HTTPStatus.OK:
            raise EnvironmentFailed(
                f"the registry at {self.host} does not have {name} (HTTP {answer.status})"
            )
        return str(answer.headers["Docker-Content-Digest"])

    def served(self) -> int:
        """Return how many bytes of images the registry has served since it was started."""
        return int(json.loads(self._ask("GET", "/served")[1])["bytes"])

    def answers(self) -> bool:
        """Return whether anything answers there."""
        try:
            self._ask("GET", "/v2/")
        except OSError:
            return False
        return True

    def _ask(self, method: str, path: str) -> tuple[HTTPResponse, bytes]:
        with contextlib.closing(HTTPConnection(self.host, timeout=LIMITS.command)) as connection:
            connection.request(method, path, headers={"Accept": MANIFESTS})
            answer = connection.getresponse()
            return answer, answer.read()


@contextlib.contextmanager
def running_registry(
    store: Path, images: Sequence[StandIn], port: int, progress: Progress
) -> Iterator[LoopbackRegistry]:
    """Yield a registry that has all of these images; it is stopped at the end.

    Args:
        store: Where its program lies and its images are kept.
        images: What it serves; the engine has them.
        port: Where it listens.
        progress: What is printed meanwhile.

    Raises:
        BadInput: The port is taken.
        EnvironmentFailed: It does not start, or the engine lacks an image.
    """
    folder = store / f"{FOLDERS}{key_of(*(f'{one.name}={one.image.key}' for one in images))}"
    if not (folder / FILLED).exists():
        remove_others(store, folder)
        with progress.phase("registry: writing its images, once"):
            fill(folder, images, progress)
    with serving(REGISTRY.folder(store) / "registry", folder, port) as registry:
        yield registry


def fill(folder: Path, images: Sequence[StandIn], progress: Progress) -> None:
    """Write all images, each under both of its names. Raises CommandFailed."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in images:
        progress.detail(one.name)
        write_image(one.image.tag, (one.name, f"{PREFIX}/{one.name}"), folder)
    (folder / FILLED).touch()


def remove_others(store: Path, kept: Path) -> None:
    """Remove the images of registries of other contents: each is as large as what it serves."""
    for folder in store.glob(f"{FOLDERS}*"):
        if folder != kept:
            shutil.rmtree(folder)


@contextlib.contextmanager
def serving(program: Path, folder: Path, port: int) -> Iterator[LoopbackRegistry]:
    """Yield a registry that serves a folder; it is stopped at the end. Raises as running_registry() does."""
    registry = LoopbackRegistry(f"{LOOPBACK}:{port}")
    if registry.answers():
        raise BadInput(
            f"{registry.host} is in use by another program: end it, or choose another port with --port"
        )
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "registry.log"
    words = [str(program), "--address", registry.host, "--folder", str(folder)]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        ) as process,
    ):
        try:
            _await(registry, process, log)
            yield registry
        finally:
            process.kill()


def _await(registry: LoopbackRegistry, process: subprocess.Popen[bytes], log: Path) -> None:
    try:
        wait_until(
            lambda: process.poll() is not None or registry.answers(),
            until=bool,
            limit=LIMITS.engine_start,
            what=f"the registry at {registry.host} answers",
        )
    except NotInTime as late:
        raise EnvironmentFailed(str(late)) from late
    if process.poll() is not None:
        log_end = last_lines(log.read_text(errors="replace"))
        raise EnvironmentFailed(f"the registry at {registry.host} could not be started:\n{log_end}")
