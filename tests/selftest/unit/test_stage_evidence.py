"""The evidence of a failure is whole, best effort, quick, and without a secret once it is on disk."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from canary_conformance.cluster.pod_access import PodName
from canary_conformance.paths import MANIFESTS
from canary_conformance.report.bundle import RunFolder
from canary_conformance.scenario.manifests import load_manifests
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.stages import stage_evidence as module
from canary_conformance.stages.namespace_setting import Setting
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest, Reached
from canary_conformance.stages.stage_evidence import evidence
from canary_conformance.timeouts import LIMITS
from canary_conformance.voting.stage_rules import VOTING_RULES
from canary_conformance.voting.voting_app import VOTING_APP
from tests.selftest.unit.test_evidence_texts import NAMESPACE, TRANSITION, container, event, pod

STEP_1 = "manifests/kubernetes/step-1-create-voting-app.yaml"
SECRETS = "manifests/kubernetes/step-3-update-voting-app-with-new-storage.yaml"


class Cluster:
    """An API server and proxies that answer what they are told, and keep what they were asked."""

    def __init__(self) -> None:
        self.objects: dict[str, list[dict[str, Any]]] = {
            "Pod": [pod("app-1", container("app", restarts=2)), pod("storage-1", container("redis"))],
            "Event": [event("2026-11-22T10:00:01Z", "pulled")],
            "VirtualService": [{"metadata": {"name": "voting-app", "managedFields": [{}]}, "spec": {"x": 1}}],
        }
        self.asked: list[str] = []
        self.broken: dict[str, Exception] = {}
        self.before_log: Callable[[], object] = lambda: None

    def list(self, version: str, kind: str, namespace: str | None = None) -> list[dict[str, Any]]:
        assert (bool(version), namespace) == (True, NAMESPACE)
        self.ask(kind)
        return self.objects.get(kind, [])

    def log(self, name: str, namespace: str, **options: Any) -> str:
        assert (namespace, options["lines"]) == (NAMESPACE, 200)
        run = "earlier" if options["previous"] else "present"
        self.ask(f"log {name}.{options['container']}")
        self.before_log()
        return f"{run} run of {options['container']}\n"

    def admin(self, name: PodName, path: str) -> bytes:
        self.ask(f"{name.name}{path}")
        return b'{"configs": []}' if path == "/config_dump" else b"outbound|8080::healthy\n"

    def ask(self, what: str) -> None:
        self.asked.append(what)
        if what in self.broken:
            raise self.broken[what]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    cluster = Cluster()

    class Port:
        def __init__(self, api: object, name: PodName, port: int) -> None:
            assert (api, port) == (cluster, 15000)
            self.get = lambda path: cluster.admin(name, path)

        def close(self) -> None:
            cluster.asked.append("closed")

    monkeypatch.setattr(module, "PodPort", Port)
    return cluster


def namespace_on(cluster: Cluster, stage: int = 4) -> NamespaceUnderTest:
    scenario = load_scenario(MANIFESTS)
    return NamespaceUnderTest(
        cluster=cast(Any, SimpleNamespace(api=cluster)),
        setting=Setting(
            scenario, load_manifests(MANIFESTS, scenario), mesh=cast(Any, None), application=VOTING_APP
        ),
        rules=VOTING_RULES,
        parts=cast(Any, None),
        reached=Reached(stage=stage, transitions={2: TRANSITION}),
    )


@pytest.fixture
def namespace(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> NamespaceUnderTest:
    monkeypatch.setattr(NamespaceUnderTest, "proxied", lambda _: [PodName("istio-system", "gw-1")])
    return namespace_on(cluster)


@contextmanager
def patient_for(seconds: float, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(module, "LIMITS", replace(LIMITS, evidence=seconds))
        yield


# --- what there is ---------------------------------------------------------------------------------------


def test_there_is_a_file_for_everything(namespace: NamespaceUnderTest) -> None:
    files = evidence(namespace)
    others = {name for name in files if not name.startswith("manifests/")}
    assert others == {
        "pods.txt",
        "events.txt",
        "objects.yaml",
        "steps.csv",
        "traffic.csv",
        "logs/app-1.app.txt",
        "logs/app-1.app.previous.txt",
        "logs/app-1.istio-proxy.txt",
        "logs/storage-1.redis.txt",
        "logs/storage-1.istio-proxy.txt",
        "proxies/gw-1.config_dump.json",
        "proxies/gw-1.clusters.txt",
    }
    assert files["logs/app-1.app.txt"] == "present run of app\n"
    assert files["logs/app-1.app.previous.txt"] == "earlier run of app\n"
    assert files["proxies/gw-1.config_dump.json"] == '{"configs": []}'
    assert not [name for name, text in files.items() if "could not be read" in text]


@pytest.mark.parametrize("stage", [1, 3, 5])
def test_manifests_are_those_applied_so_far_as_their_author_wrote_them(
    namespace: NamespaceUnderTest, stage: int
) -> None:
    namespace.reached.stage = stage
    shown = {name: text for name, text in evidence(namespace).items() if name.startswith("manifests/")}
    files = namespace.scenario.files_up_to(stage)
    assert list(shown) == [f"manifests/{file}" for file in files]
    assert shown[STEP_1] == (MANIFESTS / STEP_1.removeprefix("manifests/")).read_text()


def test_a_stage_that_was_never_entered_shows_its_manifests(namespace: NamespaceUnderTest) -> None:
    namespace.reached.stage = 3
    assert SECRETS not in evidence(namespace)
    assert SECRETS in evidence(namespace, 4)


def test_objects_are_as_the_cluster_has_them_but_for_who_wrote_which_field(
    namespace: NamespaceUnderTest,
) -> None:
    (found,) = yaml.safe_load_all(evidence(namespace)["objects.yaml"])
    assert found == {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "voting-app"},
        "spec": {"x": 1},
    }


def test_every_connection_to_a_proxy_is_closed(namespace: NamespaceUnderTest, cluster: Cluster) -> None:
    evidence(namespace)
    assert cluster.asked.count("closed") == 2


# --- secrets ---------------------------------------------------------------------------------------------


def test_no_secret_is_asked_for_and_none_of_the_manifests_gets_to_disk(
    namespace: NamespaceUnderTest, cluster: Cluster, tmp_path: Path
) -> None:
    (secret,) = [
        manifest.body
        for file in namespace.scenario.files()
        for manifest in namespace.manifests.files[file]
        if manifest.ref.kind == "Secret"
    ]
    values = {str(value) for name, value in secret["stringData"].items() if "PASSWORD" in name}
    files = evidence(namespace)
    assert "Secret" not in cluster.asked
    assert all(value in files[SECRETS] for value in values)
    folder = RunFolder.of_now(tmp_path).make().write_failure("test_x", "text", files)
    written = [path.read_text() for path in folder.iterdir()]
    assert len(written) == len(files) + 1
    assert not [value for value in values for text in written if value in text]


# --- best effort -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "file"),
    [
        ("Event", "events.txt"),
        ("log app-1.istio-proxy", "logs/app-1.istio-proxy.txt"),
        ("gw-1/config_dump", "proxies/gw-1.config_dump.json"),
        ("Pod", "pods.txt"),
    ],
)
def test_what_can_not_be_read_is_told_in_its_file_and_the_rest_is_there(
    namespace: NamespaceUnderTest, cluster: Cluster, asked: str, file: str
) -> None:
    cluster.broken[asked] = OSError("gone away")
    files = evidence(namespace)
    assert files[file] == "could not be read: gone away\n"
    assert [name for name, text in files.items() if "could not be read" in text] == [file]
    assert "kind: VirtualService" in files["objects.yaml"]


def test_a_kind_that_can_not_be_listed_leaves_the_others(
    namespace: NamespaceUnderTest, cluster: Cluster
) -> None:
    cluster.broken["Gateway"] = RuntimeError("(404)\nReason: no such kind")
    told = evidence(namespace)["objects.yaml"]
    assert "# Gateway could not be read: (404)\n# Reason: no such kind\n" in told
    assert [found["kind"] for found in yaml.safe_load_all(told) if found] == ["VirtualService"]


def test_a_cluster_that_is_gone_leaves_the_manifests_and_the_traffic(
    namespace: NamespaceUnderTest, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise ConnectionError

    cluster.list = gone  # type: ignore[assignment,method-assign]
    monkeypatch.setattr(NamespaceUnderTest, "proxied", gone)
    files = evidence(namespace)
    assert files["pods.txt"] == files["events.txt"] == "could not be read: ConnectionError\n"
    assert "ordinary voter" in files["traffic.csv"]
    assert "kind: Deployment" in files[STEP_1]


def test_a_manifest_that_is_gone_is_told(namespace: NamespaceUnderTest, tmp_path: Path) -> None:
    elsewhere = replace(namespace.manifests, root=tmp_path)
    namespace = replace(namespace, setting=replace(namespace.setting, manifests=elsewhere))
    assert evidence(namespace)[STEP_1].startswith("could not be read: ")


def test_a_pod_of_another_shape_is_told(namespace: NamespaceUnderTest, cluster: Cluster) -> None:
    cluster.objects["Pod"] = [{"metadata": {"name": "odd", "namespace": NAMESPACE}}]
    assert evidence(namespace)["pods.txt"].startswith("could not be read: ")


def test_what_comes_too_late_is_left_out(
    namespace: NamespaceUnderTest, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    cluster.before_log = released.wait
    try:
        with patient_for(0.05, monkeypatch):
            files = evidence(namespace)
            assert files["logs/app-1.app.txt"] == "could not be read: no answer within 0.05 s\n"
            assert "pulled" in files["events.txt"]
    finally:
        released.set()


def test_everything_is_asked_at_once(namespace: NamespaceUnderTest, cluster: Cluster) -> None:
    # Five logs are asked for; each waits for the other four.
    cluster.before_log = threading.Barrier(5, timeout=LIMITS.evidence).wait
    assert evidence(namespace)["logs/storage-1.redis.txt"] == "present run of redis\n"
