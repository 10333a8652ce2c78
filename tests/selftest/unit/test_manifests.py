"""Manifests are read with their lines; what can't be the scenario is refused, all of it at once."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary_conformance.errors import BadInput
from canary_conformance.scenario.manifests import Concern, load_manifests, parse_manifests
from canary_conformance.scenario.places import Place
from canary_conformance.scenario.stages import Apply, MissingFiles, ObjectRef, Scenario, Stage, WaitFor

RULES = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: voting-app
  namespace: voting
spec:
  hosts: ["*"]
  http:
    - match:
        - headers: {cookie: {regex: x}}
      route: []
    - route: []
---
apiVersion: v1
kind: Service
metadata: {name: voting-app}
"""
VOTING_APP = ObjectRef("VirtualService", "voting-app")


def scenario(*files: str, missing: tuple[MissingFiles, ...] = ()) -> Scenario:
    stages = tuple(
        Stage(number, "x", (Apply(file, (VOTING_APP,), (), WaitFor.PODS),))
        for number, file in enumerate(files, 1)
    )
    return Scenario("small", "voting", {}, stages, missing)


def findings(text: str) -> list[str]:
    return [str(finding) for finding in parse_manifests(text.encode(), "istio/a.yaml", "voting").findings]


def test_objects_are_read_in_order_with_their_lines() -> None:
    found = parse_manifests(RULES.encode(), "istio/a.yaml", "voting")
    assert not found.findings
    assert [str(manifest.ref) for manifest in found.manifests] == [
        "VirtualService/voting-app",
        "Service/voting-app",
    ]
    rule, service = found.manifests
    assert rule.api_version == "networking.istio.io/v1"
    assert rule.body["spec"]["hosts"] == ["*"]
    assert (rule.place, service.place) == (Place("istio/a.yaml", 1), Place("istio/a.yaml", 14))
    assert rule.place_of("spec", "http", 0, "match").line == 9
    assert rule.place_of("spec", "http", 1, "match").line == 12
    assert str(rule.place_of("spec", "tcp")) == "istio/a.yaml:6"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("kind: VirtualService\n", "", ":1: the object has no kind, or one that is not a word"),
        ("apiVersion: networking.istio.io/v1\n", "", ":1: the object has no apiVersion, or one"),
        ("kind: VirtualService", "kind: [x]", ":2: the object has no kind, or one that is not a word"),
        ("apiVersion: networking.istio.io/v1", "apiVersion: 1", ":1: the object has no apiVersion"),
        ("kind: VirtualService", '"kind": "a\\nb"', ":2: the object has no kind, or one that is not a word"),
        ("  name: voting-app\n", "", ":3: the VirtualService has no metadata.name"),
        ("  name: voting-app\n", "  generateName: voting-\n", ":3: the VirtualService has generateName"),
        ("  name: voting-app\n", "  name: 1\n", ":4: the VirtualService has no metadata.name"),
        ("  name: voting-app\n", "  name: Voting\n",
         ":4: 'VirtualService/Voting': 'Voting' is not a valid name"),
        ("metadata: {name: voting-app}", "", ":14: the Service has no metadata.name"),
        ("metadata: {name: voting-app}", "metadata: x", ":16: the Service has no metadata.name"),
        ("namespace: voting", "namespace: default",
         ":5: the VirtualService is for namespace 'default', the scenario's"),
        ("namespace: voting", "namespace: [x]", ":5: the VirtualService is for namespace something else"),
        ("kind: VirtualService", "kind: VirtualServic", "did you mean VirtualService"),
        ("networking.istio.io/v1", "authentication.istio.io/v1alpha1",
         ":1: authentication.istio.io/v1alpha1 Virtual"),
        ("kind: Service\n", "kind: Service\nkind: Service\n",
         ":16: the key 'kind' is here twice, first in line 15"),
    ],
)  # fmt: skip
def test_each_mistake_is_one_finding_at_its_line(old: str, new: str, told: str) -> None:
    assert RULES.count(old) >= 1
    found = findings(RULES.replace(old, new, 1))
    assert len(found) == 1
    assert told in found[0]


@pytest.mark.parametrize("text", ["", "---\n---\n", "# only a comment\n", "~\n"])
def test_file_without_an_object_is_refused(text: str) -> None:
    assert findings(text) == ["istio/a.yaml:1: the file has no object; expected at least one"]


