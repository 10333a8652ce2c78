"""One context of the user's kubeconfig as a file of the run's own, which kubectl, istioctl and plugins use.

Files are merged as kubectl does (Kubernetes: "Organizing Cluster Access Using kubeconfig Files"), the user's
own are never written. Inside a pod the service account takes the place of a file (Kubernetes: "Accessing the
Kubernetes API from a Pod").
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from requests.utils import get_environ_proxies

from canary_conformance.errors import BadInput
from canary_conformance.existing_options import IN_CLUSTER
from canary_conformance.processes import CommandFailed, run
from canary_conformance.timeouts import LIMITS

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
HOST, PORT = "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"
SECTIONS = ("clusters", "contexts", "users")
# The fields that name files (client-go: clientcmd.ResolveLocalPaths).
_PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
Part = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """A kubeconfig with one context.

    Attributes:
        context: Its name.
        cluster: Where the API server is.
        user: How it is logged in to.
    """

    context: str
    cluster: Part
    user: Part

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return str(self.cluster["server"])

    def write(self, folder: Path) -> Path:
        """Write it into a folder, readable for this user alone, and return the file."""
        file = folder / "kubeconfig"
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": self.context,
            "clusters": [{"name": self.context, "cluster": self.cluster}],
            "users": [{"name": self.context, "user": self.user}],
            "contexts": [{"name": self.context, "context": {"cluster": self.context, "user": self.context}}],
        }
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        file.write_text(yaml.safe_dump(document, sort_keys=False))
        return file


def read_kubeconfig(named: Path | None, context: str) -> Kubeconfig:
    """Return one context of a kubeconfig.

    Args:
        named: The file, None for those of $KUBECONFIG, or else ~/.kube/config.
        context: The context's name; IN_CLUSTER for the service account of this pod.

    Raises:
        BadInput: There is no such file or context, it is not complete, or its login fails.
    """
    if context == IN_CLUSTER and named is None:
        return _of_this_pod()
    files = [named] if named else _usual_files()
    merged: dict[str, dict[str, Part]] = {section: {} for section in SECTIONS}
    for file in files:
        for section, parts in _parts(file).items():
            merged[section] = {**parts, **merged[section]}
    where = ", ".join(map(str, files))
    found = merged["contexts"].get(context)
    if found is None:
        known = ", ".join(merged["contexts"]) or "none"
        raise BadInput(f"--context: {where} has no context {context!r}; its contexts are {known}")
    cluster = merged["clusters"].get(str(found.get("cluster")))
    user = merged["users"].get(str(found.get("user"))) if found.get("user") else {}
    if not cluster or not cluster.get("server") or user is None:
        lacking = f"user {found.get('user')!r}" if user is None else f"cluster {found.get('cluster')!r}"
        raise BadInput(f"context {context} of {where} names {lacking}, which is not there or has no server")
    made = Kubeconfig(context, _with_proxy(cluster), user)
    _complete_login(made)
    return made


def _usual_files() -> list[Path]:
    """Return the files that kubectl would read, those of $KUBECONFIG that exist."""
    listed = [Path(one).expanduser() for one in os.environ.get("KUBECONFIG", "").split(os.pathsep) if one]
    if listed and not any(one.exists() for one in listed):
        raise BadInput(f"KUBECONFIG names {', '.join(map(str, listed))}, which does not exist")
    return [one for one in listed if one.exists()] or [Path.home() / ".kube/config"]


def _parts(file: Path) -> dict[str, dict[str, Part]]:
    """Return the clusters, contexts and users of a file by name, with absolute paths. Raises BadInput."""
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        listed = {one: _by_name(document.get(one) or (), one, file.absolute().parent) for one in SECTIONS}
    except OSError as error:
        raise BadInput(f"--kubeconfig: {file} can't be read: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise BadInput(f"--kubeconfig: {file} is not YAML: {' '.join(str(error).split())}") from error
    except (AttributeError, TypeError, LookupError) as error:
        raise BadInput(
            f"--kubeconfig: {file} is not a kubeconfig: it needs lists of clusters, contexts and users"
        ) from error
    return listed


def _by_name(parts: Iterable[Part], section: str, folder: Path) -> dict[str, Part]:
    found: dict[str, Part] = {}
    for one in parts:
        found.setdefault(str(one["name"]), _absolute(dict(one[section[:-1]] or {}), folder))
    return found


def _absolute(part: Part, folder: Path) -> Part:
    paths: Part = {field: str(folder / Path(part[field])) for field in _PATHS if part.get(field)}
    plugin = part.get("exec")
    if plugin and os.sep in str(plugin.get("command", "")):
        paths["exec"] = {**plugin, "command": str(folder / plugin["command"])}
    return {**part, **paths}


def _with_proxy(cluster: Part) -> Part:
    """Return a cluster with the proxy by which kubectl would reach it (Go: net/http.ProxyFromEnvironment)."""
    proxies = get_environ_proxies(cluster["server"])
    proxy = proxies.get(str(cluster["server"]).partition(":")[0])
    return {"proxy-url": proxy, **cluster} if proxy else cluster


def _complete_login(made: Kubeconfig) -> None:
    """Read what the login names, and try its plugin once. Raises BadInput."""
    for part in (made.cluster, made.user):
        for field in _PATHS:
            if part.get(field) and not os.access(part[field], os.R_OK):
                raise BadInput(f"context {made.context}: {field} {part[field]} can't be read")
    if made.user.get("tokenFile"):
        # Python's client neither trims it nor prefers it to a token, as Go's does.
        made.user["token"] = Path(made.user["tokenFile"]).read_text(encoding="utf-8").strip()
    if made.user.get("exec"):
        made.user["exec"] = _with_environment(made.user["exec"])
        _try_plugin(made.context, made.user["exec"])


def _with_environment(plugin: Part) -> Part:
    """Return a plugin with the user's home and proxies: istioctl gets others, and would hand them on."""
    kept = {name: os.environ.get(name, "") for name in ("HOME", "NO_PROXY", "no_proxy")}
    given = {one["name"]: one["value"] for one in plugin.get("env") or ()}
    return {**plugin, "env": [{"name": name, "value": value} for name, value in {**kept, **given}.items()]}


