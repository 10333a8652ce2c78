"""What stands for the images of the manifests on a cluster of others, and the logins to pull them.

The manifests keep their names: by these the model knows versions, and readers the lines. Another reference,
and the Secret by which it is pulled, are written into what is applied, and nowhere else. The pods name the
Secret themselves: a ServiceAccount would have to have it before the first pod is made, and the one called
default is made by a controller some time after its namespace. A pod that names one gets none of its
ServiceAccount's (Kubernetes: "Configure Service Accounts for Pods"; admission plugin ServiceAccount).

The logins come from a file of the user: other people's Secrets are never read, so that no Secret of the
cluster is copied. Source: Kubernetes, "Pull an Image from a Private Registry"
(kubernetes.io/dockerconfigjson).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from canary_conformance.errors import BadInput
from canary_conformance.images.image_options import ClusterImageOptions
from canary_conformance.images.offline import caller_image
from canary_conformance.images.references import is_reference, short_name
from canary_conformance.scenario.kinds import CONTAINERS, pod_spec_path
from canary_conformance.scenario.manifests import Manifest, ManifestFolder
from canary_conformance.scenario.places import Place

CALLER = caller_image()[1]
# The image of a container that Istio's injection completes (Istio: "Installing Gateways").
_INJECTED = "auto"


@dataclass(frozen=True, slots=True)
class UsedImage:
    """An image that pods of a run have: its name as written, its pull policy ("" for the default), its line.

    The caller of the suite has no line.
    """

    name: str
    policy: str = ""
    place: Place | None = field(default=None, compare=False)


def used_images(manifests: ManifestFolder) -> tuple[UsedImage, ...]:
    """Return each image of the manifests, once for each policy, and the one of the suite's callers."""
    found = (one for manifest in manifests.objects for one in _images_of(manifest))
    return tuple(dict.fromkeys((*found, UsedImage(CALLER, "IfNotPresent"))))


@dataclass(frozen=True, slots=True)
class ClusterImages:
    """The references of images there, by the name that --image has or as written, and the Secret for them."""

    references: Mapping[str, str] = field(default_factory=dict, hash=False)
    pull_secret: PullSecret | None = None

    def reference(self, image: str) -> str:
        """Return what is pulled for an image: by its whole name, else by its last part, else as written."""
        return self.references.get(image) or self.references.get(short_name(image)) or image

    def is_mapped(self, image: str) -> bool:
        """Return whether an entry stands for an image."""
        return image in self.references or short_name(image) in self.references

    def pull_secrets(self) -> list[dict[str, str]]:
        """Return the list imagePullSecrets of a pod that names none of its own."""
        return [{"name": PULL_SECRET}] if self.pull_secret else []

    def describe(self, used: Iterable[UsedImage]) -> str:
        """Return one line for the run's header: from where the images are, and by what they are pulled."""
        names = list(dict.fromkeys(one.name for one in used))
        hubs = [self.reference(name).rpartition("/")[0] for name in names if self.is_mapped(name)]
        from_where = f"{len(hubs)} of {len(names)} from {', '.join(dict.fromkeys(hubs))}"
        by = ", by the logins of --pull-secret" if self.pull_secret else ""
        return (from_where if hubs else "as the manifests name them") + by

    def body_of(self, manifest: Manifest) -> Mapping[str, Any]:
        """Return what is applied of an object: as written, but for what its pods are pulled from and by."""
        path = pod_spec_path(manifest.ref.kind)
        return self._below(manifest.body, path) if path else manifest.body

    def with_references(self, references: Mapping[str, str]) -> ClusterImages:
        """Return the same with more references; those that there are come first."""
        return replace(self, references={**references, **self.references})

    def _below(self, part: Any, path: Sequence[str]) -> Any:
        # Whatever is not as it should be is left for the API server to refuse (R0.1).
        if not isinstance(part, Mapping):
            return part
        if path:
            return {**part, path[0]: self._below(part[path[0]], path[1:])} if path[0] in part else part
        lists = {name: part[name] for name in CONTAINERS if isinstance(part.get(name), list)}
        spec = {**part, **{name: [self._container(one) for one in lists[name]] for name in lists}}
        own = part.get("imagePullSecrets") or []
        if self.pull_secret and isinstance(own, list):
            spec["imagePullSecrets"] = [*own, *self.pull_secrets()]
        return spec

    def _container(self, container: Any) -> Any:
        image = container.get("image") if isinstance(container, Mapping) else None
        return {**container, "image": self.reference(image)} if isinstance(image, str) else container


