"""Images of the engine written as a registry keeps them: compressed layers, configuration, manifest.

A push by the engine would do the same, but compresses thoroughly, one layer after the other: minutes for what
takes seconds here.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
import urllib.parse
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.images.engine import docker
from canary_conformance.images.partial_folders import unfinished
from canary_conformance.processes import usable_cores
from canary_conformance.timeouts import LIMITS

# OCI and Docker: "Image Manifest Version 2, Schema 2".
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIGURATION = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
BLOBS, MANIFESTS = "blobs/sha256", "manifests"
PIECE = 2**20
# gzip's frame around deflate (zlib: wbits), at its fastest.
GZIP, FASTEST = 31, 1


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of an image: its media type, its size in bytes and its SHA-256."""

    kind: str
    size: int
    sha256: str

    def described(self) -> dict[str, object]:
        """Return how a manifest refers to it."""
        return {"mediaType": self.kind, "size": self.size, "digest": f"sha256:{self.sha256}"}


def write_image(tag: str, names: Sequence[str], folder: Path) -> None:
    """Write an image of the engine into a registry's folder.

    Args:
        tag: What the engine calls it.
        names: What the registry calls it, each with a tag.
        folder: The registry's folder (images/pulled/go/registry).

    Raises:
        CommandFailed: The engine does not have it.
    """
    (folder / BLOBS).mkdir(parents=True, exist_ok=True)
    (folder / MANIFESTS).mkdir(exist_ok=True)
    with unfinished(folder) as work:
        saved = work / "saved.tar"
        docker("save", "--output", saved, tag, limit=LIMITS.image_build)
        with tarfile.open(saved) as archive:
            image = json.loads(_content(archive, "manifest.json"))[0]
            configuration = _blob(_content(archive, image["Config"]), folder)
        with ThreadPoolExecutor(usable_cores()) as pool:
            layers = list(pool.map(lambda name: _layer(saved, name, work, folder), image["Layers"]))
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": configuration.described(),
        "layers": [layer.described() for layer in layers],
    }
    for name in names:
        (folder / MANIFESTS / manifest_file(name)).write_text(f"{MANIFEST}\n{json.dumps(manifest)}")


def manifest_file(name: str) -> str:
    """Return the name of the file in which the registry keeps an image's manifest: its path, escaped."""
    repository, _, tag = name.rpartition(":")
    return urllib.parse.quote(f"/v2/{repository}/manifests/{tag}", safe="")


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    assert member is not None, f"the engine saved no file {name}"
    return member.read()


def _blob(content: bytes, folder: Path) -> Blob:
    digest = hashlib.sha256(content).hexdigest()
    (folder / BLOBS / digest).write_bytes(content)
    return Blob(CONFIGURATION, len(content), digest)


def _layer(saved: Path, name: str, work: Path, folder: Path) -> Blob:
    """Compress a layer; one that another image has too comes out the same."""
    digest, size = hashlib.sha256(), 0
    unfinished_file = work / hashlib.sha256(name.encode()).hexdigest()
    pack = zlib.compressobj(FASTEST, zlib.DEFLATED, GZIP)
    with tarfile.open(saved) as archive, unfinished_file.open("wb") as output:
        layer = archive.extractfile(name)
        assert layer is not None, f"the engine saved no file {name}"
        while True:
            piece = layer.read(PIECE)
            packed = pack.compress(piece) if piece else pack.flush()
            digest.update(packed)
            size += len(packed)
            output.write(packed)
            if not piece:
                break
    unfinished_file.rename(folder / BLOBS / digest.hexdigest())
    return Blob(LAYER, size, digest.hexdigest())