def _try_plugin(context: str, plugin: Mapping[str, Any]) -> None:
    """Raise BadInput unless a plugin prints a login: the API's client would go on without one."""
    command = [str(plugin.get("command")), *map(str, plugin.get("args") or ())]
    info = {"apiVersion": plugin.get("apiVersion"), "kind": "ExecCredential", "spec": {"interactive": False}}
    environment = {one["name"]: one["value"] for one in plugin["env"]}
    environment["KUBERNETES_EXEC_INFO"] = json.dumps(info)
    try:
        printed = run(command, limit=LIMITS.command, environment=environment)
    except CommandFailed as error:
        last = str(error).splitlines()[-1].strip()
        raise BadInput(f"the login of context {context} failed: {last}") from error
    try:
        status = json.loads(printed)["status"]
        complete = "token" in status or {"clientCertificateData", "clientKeyData"} <= status.keys()
    except (ValueError, TypeError, LookupError, AttributeError):
        complete = False
    if not complete:
        raise BadInput(f"the login of context {context} failed: {command[0]} printed no ExecCredential")


def _of_this_pod() -> Kubeconfig:
    host, port = os.environ.get(HOST), os.environ.get(PORT, "443")
    token, authority = ACCOUNT / "token", ACCOUNT / "ca.crt"
    if not host or not token.exists():
        raise BadInput(
            f"--context {IN_CLUSTER}: this is no pod with a service account ({HOST} or {token} is absent)"
        )
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    cluster = {"server": server, "certificate-authority": str(authority)}
    made = Kubeconfig(IN_CLUSTER, cluster, {"tokenFile": str(token)})
    _complete_login(made)
    return made
