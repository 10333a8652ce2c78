"""What Istio's webhook refuses or warns of about policies, Sidecars and the parts of a DestinationRule.

Every case was given to a server's dry run (Istio 1.31), which refuses and takes the same.
"""

from __future__ import annotations

import pytest

from tests.selftest.schema_examples import findings

pytestmark = pytest.mark.selftest

ACCESS = "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a}, spec: {%s}}"
SHOWN = "{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: a}, spec: {%s}}"
RULE = "{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a}, spec: {host: a, %s}}"
POLICY = RULE % "trafficPolicy: {%s}"
TCP, HTTP = POLICY % "connectionPool: {tcp: {%s}}", POLICY % "connectionPool: {http: {%s}}"
OUTLIERS, TLS = POLICY % "outlierDetection: {%s}", POLICY % "tls: {mode: SIMPLE, %s}"
NEAR = POLICY % "loadBalancer: {localityLbSetting: {%s}}"
SOURCE = ACCESS % "rules: [{from: [{source: {%s}}]}]"
OPERATION = ACCESS % "rules: [{to: [{operation: {%s}}]}]"
WHEN = ACCESS % "rules: [{when: [{%s}]}]"
DENIES_TCP = "the API server warns: it denies all traffic to ports of TCP; name the ports"
NO_LABELS = "the API server warns: workload selector specified without labels"
WHOLE_MS = "is not a whole number of milliseconds, at least one"
REFUSED = [
    (ACCESS % "action: DENY", "without rules it denies nothing; a rule {} denies everything"),
    (ACCESS % "action: CUSTOM, rules: [{}]", "an action CUSTOM needs a provider with a name"),
    (ACCESS % "provider: {name: a}, rules: [{}]", "only an action CUSTOM has a provider"),
    (ACCESS % "selector: {}", NO_LABELS),
    (ACCESS % "selector: {matchLabels: {app: v*}}", "app=v*: a selector takes no * and no empty key"),
    (ACCESS % "rules: [{from: [{}]}]", "says nothing"),
    (SOURCE % "namespaces: []", "says nothing"),
    (SOURCE % "namespaces: ['']", "is empty"),
    (SOURCE % "ipBlocks: [a]", "'a' is not an address or a range of them"),
    (SOURCE % "serviceAccounts: [a/b/c]", "'a/b/c' is not ACCOUNT or NAMESPACE/ACCOUNT"),
    (SOURCE % "serviceAccounts: [a], principals: [b]", "can't stand beside namespaces or principals"),
    (OPERATION % "ports: [http]", "'http' is not the number of a port"),
    (OPERATION % "ports: ['70000']", "'70000' is not the number of a port"),
    (WHEN % "key: request.headers, values: [a]", "'request.headers' is not a condition of Istio"),
    (WHEN % "key: source.ip", "wants values or notValues"),
    (WHEN % "key: destination.port, values: [x]", "'x' is not the number of a port"),
    (ACCESS % "action: DENY, rules: [{to: [{operation: {methods: [DELETE]}}]}]", DENIES_TCP),
    (ACCESS % "action: DENY, rules: [{from: [{source: {notRequestPrincipals: ['*']}}]}]", DENIES_TCP),
    (SHOWN % "workloadSelector: {labels: {app: a}}", "says nothing"),
    (SHOWN % "workloadSelector: {labels: {}}, egress: [{hosts: ['./*']}]", NO_LABELS),
    (SHOWN % "egress: [{hosts: []}]", "missing: it shows at least one host"),
    (SHOWN % "egress: [{hosts: [page]}]", "'page' is not of the form NAMESPACE/NAME"),
    (SHOWN % "egress: [{hosts: [./page]}]", "page is not a full name like page...svc.cluster.local"),
    (SHOWN % "egress: [{hosts: [a*/b.c]}]", "'a*' is not a valid namespace"),
    (SHOWN % "egress: [{hosts: ['./*']}, {hosts: ['b/*']}]", "one without a port stands last"),
    (
        SHOWN % "ingress: [{port: {number: 80, protocol: HTTP, name: a}, defaultEndpoint: '10.0.0.1:80'}]",
        "'10.0.0.1:80' is not an address of the pod like 127.0.0.1:8080",
    ),
    (RULE % "exportTo: [a, a]", "a is there twice"),
    (RULE % "exportTo: ['*', a]", "* is every namespace, and stands alone"),
    (RULE % "exportTo: ['~']", "'~' is not '.', '*' or the name of a namespace"),
    (RULE % "exportTo: ['']", "'' is not '.', '*' or the name of a namespace"),
    (
        RULE % "exportTo: ['*'], workloadSelector: {matchLabels: {a: b}}",
        "a rule of single pods is shown to its own namespace only",
    ),
    (RULE % "workloadSelector: {}", NO_LABELS),
    (POLICY % "connectionPool: {}", "says nothing"),
    (TCP % "maxConnections: -1", "-1 is less than nothing"),
    (TCP % "connectTimeout: 0.5ms", f"0.5ms {WHOLE_MS}"),
    (TCP % "tcpKeepalive: {time: 0.1ms}", f"0.1ms {WHOLE_MS}"),
    (HTTP % "maxRetries: -1", "-1 is less than nothing"),
    (
        HTTP % "useClientProtocol: true, h2UpgradePolicy: UPGRADE",
        "can't stand beside h2UpgradePolicy: UPGRADE",
    ),
    (OUTLIERS % "interval: 1.0005s", f"1.0005s {WHOLE_MS}"),
    (OUTLIERS % "consecutiveLocalOriginFailures: 3", "it needs splitExternalLocalOriginErrors"),
    (OUTLIERS % "consecutiveErrors: 3", "the API server warns: deprecated; use consecutive5xxErrors"),
    (TLS % "credentialName: a, caCertificates: /b", "can't stand beside credentialName"),
    (TLS % "insecureSkipVerify: true, subjectAltNames: [a]", "can't stand beside insecureSkipVerify"),
    (NEAR % "distribute: [{from: a, to: {b: 90}}]", "the weights add up to 90, and not to 100"),
    (NEAR % "failover: [{from: a, to: a}]", "is where the requests come from"),
    (
        NEAR % "distribute: [{from: a, to: {b: 100}}], failover: [{from: a, to: b}]",
        "can't stand beside distribute",
    ),
]
TAKEN = [
    ACCESS % "action: AUDIT",
    ACCESS % "rules: [{}]",
    ACCESS % "action: DENY, rules: [{to: [{operation: {methods: [GET], ports: ['80']}}]}]",
    ACCESS % "action: DENY, rules: [{from: [{source: {namespaces: [a]}}]}]",
    SOURCE % "ipBlocks: [10.0.0.0/8, 1.2.3.4]",
    WHEN % "key: 'request.auth.claims[a]', notValues: [b]",
    SHOWN % "egress: [{hosts: ['./*', 'istio-system/*', '~/*', '*/*', './*.local']}]",
    SHOWN % "egress: [{port: {number: 80, protocol: HTTP, name: a}, hosts: ['./*']}, {hosts: ['./*']}]",
    SHOWN % "outboundTrafficPolicy: {mode: REGISTRY_ONLY}",
    SHOWN % "ingress: [{port: {number: 80, protocol: HTTP, name: a}, defaultEndpoint: '127.0.0.1:80'}]",
    RULE % "exportTo: ['.', a]",
    RULE % "exportTo: ['.'], workloadSelector: {matchLabels: {a: b}}",
    TCP % "maxConnections: 0, connectTimeout: 100h",
    HTTP % "useClientProtocol: true",
    OUTLIERS % "consecutiveLocalOriginFailures: 0",
    OUTLIERS % "consecutiveLocalOriginFailures: 3, splitExternalLocalOriginErrors: true",
    TLS % "insecureSkipVerify: true",
]


@pytest.mark.parametrize(("text", "told"), REFUSED)
def test_what_the_webhook_refuses_or_warns_of(text: str, told: str) -> None:
    assert [finding.partition(": ")[2].partition(": ")[2] for finding in findings(text)] == [told]


@pytest.mark.parametrize("text", TAKEN)
def test_what_the_webhook_takes_is_no_finding(text: str) -> None:
    assert findings(text) == []
