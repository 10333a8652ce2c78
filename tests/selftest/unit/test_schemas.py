"""Objects that the API server would refuse by their schema are told, with file and line; no others are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from canary_conformance.model.schemas.schema_findings import schema_findings
from canary_conformance.model.schemas.schema_store import kind_schema
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.kinds import API_VERSIONS
from canary_conformance.scenario.loading import load_scenario
from canary_conformance.scenario.manifests import load_manifests, parse_manifests
from tools.schemas.generate import main
from tools.schemas.shrink import shrink

pytestmark = pytest.mark.selftest


DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  replicas: 1
  selector:
    matchLabels: {app: app}
  template:
    metadata:
      labels: {app: app}
    spec:
      containers:
        - name: app
          image: app:1
          imagePullPolicy: Always
          ports:
            - containerPort: 8080
          env:
            - name: PORT
              value: "8080"
          resources:
            limits: {memory: 64Mi}
          readinessProbe:
            httpGet: {path: /, port: http}
"""
RULES = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: app
spec:
  hosts: ["app"]
  http:
    - match:
        - headers:
            cookie: {regex: x}
      route:
        - destination:
            host: app
            port: {number: 8080}
          weight: 100
"""
LOCK = """\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default}
spec:
  mtls:
    mode: STRICT
"""
SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: s}
data:
  user: dm90aW5n
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: app}
spec:
  selector: {app: app}
  ports:
    - {name: http, port: 80, targetPort: http}
    - {name: dns, port: 53, protocol: UDP}
"""
POLICY = """\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: p}
spec:
  targetRefs:
    - kind: Service
      name: app
"""
FILTER = """\
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: f}
spec:
  configPatches:
    - applyTo: HTTP_FILTER
      patch: {operation: MERGE, value: {name: x, typed_config: {any: [1, null, {thing: 1.5}]}}}
"""
ALL = (DEPLOYMENT, RULES, LOCK, SECRET, SERVICE, POLICY, FILTER)


def findings(text: str) -> list[str]:
    parsed = parse_manifests(text.encode(), "a.yaml", "voting")
    assert not parsed.findings
    return [str(finding) for manifest in parsed.manifests for finding in schema_findings(manifest)]


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


def test_own_manifests_have_no_finding() -> None:
    folder = load_manifests(MANIFESTS, load_scenario(MANIFESTS))
    manifests = [manifest for file in folder.files.values() for manifest in file]
    assert len(manifests) > 20
    assert [finding for manifest in manifests for finding in schema_findings(manifest)] == []


@pytest.mark.parametrize("text", ALL)
def test_examples_have_no_finding(text: str) -> None:
    assert findings(text) == []


@pytest.mark.parametrize(
    ("kind", "version"), [(kind, version) for kind, versions in API_VERSIONS.items() for version in versions]
)
def test_every_kind_of_the_scenario_has_a_schema(kind: str, version: str) -> None:
    known = kind_schema(version, kind)
    assert known is not None
    assert {"apiVersion", "kind", "metadata"} <= set(known.root["properties"])
    assert known.custom == version.partition("/")[0].endswith(".istio.io")


def test_a_kind_of_a_custom_resource_definition_has_none() -> None:
    assert kind_schema("cert-manager.io/v1", "Certificate") is None


@pytest.mark.parametrize(
    ("text", "old", "new", "told"),
    [
        (DEPLOYMENT, "      containers:", "      container:", [
            "a.yaml:12: spec.template.spec.containers: missing",
            "a.yaml:13: spec.template.spec.container: unknown field; did you mean containers?"]),
        (DEPLOYMENT, "imagePullPolicy", "imagepullpolicy",
         "a.yaml:16: spec.template.spec.containers[0].imagepullpolicy: unknown field; "
         "did you mean imagePullPolicy?"),
        (DEPLOYMENT, "  replicas: 1", "  zzz: 1", "a.yaml:6: spec.zzz: unknown field"),
        (DEPLOYMENT, "  name: app\nspec", "  name: app\n  label: {}\nspec",
         "a.yaml:5: metadata.label: unknown field; did you mean labels?"),
        (RULES, "        - headers:", "        - header:",
         "a.yaml:9: spec.http[0].match[0].header: unknown field; did you mean headers?"),
        (RULES, "regex: x", "regexp: x",
         "a.yaml:10: spec.http[0].match[0].headers.cookie.regexp: unknown field; did you mean regex?"),
    ],
)  # fmt: skip
def test_unknown_field_is_told_at_its_line(text: str, old: str, new: str, told: str | list[str]) -> None:
    assert findings(changed(text, old, new)) == ([told] if isinstance(told, str) else told)


