"""What a run would find in a cluster of others, and what it would lack; nothing is changed there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster.access_rights import (
    RIGHTS,
    Area,
    in_lines,
    missing_rights,
    rights_of_manifests,
)
from canary_conformance.cluster.api import Api
from canary_conformance.cluster.apply_answers import message_of
from canary_conformance.cluster.existing import ExistingCluster
from canary_conformance.cluster.node_conditions import is_ready_node
from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.existing_options import ExistingOptions
from canary_conformance.images.versions import supports
from canary_conformance.mesh.found_mesh import FoundMesh, find_mesh
from canary_conformance.mesh.ingress_gateways import FoundGateway, gateways_of, others_on_port
from canary_conformance.mesh.mesh_identity import profile_of
from canary_conformance.mesh.revision_choice import Revision, revisions_of
from canary_conformance.mesh.running_components import server_version
from canary_conformance.progress import Progress
from canary_conformance.settings import Source
from canary_conformance.stages.ingress_choice import check_selectors, needs_own_ingress
from canary_conformance.stages.namespace_claim import check_free
from canary_conformance.stages.run_names import RunNames

T = TypeVar("T")


@dataclass
class ClusterCheck:
    """What was found, as rows of a table, and what is in a run's way.

    Attributes:
        rows: What was found: its name, and what it is.
        missing: What the user can mend.
        failed: What the cluster or the mesh fails in.
        notes: What a run does without.
    """

    rows: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def look(self, name: str, read: Callable[[], Sequence[T]], text: Callable[[T], str] = str) -> Sequence[T]:
        """Add a row of what is read, and return that; where it may not be read, the row says so."""
        try:
            found = read()
        except ApiException as error:
            unread = (
                "may not be read"
                if error.status == HTTPStatus.FORBIDDEN
                else f"can't be read: {error.reason}"
            )
            self.rows.append((name, unread))
            return ()
        self.rows.append((name, "\n".join(map(text, found)) or "none"))
        return found

    def attempt(self, step: Callable[[], T]) -> T | None:
        """Return what a step of a run returns, None where a run would end by it."""
        try:
            return step()
        except BadInput as bad:
            self.missing.append(str(bad))
        except EnvironmentFailed as failed:
            self.failed.append(str(failed))
        except ApiException as error:
            self.missing.append(message_of(error))
        return None

    def text(self) -> str:
        """Return all of it in lines."""
        width = max(len(name) for name, _ in self.rows)
        beside = "\n" + " " * (width + 2)
        lines = [f"{name:<{width}}  " + found.replace("\n", beside) for name, found in self.rows]
        for title, listed in (
            ("in the way of a run:", [*self.failed, *self.missing]),
            ("a run does without:", self.notes),
        ):
            lines += ["", title, *(f"  {one}" for one in listed)] if listed else []
        return "\n".join(lines)


def check_cluster(
    cluster: ExistingCluster, options: ExistingOptions, source: Source, *, rewrite: bool
) -> ClusterCheck:
    """Return what a run would find.

    Raises:
        ApiException: The API server answers no more.
    """
    check, api = ClusterCheck(), cluster.api
    names, written = RunNames(options.namespace_prefix), source.scenario.namespace
    namespaces = [names.of(written), names.suite, names.ingress]
    check.rows.append(("cluster", f"{cluster.name}: {cluster.server}, as {cluster.user}"))
    check.look("nodes", lambda: _nodes(api))
    revisions = check.look("Istio's revisions", lambda: revisions_of(api), _revision)
    gateways = check.look("ingress gateways", lambda: gateways_of(api), _gateway)
    places: dict[Area, Sequence[str]] = {
        Area.OURS: namespaces,
        Area.MESH: list(dict.fromkeys(one.namespace for one in revisions if one.namespace)),
        Area.GATEWAY: list(dict.fromkeys(one.namespace for one in gateways)),
    }
    mesh = check.attempt(
        lambda: find_mesh(cluster, gateway=options.gateway, revision=options.revision, istioctl=Path)
    )
    if mesh:
        source = source.for_mesh(profile_of(api, mesh, source.scenario.mesh), rewrite=rewrite)
        _add_mesh(check, api, mesh)
        check.attempt(partial(_check_ingress, api, mesh, options, namespaces, source))
        places |= {Area.MESH: [mesh.root_namespace], Area.GATEWAY: [mesh.gateway.namespace]}
    check.attempt(lambda: check_free(api, names, written, source.manifests))
    deleted = source.scenario.deleted_kinds()
    needed = [*RIGHTS, *rights_of_manifests(api, source.manifests, deleted)]
    lacking = missing_rights(api, places, needed)
    for listed, found in (
        (check.missing, [one for one in lacking if not one.right.without]),
        (check.notes, [one for one in lacking if one.right.without]),
    ):
        listed += [f"no right to {line}" for line in in_lines(found)]
    return check


def _check_ingress(
    api: Api, mesh: FoundMesh, options: ExistingOptions, namespaces: Sequence[str], source: Source
) -> None:
    own = needs_own_ingress(api, mesh.gateway, options.ingress, namespaces, "", Progress())
    check_selectors(api, mesh.gateway, source.manifests, Progress(), own=own)


def _add_mesh(check: ClusterCheck, api: Api, mesh: FoundMesh) -> None:
    own = "" if mesh.upstream_envoy is None else " (a release of Envoy's own, not Istio's build)"
    labels = ", ".join(f"{key}={value}" for key, value in mesh.injection_labels.items())
    kind = "native sidecars" if mesh.native_sidecars else "sidecars"
    setup = "the CNI plugin" if mesh.cni else "an init container"
    ambient = {True: "runs beside the sidecars", False: "none", None: "may not be read"}[mesh.ambient]
    chosen = ", ".join(f"{key}={value}" for key, value in mesh.gateway.selector.items())
    check.rows += [
        ("Istio", f"{mesh.istio_version} of revision {mesh.revision}, Envoy {', '.join(mesh.envoys)}{own}"),
        ("root namespace", mesh.root_namespace),
        ("injection", f"by the namespace's label {labels}: {kind}, set up by {setup}"),
        ("ambient mode", ambient),
        ("gateway", f"{mesh.gateway.namespace}/{mesh.gateway.name}, selector {chosen}"),
        ("gateway's address", mesh.gateway.reached()),
    ]
    check.look("others' Gateways on it", lambda: others_on_port(api, mesh.gateway))
    kubernetes = server_version(api)
    if not supports(mesh.istio_version, kubernetes):
        check.notes.append(f"Istio {mesh.istio_version} does not support Kubernetes {kubernetes}")


def _nodes(api: Api) -> list[str]:
    nodes = api.list("v1", "Node")
    infos = [node["status"]["nodeInfo"] for node in nodes]
    machines = Counter(f"{info['operatingSystem']}/{info['architecture']}" for info in infos)
    kubelets = ", ".join(sorted({str(info["kubeletVersion"]) for info in infos}))
    ready = sum(map(is_ready_node, nodes))
    counted = ", ".join(f"{count} {machine}" for machine, count in sorted(machines.items()))
    return [f"{counted}, {ready} ready, kubelet {kubelets}, API server {server_version(api)}"]


def _revision(revision: Revision) -> str:
    label = ", by istio-injection=enabled too" if revision.by_default else ""
    return f"{revision} in {revision.namespace or 'no namespace of the cluster'}{label}"


def _gateway(gateway: FoundGateway) -> str:
    ports = ", ".join(map(str, gateway.ports))
    return f"{gateway} ({len(gateway.ready)} of {len(gateway.pods)} pods ready, ports {ports})"