@pytest.mark.parametrize("text", ["just words\n", "- a\n- b\n", "12\n"])
def test_document_that_is_no_object_is_refused(text: str) -> None:
    assert findings(text) == [
        "istio/a.yaml:1: this document isn't an object with apiVersion, kind and metadata"
    ]


def test_object_twice_in_one_file_is_applied_twice() -> None:
    found = parse_manifests((RULES + "---\n" + RULES).encode(), "istio/a.yaml", "voting")
    assert not found.findings
    assert [(str(one.ref), one.place.line) for one in found.manifests] == [
        ("VirtualService/voting-app", 1),
        ("Service/voting-app", 14),
        ("VirtualService/voting-app", 18),
        ("Service/voting-app", 31),
    ]


LIST = """\
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Service
    metadata: {name: a}
  - apiVersion: apps/v1
    kind: DeploymentList
    items:
      - metadata:
          name: b
        spec: {replicas: 2}
"""


def test_a_list_is_its_items_each_with_its_lines() -> None:
    found = parse_manifests(LIST.encode(), "a.yaml", "voting")
    assert not found.findings
    service, deployment = found.manifests
    assert (str(service.ref), service.place.line) == ("Service/a", 4)
    assert (str(deployment.ref), deployment.place.line) == ("Deployment/b", 10)
    assert deployment.api_version == "apps/v1"
    assert deployment.place_of("spec", "replicas").line == 12


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("apiVersion: v1\nkind: List\nitems: []\n",
         "a.yaml:1: the file has no object; expected at least one"),
        ("apiVersion: v1\nkind: List\nitems: [x]\n", "a.yaml:3: this document isn't an object"),
        ("apiVersion: v1\nkind: List\nitems: [{metadata: {name: a}}]\n",
         "a.yaml:3: the object has no apiVersion"),
    ],
)  # fmt: skip
def test_mistakes_in_a_list_have_their_lines(text: str, told: str) -> None:
    found = parse_manifests(text.encode(), "a.yaml", "voting").findings
    assert str(found[0]).startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind: Namespace\nmetadata: {name: voting}", ""),
        ("kind: Namespace\nmetadata: {name: other}", "a.yaml:3: Namespace/other is not the scenario's"),
        ("kind: Pod\nmetadata: {name: p}\nspec: {containers: [{image: '{{ .x }}'}]}", "a.yaml:4: no image"),
        ("kind: Pod\nmetadata: {name: p}\nspec: {containers: [{image: '${IMAGE}'}]}", "a.yaml:4: no image"),
        ("kind: Pod\nmetadata: {name: p}\nspec: {containers: [{image: 'a@sha256:0', args: [$(X)]}]}", ""),
        ("kind: Pod\nmetadata: {name: p, annotations: {a: '{{ .x }}'}}", ""),
        ("kind: Pod\nmetadata: {name: '{{ .x }}'}", "a.yaml:3: {{ .x }} is a Helm template"),
        ("kind: Pod\nmetadata: {name: p, namespace: '{{ .x }}'}", "a.yaml:3: {{ .x }} is a Helm template"),
    ],
)
def test_namespace_and_templates(text: str, told: str) -> None:
    found = parse_manifests(f"apiVersion: v1\n{text}\n".encode(), "a.yaml", "voting").findings
    assert [str(one).startswith(told) for one in found] == ([True] if told else [])


def test_file_cut_in_the_middle_is_refused() -> None:
    assert findings(RULES[: RULES.index("*")]) == [
        "istio/a.yaml:7: YAML doesn't parse: while scanning a quoted scalar, found unexpected end of stream"
        "; the quote opened in line 7 is not closed"
    ]


def test_former_policy_is_refused_with_its_replacement() -> None:
    text = "apiVersion: authentication.istio.io/v1alpha1\nkind: Policy\nmetadata: {name: default}\n"
    (found,) = findings(text)
    assert found.startswith("istio/a.yaml:1: authentication.istio.io/v1alpha1 Policy can't be applied")
    assert "security.istio.io/v1 PeerAuthentication" in found


