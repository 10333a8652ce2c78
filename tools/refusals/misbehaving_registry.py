"""A registry on loopback that answers by its first folder: with a refusal, other content, or half a layer.

It has one image, of a few hundred kilobytes, under every name. The protocol is that of the OCI distribution
specification, as far as a pull needs it.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar"
# What a folder answers to every request for an image: status, and the code of the specification.
REFUSALS = {
    "login": (HTTPStatus.UNAUTHORIZED, "UNAUTHORIZED"),
    "denied": (HTTPStatus.FORBIDDEN, "DENIED"),
    "limited": (HTTPStatus.TOO_MANY_REQUESTS, "TOOMANYREQUESTS"),
    "failing": (HTTPStatus.SERVICE_UNAVAILABLE, "UNAVAILABLE"),
    "missing": (HTTPStatus.NOT_FOUND, "MANIFEST_UNKNOWN"),
}
# Folders that serve the image: whole, cut off in its layer, with another layer, or istiod's alone and that
# only after it refused once.
WHOLE, CUT_OFF, OTHER, RECOVERING = "whole", "cut-off", "other", "recovering"


def digest_of(content: bytes) -> str:
    """Return the name of content in a registry."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class MisbehavingRegistry:
    """A registry that runs: its address, and how often each path was asked for."""

    host: str = ""
    asked: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Make the image."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as layer:
            entry = tarfile.TarInfo("file")
            entry.size = 300_000
            layer.addfile(entry, io.BytesIO(b"x" * entry.size))
        self._layer = archive.getvalue()
        rootfs = {"type": "layers", "diff_ids": [digest_of(self._layer)]}
        self._config = _json({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": rootfs})
        parts = [_part(CONFIG, self._config), _part(LAYER, self._layer)]
        self._manifest = _json(
            {"schemaVersion": 2, "mediaType": MANIFEST, "config": parts[0], "layers": parts[1:]}
        )

    def asked_for(self, image: str) -> int:
        """Return how many requests there were for an image, whatever folder it lies in."""
        return sum(count for path, count in self.asked.items() if f"/{image}/" in path)

    def answer(self, folder: str, path: str) -> tuple[int, str, bytes, int]:
        """Return status, media type, body, and how much of the body is sent before the connection ends."""
        self.asked[path] += 1
        if folder == RECOVERING:
            folder = self._recovering(path)
        if folder in REFUSALS:
            status, code = REFUSALS[folder]
            body = _json({"errors": [{"code": code, "message": status.phrase.lower()}]})
            return status, "application/json", body, len(body)
        if "/manifests/" in path:
            return HTTPStatus.OK, MANIFEST, self._manifest, len(self._manifest)
        layer = path.endswith(digest_of(self._layer))
        body = self._layer if layer else self._config
        if layer and folder == OTHER:
            body = bytes(len(body))
        sent = len(body) // 3 if layer and folder == CUT_OFF else len(body)
        return HTTPStatus.OK, "application/octet-stream", body, sent

    def _recovering(self, path: str) -> str:
        """Return what it answers like: istiod's image is whole after one refusal, the others are missing."""
        if "/istio/pilot/" not in path:
            return "missing"
        return "limited" if self.asked[path] == 1 and "/manifests/" in path else WHOLE


@contextmanager
def misbehaving_registry() -> Iterator[MisbehavingRegistry]:
    """Yield one that runs on loopback, on a port that is free."""
    registry = MisbehavingRegistry()
    server = _Server(("127.0.0.1", 0), _handler_of(registry))
    server.daemon_threads = True
    registry.host = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: an engine that gives a pull up ends its connections."""


def _handler_of(registry: MisbehavingRegistry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # The engine tries TLS first: a status line, unlike the bare page of HTTP/0.9, lets it go on without.
        default_request_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Answer a request of the engine."""
            folder = self.path.removeprefix("/v2/").partition("/")[0]
            if not folder:
                self._send(HTTPStatus.OK, "application/json", b"{}", 2)
            else:
                self._send(*registry.answer(folder, self.path))

        do_HEAD = do_GET  # noqa: N815

        def _send(self, status: int, kind: str, body: bytes, sent: int) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if status == HTTPStatus.UNAUTHORIZED:
                self.send_header("WWW-Authenticate", 'Basic realm="registry"')
            if kind == MANIFEST:
                self.send_header("Docker-Content-Digest", digest_of(body))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body[:sent])
            self.close_connection = sent < len(body)

        def log_message(self, *_: object) -> None:
            """Keep the terminal for the table."""

    return Handler


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _part(kind: str, content: bytes) -> dict[str, object]:
    return {"mediaType": kind, "size": len(content), "digest": digest_of(content)}
