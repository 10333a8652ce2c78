"""The kinds are a closed list, and what was removed is told with its replacement."""

from __future__ import annotations

import pytest

from fixtures.scenario.kinds import API_VERSIONS, kind_problem, unknown_kind

pytestmark = pytest.mark.selftest


@pytest.mark.parametrize(("kind", "versions"), API_VERSIONS.items())
def test_every_kind_of_the_scenario_is_taken(kind: str, versions: tuple[str, ...]) -> None:
    assert versions
    assert unknown_kind(kind) == ""
    for version in versions:
        assert kind_problem(version, kind) == ""


@pytest.mark.parametrize(
    ("api_version", "kind", "told"),
    [
        ("authentication.istio.io/v1alpha1", "Policy", "security.istio.io/v1 PeerAuthentication"),
        ("authentication.istio.io/v1alpha1", "MeshPolicy", "PeerAuthentication in the mesh's root namespace"),
        ("rbac.istio.io/v1alpha1", "ServiceRole", "security.istio.io/v1 AuthorizationPolicy"),
        ("rbac.istio.io/v1alpha1", "ClusterRbacConfig", "security.istio.io/v1 AuthorizationPolicy"),
        ("config.istio.io/v1alpha2", "handler", "Mixer was removed"),
        ("config.istio.io/v1alpha2", "RouteRule", "networking.istio.io/v1 VirtualService"),
        ("config.istio.io/v1alpha2", "DestinationPolicy", "networking.istio.io/v1 DestinationRule"),
        ("config.istio.io/v1alpha2", "EgressRule", "networking.istio.io/v1 ServiceEntry"),
        ("extensions/v1beta1", "Deployment", "write apps/v1"),
        ("apps/v1beta1", "Deployment", "write apps/v1"),
        ("apps/v1beta2", "StatefulSet", "write apps/v1"),
        ("v1", "Deployment", "write apps/v1"),
        ("extensions/v1beta1", "Ingress", "networking.istio.io/v1 Gateway"),
        ("networking.k8s.io/v1", "Ingress", "networking.istio.io/v1 Gateway"),
        ("gateway.networking.k8s.io/v1", "Gateway", "networking.istio.io/v1 Gateway"),
        ("gateway.networking.k8s.io/v1", "HTTPRoute", "networking.istio.io/v1 Gateway"),
        ("networking.istio.io/v2", "VirtualService", "write networking.istio.io/v1 or"),
        ("networking.istio.io/v1", "EnvoyFilter", "write networking.istio.io/v1alpha3"),
        ("security.istio.io/v1alpha1", "PeerAuthentication", "write security.istio.io/v1 or"),
        ("telemetry.istio.io/v1alpha1", "Telemetry", "write telemetry.istio.io/v1"),
        ("serving.knative.dev/v1", "Service", "its Service is that of v1"),
        ("v1", "Namespace", "scenario.yaml"),
        ("v1", "Pod", "Deployments"),
        ("v1", "ReplicationController", "apps/v1 Deployment"),
        ("v1", "PersistentVolume", "PersistentVolumeClaim"),
        ("v1", "List", "document of its own"),
        ("networking.istio.io/v1", "VirtualServce", "did you mean VirtualService"),
        ("apps/v1", "DaemonSet", "its kinds are AuthorizationPolicy, ConfigMap"),
        ("", "", "its kinds are"),
    ],
)
def test_anything_else_is_refused_with_what_to_write(api_version: str, kind: str, told: str) -> None:
    problem = kind_problem(api_version, kind)
    assert told in problem
    assert problem.startswith(f"{api_version} {kind} can't be in the scenario: ")
    assert "\n" not in problem


def test_unknown_kind_names_near_misses() -> None:
    assert unknown_kind("Deploymnt") == "Deploymnt can't be in the scenario: did you mean Deployment?"