@pytest.mark.parametrize(
    ("text", "old", "new", "told"),
    [
        (DEPLOYMENT, "replicas: 1", 'replicas: "1"',
         "a.yaml:6: spec.replicas: wants a number, has the string '1'; without quotes it would be one"),
        (DEPLOYMENT, "replicas: 1", "replicas: ${REPLICAS}",
         "a.yaml:6: spec.replicas: wants a number, has the string '${REPLICAS}'; ${REPLICAS} is "
         "a variable that was not replaced: run the tool that replaces it (envsubst, kustomize build) first "
         "and give the folder what that prints"),
        (DEPLOYMENT, "replicas: 1", "replicas: 1.5",
         "a.yaml:6: spec.replicas: wants an integer, has the number 1.5"),
        (DEPLOYMENT, "replicas: 1", "replicas: true",
         "a.yaml:6: spec.replicas: wants a number, has the boolean true"),
        (DEPLOYMENT, 'value: "8080"', "value: 8080",
         "a.yaml:21: spec.template.spec.containers[0].env[0].value: wants a string, has a number; "
         "put it in quotes"),
        (DEPLOYMENT, "      labels: {app: app}", "      labels: {app: app, version: 1.0}",
         "a.yaml:11: spec.template.metadata.labels.version: wants a string, has the number 1.0; "
         "put it in quotes"),
        (DEPLOYMENT, "      labels: {app: app}", "      labels: [app]",
         "a.yaml:11: spec.template.metadata.labels: wants a map, has a list"),
        (DEPLOYMENT, "            - containerPort: 8080", "            containerPort: 8080",
         "a.yaml:17: spec.template.spec.containers[0].ports: wants a list, has a map"),
        (DEPLOYMENT, "memory: 64Mi", "memory: 64Mb",
         "a.yaml:23: spec.template.spec.containers[0].resources.limits.memory: "
         "wants a quantity like 128Mi or 50m, has the string '64Mb'"),
        (DEPLOYMENT, "port: http", "port: [http]",
         "a.yaml:25: spec.template.spec.containers[0].readinessProbe.httpGet.port: "
         "wants a single value, has a list"),
        (DEPLOYMENT, "port: http", "port: 80.5",
         "a.yaml:25: spec.template.spec.containers[0].readinessProbe.httpGet.port: "
         "wants an integer or a string, has the number 80.5"),
        (SECRET, "dm90aW5n", "voting!", "a.yaml:5: data.user: wants base64, has the string 'voting!'"),
        (RULES, "weight: 100", 'weight: "100"',
         "a.yaml:15: spec.http[0].route[0].weight: wants a number, has the string '100'; "
         "without quotes it would be one"),
        (RULES, 'hosts: ["app"]', 'hosts: "app"', "a.yaml:6: spec.hosts: wants a list, has the string 'app'"),
    ],
)  # fmt: skip
def test_wrong_type_is_told_at_its_line(text: str, old: str, new: str, told: str) -> None:
    assert findings(changed(text, old, new)) == [told]


@pytest.mark.parametrize(
    ("text", "old", "new", "told"),
    [
        (DEPLOYMENT, "  selector:\n    matchLabels: {app: app}\n", "", "a.yaml:5: spec.selector: missing"),
        (DEPLOYMENT, "  selector:\n    matchLabels: {app: app}\n", "  selector: null\n",
         "a.yaml:7: spec.selector: missing"),
        (DEPLOYMENT, "        - name: app\n          image", "        - image",
         "a.yaml:14: spec.template.spec.containers[0].name: missing"),
        (RULES, "            host: app\n", "",
         "a.yaml:12: spec.http[0].route[0].destination.host: missing"),
        (RULES, "            host: app\n", "            host: ~\n",
         "a.yaml:13: spec.http[0].route[0].destination.host: is null"),
    ],
)  # fmt: skip
def test_missing_field_is_told_at_what_lacks_it(text: str, old: str, new: str, told: str) -> None:
    assert findings(changed(text, old, new)) == [told]


@pytest.mark.parametrize(
    ("text", "old", "new", "told"),
    [
        (LOCK, "STRICT", "STRIKT",
         "a.yaml:6: spec.mtls.mode: the string 'STRIKT' isn't one of UNSET, DISABLE, PERMISSIVE, STRICT"),
        (DEPLOYMENT, "imagePullPolicy: Always", "imagePullPolicy: always",
         "a.yaml:16: spec.template.spec.containers[0].imagePullPolicy: "
         "the string 'always' isn't one of Always, IfNotPresent, Never"),
        (RULES, "{number: 8080}", "{number: 4294967296}",
         "a.yaml:14: spec.http[0].route[0].destination.port.number: 4294967296 is more than 4294967295"),
        (RULES, "{number: 8080}", "{number: -1}",
         "a.yaml:14: spec.http[0].route[0].destination.port.number: -1 is less than 0"),
        (RULES, "{regex: x}", "{regex: x, exact: y}",
         "a.yaml:10: spec.http[0].match[0].headers.cookie: only one of exact, regex can be here"),
        (RULES, 'hosts: ["app"]', "hosts: [null]", "a.yaml:6: spec.hosts[0]: is null"),
        (POLICY, "kind: Service\n", 'kind: Service\n      group: "a b"\n', "doesn't match ^$|^[a-z0-9]"),
        (POLICY, "name: app", 'name: ""', "a.yaml:7: spec.targetRefs[0].name: is empty"),
        (SERVICE, "name: dns, port: 53, protocol: UDP", "name: dns, port: 80, protocol: TCP",
         "a.yaml:8: spec.ports[1]: port 80, protocol TCP is here twice, first as element 0"),
        (SERVICE, "- {name: dns, port: 53, protocol: UDP}", "- null",
         "a.yaml:8: spec.ports[1]: null can't be an element here"),
    ],
)  # fmt: skip
def test_value_that_is_not_allowed_is_told(text: str, old: str, new: str, told: str) -> None:
    found = findings(changed(text, old, new))
    assert len(found) == 1
    assert told in found[0]


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        # Null stands for nothing, so the field has its default.
        (DEPLOYMENT, "replicas: 1", "replicas: null"),
        (DEPLOYMENT, "imagePullPolicy: Always", 'imagePullPolicy: ""'),
        # A whole float is an integer.
        (DEPLOYMENT, "replicas: 1", "replicas: 2.0"),
        (DEPLOYMENT, "port: http", "port: 8080.0"),
        (DEPLOYMENT, "memory: 64Mi", "memory: 1e9"),
        (DEPLOYMENT, "memory: 64Mi", "memory: .5Gi"),
        # The protocol is part of a port's key.
        (SERVICE, "name: dns, port: 53", "name: dns, port: 80"),
        # What the cluster alone writes is dropped.
        (LOCK, "spec:", "status: {anything: [1]}\nspec:"),
        (DEPLOYMENT, "spec:\n  replicas", "status: {conditions: [{type: x}]}\nspec:\n  replicas"),
    ],
)
def test_what_the_server_takes_is_no_finding(text: str, old: str, new: str) -> None:
    assert findings(changed(text, old, new)) == []


