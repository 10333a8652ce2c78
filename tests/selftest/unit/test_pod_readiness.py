"""What keeps pods from getting ready is named with its cause; what doesn't, keeps nothing.

Each mistake has a neighbour that is fine, and what only the cluster decides is not judged.
"""

import pytest

from tests.selftest.changed_manifests import changed, changed_together, failed, results_of, unjudged, words_of
from tests.selftest.manifest_files import FIRST, LAST, LOCK, SCENARIO, UPDATE

LABELLED = "    istio-injection: enabled\n"
SPEC = "      terminationGracePeriodSeconds: 5\n"
# Of the pods in the file: storage, analytics, app.
STORAGE, ANALYTICS, APP = 0, 1, 2


def pods(text: str, pod: int = APP, file: str = FIRST) -> dict[str, bytes]:
    """Return a file with more lines in the spec of its storage's, analytics' or app's pods."""
    lines = "".join(f"      {line}\n" for line in text.splitlines())
    return changed(file, SPEC, f"{lines}{SPEC}", at=pod)


def annotated(annotation: str, pod: int = APP, file: str = FIRST) -> dict[str, bytes]:
    """Return a file with an annotation of some pods."""
    old = "    spec:\n      terminationGracePeriodSeconds: 5\n"
    return changed(file, old, f"      annotations:\n        {annotation}\n{old}", at=pod)


def labelled(label: str) -> dict[str, bytes]:
    """Return scenario.yaml with one more label of the namespace."""
    return changed(SCENARIO, LABELLED, f"{LABELLED}    {label}\n")


def probed(old: str, new: str, pod: int = 0) -> dict[str, bytes]:
    """Return step 1 with another probe; of the probes by HTTP the app's readiness is the third."""
    return changed(FIRST, old, new, at=pod)


def with_facts(overlay: dict[str, bytes], facts: str) -> dict[str, bytes]:
    """Return an overlay whose scenario.yaml states facts about the mesh, too."""
    stages = "stages:\n"
    return changed(SCENARIO, stages, f"mesh: {facts}\n{stages}", on=overlay)


def storage_class(name: str) -> dict[str, bytes]:
    """Return the canary's pods with a storage class of their claim."""
    return changed(LAST, "  accessModes:\n", f"  storageClassName: {name}\n  accessModes:\n")


ENFORCE = "pod-security.kubernetes.io/enforce"
DIRECT = 'sidecar.istio.io/rewriteAppHTTPProbers: "false"'


def read_only_mysql(*folders: str) -> dict[str, bytes]:
    """Return MySQL with a root file system that it can't write to, and an empty folder for each of these."""
    mounts = "".join(f"            - {{name: v{at}, mountPath: {one}}}\n" for at, one in enumerate(folders))
    volumes = "".join(f"        - {{name: v{at}, emptyDir: {{}}}}\n" for at in range(len(folders)))
    lines = "          volumeMounts:\n", "      volumes:\n"
    overlay = changed(LAST, lines[0], "            readOnlyRootFilesystem: true\n" + lines[0] + mounts)
    return changed(LAST, lines[1], lines[1] + volumes, on=overlay)


READY = "              path: /ready\n"


