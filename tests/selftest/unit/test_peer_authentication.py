"""Which PeerAuthentication decides, scope by scope."""

from typing import Any

import pytest

from canary_conformance.model.pods.peer_authentication import Scope, policy_in_force

LABELS = {"app": "voting-storage", "version": "1.0"}


def policy(
    name: str,
    mode: str | None,
    *,
    namespace: str = "voting",
    selector: dict[str, str] | None = None,
    ports: dict[str, str] | None = None,
    created: str = "2026-01-01T00:00:00Z",
) -> dict[str, Any]:
    spec: dict[str, Any] = {}
    if mode:
        spec["mtls"] = {"mode": mode}
    if selector is not None:
        spec["selector"] = {"matchLabels": selector}
    if ports:
        spec["portLevelMtls"] = {port: {"mode": port_mode} for port, port_mode in ports.items()}
    return {"metadata": {"name": name, "namespace": namespace, "creationTimestamp": created}, "spec": spec}


def decides(*policies: dict[str, Any], port: int = 6379) -> tuple[str, str] | None:
    found = policy_in_force(
        policies, namespace="voting", labels=LABELS, port=port, root_namespace="istio-system"
    )
    return (str(found), found.mode) if found else None


MESH = policy("mesh", "STRICT", namespace="istio-system")
NAMESPACE = policy("default", "PERMISSIVE")
WORKLOAD = policy("storage", "DISABLE", selector={"app": "voting-storage"})


def test_nothing_decides_without_a_policy() -> None:
    assert decides() is None


def test_the_narrower_scope_wins_in_any_order() -> None:
    assert decides(MESH) == ("mesh/istio-system", "STRICT")
    assert decides(NAMESPACE, MESH) == ("default/voting", "PERMISSIVE")
    assert decides(WORKLOAD, MESH, NAMESPACE) == ("storage/voting", "DISABLE")


def test_a_port_wins_over_its_own_policy_and_only_at_that_port() -> None:
    own = policy("storage", "STRICT", selector={"app": "voting-storage"}, ports={"6379": "DISABLE"})
    assert decides(own, NAMESPACE) == ("storage/voting", "DISABLE")
    assert decides(own, NAMESPACE, port=3306) == ("storage/voting", "STRICT")
    found = policy_in_force(
        [own], namespace="voting", labels=LABELS, port=6379, root_namespace="istio-system"
    )
    assert found is not None
    assert found.scope is Scope.PORT


@pytest.mark.parametrize("mode", [None, "UNSET"])
def test_unset_hands_the_decision_on(mode: str | None) -> None:
    own = policy("storage", mode, selector={"app": "voting-storage"}, ports={"6379": "UNSET"})
    assert decides(own, policy("default", mode), MESH) == ("mesh/istio-system", "STRICT")
    assert decides(own, policy("default", mode)) is None


def test_the_oldest_of_a_scope_wins_even_when_it_says_nothing() -> None:
    younger = policy("a", "STRICT", created="2026-02-01T00:00:00Z")
    assert decides(younger, NAMESPACE) == ("default/voting", "PERMISSIVE")
    assert decides(younger, policy("z", None)) is None
    assert decides(policy("b", "STRICT"), policy("a", "DISABLE")) == ("a/voting", "DISABLE")


def test_policies_of_others_do_not_count() -> None:
    elsewhere = policy("default", "STRICT", namespace="other")
    other_pods = policy("app", "STRICT", selector={"app": "voting-app"})
    half = policy("half", "STRICT", selector={"app": "voting-storage", "version": "2.0"})
    rooted = policy("rooted", "STRICT", namespace="istio-system", selector={"app": "voting-storage"})
    assert decides(elsewhere, other_pods, half, rooted) is None


def test_ports_of_a_policy_without_a_selector_do_not_count() -> None:
    assert decides(policy("default", "STRICT", ports={"6379": "DISABLE"})) == ("default/voting", "STRICT")


def test_an_empty_selector_is_the_whole_namespace() -> None:
    assert decides(policy("all", "STRICT", selector={}), WORKLOAD) == ("storage/voting", "DISABLE")


def test_a_policy_without_a_spec_is_valid() -> None:
    bare = {"metadata": {"name": "bare", "namespace": "voting"}}
    assert decides(bare, MESH) == ("mesh/istio-system", "STRICT")
