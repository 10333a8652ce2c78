"""What AuthorizationPolicies let through, by who calls, over what, and what for."""

import pytest

from canary_conformance.model.model import Model
from canary_conformance.model.objects.mesh_profile import AKS
from canary_conformance.model.objects.questions import OUTSIDE, Answer, Ending, Request, Source
from canary_conformance.model.objects.state import State
from canary_conformance.voting.voting_app import VOTING_APP
from tests.selftest.routing_support import (
    OPEN,
    at_gate,
    call,
    deployment,
    documents,
    endings,
    istio,
    manifests,
    model,
    only,
    page,
    peer_authentication,
    service,
)

STORE = "{name: redis, containerPort: 6379}, {name: mysql, containerPort: 3306}"
PODS = documents(
    deployment("web"),
    service("web"),
    deployment("store", ports=STORE),
    service("store", "{name: redis, port: 6379}, {name: mysql, port: 3306}"),
    OPEN,
    at_gate("http: [{route: [{destination: {host: web}}]}]"),
)
PLAIN = Source("plain", {"app": "plain"}, sidecar=False, namespace="voting")
STRANGER = Source("stranger", {"app": "stranger"}, namespace="elsewhere", account="robot")


def policy(spec: str, name: str = "rules") -> str:
    return istio("AuthorizationPolicy", name, spec, "security")


def source(fields: str) -> str:
    return f"rules: [{{from: [{{source: {{{fields}}}}}]}}]"


def operation(fields: str, action: str = "ALLOW") -> str:
    return f"action: {action}\nrules: [{{to: [{{operation: {{{fields}}}}}]}}]"


def to_store(text: str, port: int = 6379, who: Source | None = None) -> Ending:
    of = model(PODS, policy(text))
    host = "store.voting.svc.cluster.local"
    return only(of.answer(Request(who or Source("client"), host, port))).ending


def to_web(text: str, **asked: str) -> Answer:
    return page(model(PODS, policy(text)), **asked)


@pytest.mark.parametrize(
    ("fields", "lets_in"),
    [
        ("namespaces: [voting]", True),
        ("namespaces: ['vot*']", True),
        ("namespaces: ['*ing']", True),
        ("namespaces: ['*']", True),
        ("namespaces: [default, elsewhere]", False),
        ("notNamespaces: [voting]", False),
        ("notNamespaces: [default]", True),
        ("principals: [cluster.local/ns/voting/sa/default]", True),
        ("principals: ['*/ns/voting/sa/default']", True),
        ("principals: [spiffe://cluster.local/ns/voting/sa/default]", False),
        ("notPrincipals: ['cluster.local/ns/voting/*']", False),
        ("serviceAccounts: [default]", True),
        ("serviceAccounts: [elsewhere/default]", False),
        ("namespaces: [voting], notPrincipals: ['*/sa/default']", False),
    ],
)
def test_who_calls(fields: str, lets_in: bool) -> None:
    assert to_store(source(fields)) is (Ending.SERVED if lets_in else Ending.RESET)


@pytest.mark.parametrize("fields", ["namespaces: ['*']", "principals: ['*']", "namespaces: [voting]"])
def test_plaintext_proves_no_identity(fields: str) -> None:
    assert to_store(source(fields), who=PLAIN) is Ending.RESET
    assert to_store(source(f"not{fields[0].upper()}{fields[1:]}"), who=PLAIN) is Ending.SERVED


def test_the_gateway_and_other_namespaces_are_known_by_their_accounts() -> None:
    gateway = "principals: [cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account]"
    assert endings(to_web(source(gateway))) == {"served": 1}
    assert endings(to_web(source("namespaces: [voting]"))) == {"403": 1}
    robot = "principals: [cluster.local/ns/elsewhere/sa/robot]"
    assert to_store(source(robot), who=STRANGER) is Ending.SERVED
    assert to_store(source(robot)) is Ending.RESET


