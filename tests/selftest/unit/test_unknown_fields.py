"""A field that the model does not follow leaves unjudged what it could touch; a harmless one nothing."""

from collections.abc import Sequence

import pytest

from canary_conformance.paths import MANIFESTS
from tests.selftest.changed_manifests import changed, standings, with_object
from tools.mutants.catalogue_containers import CONTAINERS
from tools.mutants.edit_sites import sources_of
from tools.mutants.mistake import Mistake, Step, after, becomes, before, mistakes, to

POD = "spec.template.spec"
CONTAINER = f"{POD}.containers[0]"
DEPLOY, CANARY, LOCK = "kubernetes/step-1", "kubernetes/step-3", "istio/step-2"
APP, MYSQL = "Deployment/voting-app-1-0", "Deployment/voting-storage-2-0"
LABELS = f"{POD.removesuffix('.spec')}.metadata.labels"
SCENARIO, INJECTION = "scenario.yaml", "    istio-injection: enabled\n"


def verdicts(*steps: Step, file: str = DEPLOY, ref: str = APP) -> tuple[dict[str, str], dict[str, str]]:
    """Return the requirements that fail, and those that are not judged, of our manifests with some edits."""
    return judged(Mistake("a change", file, ref, steps, ""))


def judged(mistake: Mistake) -> tuple[dict[str, str], dict[str, str]]:
    made = mistake.mutant(sources_of(MANIFESTS))
    return standings({made.file: made.content})


@pytest.mark.parametrize(
    "mistake", [one for one in mistakes(CONTAINERS) if one.live], ids=lambda one: one.name
)
def test_what_may_break_is_not_judged_and_named_with_its_line(mistake: Mistake) -> None:
    failed, unjudged = judged(mistake)
    assert not failed
    for id_ in mistake.ids.split():
        assert f"{mistake.file}-" in unjudged[id_]
        assert ".yaml:" in unjudged[id_]


@pytest.mark.parametrize(
    "steps",
    [
        [to(f"{CONTAINER}.image", "localhost/voting-app:v1.0")],
        [to(f"{CONTAINER}.image", "registry.example.com/team/voting-app:1.0")],
        [to(f"{CONTAINER}.image", "registry.example.com/samples/voting/app:1.0")],
        [to(f"{CONTAINER}.image", "registry.example.com/voting-app:2026-11-30")],
        [to(f"{CONTAINER}.imagePullPolicy", "Never")],
        [before(f"{CONTAINER}.env[0]", '- name: VERSION\n  value: "1.0"')],
        [before(f"{CONTAINER}.env[0]", "- name: TZ\n  value: Europe/Amsterdam")],
        [before(f"{CONTAINER}.readinessProbe.periodSeconds", "initialDelaySeconds: 10")],
        [to(f"{CONTAINER}.readinessProbe.periodSeconds", "10")],
        [to(f"{CONTAINER}.livenessProbe.failureThreshold", "1")],
        [
            before(
                "spec.selector", "minReadySeconds: 5\nprogressDeadlineSeconds: 600\nrevisionHistoryLimit: 3"
            )
        ],
        [before("spec.selector", "strategy:\n  rollingUpdate:\n    maxSurge: 1\n    maxUnavailable: 0")],
        [
            to(f"{CONTAINER}.resources.requests.cpu", "250m"),
            to(f"{CONTAINER}.resources.limits.memory", "1Gi"),
        ],
        [to(f"{POD}.terminationGracePeriodSeconds", "60")],
        [after(CONTAINER, "- name: istio-proxy\n  image: auto")],
        [before(f"{CONTAINER}.env[0]", "- name: FLAGCONTROLS\n  value: links")],
        [to(f"{CONTAINER}.livenessProbe.httpGet.path", "/")],
        [
            after(
                f"{CONTAINER}.imagePullPolicy",
                "lifecycle:\n  preStop:\n    exec:\n      command: [sleep, '5']",
            )
        ],
        [after(f"{CONTAINER}.imagePullPolicy", "stdin: true\ntty: true\nterminationMessagePolicy: File")],
        [
            after(f"{CONTAINER}.imagePullPolicy", "volumeMounts:\n  - name: local\n    mountPath: /tmp"),
            before(f"{POD}.containers", "volumes:\n  - name: local\n    emptyDir:\n      sizeLimit: 1Gi"),
        ],
        [before(f"{POD}.containers", "automountServiceAccountToken: false\nshareProcessNamespace: true")],
        [before(f"{POD}.containers", "dnsConfig:\n  options:\n    - name: ndots\n      value: '2'")],
        [after(f"{CONTAINER}.ports[0].containerPort", "protocol: TCP")],
        [
            after(
                "metadata.labels", "annotations:\n  kubernetes.io/change-cause: first\n  example.com/team: a"
            )
        ],
        [after(LABELS, "annotations:\n  kubectl.kubernetes.io/restartedAt: '2026-11-30T00:00:00Z'")],
        [after(f"{LABELS}.app", "app.kubernetes.io/name: voting-app")],
    ],
)
def test_the_right_neighbour_is_judged_and_holds(steps: Sequence[Step]) -> None:
    assert verdicts(*steps) == ({}, {})


