"""Where images come from when the user leaves the choice to us: pulled, or built where that can work.

The engine is asked, by pulling the first image that the run needs anyway: so its mirrors, proxies and logins
count. A line says what was decided and why. Building takes long and comes to another Envoy, so it is never
done silently: in CI, or where a registry was named, the reason ends the run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.images import offline, release_images
from canary_conformance.images.content_keys import key_of
from canary_conformance.images.debian import may_install
from canary_conformance.images.golang import host_platform
from canary_conformance.images.image_options import AskedVersions, ImagesFrom
from canary_conformance.images.pins import PINS, mirror
from canary_conformance.images.pull_outcomes import Outcome, PullFailed, PullRefused
from canary_conformance.images.recipe_queues import make_all
from canary_conformance.images.recipes import Pulled
from canary_conformance.images.versions import MeshVersion, Versions, available
from canary_conformance.process_owners import inherited_token, own_token
from canary_conformance.progress import Progress

HOW_LONG = "15 to 20 minutes on two cores"
# Building needs the same engine, and more of its disk.
_STOPS_BUILDING_TOO = frozenset({Outcome.ENGINE, Outcome.NO_SPACE})


def decided(
    asked: ImagesFrom,
    versions: AskedVersions,
    store: Path,
    progress: Progress,
    images: Sequence[Pulled] | None = None,
) -> ImagesFrom:
    """Return where images come from: what was asked for, or for auto what the registry's answer decides.

    Args:
        asked: The value of --images.
        versions: The versions asked for.
        store: Where the suite keeps what it makes.
        progress: What reports what was decided.
        images: What the run pulls where it pulls; None for all of a node.

    Raises:
        BadInput: Neither way has the versions asked for, or the user can mend why nothing is pulled.
        EnvironmentFailed: Nothing can be pulled, and nothing is to be built here.
    """
    if asked is not ImagesFrom.AUTO:
        return asked
    memory = _Memory.of(versions, store)
    if (before := memory.decided()) is not None:
        progress.note(f"images: {before} again, as decided before in this run")
        return before
    source = _pulled_or_built(versions, store, progress, images)
    memory.keep(source)
    return source


def _pulled_or_built(
    versions: AskedVersions, store: Path, progress: Progress, images: Sequence[Pulled] | None
) -> ImagesFrom:
    """Decide by the registry's answer. Raises as decided() does."""
    try:
        chosen = available(ImagesFrom.PULL).choose(versions)
        _pull_first(chosen, _of_node(chosen) if images is None else images, store, progress)
    except (PullFailed, PullRefused) as failed:
        why: BadInput | EnvironmentFailed = failed
    except BadInput as bad:
        why = bad
    else:
        return ImagesFrom.PULL
    built = _what_is_built(why, versions)
    before = offline.offline_node(built.kubernetes, [built.mesh]).serving() is not None
    if not before and (cannot := why_not_built()):
        raise _with(why, f"Building the images here instead needs {cannot}.") from why
    took = "an earlier run made the node" if before else f"the first time takes {HOW_LONG}"
    progress.note(f"images: {why}")
    progress.note(f"images: so they are built here from package registries; {took}")
    return ImagesFrom.BUILD


@dataclass(frozen=True, slots=True)
class _Memory:
    """What was decided for these versions in this run or the one that started it.

    A registry that answers one worker and not the next would have them make two different clusters.
    """

    file: Path
    key: str

    @classmethod
    def of(cls, versions: AskedVersions, store: Path) -> Self:
        """Return the memory of this run, which workers and rounds share with what started them."""
        run = inherited_token() or own_token()
        return cls(store / "images-from", key_of(run, str(versions), str(mirror()), os.environ.get(PINS, "")))

    def decided(self) -> ImagesFrom | None:
        """Return what was decided, None where nothing was."""
        with suppress(OSError, ValueError):
            key, source = self.file.read_text(encoding="utf-8").split()
            return ImagesFrom(source) if key == self.key else None
        return None

    def keep(self, source: ImagesFrom) -> None:
        """Let the workers and rounds of this run know."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(f"{self.key} {source}\n", encoding="utf-8")


@contextmanager
def explained(kubernetes: str, meshes: Sequence[MeshVersion]) -> Iterator[None]:
    """Add the available versions to a pull that fails because the registry does not have one."""
    try:
        yield
    except PullRefused as refused:
        if refused.outcome is not Outcome.MISSING:
            raise
        offer = available(ImagesFrom.PULL)
        asked = f"Asked for: Istio {', '.join(mesh.istio for mesh in meshes)}, Kubernetes {kubernetes}."
        raise _with(
            refused,
            f"{asked} {offer.istio.thing}: {offer.istio}; {offer.kubernetes.thing}: {offer.kubernetes}.",
        ) from refused


def why_not_built() -> str | None:
    """Return what building here would need and this machine is not, None where it can work."""
    if not may_install():
        return "root on Debian or Ubuntu"
    if host_platform() != "linux/amd64":
        return "Linux on x86-64"
    return None


def in_ci() -> bool:
    """Tell whether nobody watches this run: CI systems set CI."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false", "no"}


def _of_node(chosen: Versions) -> list[Pulled]:
    """Return the images that a node is made from; none where it is there."""
    node = release_images.pulled_node(chosen.kubernetes, [chosen.mesh])
    return release_images.images(chosen.kubernetes, [chosen.mesh]) if node.serving() is None else []


def _pull_first(chosen: Versions, images: Sequence[Pulled], store: Path, progress: Progress) -> None:
    """Pull the first image that the run needs and does not have, if any. Raises what pulling does.

    One that is here already says nothing of the registry.
    """
    missing = next((image for image in images if not image.present(store)), None)
    if missing is None:
        progress.note("images: an earlier run pulled them")
        return
    progress.note(f"images: asking the registry for {missing.reference}")
    with explained(chosen.kubernetes, [chosen.mesh]):
        make_all([missing], store, progress)
    progress.note("images: the registry answers, so they are pulled")


def _what_is_built(why: BadInput | EnvironmentFailed, versions: AskedVersions) -> Versions:
    """Return the versions that would be built because nothing is pulled. Raises where that is no way out."""
    if isinstance(why, PullFailed | PullRefused) and why.outcome in _STOPS_BUILDING_TOO:
        raise why
    if mirror() is not None:
        raise _with(why, "A registry was named, so nothing is built in its place (--images build does).")
    try:
        chosen = available(ImagesFrom.BUILD).choose(versions)
    except BadInput as bad:
        raise _with(why, f"Nor can these versions be built here: {bad}") from why
    if in_ci():
        raise _with(
            why,
            f"In CI (CI is set) nothing is built unasked: --images build does, in {HOW_LONG} the first time.",
        )
    return chosen


def _with(why: BadInput | EnvironmentFailed, more: str) -> BadInput | EnvironmentFailed:
    """Return a failure of the same kind that says more."""
    if isinstance(why, PullFailed | PullRefused):
        return why.with_more(more)
    return type(why)(f"{str(why).rstrip('.')}. {more}")
