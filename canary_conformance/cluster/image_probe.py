"""The images of a run on a cluster that the suite did not make: named or pushed, and seen to be pulled.

A registry can't be asked with the rights of a node, so one pod has all images, each with a program that none
has: its container is never started, but its image is pulled first (Kubernetes: "Pod Lifecycle", container
states). On a cluster of several nodes this is one of them; the images are on it then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster.api import Api, Object
from canary_conformance.cluster.apply_answers import Refused
from canary_conformance.cluster.pod_access import RESTRICTED
from canary_conformance.cluster.pod_state import PULL_FAILURES
from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.images.cluster_images import ClusterImages, UsedImage, cluster_images
from canary_conformance.images.image_options import ClusterImageOptions, ImagesFrom
from canary_conformance.images.image_push import check_nodes, push_images
from canary_conformance.images.pull_outcomes import MEANINGS, Outcome, last_word, outcome_of
from canary_conformance.images.references import Mirror
from canary_conformance.progress import Progress
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import NotInTime, wait_until

POD = "image-probe"
_NO_PROGRAM = ["/voting-conformance-no-such-program"]
# What is the user's to mend, whatever the words.
_OF_THE_USER = frozenset({"ErrImageNeverPull", "InvalidImageName"})
_DIGEST = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")
_BY_OUTCOME = {
    Outcome.LOGIN: "name a file with a login that may pull it by --pull-secret FILE",
    Outcome.PLATFORM: "name an image that has the node's platform by --image {name}=REFERENCE",
}
_OTHERWISE = (
    "name an image that the nodes can pull by --image {name}=REFERENCE, or let the suite push its own by "
    "--push-to REGISTRY"
)


@dataclass(frozen=True, slots=True)
class _Pull:
    """One image of the probe: which it is, and how far it is: pulled, or not with the kubelet's reason."""

    image: UsedImage
    reference: str
    pulled: bool = False
    reason: str = ""
    words: str = ""

    @property
    def outcome(self) -> Outcome:
        """What the kubelet's words stand for."""
        return outcome_of(self.words)

    @property
    def failed(self) -> bool:
        """Whether it can't be pulled, and trying again won't help."""
        return bool(self.reason) and (self.reason in _OF_THE_USER or not MEANINGS[self.outcome].again)

    def __repr__(self) -> str:
        return f"{self.reference} {self.reason or ('pulled' if self.pulled else 'is being pulled')}"


def probe_images(
    api: Api, namespace: str, images: ClusterImages, used: Sequence[UsedImage], progress: Progress
) -> None:
    """Have a node pull all images of a run by a pod that goes again.

    Args:
        api: The API server.
        namespace: A new namespace of the suite, with the Secret that images are pulled by.
        images: What stands for the images.
        used: The images.
        progress: What reports how far it is.

    Raises:
        BadInput: An image can't be pulled, for a reason that the user can mend.
        EnvironmentFailed: An image can't be pulled, or no pod can be made or placed.
    """
    try:
        api.apply(_pod(images, used), namespace)
    except Refused as refused:
        raise EnvironmentFailed(f"no pod can be made in namespace {namespace}: {refused}") from refused
    try:
        with progress.phase(f"images: {len(used)} pulled by a node"):
            pod, pulls = _ended(api, namespace, images, used)
    finally:
        api.delete("v1", "Pod", POD, namespace)
    if failed := [one for one in pulls if one.reason]:
        raise _failure(failed, str(pod.get("spec", {}).get("nodeName", "")), len(used))


def explained(reason: str, images: ClusterImages, used: Sequence[UsedImage]) -> str:
    """Return a sentence about a pod with what to do added, where it is about an image that is not pulled."""
    about = [one for one in used if images.reference(one.name) in reason]
    if not about or not any(failure in reason for failure in PULL_FAILURES):
        return reason
    one = about[0]
    return f"{reason}; {_stands_for(one, images.reference(one.name))}; {_mend(one.name, outcome_of(reason))}"


def _pod(images: ClusterImages, used: Sequence[UsedImage]) -> Object:
    containers = [
        {
            "name": f"image-{number}",
            "image": images.reference(one.name),
            "command": _NO_PROGRAM,
            "securityContext": RESTRICTED,
            "resources": {"requests": {"cpu": "1m", "memory": "4Mi"}},
            **({"imagePullPolicy": one.policy} if one.policy else {}),
        }
        for number, one in enumerate(used)
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": POD, "labels": {"sidecar.istio.io/inject": "false"}},
        "spec": {
            "containers": containers,
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
            "imagePullSecrets": images.pull_secrets(),
        },
    }