@pytest.mark.parametrize(
    ("file", "ref", "step", "requirement"),
    [
        (DEPLOY, APP, before(f"{POD}.containers", "dnsConfig:\n  nameservers: [192.0.2.1]"), "R1.2"),
        (DEPLOY, APP, before(f"{POD}.containers", "hostUsers: false"), "R1.2"),
        (DEPLOY, APP, after(CONTAINER, "- name: istio-proxy\n  image: auto\n  command: [sleep]"), "R1.2"),
        (DEPLOY, APP, after(CONTAINER, "- name: shipper\n  image: example.com/shipper:1"), "R1.2"),
        (DEPLOY, APP, before(f"{CONTAINER}.env[0]", "- name: FLAGCONTROLS\n  value: both"), "R1.2"),
        (DEPLOY, APP, after(f"{CONTAINER}.imagePullPolicy", "workingDir: /nowhere"), "R1.2"),
        (DEPLOY, APP, after(LABELS, "annotations:\n  kubernetes.io/egress-bandwidth: 1k"), "R1.5"),
        (DEPLOY, APP, after(f"{LABELS}.app", "topology.istio.io/network: other"), "R1.5"),
        (DEPLOY, APP, to(f"{POD}.terminationGracePeriodSeconds", "0"), "R5.3"),
        (DEPLOY, "Service/voting-app", before("spec.selector", "sessionAffinity: ClientIP"), "R1.6"),
        (DEPLOY, "Service/voting-app", before("spec.selector", "internalTrafficPolicy: Local"), "R1.5"),
        (DEPLOY, "Service/voting-app", after("metadata.labels.app", "istio.io/use-waypoint: w"), "R1.5"),
        (CANARY, "PersistentVolumeClaim/mysql-pv-claim", to("spec.resources.requests.storage", "1Mi"),
         "R4.2"),
        (CANARY, MYSQL, becomes(f"{CONTAINER}.lifecycle.preStop.sleep", "httpGet: {port: 3306}"), "R4.9"),
        (CANARY, MYSQL, to(f"{CONTAINER}.resources.limits.memory", "128Mi"), "R4.2"),
        (CANARY, MYSQL, to(f"{CONTAINER}.securityContext.runAsUser", "1000"), "R4.9"),
        (LOCK, "DestinationRule/voting-analytics",
         before("spec.trafficPolicy.tls", "outlierDetection: {maxEjectionPercent: 100}"), "R3.7"),
        (LOCK, "DestinationRule/voting-storage",
         before("spec.trafficPolicy.tls", "connectionPool: {tcp: {maxConnectionDuration: 1ms}}"), "R3.1"),
    ],
)  # fmt: skip
def test_a_field_that_is_not_followed_is_named(file: str, ref: str, step: Step, requirement: str) -> None:
    failed, unjudged = verdicts(step, file=file, ref=ref)
    assert not failed
    assert f"{file}-" in unjudged[requirement]


def test_what_only_hinders_mends_nothing() -> None:
    failed, unjudged = verdicts(
        to(f"{CONTAINER}.securityContext.runAsUser", "0"),
        to(f"{CONTAINER}.image", "localhost/voting-app:2.0"),
    )
    assert "R1.2" in failed
    assert "runs as root" in failed["R1.2"]
    assert "this names version 2.0" in unjudged["R1.3"]


def test_what_may_mend_leaves_a_failure_unjudged() -> None:
    failed, unjudged = verdicts(
        to(f"{CONTAINER}.env[1].value", "voting-analytics.default"),
        before(f"{POD}.containers", "dnsConfig:\n  nameservers: [192.0.2.1]"),
    )
    assert not failed
    assert "dnsConfig" in unjudged["R1.5"]


@pytest.mark.parametrize(
    ("label", "unjudged"),
    [
        ("team: a", False),
        ("pod-security.kubernetes.io/audit: restricted", False),
        ("istio.io/dataplane-mode: ambient", True),
        ("scheduler.kubernetes.io/pool: small", True),
    ],
)
def test_a_label_of_the_namespace_counts_by_its_key(label: str, unjudged: bool) -> None:
    found = standings(changed(SCENARIO, INJECTION, f"{INJECTION}    {label}\n"))
    assert not found[0]
    assert ("R1.5" in found[1]) is unjudged
    assert not unjudged or "scenario.yaml:8" in found[1]["R1.5"]


def test_a_filter_leaves_every_requirement_on_traffic_unjudged() -> None:
    text = """\
        apiVersion: networking.istio.io/v1alpha3
        kind: EnvoyFilter
        metadata: {name: delay}
        spec: {workloadSelector: {labels: {app: APP}}}
        """
    failed, unjudged = standings(with_object(text.replace("APP", "voting-app"), "EnvoyFilter/delay"))
    assert not failed
    assert {"R1.2", "R1.5", "R4.3", "R4.9", "R5.4"} <= unjudged.keys()
    assert standings(with_object(text.replace("APP", "nobody"), "EnvoyFilter/delay")) == ({}, {})