@pytest.mark.parametrize(
    ("fields", "port", "lets_in"),
    [
        ("ports: ['6379']", 6379, True),
        ("ports: ['6379']", 3306, False),
        ("ports: ['6379', '3306']", 3306, True),
        ("notPorts: ['6379']", 6379, False),
        ("notPorts: ['6379']", 3306, True),
        ("methods: [GET]", 6379, False),
        ("ports: ['6379'], paths: [/]", 6379, False),
    ],
)
def test_ports_and_fields_of_http_at_a_tcp_port(fields: str, port: int, lets_in: bool) -> None:
    assert to_store(operation(fields), port) is (Ending.SERVED if lets_in else Ending.RESET)


def test_a_deny_rule_is_compared_at_a_tcp_port_without_its_fields_of_http() -> None:
    assert to_store(operation("ports: ['6379'], methods: [GET]", "DENY")) is Ending.RESET
    assert to_store(operation("ports: ['3306'], methods: [GET]", "DENY")) is Ending.SERVED


@pytest.mark.parametrize(
    ("fields", "path", "method", "lets_in"),
    [
        ("methods: [GET]", "/", "GET", True),
        ("methods: [GET]", "/", "POST", False),
        ("paths: [/]", "/?a=1", "GET", True),
        ("paths: ['/featureflag/*']", "/featureflag/set", "POST", True),
        ("paths: ['/featureflag/*']", "/", "GET", False),
        ("paths: ['*/set']", "/featureflag/set", "POST", True),
        ("notPaths: ['/featureflag/*']", "/featureflag/set", "POST", False),
        ("requestPrincipals: ['*']", "/", "GET", False),
    ],
)
def test_method_and_path(fields: str, path: str, method: str, lets_in: bool) -> None:
    kept = source(fields) if fields.startswith("request") else operation(fields)
    answer = to_web(kept, path=path, method=method)
    assert endings(answer) == {"served" if lets_in else "403": 1}


def test_a_rewritten_path_is_what_the_pod_is_asked_for() -> None:
    rewriting = at_gate("http: [{rewrite: {uri: /new}, route: [{destination: {host: web}}]}]")
    pods = documents(deployment("web"), service("web"), OPEN, rewriting)
    assert endings(page(model(pods, policy(operation("paths: [/new]"))))) == {"another path": 1}
    assert endings(page(model(pods, policy(operation("paths: [/]"))))) == {"403": 1}


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("{}", Ending.RESET),
        ("rules: []", Ending.RESET),
        ("rules: [{}]", Ending.SERVED),
        ("action: DENY", Ending.SERVED),
        ("action: DENY\nrules: [{}]", Ending.RESET),
        ("action: AUDIT\nrules: [{}]", Ending.SERVED),
        ("selector: {matchLabels: {app: web}}", Ending.SERVED),
        ("selector: {matchLabels: {app: store}}", Ending.RESET),
        ("action: CUSTOM\nprovider: {name: mine}\nrules: [{}]", Ending.UNKNOWN),
        ("rules: [{when: [{key: source.ip, values: [10.0.0.1]}]}]", Ending.UNKNOWN),
        (source("ipBlocks: [10.0.0.0/8]"), Ending.UNKNOWN),
        (operation("hosts: [web]"), Ending.UNKNOWN),
        ("targetRefs: [{kind: Gateway, name: gate}]", Ending.UNKNOWN),
    ],
)
def test_actions_selectors_and_what_is_not_judged(text: str, ending: Ending) -> None:
    assert to_store(text) is ending


def test_what_is_not_judged_touches_only_the_pods_that_are_selected() -> None:
    text = "selector: {matchLabels: {app: store}}\naction: CUSTOM\nprovider: {name: mine}\nrules: [{}]"
    assert endings(to_web(text)) == {"served": 1}


def test_denial_comes_before_allowance_and_one_of_several_allowances_is_enough() -> None:
    allow = policy("rules: [{}]", "allow")
    deny = policy(operation("ports: ['6379']", "DENY"), "deny")
    of = model(PODS, allow, deny)
    assert only(call(of, "store", 6379)).ending is Ending.RESET
    assert only(call(of, "store", 3306)).ending is Ending.SERVED
    two = model(PODS, policy(operation("ports: ['1']"), "one"), policy(operation("ports: ['6379']"), "two"))
    assert only(call(two, "store", 6379)).ending is Ending.SERVED


