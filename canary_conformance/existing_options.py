"""A run's options on a cluster that the suite did not make, apart from what they lead to."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from canary_conformance.errors import BadInput

CONTEXT, KUBECONFIG = "--context", "--kubeconfig"
# Takes the service account of the pod that the run is in, instead of a kubeconfig.
IN_CLUSTER = "in-cluster"
# What makes no sense without a cluster that the suite did not make.
_NEED_A_CONTEXT = (
    KUBECONFIG,
    "--gateway",
    "--revision",
    "--namespace-prefix",
    "--ingress",
    "--check-cluster",
    "--image",
    "--push-to",
    "--pull-secret",
)
# What is about the cluster that the suite makes, each with the reason why it goes with no other.
_OF_OUR_CLUSTER = {
    "--cluster-name": "it names the kind cluster that the suite makes",
    "--keep-cluster": "the suite never deletes a cluster that it did not make",
    "--reuse": "a namespace is never left behind in a cluster that others use",
    "--clean-all": "clusters of the suite are on this machine; --clean removes what dead runs left there",
    "--istio-version": "the mesh is judged as it is",
    "--mesh-profile": "the mesh is judged as it is",
    "--envoy-version": "the mesh is judged as it is",
    "--kubernetes-version": "the cluster is judged as it is",
    "--load-node": "it has no node of the suite",
    "--save-node": "it has no node of the suite",
}


@dataclass(frozen=True, slots=True)
class ExistingOptions:
    """A cluster that the suite did not make, as the command line names it.

    Attributes:
        context: The kubeconfig's context, or IN_CLUSTER.
        kubeconfig: The file, None for $KUBECONFIG or ~/.kube/config.
        gateway: The ingress gateway as "NAMESPACE/NAME"; "" for the only one.
        revision: The control plane's revision; "" for the only one.
        namespace_prefix: What the names of the run's namespaces begin with; "" for a fresh one.
        ingress: "shared" for the gateway as it is, "own" for a copy of it; "" where neither was chosen.
        check: Whether the run only reports what it finds.
    """

    context: str
    kubeconfig: Path | None = None
    gateway: str = ""
    revision: str = ""
    namespace_prefix: str = ""
    ingress: Literal["", "own", "shared"] = ""
    check: bool = False


def add_existing_options(add: Callable[..., object]) -> None:
    """Add the options to a command line by its own way to add one."""
    add(
        CONTEXT,
        metavar="NAME",
        help="judge on the cluster of this context, on the Istio that it has, instead of a kind cluster; "
        f"{IN_CLUSTER}: the cluster of the pod that this runs in",
    )
    add(
        KUBECONFIG,
        type=Path,
        metavar="FILE",
        help="the kubeconfig that has the context (default: $KUBECONFIG or ~/.kube/config)",
    )
    add(
        "--gateway",
        default="",
        metavar="NAMESPACE/NAME",
        help="the Service of the ingress gateway there, where it has several",
    )
    add("--revision", default="", help="the revision of Istio there, where it has several")
    add(
        "--namespace-prefix",
        default="",
        metavar="PREFIX",
        help="what the names of the namespaces begin with that the run makes there (default: a fresh one)",
    )
    add(
        "--ingress",
        default="",
        choices=["shared", "own"],
        help="send requests through the ingress gateway there (shared, the default), or through a copy of it "
        "that the run makes and removes (own)",
    )
    add(
        "--check-cluster",
        action="store_true",
        help="print what is found there, what is missing and which rights lack, and exit",
    )


def existing_options(
    read: Callable[[str], object], environment: Mapping[str, str] = os.environ
) -> ExistingOptions | None:
    """Return what the command line says of a cluster that the suite did not make, None where it names none.

    Args:
        read: Returns the value of an option by its name with underscores.
        environment: Where KUBECONFIG may stand.

    Raises:
        BadInput: No context is named, or options are combined that exclude each other.
    """
    given = {flag: _read(read, flag) for flag in (CONTEXT, *_NEED_A_CONTEXT)}
    context, kubeconfig = given[CONTEXT], given[KUBECONFIG]
    if not context:
        for flag in _NEED_A_CONTEXT:
            if given[flag]:
                known = _contexts(kubeconfig if isinstance(kubeconfig, Path) else _default(environment))
                raise BadInput(f"{flag} needs {CONTEXT}: the current context is never used by itself{known}")
        return None
    for flag, why in _OF_OUR_CLUSTER.items():
        if _read(read, flag):
            raise BadInput(f"{flag} can't be combined with {CONTEXT}: {why}")
    if _read(read, "--images") != "auto" and not _read(read, "--push-to"):
        raise BadInput(f"--images can't be combined with {CONTEXT}: images are made only for --push-to")
    if context == IN_CLUSTER and kubeconfig:
        raise BadInput(f"{CONTEXT} {IN_CLUSTER} can't be combined with {KUBECONFIG}: it needs no file")
    made = ExistingOptions(
        context=str(context),
        kubeconfig=kubeconfig if isinstance(kubeconfig, Path) else None,
        gateway=str(given["--gateway"]),
        revision=str(given["--revision"]),
        namespace_prefix=str(given["--namespace-prefix"]),
        ingress=given["--ingress"],  # type: ignore[arg-type]
        check=bool(given["--check-cluster"]),
    )
    _check_texts(made)
    return made


def _read(read: Callable[[str], object], flag: str) -> object:
    return read(flag.removeprefix("--").replace("-", "_"))


def _check_texts(made: ExistingOptions) -> None:
    """Raise BadInput for a gateway that is no NAMESPACE/NAME and a prefix that begins no name."""
    if made.gateway and not re.fullmatch(r"[^/]+/[^/]+", made.gateway):
        raise BadInput(f"--gateway must be NAMESPACE/NAME, not {made.gateway!r}")
    # RFC 1123: a label of letters, digits and hyphens, of at most 63 characters with the names behind it.
    if made.namespace_prefix and not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,19}", made.namespace_prefix):
        raise BadInput(
            "--namespace-prefix must be 1 to 20 lower-case letters, digits and hyphens, the first no hyphen, "
            f"not {made.namespace_prefix!r}"
        )


def _default(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("KUBECONFIG", "").partition(os.pathsep)[0] or Path.home() / ".kube/config")


def _contexts(kubeconfig: Path) -> str:
    """Return the contexts of a kubeconfig in words, "" where it has none that can be read."""
    # A run without this message needs no such library here.
    import yaml  # noqa: PLC0415

    try:
        found = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))["contexts"]
        names = ", ".join(str(one["name"]) for one in found)
    except (OSError, ValueError, yaml.YAMLError, TypeError, KeyError):
        return ""
    return f"; {kubeconfig} has {names}" if names else ""
