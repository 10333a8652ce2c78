"""What pods ask of nodes, volumes, name resolution and their proxy, and what a deletion leaves behind.

Each mistake has a neighbour that is right and stays green.
"""

import pytest

from tests.selftest.changed_manifests import changed, failed, results_of, unjudged, words_of
from tests.selftest.manifest_files import FIRST, LAST, LOCK, ROUTING

FINAL = "istio/step-4-route-everyone-to-2.0.yaml"
GRACE = "      terminationGracePeriodSeconds: 5\n"
ANALYTICS_1_0, APP_1_0 = 1, 2


def pods(text: str, pod: int = APP_1_0) -> dict[str, bytes]:
    """Return stage 1's manifests with more of a pod's spec."""
    lines = "".join(f"      {line}\n" for line in text.splitlines())
    return changed(FIRST, GRACE, GRACE + lines, at=pod)


def annotated(text: str) -> dict[str, bytes]:
    """Return stage 1's manifests with annotations of the app's pods."""
    lines = "".join(f"        {line}\n" for line in text.splitlines())
    spec = "    spec:\n      term"
    return changed(FIRST, spec, f"      annotations:\n{lines}{spec}", at=APP_1_0)


def own_command(text: str) -> dict[str, bytes]:
    policy = "          imagePullPolicy: IfNotPresent\n"
    return changed(FIRST, policy, f"{policy}          {text}\n", at=ANALYTICS_1_0)


def redis_host(text: str) -> dict[str, bytes]:
    return changed(FIRST, "              value: voting-storage\n", f"              {text}\n")


def limited(name: str, amount: str) -> dict[str, bytes]:
    return changed(FIRST, "            limits:\n", f"            limits:\n              {name}: {amount}\n")


def claim(text: str) -> dict[str, bytes]:
    return changed(LAST, "spec:\n  accessModes", f"spec:\n  {text}\n  accessModes")


def fixed_address(address: str) -> dict[str, bytes]:
    before = "spec:\n  selector:\n    app: voting-storage\n"
    return changed(FIRST, before, before.replace("spec:\n", f"spec:\n  clusterIP: {address}\n"))


def connects_within(limit: str) -> dict[str, bytes]:
    pool = f"  trafficPolicy:\n    connectionPool:\n      tcp:\n        connectTimeout: {limit}\n"
    return changed(LOCK, "  trafficPolicy:\n", pool)


def answers_with_cookie(cookie: str) -> dict[str, bytes]:
    headers = f"    - headers:\n        response:\n          add:\n            set-cookie: {cookie}\n"
    return changed(ROUTING, "    - route:\n", f"{headers}      route:\n")


def hashed_by(cookie: str) -> dict[str, bytes]:
    by_cookie = f"loadBalancer: {{consistentHash: {{httpCookie: {{name: {cookie}, ttl: 0s}}}}}}"
    return changed(ROUTING, "  trafficPolicy:\n", f"  trafficPolicy:\n    {by_cookie}\n")


def backs_off(wait: str) -> dict[str, bytes]:
    retries = f"retries: {{attempts: 2, backoff: {wait}}}"
    return changed(FINAL, "    - route:\n", f"    - {retries}\n      route:\n")


def held_by(finalizer: str) -> dict[str, bytes]:
    metadata = "metadata:\n  name: voting-analytics-1-0\n"
    return changed(FIRST, metadata, f"{metadata}  finalizers: ['{finalizer}']\n")


def of_volume(text: str) -> dict[str, bytes]:
    return pods(f"volumes:\n  - name: more\n    {text}")


def of_proxy(image: str) -> dict[str, bytes]:
    return pods(f"initContainers:\n  - name: istio-proxy\n    image: {image}\n    restartPolicy: Always")


@pytest.mark.parametrize(
    ("overlay", "requirement", "words"),
    [
        (pods("priority: 1000"), "R1.2", "has priority 1000 and no priority class"),
        (of_volume("projected: {sources: [{configMap: {name: gone}}]}"), "R1.2", "ConfigMap/gone does not"),
        (of_volume("projected: {sources: [{secret: {name: gone}}]}"), "R1.2", "Secret/gone does not exist"),
        (of_proxy("docker.io/istio/proxyv2:1.20.0"), "R1.3", "pins the proxy image"),
        (pods("os: {name: windows}"), "R1.2", "nodes with kubernetes.io/os=windows"),
        (redis_host("value: ${REDIS}"), "R1.7", "REDIS_HOST of voting-analytics 1.0 is ${REDIS}"),
        (answers_with_cookie("featureflag=on; Path=/"), "R4.6", "sets the feature flag's cookie"),
        (changed(LAST, "mountPath: /var/lib/mysql", "mountPath: /var/lib/data"), "R4.2", "mysql-pv-claim"),
        (changed(LOCK, "mode: STRICT", "mode: UNSET"), "R4.8", "PeerAuthentication/default: UNSET, so"),
        (held_by("example.com/audit"), "R5.3", "waits for its finalizer example.com/audit"),
        (held_by("example.com/audit"), "R6.1", "waits for its finalizer example.com/audit"),
    ],
)
def test_a_mistake_fails_and_is_named(overlay: dict[str, bytes], requirement: str, words: str) -> None:
    results = results_of(overlay)
    assert requirement in failed(results)
    assert words in words_of(results, requirement)


