"""Every field of a manifest is modelled, harmless or unknown, and what is called modelled is read."""

import importlib
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import yaml

from canary_conformance.model.model import Model
from canary_conformance.model.objects.questions import INGRESS, Request
from canary_conformance.model.objects.state import State
from canary_conformance.model.schemas.schema_store import KindSchema, kind_schema
from canary_conformance.scenario.kinds import API_VERSIONS
from canary_conformance.scenario.manifests import Manifest, parse_manifests
from canary_conformance.voting.static import fixed_fields, static_objects, static_pods, unmodelled_kinds
from canary_conformance.voting.static.field_classes import Meaning, Row
from canary_conformance.voting.static.field_table import TABLE, read_table
from canary_conformance.voting.voting_app import VOTING_APP
from tests.selftest.field_reading import Path, is_read, leaves, put, record_entries, recorded

_PORT = "portLevelSettings: [{port: {number: 8080}, tls: {mode: ISTIO_MUTUAL}}]"
_POLICY = f"{{tls: {{mode: ISTIO_MUTUAL}}, {_PORT}}}"
# An object of each kind that has what the reading of other fields hangs on; it needs not be a right one.
_BASES = f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: voting-app-2-0}}
spec:
  selector: {{matchLabels: {{app: voting-app}}}}
  template:
    metadata: {{labels: {{app: voting-app, version: "2.0"}}}}
    spec:
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution: [{{topologyKey: kubernetes.io/hostname}}]
      initContainers: [{{name: helper, image: localhost/voting-analytics:1.1, restartPolicy: Always}}]
      containers:
        - name: voting-app
          image: localhost/voting-app:2.0
          readinessProbe: {{httpGet: {{port: 8080}}}}
          livenessProbe: {{httpGet: {{port: 8080}}}}
          startupProbe: {{httpGet: {{port: 8080}}}}
          envFrom: [{{secretRef: {{name: kept}}}}]
          volumeMounts: [{{name: data}}]
      volumes:
        - name: data
          secret: {{secretName: kept}}
          configMap: {{name: settings}}
          projected: {{sources: [{{secret: {{name: kept}}, configMap: {{name: settings}}}}]}}
