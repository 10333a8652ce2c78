"""Objects of every kind are judged by the manifests as far as the model goes, and no further."""

from textwrap import dedent

import pytest

from canary_conformance.paths import MANIFESTS
from canary_conformance.voting.static.requirement_sets import NUMBERS, PODS, TRAFFIC
from canary_conformance.voting.static.static_runner import static_verdicts
from tests.selftest.changed_manifests import standings, with_object
from tests.selftest.manifest_files import FIRST


def autoscaler(least: int, most: int, target: str = "voting-app-1-0") -> str:
    return f"""\
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {{name: app}}
        spec:
          scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {target}}}
          minReplicas: {least}
          maxReplicas: {most}
        """


BUDGET = """\
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: app}
    spec: {minAvailable: 1, selector: {matchLabels: {app: voting-app}}}
    """
ROLE = """\
    apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata: {name: "voting:reader"}
    rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
    """
BINDING = """\
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: reader}
    roleRef: {kind: Role, name: "voting:reader"}
    subjects: [{kind: ServiceAccount, name: default}]
    """


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        (BUDGET, "PodDisruptionBudget/app"),
        (ROLE, "Role/voting:reader"),
        (BINDING, "RoleBinding/reader"),
        ("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}", "ServiceAccount/a"),
        ("apiVersion: v1\nkind: Namespace\nmetadata: {name: voting, labels: {team: a}}", "Namespace/voting"),
        (autoscaler(3, 3), "HorizontalPodAutoscaler/app"),
        (autoscaler(3, 10), "HorizontalPodAutoscaler/app"),
        (
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\n"
            "spec: {podSelector: {matchLabels: {app: nobody}}, policyTypes: [Ingress]}",
            "NetworkPolicy/p",
        ),
        (
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\n"
            "spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]}",
            "NetworkPolicy/p",
        ),
        (
            "apiVersion: v1\nkind: Service\nmetadata: {name: docs}\nspec: {type: ExternalName, "
            "externalName: example.com}",
            "Service/docs",
        ),
        (
            "apiVersion: v1\nkind: Service\nmetadata: {name: each}\nspec: {clusterIP: None, "
            "selector: {app: voting-app}, ports: [{name: http, port: 8080}]}",
            "Service/each",
        ),
        (
            "apiVersion: networking.istio.io/v1beta1\nkind: ProxyConfig\nmetadata: {name: two}\n"
            "spec: {concurrency: 2}",
            "ProxyConfig/two",
        ),
    ],
)
def test_what_changes_nothing_leaves_everything_judged(text: str, listed: str) -> None:
    first = listed == "Namespace/voting"
    assert standings(with_object(text, listed, first=first)) == ({}, {})


def test_a_list_is_judged_by_its_objects() -> None:
    listed = "apiVersion: v1\nkind: List\nitems:\n"
    listed += "\n".join(
        "- " + dedent(text).strip().replace("\n", "\n  ") for text in (BUDGET, ROLE, autoscaler(5, 9))
    )
    failed, unjudged = standings(
        with_object(listed, "PodDisruptionBudget/app", "Role/voting:reader", "HorizontalPodAutoscaler/app")
    )
    assert "R1.2" in failed
    assert "voting-app 1.0: 5" in failed["R1.2"]
    assert not unjudged


@pytest.mark.parametrize(("least", "most", "pods"), [(5, 9, 5), (1, 2, 2)])
def test_an_autoscaler_that_makes_another_number_of_pods_fails(least: int, most: int, pods: int) -> None:
    failed, _ = standings(with_object(autoscaler(least, most), "HorizontalPodAutoscaler/app"))
    assert f"voting-app 1.0: {pods}" in failed["R1.2"]


def test_an_autoscaler_of_another_target_changes_nothing() -> None:
    overlay = with_object(autoscaler(5, 9, "other"), "HorizontalPodAutoscaler/app")
    assert standings(overlay) == ({}, {})


def test_an_autoscaler_that_may_take_idle_pods_away_leaves_their_number_unjudged() -> None:
    failed, unjudged = standings(with_object(autoscaler(2, 10), "HorizontalPodAutoscaler/app"))
    assert not failed
    assert NUMBERS <= set(unjudged) <= NUMBERS | {"R1.7"}
    assert "down to 2" in unjudged["R1.2"]


def policy(selector: str, rules: str = "policyTypes: [Ingress]") -> str:
    return f"""\
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {{name: p}}
        spec: {{podSelector: {selector}, {rules}}}
        """


@pytest.mark.parametrize(
    ("selector", "rules"),
    [
        ("{}", "policyTypes: [Ingress]"),
        ("{matchLabels: {app: voting-storage}}", "policyTypes: [Ingress]"),
        ("{}", "policyTypes: [Ingress, Egress], ingress: [{}]"),
        ("{}", "ingress: [{}], egress: [{to: [{podSelector: {}}]}]"),
        ("{}", "ingress: [{ports: [{port: 8080}]}]"),
    ],
)
def test_a_network_policy_of_our_pods_leaves_traffic_unjudged_and_nothing_else(
    selector: str, rules: str
) -> None:
    failed, unjudged = standings(with_object(policy(selector, rules), "NetworkPolicy/p"))
    assert not failed
    assert set(unjudged) == (TRAFFIC | PODS) - {"R1.3"}
    assert f"NetworkPolicy/p ({FIRST}:" in unjudged["R1.5"]