@pytest.mark.parametrize(
    ("overlay", "requirement"),
    [
        (pods("schedulerName: batch"), "R1.2"),
        (pods("resourceClaims: [{name: gpu, resourceClaimName: gpu}]"), "R1.2"),
        (pods("hostAliases: [{ip: 127.0.0.1, hostnames: [voting-storage]}]"), "R1.2"),
        (of_volume("csi: {driver: secrets-store.csi.k8s.io}"), "R1.2"),
        (of_volume("hostPath: {path: /opt/settings, type: File}"), "R1.2"),
        (limited("nvidia.com/gpu", "'1'"), "R1.2"),
        (pods("resources: {limits: {memory: 1Mi}}"), "R1.2"),
        (pods("securityContext: {sysctls: [{name: net.core.somaxconn, value: '1024'}]}"), "R1.2"),
        (pods("securityContext: {seccompProfile: {type: Localhost, localhostProfile: x.json}}"), "R1.2"),
        (own_command("lifecycle: {postStart: {exec: {command: ['false']}}}"), "R1.2"),
        (annotated("sidecar.istio.io/discoveryAddress: istiod.other.svc:15012"), "R1.5"),
        (own_command("command: [sleep, infinity]"), "R1.2"),
        (own_command("args: [--port, '9090']"), "R1.2"),
        (annotated("proxy.istio.io/config: 'discoveryAddress: istiod.other.svc:15012'"), "R1.5"),
        (annotated("proxy.istio.io/config: 'concurrency: two'"), "R1.2"),
        (annotated("proxy.istio.io/config: 'drainDuration: 45'"), "R1.2"),
        (annotated("sidecar.istio.io/statsInclusionRegexps: '('"), "R1.2"),
        (own_command("terminationMessagePath: /voting-analytics"), "R1.2"),
        (hashed_by("featureflag"), "R4.6"),
        (backs_off("60s"), "R5.3"),
        (redis_host("valueFrom: {fieldRef: {fieldPath: status.hostIP}}"), "R1.7"),
        (fixed_address("10.0.171.4"), "R1.7"),
        (connects_within("1ms"), "R3.1"),
        (changed(LAST, "mountPath: /var/lib/mysql", "mountPath: /var/lib"), "R4.2"),
        (claim("selector: {matchLabels: {disk: fast}}"), "R4.2"),
        (claim("dataSource: {kind: PersistentVolumeClaim, name: old}"), "R4.2"),
    ],
)
def test_what_manifests_cannot_tell_is_not_judged(overlay: dict[str, bytes], requirement: str) -> None:
    results = results_of(overlay)
    assert not failed(results)
    assert requirement in unjudged(results)


@pytest.mark.parametrize(
    "overlay",
    [
        pods("priority: 0"),
        pods("schedulerName: default-scheduler"),
        pods("hostAliases: [{ip: 192.0.2.1, hostnames: [metrics.example.com]}]"),
        of_volume("projected: {sources: [{configMap: {name: kube-root-ca.crt}}]}"),
        of_volume("projected: {sources: [{secret: {name: gone, optional: true}}]}"),
        of_volume("emptyDir: {}"),
        limited("ephemeral-storage", "1Gi"),
        pods("os: {name: linux}"),
        pods("securityContext: {sysctls: [{name: net.ipv4.tcp_syncookies, value: '1'}]}"),
        own_command("lifecycle: {postStart: {sleep: {seconds: 1}}}"),
        annotated("sidecar.istio.io/logLevel: debug"),
        annotated("proxy.istio.io/config: '{concurrency: 2, drainDuration: 45s}'"),
        annotated("sidecar.istio.io/inject: 'yes'"),
        own_command("terminationMessagePath: /dev/termination-log"),
        hashed_by("visitor"),
        backs_off("25ms"),
        annotated("proxy.istio.io/config: 'holdApplicationUntilProxyStarts: true'"),
        fixed_address("''"),
        connects_within("10s"),
        answers_with_cookie("visitor=1; Path=/"),
        held_by("foregroundDeletion"),
    ],
)
def test_the_right_neighbour_is_green(overlay: dict[str, bytes]) -> None:
    results = results_of(overlay)
    assert not failed(results)
    assert not unjudged(results)
