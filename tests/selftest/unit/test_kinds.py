"""What a cluster could serve is taken, and what none serves any more is refused with its replacement."""

import pytest

from canary_conformance.scenario.kinds import (
    API_VERSIONS,
    CLUSTER_SCOPED,
    is_known,
    kind_name,
    kind_problem,
    listed_kind_problem,
)


@pytest.mark.parametrize(("kind", "versions"), API_VERSIONS.items())
def test_every_kind_of_the_table_is_taken(kind: str, versions: tuple[str, ...]) -> None:
    assert versions
    assert listed_kind_problem(kind) == ""
    for version in versions:
        assert kind_problem(version, kind) == ""
        assert is_known(version, kind)
        assert kind_name(version, kind) == kind


def test_kinds_of_the_cluster_are_in_the_table() -> None:
    assert set(API_VERSIONS) > CLUSTER_SCOPED


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("gateway.networking.k8s.io/v1", "Gateway"),
        ("gateway.networking.k8s.io/v1", "HTTPRoute"),
        ("serving.knative.dev/v1", "Service"),
        ("monitoring.coreos.com/v1", "ServiceMonitor"),
        ("cert-manager.io/v1", "Certificate"),
        ("networking.k8s.io/v1beta1", "ServiceCIDR"),
        ("admissionregistration.k8s.io/v1beta1", "MutatingAdmissionPolicy"),
        ("v1", "Node"),
    ],
)
def test_a_kind_that_some_cluster_may_serve_is_taken_and_unknown(api_version: str, kind: str) -> None:
    assert kind_problem(api_version, kind) == ""
    assert not is_known(api_version, kind)


def test_a_kind_of_another_group_carries_the_group_in_its_name() -> None:
    assert kind_name("gateway.networking.k8s.io/v1", "Gateway") == "Gateway.gateway.networking.k8s.io"
    assert kind_name("cert-manager.io/v1", "Certificate") == "Certificate"
    assert listed_kind_problem("Gateway.gateway.networking.k8s.io") == ""


@pytest.mark.parametrize(
    ("api_version", "kind", "told"),
    [
        ("authentication.istio.io/v1alpha1", "Policy", "security.istio.io/v1 PeerAuthentication"),
        ("authentication.istio.io/v1alpha1", "MeshPolicy", "PeerAuthentication in the mesh's root namespace"),
        ("rbac.istio.io/v1alpha1", "ServiceRole", "security.istio.io/v1 AuthorizationPolicy"),
        ("rbac.istio.io/v1alpha1", "ClusterRbacConfig", "security.istio.io/v1 AuthorizationPolicy"),
        ("config.istio.io/v1alpha2", "handler", "is not a valid kind"),
        ("config.istio.io/v1alpha2", "Handler", "Mixer was removed"),
        ("config.istio.io/v1alpha2", "RouteRule", "networking.istio.io/v1 VirtualService"),
        ("config.istio.io/v1alpha2", "DestinationPolicy", "networking.istio.io/v1 DestinationRule"),
        ("config.istio.io/v1alpha2", "EgressRule", "networking.istio.io/v1 ServiceEntry"),
        ("extensions/v1beta1", "Deployment", "write apps/v1"),
        ("extensions/v1beta1", "Ingress", "write networking.k8s.io/v1"),
        ("extensions/v1beta1", "Scale", "removed the whole group"),
        ("apps/v1beta1", "Deployment", "write apps/v1"),
        ("apps/v1beta2", "StatefulSet", "write apps/v1"),
        ("policy/v1beta1", "PodDisruptionBudget", "write policy/v1"),
        ("policy/v1beta1", "PodSecurityPolicy", "labels of the namespace"),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler", "write autoscaling/v2"),
        ("batch/v1beta1", "CronJob", "write batch/v1"),
        ("networking.k8s.io/v1beta1", "Ingress", "write networking.k8s.io/v1"),
        ("rbac.authorization.k8s.io/v1beta1", "Role", "write rbac.authorization.k8s.io/v1"),
        ("v1", "Deployment", "write apps/v1"),
        ("apps/v1", "Service", "write v1"),
        ("networking.istio.io/v2", "VirtualService", "write networking.istio.io/v1 or"),
        ("networking.istio.io/v1", "EnvoyFilter", "write networking.istio.io/v1alpha3"),
        ("security.istio.io/v1alpha1", "PeerAuthentication", "write security.istio.io/v1 or"),
        ("networking.istio.io/v1", "VirtualServce", "did you mean VirtualService"),
        ("apps/v1", "Deploymnt", "did you mean Deployment"),
        ("netwroking.istio.io/v1", "VirtualService",
         "there is no group netwroking.istio.io; write networking"),
        ("app/v1", "Deployment", "there is no group app; write apps/v1"),
        ("{{ .Values.api }}", "Deployment", "Helm template"),
        ("apps/v1/x", "Deployment", "is not a valid apiVersion"),
        ("apps/v1", "deployment", "is not a valid kind"),
        ("", "", "is not a valid apiVersion"),
    ],
)  # fmt: skip
def test_what_no_cluster_could_take_is_refused_with_what_to_write(
    api_version: str, kind: str, told: str
) -> None:
    problem = kind_problem(api_version, kind)
    assert told in problem
    assert problem.startswith(f"{api_version} {kind} can't be applied: ")
    assert "\n" not in problem


def test_a_listed_kind_names_near_misses() -> None:
    assert listed_kind_problem("Deploymnt") == "Deploymnt is not a known kind: did you mean Deployment?"
    assert listed_kind_problem("ServiceMonitor") == ""