IN_MESH = "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-system}}"
GATEWAY = f"{{{IN_MESH}, podSelector: {{matchLabels: {{istio: ingressgateway}}}}}}"
OWN = "{podSelector: {}}"
LABELLED = "{podSelector: {matchExpressions: [{key: app, operator: Exists}]}}"


def let_in(*peers: str, ports: str = "") -> str:
    return f"{{from: [{', '.join(peers)}], ports: [{ports}]}}"


TO_PAGE = let_in(GATEWAY, ports="{port: http}")


@pytest.mark.parametrize(
    ("rules", "holds"),
    [
        ([let_in(OWN, f"{{{IN_MESH}}}")], True),
        ([let_in(OWN), TO_PAGE], True),
        ([let_in(LABELLED), TO_PAGE], True),
        ([let_in(OWN, ports="{port: 3000, endPort: 8080}"), TO_PAGE], True),
        # One caller, port or protocol less.
        ([let_in(OWN)], False),
        ([let_in(LABELLED.replace("Exists", "DoesNotExist")), TO_PAGE], False),
        ([let_in("{podSelector: {matchLabels: {app: voting-app}}}"), TO_PAGE], False),
        ([let_in(OWN, ports="{port: 8080}"), TO_PAGE], False),
        ([let_in(OWN, ports="{protocol: UDP}"), TO_PAGE], False),
        ([let_in("{ipBlock: {cidr: 0.0.0.0/0}}"), TO_PAGE], False),
        ([let_in(OWN), TO_PAGE.replace("istio-system", "mesh")], False),
    ],
)
def test_a_network_policy_that_lets_every_call_in_changes_nothing(rules: list[str], holds: bool) -> None:
    text = policy("{}", f"ingress: [{', '.join(rules)}]")
    failed, unjudged = standings(with_object(text, "NetworkPolicy/p"))
    assert not failed
    assert bool(unjudged) is not holds


def test_a_network_policy_mends_nothing_that_fails_without_it() -> None:
    overlay = with_object(policy("{}"), "NetworkPolicy/p")
    overlay[FIRST] = overlay[FIRST].replace(b"replicas: 3", b"replicas: 2")
    failed, _ = standings(overlay)
    assert "R1.2" in failed


QUOTA = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: q}}\nspec: {{hard: {{{hard}}}}}"


@pytest.mark.parametrize(
    ("hard", "more"), [("pods: '9', requests.cpu: 2", set()), ("services: '9'", {"R0.1"})]
)
def test_a_quota_leaves_unjudged_what_it_counts(hard: str, more: set[str]) -> None:
    failed, unjudged = standings(with_object(QUOTA.format(hard=hard), "ResourceQuota/q"))
    assert not failed
    assert set(unjudged) == PODS | more


@pytest.mark.parametrize(
    ("spec", "touched"),
    [
        ("{ingressClassName: nginx, defaultBackend: {service: {name: voting-app, port: {number: 8080}}}}",
         {"R1.4"}),
        ("{ingressClassName: istio, defaultBackend: {service: {name: voting-app, port: {number: 8080}}}}",
         {"R1.4"} | TRAFFIC),
    ],
)  # fmt: skip
def test_an_ingress_is_another_way_in(spec: str, touched: set[str]) -> None:
    text = f"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: i}}\nspec: {spec}"
    failed, unjudged = standings(with_object(text, "Ingress/i"))
    assert not failed
    assert set(unjudged) == touched


def test_a_kind_that_nobody_knows_leaves_all_but_the_lists_unjudged() -> None:
    text = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {x: 1}"
    failed, unjudged = standings(with_object(text, "Widget/w"))
    assert not failed
    judged = {id_ for result in static_verdicts(MANIFESTS) for id_ in result.requirements}
    assert set(unjudged) == judged
    assert "the definition of example.com/v1 Widget is unknown" in unjudged["R0.1"]


def test_an_object_of_the_cluster_outlives_the_namespace_unless_it_is_deleted() -> None:
    text = ROLE.replace("kind: Role", "kind: ClusterRole")
    overlay = with_object(text, "ClusterRole/voting:reader")
    failed, _ = standings(overlay)
    assert set(failed) == {"R6.1"}
    told = overlay["scenario.yaml"].decode()
    overlay["scenario.yaml"] = told.replace(
        "- Namespace/voting", "- Namespace/voting\n          - ClusterRole/voting:reader"
    ).encode()
    assert standings(overlay) == ({}, {})


@pytest.mark.parametrize(
    ("labels", "fails"), [("{istio-injection: disabled}", True), ("{istio-injection: enabled}", False)]
)
def test_the_namespaces_labels_are_those_of_its_file_over_the_scenarios(labels: str, fails: bool) -> None:
    text = f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: voting, labels: {labels}}}"
    failed, _ = standings(with_object(text, "Namespace/voting", first=True))
    assert ({"R1.1", "R1.3"} <= set(failed)) is fails
    assert bool(failed) is fails


def test_a_namespace_that_comes_later_is_there_already() -> None:
    text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: voting, labels: {team: a}}"
    failed, _ = standings(with_object(text, "Namespace/voting"))
    assert "unexpected objects: Namespace/voting configured" in failed["R0.1"]


@pytest.mark.parametrize("first", [True, False])
def test_a_namespace_of_any_shape_is_judged(*, first: bool) -> None:
    text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: voting, labels: [a], annotations: x}"
    failed, _ = standings(with_object(text, "Namespace/voting", first=first))
    assert "R0.1" in failed