@pytest.mark.parametrize(
    "overlay",
    [
        pods("priorityClassName: system-node-critical"),
        pods("nodeSelector:\n  kubernetes.io/os: linux"),
        pods("imagePullSecrets:\n  - name: nowhere"),
        pods("tolerations:\n  - operator: Exists"),
        pods("enableServiceLinks: false"),
        pods("dnsPolicy: ClusterFirst"),
        pods("subdomain: voting"),
        pods("hostname: redis", STORAGE),
        pods(
            "affinity:\n  nodeAffinity:\n    requiredDuringSchedulingIgnoredDuringExecution:\n"
            "      nodeSelectorTerms:\n        - matchExpressions:\n"
            "            - {key: kubernetes.io/os, operator: In, values: [linux, windows]}"
        ),
        pods(
            "affinity:\n  podAntiAffinity:\n    preferredDuringSchedulingIgnoredDuringExecution:\n"
            "      - weight: 1\n        podAffinityTerm:\n          topologyKey: kubernetes.io/hostname\n"
            "          labelSelector: {}"
        ),
        pods(
            "affinity:\n  nodeAffinity:\n    requiredDuringSchedulingIgnoredDuringExecution:\n"
            "      nodeSelectorTerms:\n        - matchExpressions:\n"
            "            - {key: kubernetes.io/arch, operator: In, values: [amd64, arm64]}\n"
            "            - {key: kubernetes.io/hostname, operator: Exists}"
        ),
        labelled(f"{ENFORCE}: privileged"),
        labelled("pod-security.kubernetes.io/warn: restricted"),
        with_facts(labelled(f"{ENFORCE}: baseline"), "{cni: true}"),
        annotated('sidecar.istio.io/rewriteAppHTTPProbers: "true"'),
        annotated(DIRECT, STORAGE),
        changed_together(
            annotated(f'{DIRECT}\n        traffic.sidecar.istio.io/excludeInboundPorts: "9999"', STORAGE)
        ),
        annotated("sidecar.istio.io/proxyImageType: default"),
        annotated('traffic.sidecar.istio.io/includeOutboundIPRanges: "*"'),
        annotated("sidecar.istio.io/interceptionMode: REDIRECT"),
        read_only_mysql("/tmp", "/var/run/mysqld"),
        changed(FIRST, "runAsUser: 999", "runAsUser: 1338"),
        changed(LAST, "runAsGroup: 999", "runAsGroup: 1337"),
        probed(READY, "              path: /ready?slow=1\n"),
        probed(READY, "              path: /\n"),
        probed("            httpGet:\n              path: /healthz\n              port: http\n",
               "            tcpSocket:\n              port: 8080\n"),
        storage_class("standard"),
        with_facts(storage_class("fast"),
                   "{storage_classes: [fast]}"),
        with_facts(pods("priorityClassName: high"), "{priority_classes: [high]}"),
        with_facts(pods("nodeSelector:\n  disktype: ssd"), "{node_labels: {disktype: ssd}}"),
    ],
)  # fmt: skip
def test_what_is_fine_stays_green(overlay: dict[str, bytes]) -> None:
    results = results_of(overlay)
    assert not failed(results)
    assert not unjudged(results)


@pytest.mark.parametrize(
    ("overlay", "requirement", "words"),
    [
        (pods("priorityClassName: high"), "R1.2", "PriorityClass/high does not exist"),
        (pods("runtimeClassName: gvisor"), "R1.2", "RuntimeClass/gvisor does not exist"),
        (pods("serviceAccountName: nobody"), "R1.2", "ServiceAccount/nobody does not exist"),
        (pods("nodeSelector:\n  kubernetes.io/os: windows"), "R1.2",
         "needs nodes with kubernetes.io/os=windows"),
        (pods("schedulingGates:\n  - name: a.b/c"), "R1.2", "scheduling gate a.b/c, which nothing lifts"),
        (pods("readinessGates:\n  - conditionType: a.b/c"), "R1.2", "condition a.b/c, which nothing sets"),
        (pods("hostname: voting-app"), "R1.6", "have the hostname voting-app"),
        (pods("hostname: voting-app"), "R1.7", "have the hostname voting-app"),
        (pods("setHostnameAsFQDN: true\nsubdomain: voting"), "R1.6", "full DNS name as hostname"),
        (pods("dnsPolicy: Default"), "R1.2", "dnsPolicy: Default"),
        (pods("dnsPolicy: Default", STORAGE), "R1.2", "dnsPolicy: Default"),
        (pods("dnsPolicy: Default", ANALYTICS), "R1.7", "dnsPolicy: Default"),
        (pods("hostNetwork: true"), "R1.4", "listen on the node's own network"),
        (pods("hostNetwork: true\ndnsPolicy: ClusterFirstWithHostNet"), "R1.2",
         "each node takes one of them"),
        (pods("hostNetwork: true\ndnsPolicy: ClusterFirst"), "R1.5", "with hostNetwork: true"),
        (labelled(f"{ENFORCE}: baseline"), "R1.2", "istio-init adds NET_ADMIN and NET_RAW"),
        (labelled(f"{ENFORCE}: restricted"), "R1.2", "scenario.yaml:8"),
        (labelled(f"{ENFORCE}: strict"), "R1.2", "the API server refuses the namespace"),
        (with_facts(
            changed(FIRST, "runAsNonRoot: true", "privileged: false", on=labelled(f"{ENFORCE}: restricted")),
            "{cni: true}"), "R1.2", "runAsNonRoot must be true"),
        (annotated(DIRECT), "R3.1", "is not rewritten"),
        (annotated(DIRECT), "R3.7", "is not rewritten"),
        (annotated(DIRECT, APP, LAST), "R4.2", "is not rewritten"),
        (changed(FIRST, "runAsUser: 10001", "runAsUser: 1337", 1), "R3.1", "runs as user 1337"),
        (changed(UPDATE, "runAsGroup: 10001", "runAsGroup: 1337"), "R3.1", "runs as group 1337"),
        (annotated("sidecar.istio.io/proxyImage: docker.io/istio/proxyv2:1.22.0"), "R1.3", "1.22.0"),
        (annotated("sidecar.istio.io/proxyImage: proxy@sha256:0", STORAGE, LAST), "R1.3", "proxy@sha256:0"),
        (probed(READY, "              path: /status\n"), "R1.2", "probed at /status"),
        (probed(READY, f"{READY}              scheme: HTTPS\n"), "R1.2", "probed by HTTPS"),
        (probed("tcpSocket", "httpGet"), "R1.2", "probed by HTTP, which voting-storage does not support"),
        (probed("            tcpSocket:\n              port: redis",
                "            tcpSocket:\n              port: 6380"),
         "R1.2", "probes port 6380, where nothing listens"),
        (storage_class("fast"), "R4.2",
         "StorageClass/fast does not exist"),
        (storage_class("''"), "R4.2", "no volume of that kind exists"),
        (changed(LAST, "- ReadWriteOnce", "- ReadWriteMany"), "R4.2", "does not provide ReadWriteMany"),
        (changed(LAST, "claimName: mysql-pv-claim",
                 "claimName: mysql-pv-claim\n            readOnly: true"),
         "R4.2", "may not write to its claim"),
        (changed(LAST, "MYSQL_USER: voting", "MYSQL_USER: root"), "R4.2", "not set up with root"),
    ],
)  # fmt: skip
def test_what_keeps_pods_from_working_is_named(
    overlay: dict[str, bytes], requirement: str, words: str
) -> None:
    results = results_of(overlay)
    assert requirement in failed(results)
    assert words in words_of(results, requirement)


