"""The suite's own images pushed to a registry by the container engine, which knows the user's logins.

Pushed are those of the sample app that the manifests use, and the one of the callers, as --images makes them.
Whatever else the manifests name is not the suite's to push.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from filelock import FileLock

from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.images import offline, release_images
from canary_conformance.images.choice import decided
from canary_conformance.images.cluster_images import ClusterImages, UsedImage
from canary_conformance.images.engine import docker, engine_platform, ensure_engine
from canary_conformance.images.image_options import AskedVersions, ImagesFrom
from canary_conformance.images.pull_outcomes import MEANINGS, Outcome, last_word, outcome_of
from canary_conformance.images.recipe_queues import make_all
from canary_conformance.images.recipes import Built, Pulled
from canary_conformance.images.references import Mirror, short_name
from canary_conformance.processes import CommandFailed, TooLate, run
from canary_conformance.progress import Progress
from canary_conformance.timeouts import LIMITS

# What `docker push` prints at its end.
_DIGEST = re.compile(r"digest: (sha256:[0-9a-f]{64})")
# What a push means where a pull means something else.
_OF_A_PUSH = {
    Outcome.LOGIN: (
        "{registry} refused access (401, denied)",
        "log in with an account that may push there (`docker login {registry}`)",
    ),
    Outcome.MISSING: ("{registry} has no such repository", "make the repository there first"),
}


def push_images(
    registry: Mirror,
    images: ClusterImages,
    used: Sequence[UsedImage],
    source: ImagesFrom,
    store: Path,
    check_platform: Callable[[str], None],
    progress: Progress,
) -> ClusterImages:
    """Push the suite's own images, made where they are missing, and return what stands for images then.

    Args:
        registry: Where they are pushed, below its prefix.
        images: What --image names, which is not pushed.
        used: The images that the run uses.
        source: Where they come from, the value of --images.
        store: Where the suite keeps what it makes.
        check_platform: Is given what the pushed images run on, "linux/amd64", before any is made.
        progress: What reports how far it is.

    Raises:
        BadInput: The registry refuses the user, or what the user named.
        EnvironmentFailed: The engine or the registry failed.
    """
    names = dict.fromkeys(one.name for one in used if not images.is_mapped(one.name))
    ensure_engine(progress)
    check_platform(engine_platform())
    chosen = decided(source, AskedVersions(), store, progress, _bases())
    recipes = {name: recipe for recipe, name in _own_images(chosen) if name in names}
    if others := [name for name in names if name not in recipes]:
        progress.note(f"images that are not the suite's own are not pushed: {', '.join(others)}")
    make_all(recipes.values(), store, progress)
    pushed: dict[str, str] = {}
    # Workers push the same images, and the name of each is the engine's only while one of them does.
    lock = FileLock(store / "pushing.lock", LIMITS.others_images)
    with lock, progress.phase(f"images: pushing {len(recipes)} to {registry}"):
        for name, recipe in recipes.items():
            reference = f"{registry}/{short_name(name)}"
            progress.detail(reference)
            # A node that has another image of this tag would keep it (IfNotPresent).
            pushed[name] = reference + _push(recipe.tag, reference, registry.host)
    return images.with_references(pushed)


def check_nodes(platform: str, nodes: Mapping[str, str], note: Callable[[str], None]) -> None:
    """Check that nodes run the images of a platform; note those that do not.

    Args:
        platform: What the images run on, "linux/amd64".
        nodes: The platform of each node by its name; empty where that is not known.
        note: Is given a sentence about nodes that can't run them, where others can.

    Raises:
        BadInput: None of the nodes can.
    """
    unfit = {name: other for name, other in nodes.items() if other != platform}
    listed = ", ".join(f"{name} ({other})" for name, other in sorted(unfit.items()))
    if unfit and len(unfit) == len(nodes):
        raise BadInput(
            f"--push-to pushes images for {platform}, the container engine's platform, and no node of the "
            f"cluster runs these: {listed}; run the suite where the engine has the platform of the nodes, or "
            "name images for it by --image NAME:TAG=REFERENCE"
        )
    if unfit:
        note(
            f"the pushed images are for {platform}, which these nodes do not run: {listed}; a pod that is "
            f"placed there fails: restrict the pods by a nodeSelector kubernetes.io/arch in the manifests"
        )


def _own_images(source: ImagesFrom) -> Iterable[tuple[Built | Pulled, str]]:
    return offline.own_images() if source is ImagesFrom.BUILD else release_images.own_images()


def _bases() -> list[Pulled]:
    """Return what is pulled for the suite's own images where they are not built."""
    found = (one if isinstance(one, Pulled) else one.base for one, _ in release_images.own_images())
    return list(dict.fromkeys(one for one in found if isinstance(one, Pulled)))


def _push(tag: str, reference: str, host: str) -> str:
    """Push an image; return "@DIGEST" of what the registry has now, "" where the engine prints none."""
    docker("tag", tag, reference)
    try:
        output = run(
            ["docker", "push", reference], limit=LIMITS.image_push, first_word=LIMITS.registry_answers
        )
    except CommandFailed as failed:
        first, _, reported = str(failed).partition("\n")
        outcome = Outcome.SLOW if isinstance(failed, TooLate) else outcome_of(reported or first)
        raise _failure(reference, host, outcome, last_word(reported or first)) from failed
    finally:
        with contextlib.suppress(CommandFailed):
            # The image keeps the suite's own name.
            docker("image", "rm", "--no-prune", reference)
    digest = _DIGEST.search(output)
    return f"@{digest[1]}" if digest else ""


def _failure(reference: str, host: str, outcome: Outcome, reported: str) -> BadInput | EnvironmentFailed:
    meaning = MEANINGS[outcome]
    what, mend = _OF_A_PUSH.get(outcome, (meaning.what, meaning.mend))
    told = [text.format(registry=host, at=f" {host}") for text in (what, mend)]
    kind = BadInput if meaning.input or outcome is Outcome.NO_HOST else EnvironmentFailed
    return kind(f"{reference} was not pushed: {told[0]} (the engine reports: {reported}); {told[1]}")
