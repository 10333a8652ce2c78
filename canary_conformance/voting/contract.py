"""What the application's contract tells of its pods (SCENARIO.md, "The application").

A Deployment is called COMPONENT-MAJOR-MINOR. Its labels may be wrong, and then the name still tells what runs
there and on which port it listens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from canary_conformance.voting import chains

APP = "voting-app"
ANALYTICS, PAGE_PORT = chains.ANALYTICS
STORAGE, REDIS_PORT = chains.REDIS
_, MYSQL_PORT = chains.MYSQL
STORE_PORTS: Mapping[str, int] = {"1.0": REDIS_PORT, "1.1": REDIS_PORT, "2.0": MYSQL_PORT}
"""By the version of who asks: the port of its store at Service voting-storage."""
MAY_ASK_STORAGE = frozenset({"1.1", "2.0"})
"""The versions of analytics that R3.3 doesn't lock out."""

DEPLOYMENT = re.compile(rf"({APP}|{ANALYTICS}|{STORAGE})-(\d+)-(\d+)")
"""How a Deployment is called: COMPONENT-MAJOR-MINOR."""

PATHS: Mapping[str, frozenset[str]] = {
    APP: frozenset({"/", "/healthz", "/ready"}),
    ANALYTICS: frozenset({"/analytics", "/healthz", "/ready"}),
}
"""What the sample application's images answer to GET with 200; other images may serve other paths too."""
ALIVE = "/healthz"
"""The one of these paths that does not ask for what the component calls."""

_LARGEST_PORT = 65535


def listening_ports(deployment: str, env: Mapping[str, str | None]) -> frozenset[int] | None:
    """Return the ports at which a Deployment's component listens; None when the contract doesn't tell.

    env: the variables of its container. Page and analytics listen on PORT, 8080 by default.
    """
    match = DEPLOYMENT.fullmatch(deployment)
    if match is None:
        return None
    component, major, _ = match.groups()
    if component == STORAGE:
        return frozenset({REDIS_PORT if int(major) < 2 else MYSQL_PORT})
    port = env.get("PORT", str(PAGE_PORT))
    return frozenset({int(port)}) if port is not None and is_port(port) else None


def is_port(text: str) -> bool:
    """Tell whether the value of a variable is the number of a port."""
    return text.isascii() and text.isdigit() and 0 < int(text[:6]) <= _LARGEST_PORT