@pytest.mark.parametrize(
    ("overlay", "mesh", "requirements"),
    [
        (pods("nodeSelector:\n  disktype: ssd"), None, {"R1.2", "R1.5"}),
        (pods("nodeName: somewhere"), None, {"R1.2"}),
        (pods("topologySpreadConstraints:\n"
              "  - {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {}}"),
         None, {"R1.2"}),
        (pods("dnsPolicy: None\ndnsConfig: {nameservers: [10.0.0.10]}"), None, {"R1.5", "R1.7"}),
        (pods("dnsPolicy: Default\nhostAliases: [{ip: 10.0.0.1, hostnames: [voting-storage]}]"), None,
         {"R1.7"}),
        (read_only_mysql("/tmp"), None, {"R4.2"}),
        (annotated("sidecar.istio.io/proxyImageType: distroless"), None, {"R1.3"}),
        (with_facts(annotated("sidecar.istio.io/proxyImage: istio/proxyv2:1.31.0"), "{version: 1.31.0}"),
         None, {"R1.3"}),
        (with_facts(labelled(f"{ENFORCE}: restricted"), "{cni: true}"), None, {"R1.2"}),
        (changed_together(storage_class("fast"),
                          changed(SCENARIO, LABELLED, "    istio.io/rev: asm-1-30\n"),
                          changed("istio/step-1-create-voting-app-gateway.yaml", "istio: ingressgateway",
                                  "istio: aks-istio-ingressgateway-external")), "aks", {"R4.2"}),
    ],
)  # fmt: skip
def test_what_only_the_cluster_decides_is_not_judged(
    overlay: dict[str, bytes], mesh: str | None, requirements: set[str]
) -> None:
    results = results_of(overlay, mesh)
    assert not failed(results)
    assert requirements <= unjudged(results)


def test_direct_probes_are_answered_until_the_lock_and_by_unguarded_ports_after_it() -> None:
    early = {"R1.2", "R1.5", "R2.1", "R2.2"}
    assert not early & failed(results_of(annotated(DIRECT)))
    permissive = changed(LOCK, "mode: STRICT", "mode: PERMISSIVE")
    assert not {"R3.1", "R3.7"} & failed(results_of(changed_together(annotated(DIRECT), permissive)))


def test_the_cause_of_an_absent_object_is_named_before_what_follows_from_it() -> None:
    results = results_of(pods("serviceAccountName: nobody-made-it"))
    assert "ServiceAccount/nobody-made-it does not exist" in words_of(results, "R1.2")
    assert "ServiceAccount/nobody-made-it does not exist" in words_of(results, "R1.5")


def test_an_object_with_an_owner_is_collected_and_so_absent() -> None:
    owned = changed(
        LAST,
        "  name: voting-storage-secret\n  labels:\n",
        "  name: voting-storage-secret\n  ownerReferences:\n"
        "    - {apiVersion: apps/v1, kind: Deployment, name: operator, uid: 5a1c6f0e}\n  labels:\n",
    )
    results = results_of(owned)
    assert "R4.2" in failed(results)
    assert "collected as garbage" in words_of(results, "R4.2")
