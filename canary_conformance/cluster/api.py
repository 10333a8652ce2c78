"""The API server, through the dynamic client: objects are plain mappings, and are applied strictly.

Server-side apply with `fieldValidation=Strict` refuses unknown and duplicate fields; the server's Warning
headers name deprecated APIs (Kubernetes: "Server-Side Apply", "Field validation", "Warning headers").
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kubernetes import client as kubernetes_client
from kubernetes import config as kubernetes_config
from kubernetes.client.exceptions import ApiException
from kubernetes.client.rest import RESTClientObject
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import ResourceNotFoundError

from canary_conformance.cluster.apply_answers import (
    FIELD_MANAGER,
    Applied,
    Refused,
    is_undecided,
    message_of,
    ref_of,
    verb_of,
    warnings_of,
)
from canary_conformance.errors import EnvironmentFailed
from canary_conformance.scenario.observations import AppliedObject
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.timeouts import LIMITS

# A kept connection that the server has closed meanwhile is opened anew; more tries would only hide a server
# that is silent, and each waits for the whole limit.
TRIES_MORE = 1
Object = Mapping[str, Any]


class _Limited(RESTClientObject):  # type: ignore[misc]
    """Gives every request a limit: by itself the client waits for ever, for discovery too."""

    def request(self, *args: Any, _request_timeout: float | None = None, **options: Any) -> Any:
        """Make a request, within LIMITS.api_call seconds unless the caller has less time."""
        return super().request(*args, _request_timeout=_request_timeout or LIMITS.api_call, **options)


class Api:
    """A cluster's API server, reached by one kubeconfig file and nothing else."""

    def __init__(self, kubeconfig: Path, context: str = "", folder: Path | None = None) -> None:
        """Read the kubeconfig.

        Args:
            kubeconfig: The only file that is read.
            context: The context to use; the file's current one by default.
            folder: Where the discovery cache and other files on the cluster are written; beside the
                kubeconfig by default, which must then be the suite's own.

        Raises:
            EnvironmentFailed: The file, or the server, can't be used.
        """
        self.kubeconfig = kubeconfig
        self.context = context
        self.folder = folder or kubeconfig.parent
        try:
            # A proxy of the environment is for the outside. The client would take it for loopback, too.
            configuration = kubernetes_client.Configuration(retries=TRIES_MORE, proxy="")
            kubernetes_config.load_kube_config(
                str(kubeconfig), context or None, client_configuration=configuration
            )
            self.client = kubernetes_client.ApiClient(configuration)
            self.client.rest_client = _Limited(configuration)
            self._dynamic = DynamicClient(
                self.client, cache_file=str(self.folder / f"{kubeconfig.stem}.discovery")
            )
        except Exception as error:
            raise EnvironmentFailed(f"the API server of {kubeconfig} can't be used: {error}") from error

    @property
    def arguments(self) -> list[str]:
        """The arguments by which kubectl and istioctl reach the same cluster."""
        return ["--kubeconfig", str(self.kubeconfig), *(["--context", self.context] if self.context else [])]

    def apply(self, body: Object, namespace: str | None, *, dry_run: bool = False) -> Applied:
        """Apply one object, strictly.

        Args:
            body: The object.
            namespace: The namespace, for objects that are in one.
            dry_run: Let the server decide and change nothing (Kubernetes: "Dry-run").

        Raises:
            Refused: The server refuses it; the message is the server's.
            EnvironmentFailed: The server could not decide.
        """
        ref = ref_of(body)
        try:
            resource = self._resource(str(body["apiVersion"]), str(body["kind"]))
            before = self.get(str(body["apiVersion"]), str(body["kind"]), ref.name, namespace)
            if before is None and body["metadata"].get("resourceVersion"):
                # A server-side apply takes it on an object that is not there; `kubectl apply` creates it.
                self._write("create", body, namespace, ("dryRun", "All"))
            response = self._dynamic.server_side_apply(
                resource,
                body=dict(body),
                namespace=namespace if resource.namespaced else None,
                field_manager=FIELD_MANAGER,
                force_conflicts=True,
                query_params=[("fieldValidation", "Strict"), *([("dryRun", "All")] if dry_run else [])],
                serialize=False,
            )
        except ApiException as error:
            if is_undecided(error):
                raise EnvironmentFailed(
                    f"the API server could neither take nor refuse {ref}: {message_of(error)}"
                ) from error
            raise Refused(ref, message_of(error)) from error
        verb = verb_of(before, json.loads(response.data))
        return Applied(AppliedObject(ref, verb), warnings_of(response.headers.getlist("Warning")))

    def create(self, body: Object, namespace: str | None) -> dict[str, Any]:
        """Create an object that does not exist. Raises ApiException, with status 409 where it does."""
        return self._write("create", body, namespace)

    def replace(self, body: Object, namespace: str | None) -> dict[str, Any]:
        """Replace an object of this resourceVersion. Raises ApiException, with status 409 for another."""
        return self._write("replace", body, namespace)

    def _write(
        self, how: str, body: Object, namespace: str | None, *query: tuple[str, str]
    ) -> dict[str, Any]:
        resource = self._resource(str(body["apiVersion"]), str(body["kind"]))
        response = getattr(resource, how)(
            body=dict(body),
            namespace=namespace,
            field_manager=FIELD_MANAGER,
            query_params=[("fieldValidation", "Strict"), *query],
            serialize=False,
        )
        return dict(json.loads(response.data))

    def resource(self, api_version: str, kind: str) -> tuple[str, bool]:
        """Return the name of a kind's resource, and whether it is in a namespace. Raises Refused."""
        found = self._resource(api_version, kind)
        return str(found.name), bool(found.namespaced)

    def allows(self, attributes: Object) -> bool:
        """Return whether the server would allow a request (Kubernetes: SelfSubjectAccessReview)."""
        spec = {"resourceAttributes": dict(attributes)}
        return bool(self._review("authorization.k8s.io/v1", "SelfSubjectAccessReview", spec)["allowed"])

    def user(self) -> str:
        """Return as whom the server knows the caller (Kubernetes: SelfSubjectReview). Raises ApiException."""
        return str(self._review("authentication.k8s.io/v1", "SelfSubjectReview")["userInfo"]["username"])

    def _review(self, api_version: str, kind: str, spec: Object | None = None) -> dict[str, Any]:
        """Return the status of an object that the server answers and does not store."""
        body = {"apiVersion": api_version, "kind": kind, **({"spec": spec} if spec else {})}
        path = f"/apis/{api_version}/{kind.lower()}s"
        response = self._dynamic.request("post", path, body=body, serialize=False)
        return dict(json.loads(response.data)["status"])

    def get(
        self, api_version: str, kind: str, name: str, namespace: str | None = None
    ) -> dict[str, Any] | None:
        """Return one object, None when there is none."""
        return self._read(api_version, kind, namespace, name=name)

    def list(
        self, api_version: str, kind: str, namespace: str | None = None, labels: str | None = None
    ) -> list[dict[str, Any]]:
        """Return all objects of a kind, in a namespace or everywhere; labels is a label selector."""
        found = self._read(api_version, kind, namespace, label_selector=labels)
        return [dict(item) for item in found["items"]] if found else []

    def kinds(self) -> Sequence[tuple[str, str, bool]]:
        """Return (apiVersion, kind, namespaced) of what can be listed and deleted, in preferred versions."""
        return [
            (resource.group_version, resource.kind, resource.namespaced)
            for resource in self._dynamic.resources.search()
            if resource.preferred
            and {"list", "delete"} <= set(resource.verbs or ())
            and not resource.kind.endswith("List")
        ]

    def merge(self, api_version: str, kind: str, name: str, namespace: str | None, change: Object) -> None:
        """Change some fields of an object that is there, as `kubectl patch --type merge` does."""
        self._resource(api_version, kind).patch(
            name=name,
            namespace=namespace,
            body=dict(change),
            content_type="application/merge-patch+json",
            _request_timeout=LIMITS.api_call,
        )

    def delete(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> bool:
        """Delete an object, its dependants in the background; return False where it does not exist."""
        try:
            resource = self._resource(api_version, kind)
            resource.delete(name=name, namespace=namespace, propagation_policy="Background")
        except ApiException as error:
            if error.status == 404:
                return False
            raise
        return True

    def delete_pods_and_claims(self, namespace: str) -> None:
        """Delete all pods of a namespace, and the volume claims that they use till then; don't wait.

        Each pod has its own grace period (Kubernetes: "Storage Object in Use Protection").
        """
        for collection in ("pods", "persistentvolumeclaims"):
            self._dynamic.request("delete", _path(namespace, collection), serialize=False)

    def add_ephemeral_container(self, pod: str, namespace: str, container: Object) -> None:
        """Add a container to a running pod (Kubernetes: "Ephemeral Containers"). Raises ApiException."""
        self._dynamic.request(
            "patch",
            _path(namespace, "pods", pod, "ephemeralcontainers"),
            body={"spec": {"ephemeralContainers": [dict(container)]}},
            content_type="application/strategic-merge-patch+json",
            serialize=False,
        )

    def log(
        self,
        pod: str,
        namespace: str,
        *,
        container: str = "",
        previous: bool = False,
        lines: int | None = None,
        seconds: int | None = None,
        limit: float | None = None,
    ) -> str:
        """Return a container's log.

        Args:
            pod: The pod's name.
            namespace: The pod's.
            container: May be left out where the pod has one only.
            previous: Return the log of the run before the current one.
            lines: Return only so many lines, the last ones.
            seconds: Return only the lines of so many last seconds.
            limit: The seconds in which the server has to answer (LIMITS.api_call).

        Raises:
            ApiException: The server refuses.
        """
        parts = {"container": container, "tailLines": lines, "sinceSeconds": seconds}
        query = [("previous", "true")] if previous else []
        query += [(name, str(value)) for name, value in parts.items() if value]
        return self.raw(_path(namespace, "pods", pod, "log"), query, limit)

    def raw(self, path: str, query: Sequence[tuple[str, str]] = (), limit: float | None = None) -> str:
        """Return what the server answers to a GET, as `kubectl get --raw` does. Raises ApiException."""
        response = self._dynamic.request(
            "get",
            path,
            query_params=list(query),
            header_params={"Accept": "*/*"},
            serialize=False,
            _request_timeout=limit or LIMITS.api_call,
        )
        return bytes(response.data).decode(errors="replace")

    def _read(
        self, api_version: str, kind: str, namespace: str | None, **query: str | None
    ) -> dict[str, Any] | None:
        """Return an object or a list, None where the object does not exist, or its namespace is gone."""
        resource = self._resource(api_version, kind)
        try:
            # The client would make an object of every part first, which costs some six times as much.
            response = resource.get(serialize=False, namespace=namespace, **query)
        except ApiException as error:
            if (error.status == 404 and "name" in query) or self._is_gone(error, namespace):
                return None
            raise
        return dict(json.loads(response.data))

    def _is_gone(self, error: ApiException, namespace: str | None) -> bool:
        """Return whether a refusal is for want of the namespace, whose roles are gone with it, or going."""
        if error.status != 403 or not namespace:
            return False
        found = self.get("v1", "Namespace", namespace)
        return found is None or "deletionTimestamp" in found["metadata"]

    def _resource(self, api_version: str, kind: str) -> Any:
        try:
            return self._dynamic.resources.get(api_version=api_version, kind=kind)
        except ResourceNotFoundError as error:
            unknown = f'no matches for kind "{kind}" in version "{api_version}"'
            raise Refused(ObjectRef(kind, "?"), f"{unknown}: the cluster does not serve it") from error


def _path(namespace: str, *words: str) -> str:
    return "/".join(["/api/v1/namespaces", namespace, *words])
