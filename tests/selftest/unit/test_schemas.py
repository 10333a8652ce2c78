"""Objects that the API server would refuse by their schema are told, with file and line; no others are."""

import pytest

from canary_conformance.model.schemas.schema_findings import schema_findings
from canary_conformance.model.schemas.schema_store import kind_schema
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.kinds import API_VERSIONS
from canary_conformance.scenario.manifests import load_manifests
from canary_conformance.scenario.scenario_folder import load_scenario
from tests.selftest.schema_examples import (
    ALL,
    DEPLOYMENT,
    LOCK,
    POLICY,
    RULES,
    SECRET,
    SERVICE,
    changed,
    findings,
)


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
        # --- missing ---
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
def test_wrong_type_or_a_missing_field_is_told_at_its_line(text: str, old: str, new: str, told: str) -> None:
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
        # Metadata is the server's own type in a custom kind too: `kubectl create --dry-run` writes it so.
        (LOCK, "{name: default}", "{name: default, creationTimestamp: null, labels: null}"),
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
