from collections.abc import Sequence

from canary_conformance.mesh.revision_choice import reasons_without_injection
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.running_workloads import Workload
from canary_conformance.verdicts import counted, expect, expect_all, includes, nothing, same
from canary_conformance.voting.contract import DEPLOY
from canary_conformance.voting.scenario_objects import counted_pods, what_proxies_run, what_the_mesh_runs
from canary_conformance.voting.stage_contract import PODS_AT
from fixtures.marks import lasts_until, requirement

VERSION_1_0 = PODS_AT[DEPLOY]


@requirement("R1.1")
@lasts_until(5)
def test_namespace_asks_for_sidecars(namespace: NamespaceUnderTest) -> None:
    reasons = reasons_without_injection(namespace.api, namespace.mesh.revision, namespace.name)
    expect(reasons, nothing("reasons why no sidecar is injected"))


@requirement("R1.2")
def test_three_apps_one_analytics_and_one_storage_are_ready(started_pods: Sequence[Workload]) -> None:
    expect(counted_pods(started_pods), counted(VERSION_1_0, "pods ready"))


@requirement("R1.2")
def test_no_other_pod_was_made(pods: Sequence[Workload]) -> None:
    expect([str(pod) for pod in pods if not pod.ready], nothing("pods that are not ready"))
    strange = [f"{pod.pod.name} ({pod})" for pod in pods if str(pod) not in VERSION_1_0]
    expect(strange, nothing("other pods"))


@requirement("R1.3")
@lasts_until(5)
def test_every_pod_has_its_component_and_a_proxy(
    namespace: NamespaceUnderTest, pods: Sequence[Workload]
) -> None:
    expect([str(pod) for pod in pods], includes(PODS_AT[namespace.stage], "workloads"))
    with_proxy = {str(pod.pod): pod.has_proxy() and pod.container != "" for pod in pods}
    expect(with_proxy, same({str(pod.pod): True for pod in pods}, "pods with their component and a proxy"))


@requirement("R1.3")
@lasts_until(5)
def test_every_proxy_is_the_running_control_planes(
    namespace: NamespaceUnderTest, pods: Sequence[Workload]
) -> None:
    expect_all(
        sorted({pod.proxy_image for pod in pods}),
        same([namespace.mesh.proxy_image], "proxy images"),
    )


@requirement("R1.3")
def test_every_proxy_runs_the_control_planes_istio_and_the_gateways_envoy(
    namespace: NamespaceUnderTest, pods: Sequence[Workload]
) -> None:
    expect([str(pod) for pod in pods], includes(PODS_AT[namespace.stage], "workloads"))
    wanted = what_the_mesh_runs(namespace)
    expect(
        what_proxies_run(namespace, pods),
        same({pod.pod.name: wanted for pod in pods}, "proxies that run what the mesh runs"),
    )