def test_all_that_is_wrong_is_told_in_order_of_lines() -> None:
    text = changed(DEPLOYMENT, "replicas: 1", "replica: 1").replace("image: app:1", "image: 1")
    assert findings(LOCK + "---\n" + text) == [
        "a.yaml:13: spec.replica: unknown field; did you mean replicas?",
        "a.yaml:22: spec.template.spec.containers[0].image: wants a string, has the number 1; "
        "put it in quotes",
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["http", "name", "spec", "containers", "ports", "template", "$ref"]) | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of every part of the value, but for what makes it an object of its kind."""
    parts = list(value.items() if isinstance(value, dict) else enumerate(value))
    found = []
    for part, inner in parts:
        if path or part not in {"apiVersion", "kind", "metadata"}:
            found.append((*path, part))
            found += places(inner, (*path, part)) if isinstance(inner, dict | list) else []
    return found


@st.composite
def broken_objects(draw: st.DrawFn) -> dict[str, Any]:
    text = draw(st.sampled_from(ALL))
    (manifest,) = parse_manifests(text.encode(), "a.yaml", "voting").manifests
    body: dict[str, Any] = json.loads(json.dumps(manifest.body))
    *path, last = draw(st.sampled_from(places(body)))
    inside: Any = body
    for part in path:
        inside = inside[part]
    inside[last] = draw(json_values)
    return body


@given(broken_objects())
@example({**json.loads('{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}}'), "spec": None})
@settings(max_examples=150, deadline=None, database=None)
def test_anything_in_place_of_anything_is_told_without_an_error(body: dict[str, Any]) -> None:
    text = json.dumps(body, indent=1)
    parsed = parse_manifests(text.encode(), "a.yaml", "voting")
    for manifest in parsed.manifests:
        for finding in schema_findings(manifest):
            assert finding.place.file == "a.yaml"
            assert 1 <= finding.place.line <= text.count("\n") + 1
            assert finding.sentence


def document(**schemas: Any) -> dict[str, Any]:
    return {"components": {"schemas": schemas}}


THING = {
    "type": "object",
    "description": "words",
    "properties": {
        "metadata": {"allOf": [{"$ref": "#/components/schemas/Meta"}], "description": "words", "default": {}},
        "mode": {"type": "string", "enum": ["A"], "description": "words"},
    },
    "x-kubernetes-group-version-kind": [{"group": "a.io", "version": "v1", "kind": "Thing"}],
}


def test_shrinking_keeps_what_judges_and_drops_words_and_what_is_never_reached() -> None:
    meta = {"type": "object", "properties": {"uid": {"type": "string", "format": "int32"}}}
    data = shrink({"a.io/v1": document(Thing=THING, Meta=meta, Other={})}, {"Thing": ("a.io/v1",)})
    assert data == {
        "custom": True,
        "kinds": {"a.io/v1 Thing": "Thing"},
        "definitions": {
            "Meta": {"type": "object", "properties": {"uid": {"type": "string"}}},
            "Thing": {
                "type": "object",
                "properties": {
                    "metadata": {"$ref": "Meta"},
                    "mode": {"type": "string", "enum": ["A"]},
                },
            },
        },
    }


def test_shrinking_refuses_a_server_without_the_kind() -> None:
    with pytest.raises(LookupError, match=r"the API server has no a\.io/v1 Lock"):
        shrink({"a.io/v1": document(Thing=THING, Meta={})}, {"Lock": ("a.io/v1",)})


def test_generating_without_a_cluster_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "kubeconfig")], tmp_path / "data") == 1
    assert "can't be used" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()
