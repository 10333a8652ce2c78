"""An API server on loopback that holds some objects and nothing else, for `istioctl analyze`.

Of a cluster istioctl reads every object of the kinds that it knows in all namespaces, other people's Secrets
among them. Where others use the cluster too it is given only what a run may read: the run's own objects and
its gateway's. A watch lists what is there first (Kubernetes: "API Concepts", streaming lists).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import yaml

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.apply_answers import Refused
from canary_conformance.scenario.kinds import API_VERSIONS

Object = Mapping[str, Any]
LOOPBACK = "127.0.0.1"
# By this a list in a watch is over.
_LISTED = {"resourceVersion": "1", "annotations": {"k8s.io/initial-events-end": "true"}}
# istioctl looks by these whether a kind of Istio's is known at all.
_DEFINITIONS = "customresourcedefinitions"
_PARTIAL = "PartialObjectMetadata"


class ObjectServer:
    """Serves objects from the begin of a `with` block to its end."""

    def __init__(self, api: Api, objects: Iterable[Object], folder: Path) -> None:
        """Take the objects."""
        self.folder = folder
        self._kubeconfig = folder / "objects.kubeconfig"
        self._kinds = dict(_resources(api))
        self._objects = list(objects)
        self._over = threading.Event()
        self._server = ThreadingHTTPServer((LOOPBACK, 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def arguments(self) -> list[str]:
        """The arguments by which istioctl reaches it."""
        return ["--kubeconfig", str(self._kubeconfig)]

    def __enter__(self) -> Self:
        """Serve, in a thread of its own."""
        server = f"http://{LOOPBACK}:{self._server.server_port}"
        document = {
            "clusters": [{"name": "objects", "cluster": {"server": server}}],
            "contexts": [{"name": "objects", "context": {"cluster": "objects"}}],
            "current-context": "objects",
        }
        self._kubeconfig.write_text(yaml.safe_dump(document))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        """Serve no more."""
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, url: str, accepted: str) -> tuple[int, list[Object]]:
        """Return the status and the documents that answer a GET; those of a watch are its events."""
        parts, query = urlsplit(url), parse_qs(urlsplit(url).query)
        words = parts.path.strip("/").split("/")
        if words == ["version"]:
            return 200, [{"major": "1", "minor": "34", "gitVersion": "v1.34.0"}]
        version, rest = ("/".join(words[1:3]), words[3:]) if words[0] == "apis" else (words[1], words[2:])
        namespace, rest = (rest[1], rest[2:]) if len(rest) > 2 else ("", rest)
        found = self._of(version, rest[0], namespace)
        kind = self._kinds.get((version, rest[0]), "")
        if rest[0] == _DEFINITIONS and _PARTIAL in accepted:
            version, kind, found = "meta.k8s.io/v1", _PARTIAL, list(self._definitions())
        if rest[1:]:
            named = [one for one in found if one["metadata"]["name"] == rest[1]]
            return (200, named) if named else (404, [{"kind": "Status", "reason": "NotFound", "code": 404}])
        if "watch" in query:
            listed = {"apiVersion": version, "kind": kind, "metadata": _LISTED}
            events = [{"type": "ADDED", "object": one} for one in found]
            return 200, [*events, {"type": "BOOKMARK", "object": listed}]
        return 200, [{"kind": f"{kind}List", "apiVersion": version, "metadata": {}, "items": found}]

    def wait_for_end(self) -> None:
        """Return when nothing is served any more: a watch goes on until then."""
        self._over.wait()

    def _of(self, version: str, resource: str, namespace: str) -> Sequence[Object]:
        kind = self._kinds.get((version, resource))
        return [
            one
            for one in self._objects
            if (one["apiVersion"], one["kind"]) == (version, kind)
            and (not namespace or one["metadata"].get("namespace") == namespace)
        ]

    def _definitions(self) -> Iterator[Object]:
        """Yield the definition of each kind of Istio's by its name alone."""
        names = {
            f"{resource}.{version.rpartition('/')[0]}"
            for version, resource in self._kinds
            if ".istio.io/" in version
        }
        for name in sorted(names):
            metadata = {"name": name, "resourceVersion": "1"}
            yield {"apiVersion": "meta.k8s.io/v1", "kind": _PARTIAL, "metadata": metadata}


def _resources(api: Api) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield API version, resource and kind of what a cluster serves, as far as the kinds are known."""
    for kind, versions in {**API_VERSIONS, "Node": ("v1",)}.items():
        for version in versions:
            try:
                yield (version, api.resource(version, kind)[0]), kind
            except Refused:
                continue


def _handler(server: ObjectServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Answer; a watch stays open."""
            status, documents = server.answer(self.path, self.headers.get("Accept", ""))
            body = b"".join(json.dumps(one).encode() + b"\n" for one in documents)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if "watch=" in self.path:
                self.send_header("Connection", "close")
            else:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            if "watch=" in self.path:
                self.wfile.flush()
                server.wait_for_end()
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    return Handler