def test_a_policy_of_the_root_namespace_is_for_every_pod() -> None:
    everyone = policy("action: DENY\nrules: [{}]")
    assert only(call(model(PODS, root=everyone), "store", 6379)).ending is Ending.RESET


def test_pods_without_a_sidecar_have_no_policies() -> None:
    bare = PODS.replace('version: "1"}', 'version: "1", sidecar.istio.io/inject: "false"}')
    assert only(call(model(bare, policy("{}")), "store", 6379)).ending is Ending.SERVED


def test_a_strict_port_refuses_plaintext_before_any_policy_is_looked_at() -> None:
    of = model(PODS, policy("{}"), peer_authentication("mtls: {mode: STRICT}"))
    outcome = only(of.answer(Request(OUTSIDE, "store.voting.svc.cluster.local", 6379)))
    assert outcome.reason == "store 1:6379 refuses plaintext"


def test_the_policy_is_named_first_with_its_line_and_what_it_asks_for() -> None:
    answer = call(model(PODS, policy(operation("ports: ['6379']"), "storage")), "store", 3306)
    cause = only(answer).cause
    assert cause is not None
    assert (cause.place and cause.place.file) == "2.yaml"
    assert cause.sentence == (
        "AuthorizationPolicy/storage does not allow the call to store 1:3306 "
        "(ports: 6379; the call has port 3306)"
    )
    denied = only(call(model(PODS, policy("action: DENY\nrules: [{}]", "deny")), "store", 3306))
    assert denied.reason == "AuthorizationPolicy/deny denies the call to store 1:3306"
    nothing = only(call(model(PODS, policy("{}", "nothing")), "store", 3306))
    assert nothing.reason.endswith("does not allow the call to store 1:3306, as it has no rules")


def test_a_gateway_whose_account_is_unknown_is_not_judged_by_accounts() -> None:
    mine = State("voting", {"istio.io/rev": "asm-1-30"}, application=VOTING_APP, mesh=AKS)
    for one in manifests(PODS.replace("ingressgateway}", "aks-istio-ingressgateway-external}")):
        mine = mine.apply(one)

    def ends(spec: str) -> dict[str, object]:
        state = mine
        for one in manifests(policy(spec), file="policy.yaml"):
            state = state.apply(one, 2)
        return dict(endings(page(Model(state.ready()))))

    assert ends(source("principals: ['*/sa/gateway']")) == {"unknown": 1}
    assert ends(source("namespaces: [aks-istio-ingress]")) == {"served": 1}
    assert ends(source("namespaces: [istio-system]")) == {"403": 1}


def when(*conditions: str, action: str = "ALLOW") -> str:
    return f"action: {action}\nrules: [{{when: [{', '.join(f'{{{one}}}' for one in conditions)}]}}]"


@pytest.mark.parametrize(
    ("conditions", "lets_in"),
    [
        (["key: source.namespace, values: [voting]"], True),
        (["key: source.namespace, values: [other, voting]"], True),
        (["key: source.namespace, values: [other]"], False),
        (["key: source.namespace, notValues: [voting]"], False),
        (["key: source.principal, values: ['*/ns/voting/sa/default']"], True),
        (["key: destination.port, values: ['6379']"], True),
        (["key: destination.port, values: ['3306']"], False),
        (["key: destination.port, values: ['6379'], notValues: ['6379']"], False),
        (["key: source.namespace, values: [voting]", "key: destination.port, values: ['3306']"], False),
        (["key: request.auth.principal, values: ['*']"], False),
    ],
)
def test_all_conditions_of_a_rule_have_to_match(conditions: list[str], lets_in: bool) -> None:
    assert to_store(when(*conditions)) is (Ending.SERVED if lets_in else Ending.RESET)


def test_a_rule_that_denies_by_a_condition_denies_only_then() -> None:
    assert to_store(when("key: destination.port, values: ['6379']", action="DENY")) is Ending.RESET
    assert to_store(when("key: destination.port, values: ['3306']", action="DENY")) is Ending.SERVED


@pytest.mark.parametrize(
    "key", ["request.headers[user-agent]", "source.ip", "experimental.envoy.filters.a[b]"]
)
def test_other_conditions_are_not_judged(key: str) -> None:
    assert to_store(when(f"key: '{key}', values: ['*']")) is Ending.UNKNOWN
