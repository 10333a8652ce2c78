"""Where the container engine listens: on this machine, in a virtual machine of it, or on another host.

Ports that the engine maps are the engine's: on another host they are reached at that host's address. The
client knows the engine's address by DOCKER_HOST or by its context (Docker: "Docker contexts").
"""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from canary_conformance.errors import BadInput
from canary_conformance.images.engine import docker
from canary_conformance.processes import CommandFailed

LOOPBACKS = ("127.0.0.1", "::1")
_OF_OTHER_HOSTS = {"tcp", "http", "https", "ssh"}


def endpoint() -> str:
    """Return the engine's address as the client has it, "unix:///var/run/docker.sock"; "" where unknown."""
    try:
        return docker("context", "inspect", "--format", "{{.Endpoints.docker.Host}}").strip()
    except CommandFailed:
        return ""


def engine_host(address: str) -> str | None:
    """Return the host of an engine's address, None where it is this machine.

    A socket of this machine may lead into a virtual machine, whose maker forwards mapped ports to loopback
    (Docker Desktop, Colima).
    """
    read = urlsplit(address)
    if read.scheme not in _OF_OTHER_HOSTS or not read.hostname:
        return None
    return None if read.hostname in {"localhost", *LOOPBACKS} else read.hostname


def listening_address(host: str | None) -> str:
    """Return the IP address at which an engine is to listen so that this machine reaches its mapped ports.

    Args:
        host: The engine's host, None for this machine.

    Raises:
        BadInput: The host's name does not resolve.
    """
    if host is None:
        return next((one for one in LOOPBACKS if _is_here(one)), LOOPBACKS[0])
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise BadInput(f"the host of the container engine, {host}, does not resolve: {error}") from error
    # IPv4 first: it is what an engine listens at by default.
    return str(min(found, key=lambda one: one[0] != socket.AF_INET)[4][0])


def _is_here(address: str) -> bool:
    """Return whether this machine has an address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.bind((address, 0))
    except OSError:
        return False
    return True
