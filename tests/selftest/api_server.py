"""An API server on this machine's loopback that holds objects: discovery, lists, single objects, reviews."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import yaml

from canary_conformance.scenario.kinds import API_VERSIONS, CLUSTER_SCOPED
from tests.selftest.support import SeenRequest, Site

Object = Mapping[str, Any]


class ApiServer(Site):
    """Answers for the objects that it was given; `refused` are (verb, resource) that it does not allow.

    The verb "list everywhere" is that of a list of all namespaces alone.
    """

    def __init__(self, *objects: Object, user: str = "judge") -> None:
        super().__init__()
        self.objects = list(objects)
        self.user = user
        self.istio, self.kubernetes = "1.30.2", "v1.34.0"
        self.refused: set[tuple[str, str]] = set()

    def kubeconfig(self, folder: Path, **user: Any) -> Path:
        """Write a kubeconfig with the context "theirs", which leads here."""
        return write_kubeconfig(folder / "their-config", self.url.rstrip("/"), **user)

    def answer(self, request: SeenRequest) -> tuple[int, str, dict[str, str]]:
        status, body = self._answer(request)
        if self.status != 200:
            status, body = self.status, {"message": "Unauthorized"}
        return status, json.dumps(body), {"Content-Type": "application/json"}

    def _answer(self, request: SeenRequest) -> tuple[int, Object]:
        path, _, query = request.path.partition("?")
        words = path.strip("/").split("/")
        if request.method == "POST":
            return 201, self._review(words[-1], json.loads(request.body))
        if words == ["version"]:
            return 200, {"major": "1", "minor": "34", "gitVersion": self.kubernetes}
        if words == ["apis"]:
            return 200, {"kind": "APIGroupList", "groups": self._groups()}
        version, rest = ("/".join(words[1:3]), words[3:]) if words[0] == "apis" else (words[1], words[2:])
        return self._resources(version) if not rest else self._objects(version, rest, query)

    def _groups(self) -> list[Object]:
        versions = dict.fromkeys(version for found in API_VERSIONS.values() for version in found)
        groups: dict[str, list[Object]] = {}
        for name, _, version in (one.partition("/") for one in versions if "/" in one):
            groups.setdefault(name, []).append({"groupVersion": f"{name}/{version}", "version": version})
        return [
            {"name": name, "versions": found, "preferredVersion": found[0]} for name, found in groups.items()
        ]

    def _resources(self, version: str) -> tuple[int, Object]:
        kinds = {kind for kind, versions in API_VERSIONS.items() if version in versions}
        kinds |= {"Node"} if version == "v1" else set()
        resources = [
            {
                "name": plural(kind),
                "kind": kind,
                "namespaced": kind not in {*CLUSTER_SCOPED, "Node"},
                "verbs": ["get", "list"],
            }
            for kind in sorted(kinds)
        ]
        return 200, {"kind": "APIResourceList", "groupVersion": version, "resources": resources}

    def _objects(self, version: str, words: list[str], query: str) -> tuple[int, Object]:
        namespace = ""
        if words[0] == "namespaces" and len(words) > 2:
            namespace, words = words[1], words[2:]
        verb = "get" if words[1:] else "list" if namespace else "list everywhere"
        if {(verb, words[0]), (verb.partition(" ")[0], words[0])} & self.refused:
            return 403, {"message": f"{self.user} cannot {verb.split(maxsplit=1)[0]} {words[0]}"}
        found = [
            one
            for one in self.objects
            if plural(str(one["kind"])) == words[0]
            and one["apiVersion"] == version
            and (not namespace or one["metadata"].get("namespace") == namespace)
        ]
        if not words[1:]:
            return 200, {"items": [one for one in found if _selected(one, query)]}
        named = [one for one in found if one["metadata"]["name"] == words[1]]
        return (200, named[0]) if named else (404, {"message": "not found"})

    def _review(self, resource: str, body: Object) -> Object:
        if resource == "selfsubjectreviews":
            return {"status": {"userInfo": {"username": self.user}}}
        asked = body["spec"]["resourceAttributes"]
        return {"status": {"allowed": (asked["verb"], asked["resource"]) not in self.refused}}


def write_kubeconfig(file: Path, server: str, **user: Any) -> Path:
    """Write a kubeconfig with the context "theirs" and return it."""
    config = {
        "clusters": [{"name": "their-cluster", "cluster": {"server": server}}],
        "contexts": [{"name": "theirs", "context": {"cluster": "their-cluster", "user": "me"}}],
        "users": [{"name": "me", "user": user or {"token": "secret"}}],
    }
    file.write_text(yaml.safe_dump(config))
    return file


def plural(kind: str) -> str:
    """Return the name of a kind's resource."""
    name = kind.lower()
    if name.endswith("cy"):
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith("ss") else f"{name}s"


def _selected(one: Object, query: str) -> bool:
    """Return whether an object has each label of a query's selector: "app=a", "app"."""
    labels = one["metadata"].get("labels") or {}
    wanted = [part for part in parse_qs(query).get("labelSelector", [""])[0].split(",") if part]
    pairs = (part.partition("=") for part in wanted)
    return all(key in labels and (not sign or labels[key] == value) for key, sign, value in pairs)