def _ended(
    api: Api, namespace: str, images: ClusterImages, used: Sequence[UsedImage]
) -> tuple[Object, list[_Pull]]:
    """Return the pod and its pulls when each is made, or one can't be. Raises EnvironmentFailed."""

    def look() -> tuple[Object, list[_Pull]]:
        pod = api.get("v1", "Pod", POD, namespace) or {}
        return pod, _pulls(pod, images, used)

    try:
        return wait_until(
            look,
            until=lambda seen: (
                all(one.pulled or one.reason for one in seen[1])
                and not any(one.reason and not one.failed for one in seen[1])
            ),
            limit=LIMITS.images_pulled,
            what="a node pulls all images",
            pause=0.3,
        )
    except NotInTime as late:
        pod, pulls = look()
        if any(one.reason for one in pulls):
            return pod, pulls
        left = [one.reference for one in pulls if not one.pulled]
        why = "; ".join(_conditions(pod)) or f"not yet: {', '.join(left)}"
        raise EnvironmentFailed(f"no node pulled all images within {late.limit:.0f} s: {why}") from late


def _pulls(pod: Object, images: ClusterImages, used: Sequence[UsedImage]) -> list[_Pull]:
    statuses = {one["name"]: one for one in pod.get("status", {}).get("containerStatuses", [])}
    return [
        _pull(one, images.reference(one.name), statuses.get(f"image-{number}", {}))
        for number, one in enumerate(used)
    ]


def _pull(image: UsedImage, reference: str, status: Mapping[str, Any]) -> _Pull:
    state = status.get("state") or {}
    waiting = state.get("waiting") or {}
    reason = waiting.get("reason", "")
    if reason in PULL_FAILURES:
        return _Pull(image, reference, reason=reason, words=str(waiting.get("message", "")))
    # A container that could not be created or started has its image: ContainerCreating comes before.
    pulled = "terminated" in state or "running" in state or reason not in {"", "ContainerCreating"}
    return _Pull(image, reference, pulled=pulled)


def _failure(failed: Sequence[_Pull], node: str, total: int) -> BadInput | EnvironmentFailed:
    kind = BadInput if all(map(_is_the_users, failed)) else EnvironmentFailed
    if len(failed) == 1:
        one = failed[0]
        told, mend = _stands_for(one.image, one.reference), _mend(one.image.name, one.outcome)
        return kind(f"node {node} can't pull {one.reference}: {_words(one)}; {told}; {mend}")
    mends = dict.fromkeys(_mend("NAME:TAG", one.outcome) for one in failed)
    lines = [f"node {node} can't pull {len(failed)} of the {total} images of this run: {'; '.join(mends)}"]
    lines += [f"  {one.reference}: {_words(one)}; {_stands_for(one.image, one.reference)}" for one in failed]
    return kind(_DIGEST.sub(r"\1...", "\n".join(lines)))


def _words(pull: _Pull) -> str:
    """Return the end of the kubelet's words, before which it repeats the image."""
    words = last_word(pull.words.rpartition('": ')[2]).removeprefix(f"{pull.reference}: ")
    return f"{words} ({pull.reason})"


def _is_the_users(pull: _Pull) -> bool:
    """Return whether the user can mend it: no node finds a registry at localhost, to begin with."""
    named_wrongly = pull.reason in _OF_THE_USER or pull.reference.startswith("localhost/")
    return named_wrongly or MEANINGS[pull.outcome].input or pull.outcome is Outcome.NO_HOST


def _stands_for(image: UsedImage, reference: str) -> str:
    where = f" ({image.place})" if image.place else ", the suite's own image for its callers"
    if image.name == reference:
        return f"it is as written{where}" if image.place else f"it is{where.removeprefix(',')}"
    return f"it stands for {image.name}{where}"


def _mend(name: str, outcome: Outcome) -> str:
    return _BY_OUTCOME.get(outcome, _OTHERWISE).format(name=name)


def _conditions(pod: Object) -> list[str]:
    return [
        str(one["message"])
        for one in pod.get("status", {}).get("conditions", [])
        if one["type"] == "PodScheduled" and one["status"] != "True" and one.get("message")
    ]


def images_on(
    api: Api,
    options: ClusterImageOptions,
    used: Sequence[UsedImage],
    source: ImagesFrom,
    store: Path,
    progress: Progress,
) -> ClusterImages:
    """Return what stands for the images of a run on this cluster, pushed where that is asked for.

    Nothing is made in the cluster, and without --push-to no container engine is used.

    Raises:
        BadInput: An option is wrong, or the registry or no node takes the images.
        EnvironmentFailed: The engine or the registry failed.
    """
    images = cluster_images(options, used)
    if options.push_to is None:
        return images
    registry = Mirror.parse(options.push_to, "--push-to")

    def check_platform(platform: str) -> None:
        check_nodes(platform, _platforms(api, progress), progress.note)

    return push_images(registry, images, used, source, store, check_platform, progress)


def _platforms(api: Api, progress: Progress) -> dict[str, str]:
    """Return the platform of each node; none, with a note, where nodes may not be listed."""
    try:
        nodes = api.list("v1", "Node")
    except ApiException as error:
        progress.note(f"whether the nodes run the pushed images is not known: {error.reason}")
        return {}
    infos = {node["metadata"]["name"]: node["status"]["nodeInfo"] for node in nodes}
    return {name: f"{info['operatingSystem']}/{info['architecture']}" for name, info in infos.items()}