---
{{apiVersion: v1, kind: Service, metadata: {{name: voting-app}}}}
---
{{apiVersion: v1, kind: Secret, metadata: {{name: kept}}, stringData: {{A: b}}}}
---
{{apiVersion: v1, kind: ConfigMap, metadata: {{name: settings}}}}
---
{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: claim}}}}
---
{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: voter}}}}
---
{{apiVersion: v1, kind: Namespace, metadata: {{name: voting}}}}
---
{{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {{name: voting-app}}}}
---
{{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {{name: gateway}}}}
---
{{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {{name: default}}}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: voting-app}}
spec: {{trafficPolicy: {_POLICY}, subsets: [{{name: v2-0, trafficPolicy: {_POLICY}}}]}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {{name: default}}
spec: {{portLevelMtls: {{8080: {{mode: STRICT}}}}}}
---
{{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {{name: friends}}}}
---
{{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {{name: logs}}}}
"""


_NEEDED_BY: dict[str, Callable[[str], dict[str, Any]]] = {
    "PersistentVolumeClaim": lambda name: {"persistentVolumeClaim": {"claimName": name}},
    "Secret": lambda name: {"secret": {"secretName": name}},
    "ConfigMap": lambda name: {"configMap": {"name": name}},
}
_ALL_OF: dict[str, Callable[[str], dict[str, Any]]] = {
    "Secret": lambda name: {"secretRef": {"name": name}},
    "ConfigMap": lambda name: {"configMapRef": {"name": name}},
}


def schema_of(kind: str, api_version: str | None = None) -> KindSchema:
    found = kind_schema(api_version or API_VERSIONS[kind][0], kind)
    assert found is not None, kind
    return found


def test_every_kind_is_followed_or_a_row_of_its_own() -> None:
    assert TABLE.keys() | unmodelled_kinds.TABLE.keys() == API_VERSIONS.keys()
    assert not TABLE.keys() & unmodelled_kinds.TABLE.keys()


@pytest.mark.parametrize("kind", TABLE)
def test_every_field_that_a_schema_declares_has_a_class(kind: str) -> None:
    for version in API_VERSIONS[kind]:
        known = schema_of(kind, version)
        missing = [".".join(path) for path in leaves(known, known.root) if TABLE[kind].at(path) is None]
        assert missing == [], f"{version} {kind}: give each a row in voting/static/field_table.txt"


def test_a_field_that_the_table_lacks_is_noticed() -> None:
    for path in (
        ("spec", "new"),
        ("spec", "template", "spec", "containers", "*", "lifecycle", "preStop", "new"),
    ):
        assert TABLE["Deployment"].at(path) is None


def test_a_field_has_one_class() -> None:
    with pytest.raises(ValueError, match=r"spec\.a has two rows"):
        read_table("[Kind]\nspec.{a,b} modelled model.model\nspec.a harmless: no reason")


def test_a_line_that_is_no_row_is_refused() -> None:
    with pytest.raises(ValueError, match=r"spec\.a is fine"):
        read_table("[Kind]\nspec.a is fine")
    with pytest.raises(KeyError, match="EVERYBODY"):
        read_table("[Kind]\nspec.a unknown EVERYBODY: the set has no such name")


def rows_of(meaning: Meaning) -> list[tuple[str, Path, Row]]:
    return [
        (kind, path, row)
        for kind, tree in TABLE.items()
        for path, row in tree.rows()
        if row.meaning is meaning
    ]


def test_every_row_has_its_reason() -> None:
    for meaning in (Meaning.HARMLESS, Meaning.UNKNOWN):
        assert all(len(row.why.split()) > 3 for _, _, row in rows_of(meaning))
    assert all(row.effect.touches for _, _, row in rows_of(Meaning.UNKNOWN))


def test_what_is_modelled_names_a_module_that_there_is() -> None:
    for name in {row.why for _, _, row in rows_of(Meaning.MODELLED)}:
        importlib.import_module(f"canary_conformance.{name}")


@cache
def bases() -> dict[str, Manifest]:
    """Return an object of each kind."""
    found = {one.ref.kind: one for one in parse_manifests(_BASES.encode(), "a.yaml", "voting").manifests}
    for kind in ("StatefulSet", "DaemonSet"):
        text = yaml.safe_dump({**found["Deployment"].body, "kind": kind})
        found[kind] = parse_manifests(text.encode(), "a.yaml", "voting").manifests[0]
    return found


def with_field(kind: str, path: Path, number: int) -> Iterator[Manifest]:
    """Yield an object of a kind that has a field, under a name of its own, and pods that need it."""
    base, known = bases()[kind], schema_of(kind)
    name = f"{base.ref.name}-x{number}"
    body = deepcopy(dict(base.body))
    if "template" in body.get("spec", ()) and "livenessProbe" in path:
        # A startup probe would hold it back.
        del body["spec"]["template"]["spec"]["containers"][0]["startupProbe"]
    yield named(base, put(known, known.root, body, path), name)
    if kind in _NEEDED_BY:
        pods = bases()["Deployment"]
        needing = deepcopy(dict(pods.body))
        needing["spec"]["template"]["spec"]["volumes"] = [{"name": "data", **_NEEDED_BY[kind](name)}]
        needing["spec"]["template"]["spec"]["containers"][0]["envFrom"] = (
            [_ALL_OF[kind](name)] if kind in _ALL_OF else []
        )
        yield named(pods, needing, f"pods-of-{name}")


def named(base: Manifest, body: dict[str, Any], name: str) -> Manifest:
    body["metadata"] = {**body["metadata"], "name": name}
    return replace(base, ref=replace(base.ref, name=name), body=body)


def test_what_is_called_modelled_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    record_entries(monkeypatch)
    read: dict[str, set[Path]] = {kind: set() for kind in TABLE}
    state = State("voting", {"istio-injection": "enabled"}, application=VOTING_APP)
    for kind in ("Secret", "ConfigMap"):
        state = state.apply(bases()[kind])
    wanted = [(kind, path) for kind, path, _ in rows_of(Meaning.MODELLED)]
    made = [(kind, path, number) for number, (kind, path) in enumerate(wanted)]
    # How pods are replaced counts where there are some.
    for kind, _, number in made:
        if kind == "Deployment":
            state = state.apply(named(bases()[kind], dict(bases()[kind].body), f"voting-app-2-0-x{number}"))
    state = state.ready()
    for kind, path, number in made:
        for one in with_field(kind, path, number):
            state = state.apply(replace(one, body=recorded(one.body, (), read[one.ref.kind])))
    for now in (state, state.ready()):
        ask_everything(Model(now))
    unread = [f"{kind} {'.'.join(path)}" for kind, path in wanted if not is_read(path, read[kind])]
    assert unread == [], "\n".join(unread)


def ask_everything(model: Model) -> None:
    model.pods()
    model.references()
    model.answer(Request(INGRESS, "192.0.2.1", 80))
    for one in model.state.objects.values():
        fixed_fields.is_refused(one.manifest, one.manifest)
    static_pods.other_proxies(model)
    static_pods.ways_past_the_gateway(model)
    static_pods.foreign_hostnames(model, "voting-app", "2.0")
    static_pods.claims_mounted(model, "voting-app 2.0")
    static_pods.read_only_claims(model, "voting-app 2.0")
    static_objects.held_objects(model)
