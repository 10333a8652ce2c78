"""What a client sends first on a new connection; of bytes alone, so that the static tier may import it."""

from __future__ import annotations

from collections.abc import Mapping

HTTP_REQUEST = "GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
REDIS_PING = b"PING\r\n"
LISTEN = b""
"""A MySQL server sends first, so that its client only listens."""


def http_request(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """Return the bytes of an HTTP/1.1 request with these headers, the host among them."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "connection: close", "content-length: 0", "", ""]).encode()


def http_get(host: str, port: int, path: str) -> bytes:
    """Return the bytes of a plain HTTP/1.1 request."""
    return HTTP_REQUEST.format(path=path, host=host, port=port).encode()
