"""The node image with every image of the run already inside, so that a cluster start loads nothing.

The images are imported by the node's own containerd in a container, which is then committed. The voting app's
images come in a layer of their own: a changed line of the app repeats only that import. A label says what a
node holds: a run that wants no more than that can use it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from canary_conformance.images.content_keys import key_of
from canary_conformance.images.engine import docker
from canary_conformance.images.recipes import ASSEMBLE, Built, InEngine, Pulled, Recipe
from canary_conformance.process_owners import own_token
from canary_conformance.processes import CommandFailed, last_lines
from canary_conformance.timeouts import LIMITS

# A container that only a run in progress needs; the name ends with the run's mark. A label would do the same,
# but the committed image would pass it on to every node.
UNFINISHED_CONTAINER = "voting-conformance-unfinished-"
IMPORT = "/usr/local/bin/import-images"
HOLDS = "voting-conformance.holds"
ENTRYPOINT = '["/usr/local/bin/node-entrypoint","/sbin/init"]'


@dataclass(frozen=True)
class Stocked(InEngine):
    """A node image with images put in, each under the name that manifests call it by."""

    name: str
    base: Built | Pulled | Stocked
    images: tuple[tuple[Built | Pulled, str], ...]
    entrypoint: str = ENTRYPOINT
    lane: ClassVar[str] = ASSEMBLE

    @cached_property
    def key(self) -> str:
        """The key of the base, of each image with its name, and of saying what it holds."""
        return key_of(
            self.base.key, self.entrypoint, HOLDS, *(f"{image.key}={name}" for image, name in self.images)
        )

    @cached_property
    def contents(self) -> frozenset[str]:
        """The node and each image with its name, whatever the layers that they came in."""
        alone = {f"{key_of(self.base.key, self.entrypoint)}=node"}
        below = self.base.contents if isinstance(self.base, Stocked) else alone
        return frozenset(below) | {f"{image.key}={name}" for image, name in self.images}

    def serving(self) -> str | None:
        """Return the tag of an image of the engine that has these contents, or these and more; else None."""
        labelled = ("--filter", f"label={HOLDS}", "--filter", "dangling=false")
        tags = docker("image", "ls", *labelled, "--format", "{{.Repository}}:{{.Tag}}").split()
        found = [tag for tag, held in zip(tags, contents_of(tags), strict=True) if self.contents <= held]
        return self.tag if self.tag in found else next(iter(found), None)

    @property
    def needs(self) -> tuple[Recipe, ...]:
        """The base and all images."""
        return (self.base, *(image for image, _ in self.images))

    def make(self, store: Path) -> None:  # noqa: ARG002
        """Import the images in a container of the base, and commit it with the base's own entry point."""
        container = f"{UNFINISHED_CONTAINER}{self.name}.{own_token()}"
        names = [f"{image.tag}={name}" for image, name in self.images]
        docker("create", "--interactive", "--name", container, "--entrypoint", IMPORT, self.base.tag, *names)
        try:
            self._import(container)
            holds = f"LABEL {HOLDS}={json.dumps(' '.join(sorted(self.contents)))}"
            changes = (f"ENTRYPOINT {self.entrypoint}", "CMD []", holds)
            words = [word for change in changes for word in ("--change", change)]
            docker("commit", *words, container, self.tag, limit=LIMITS.image_build)
        finally:
            docker("rm", "--force", "--volumes", container)

    def _import(self, container: str) -> None:
        # An image may go by several names in the node.
        tags = dict.fromkeys(image.tag for image, _ in self.images)
        start = ["docker", "start", "--attach", "--interactive", container]
        with subprocess.Popen(["docker", "save", *tags], stdout=subprocess.PIPE) as saved:
            try:
                done = subprocess.run(
                    start, stdin=saved.stdout, capture_output=True, timeout=LIMITS.image_build, check=False
                )
            except subprocess.TimeoutExpired as late:
                saved.kill()
                raise CommandFailed(
                    f"the images were not put into {self.name} within {late.timeout:g} s"
                ) from late
            except BaseException:
                saved.kill()
                raise
        if done.returncode != 0 or saved.returncode != 0:
            output_end = last_lines((done.stdout + done.stderr).decode(errors="replace"))
            raise CommandFailed(f"the images could not be put into {self.name}:\n{output_end}")


def contents_of(images: Sequence[str]) -> list[frozenset[str]]:
    """Return what each image of ours holds, as Stocked.contents has it; nothing where one can't be asked."""
    template = f'{{{{index .Config.Labels "{HOLDS}"}}}}'
    try:
        output = docker("image", "inspect", "--format", template, *images) if images else ""
    except CommandFailed:
        return [frozenset()] * len(images)
    return [frozenset(line.split()) for line in output.splitlines()]