def cluster_images(options: ClusterImageOptions, used: Iterable[UsedImage]) -> ClusterImages:
    """Return what the command line says of images; nothing is pushed.

    Raises:
        BadInput: An entry is none, or is for an image that nothing uses; the file of logins can't be used.
    """
    names = list(dict.fromkeys(one.name for one in used))
    references: dict[str, str] = {}
    for entry in options.entries:
        name, _, reference = entry.partition("=")
        if not name or not is_reference(reference):
            raise BadInput(
                f"--image {entry!r} is not a valid entry; expected: NAME:TAG=REFERENCE, such as "
                "voting-app:1.0=registry.example.com/voting-app:1.0"
            )
        if name in references:
            raise BadInput(f"--image has two entries for {name}: {references[name]} and {reference}")
        if not any(name in {one, short_name(one)} for one in names):
            raise BadInput(
                f"--image {entry!r}: no manifest uses the image {name}; used are {', '.join(names)} (the "
                "last is the suite's own, for its callers)"
            )
        references[name] = reference
    return ClusterImages(references, read_pull_secret(options.pull_secret) if options.pull_secret else None)


def _images_of(manifest: Manifest) -> Iterator[UsedImage]:
    path = pod_spec_path(manifest.ref.kind)
    if path is None:
        return
    spec: Any = manifest.body
    for key in path:
        spec = spec.get(key) if isinstance(spec, Mapping) else None
    for name in CONTAINERS:
        containers = spec.get(name) if isinstance(spec, Mapping) else None
        for index, one in enumerate(containers if isinstance(containers, list) else ()):
            image = one.get("image") if isinstance(one, Mapping) else None
            if isinstance(image, str) and image not in {"", _INJECTED}:
                place = manifest.place_of(*path, name, index, "image")
                yield UsedImage(image, str(one.get("imagePullPolicy") or ""), place)


PULL_SECRET = "voting-conformance-pull"  # noqa: S105
_HOW_TO_WRITE = (
    "`kubectl create secret docker-registry x --dry-run=client -o jsonpath='{.data.\\.dockerconfigjson}' "
    "--docker-server=REGISTRY --docker-username=... --docker-password=... | base64 -d > FILE` writes one"
)
# A shorter text stands everywhere by chance, and would be masked there.
_SHORTEST = 8


@dataclass(frozen=True, slots=True)
class PullSecret:
    """Logins by registry, as the key `auths` of Docker's configuration has them."""

    logins: Mapping[str, Mapping[str, Any]] = field(repr=False, hash=False)

    def body(self) -> dict[str, Any]:
        """Return the Secret to apply."""
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": PULL_SECRET},
            "type": "kubernetes.io/dockerconfigjson",
            "data": {".dockerconfigjson": self._encoded()},
        }

    def secret_values(self) -> frozenset[str]:
        """Return the texts that no report may show."""
        found = {self._encoded()}
        for login in self.logins.values():
            found |= {str(value) for name, value in login.items() if name not in {"username", "email"}}
            found |= set(_passwords(login))
        return frozenset(one for one in found if len(one) >= _SHORTEST)

    def _encoded(self) -> str:
        return base64.b64encode(json.dumps({"auths": self.logins}, sort_keys=True).encode()).decode()


def read_pull_secret(file: Path) -> PullSecret:
    """Return the logins of a file.

    Raises:
        BadInput: It can't be read, or has no login in it.
    """
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        # The message of a JSON error has no content of the file.
        raise BadInput(f"--pull-secret {file} can't be read as JSON: {error}") from error
    auths = read.get("auths") if isinstance(read, dict) else None
    logins = {
        str(host): login
        for host, login in (auths.items() if isinstance(auths, dict) else ())
        if isinstance(login, dict) and (login.get("auth") or login.get("password"))
    }
    if not logins:
        kept = isinstance(read, dict) and any(read.get(key) for key in ("credsStore", "credHelpers"))
        why = " (they are in a credential store, which nodes do not reach)" if kept else ""
        raise BadInput(f"--pull-secret {file} has no logins under the key auths{why}; {_HOW_TO_WRITE}")
    return PullSecret(logins)


def _passwords(login: Mapping[str, Any]) -> Iterator[str]:
    """Yield the password in a login's field `auth`, base64 of USER:PASSWORD."""
    try:
        yield base64.b64decode(str(login.get("auth", "")), validate=True).decode().partition(":")[2]
    except ValueError:
        return
