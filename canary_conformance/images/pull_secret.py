"""The logins by which nodes pull images, from a file of the user to a Secret in the namespaces of a run.

Other people's Secrets are never read, so that no Secret of the cluster is copied.
Source: Kubernetes, "Pull an Image from a Private Registry" (kubernetes.io/dockerconfigjson).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from canary_conformance.errors import BadInput

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