def test_folder_is_read_in_the_scenarios_order(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yaml"):
        (tmp_path / name).write_text(RULES, encoding="utf-8")
    folder = load_manifests(tmp_path, scenario("b.yaml", "a.yaml"))
    assert list(folder.files) == ["b.yaml", "a.yaml"]
    assert folder.root == tmp_path
    assert folder.manifest("a.yaml", VOTING_APP).place == Place("a.yaml", 1)


def test_what_a_file_does_not_have_is_told_with_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(RULES, encoding="utf-8")
    folder = load_manifests(tmp_path, scenario("a.yaml"))
    with pytest.raises(
        LookupError, match=r"a\.yaml has no Gateway/g; it has VirtualService/voting-app, Service/voting-app"
    ):
        folder.manifest("a.yaml", ObjectRef("Gateway", "g"))
    with pytest.raises(LookupError, match=r"b\.yaml has no Gateway/g; it has nothing"):
        folder.manifest("b.yaml", ObjectRef("Gateway", "g"))


def test_concern_means_the_last_file_that_has_the_object(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(RULES, encoding="utf-8")
    (tmp_path / "b.yaml").write_text("# one line more\n" + RULES, encoding="utf-8")
    (tmp_path / "c.yaml").write_text(RULES.replace("VirtualService", "Gateway"), encoding="utf-8")
    told = scenario("a.yaml", "b.yaml", "c.yaml")
    folder = load_manifests(tmp_path, told)
    concern = "VirtualService/voting-app:spec.http[0].match"
    assert folder.place_of(concern, told.files_up_to(1)) == Place("a.yaml", 9)
    assert folder.place_of(concern, told.files_up_to(3)) == Place("b.yaml", 10)
    assert folder.place_of("VirtualService/voting-app", told.files_up_to(3)) == Place("b.yaml", 2)
    assert folder.place_of("Secret/none", told.files()) is None
    assert folder.place_of(concern, ()) is None


def test_missing_files_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(RULES, encoding="utf-8")
    told = scenario("a.yaml", "b.yaml", missing=(MissingFiles(2, ("b.yaml",)),))
    assert list(load_manifests(tmp_path, told).files) == ["a.yaml"]


def test_mistakes_of_all_files_are_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(RULES.replace("kind: Service", "kind: Servce"), encoding="utf-8")
    (tmp_path / "b.yaml").write_bytes(b"\xff")
    with pytest.raises(BadInput) as caught:
        load_manifests(tmp_path, scenario("a.yaml", "b.yaml", "c.yaml"))
    heading, *lines = str(caught.value).splitlines()
    assert heading == f"the manifests in {tmp_path} can't be judged:"
    assert [line.split(":")[0].strip() for line in lines] == ["a.yaml", "b.yaml", "c.yaml"]
    assert "the file can't be read" in lines[2]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Kind/name", ()),
        ("Kind/name:spec", ("spec",)),
        ("Kind/name:path.to[0].field", ("path", "to", 0, "field")),
        ("Kind/a.b-c:x[1][2]", ("x", 1, 2)),
    ],
)
def test_concern_is_read_and_written_the_same(text: str, path: tuple[str | int, ...]) -> None:
    concern = Concern.parse(text)
    assert concern.path == path
    assert str(concern) == text


@pytest.mark.parametrize(
    "text", ["", "Kind", "Kind/name:", "Kind/name:[0]", "Kind/name:a..b", "Kind/name:a[x]", "K/n:a]"]
)
def test_what_is_no_concern_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="isn't"):
        Concern.parse(text)


@given(st.integers(0, len(RULES)), st.binary(max_size=3), st.integers(0, 3))
@settings(max_examples=150, deadline=None, database=None)
def test_any_damage_is_manifests_or_findings(at: int, junk: bytes, cut: int) -> None:
    raw = RULES.encode()
    found = parse_manifests(raw[:at] + junk + raw[at + cut :], "a.yaml", "voting")
    assert found.manifests or found.findings
    for finding in found.findings:
        assert "\n" not in str(finding)


def test_importing_the_scenario_is_light() -> None:
    code = (
        "import sys, pkgutil, importlib, canary_conformance.scenario as s\n"
        "for m in pkgutil.iter_modules(s.__path__): "
        "importlib.import_module('canary_conformance.scenario.' + m.name)\n"
        "heavy = {'kubernetes', 'requests', 'scipy', 'bs4', 'tenacity', 'pytest'} & set(sys.modules)\n"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
