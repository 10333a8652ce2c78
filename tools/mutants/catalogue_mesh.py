"""Mistakes between the pods: who may reach whom, subsets, mutual TLS."""

from __future__ import annotations

from tools.mutants.mistake import Mistake, after, becomes, before, followed_by, renamed, to, under, without

_ANALYTICS, _STORAGE = "VirtualService/voting-analytics", "VirtualService/voting-storage"
_POLICY = "PeerAuthentication/default"
_RULE = "DestinationRule/voting-"
_ANALYTICS_1_0 = '- sourceLabels:\n    app: voting-analytics\n    version: "1.0"'
_ANNOTATIONS = "annotations:\n  "

MESH = (
    Mistake(
        "analytics is chosen by the voter's cookie, which no app passes on",
        "istio/step-3",
        _ANALYTICS,
        (becomes("spec.http[1].match[0]", "- headers:\n    cookie:\n      regex: '.*featureflag=on.*'"),),
        "R4.2 R4.4 R4.8",
    ),
    Mistake(
        "storage is chosen by the port instead of the source",
        "istio/step-3",
        _STORAGE,
        (
            under("spec.tcp[0].match", "- port: 6379"),
            under("spec.tcp[1].match", "- port: 3306"),
        ),
        "R4.8",
    ),
    Mistake(
        "analytics 1.0 is among those who reach Redis, since the lock",
        "istio/step-2",
        _STORAGE,
        (after("spec.tcp[0].match[1]", _ANALYTICS_1_0),),
        "R3.3",
    ),
    Mistake(
        "analytics 1.0 is among those who reach Redis, since the canary",
        "istio/step-3",
        _STORAGE,
        (after("spec.tcp[0].match[1]", _ANALYTICS_1_0),),
        "R4.8",
    ),
    Mistake(
        "analytics 2.0 reads Redis and shows the votes of 1.0",
        "istio/step-3",
        _STORAGE,
        (after("spec.tcp[0].match[1]", '- sourceLabels:\n    app: voting-analytics\n    version: "2.0"'),),
        "R4.2 R4.7 R4.8",
    ),
    Mistake(
        "a source is named by its Deployment and not by its label",
        "istio/step-2",
        _ANALYTICS,
        (under("spec.http[0].match[0].sourceLabels", "app: voting-app-1-0"),),
        "R3.1 R3.7",
    ),
    Mistake(
        "the source of a route is one of the Service's labels too many",
        "istio/step-2",
        _ANALYTICS,
        (after("spec.http[0].match[0].sourceLabels.version", "tier: frontend"),),
        "R3.1 R3.7",
    ),
    Mistake(
        "the routes to storage are for HTTP",
        "istio/step-2",
        _STORAGE,
        (renamed("spec.tcp", "http"),),
        "R3.3",
    ),
    Mistake(
        "the routes to analytics are for TCP",
        "istio/step-2",
        _ANALYTICS,
        (renamed("spec.http", "tcp"),),
        "R3.1 R3.2",
    ),
    Mistake(
        "the routes to analytics are for the Gateway and not for the mesh",
        "istio/step-2",
        _ANALYTICS,
        (before("spec.http", "gateways:\n  - voting-app-gateway"),),
        "R3.1 R3.2",
    ),
    Mistake(
        "the routes to analytics are shown to another namespace only",
        "istio/step-2",
        _ANALYTICS,
        (before("spec.http", "exportTo:\n  - istio-system"),),
        "R3.1 R3.2",
    ),
    Mistake(
        "storage is routed by a namespace that the apps aren't in",
        "istio/step-3",
        _STORAGE,
        (after("spec.tcp[1].match[0].sourceLabels", "sourceNamespace: default"),),
        "R4.2 R4.7 R4.8 R4.10",
    ),
    # --- subsets --------------------------------------------------------------------------------------
    Mistake(
        "a subset's label is its own name",
        "istio/step-2",
        f"{_RULE}analytics",
        (under("spec.subsets[0].labels", "name: v1-1"),),
        "R3.1 R3.7",
    ),
    Mistake(
        "a subset's version has a v before it",
        "istio/step-3",
        f"{_RULE}app",
        (to("spec.subsets[1].labels.version", "v2.0"),),
        "R4.1 R4.4",
    ),
    Mistake(
        "a subset's version is written as in the Deployment's name",
        "istio/step-3",
        f"{_RULE}storage",
        (to("spec.subsets[1].labels.version", "2-0"),),
        "R4.2 R4.8",
    ),
    Mistake(
        "the canary's subset is any version of the app",
        "istio/step-3",
        f"{_RULE}app",
        (under("spec.subsets[1].labels", "app: voting-app"),),
        "R4.1 R4.4",
    ),
    Mistake(
        "the host of a rule is of another namespace",
        "istio/step-2",
        f"{_RULE}storage",
        (to("spec.host", "voting-storage.default.svc.cluster.local"),),
        "R3.3 R3.4 R3.7",
    ),
    Mistake(
        "the host of a rule has its full name without the namespace",
        "istio/step-2",
        f"{_RULE}analytics",
        (to("spec.host", "voting-analytics.svc.cluster.local"),),
        "R3.1 R3.4 R3.7",
    ),
    Mistake(
        "the host of a rule has its full name",
        "istio/step-2",
        f"{_RULE}analytics",
        (to("spec.host", "voting-analytics.voting.svc.cluster.local"),),
        "",
    ),
    Mistake(
        "the app may have one connection at a time",
        "istio/step-3",
        f"{_RULE}app",
        (
            before(
                "spec.trafficPolicy.tls",
                "connectionPool:\n  tcp:\n    maxConnections: 1\n  http:\n    http1MaxPendingRequests: 1",
            ),
        ),
        "R4.1 R4.3 R4.4",
        live=True,
    ),
    # --- mutual TLS -----------------------------------------------------------------------------------
    Mistake(
        "mutual TLS is demanded of the app's pods only",
        "istio/step-2",
        _POLICY,
        (before("spec.mtls", "selector:\n  matchLabels:\n    app: voting-app"),),
        "R3.4 R3.5",
    ),
    Mistake(
        "the policy makes an exception for Redis's port",
        "istio/step-2",
        _POLICY,
        (after("spec.mtls", 'portLevelMtls:\n  "6379":\n    mode: PERMISSIVE'),),
        "R0.1 R3.5",
    ),
    Mistake(
        "a second policy spares the stores",
        "istio/step-2",
        _POLICY,
        (
            followed_by(
                "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata:\n  name: storage\n"
                "spec:\n  selector:\n    matchLabels:\n      app: voting-storage\n"
                "  mtls:\n    mode: PERMISSIVE"
            ),
        ),
        "R3.4 R3.5",
    ),
    Mistake(
        "the policy is of the API that Istio removed",
        "istio/step-2",
        _POLICY,
        (to("apiVersion", "authentication.istio.io/v1alpha1"), to("kind", "Policy")),
        "R0.1",
    ),
    Mistake(
        "the policy's mode is written in small letters",
        "istio/step-2",
        _POLICY,
        (to("spec.mtls.mode", "strict"),),
        "R0.1",
    ),
    Mistake(
        "the policy's mode is that of a client",
        "istio/step-2",
        _POLICY,
        (to("spec.mtls.mode", "ISTIO_MUTUAL"),),
        "R0.1",
    ),
    Mistake(
        "a subset switches its client's TLS off",
        "istio/step-2",
        f"{_RULE}analytics",
        (after("spec.subsets[0].labels", "trafficPolicy:\n  tls:\n    mode: DISABLE"),),
        "R3.4",
    ),
    Mistake(
        "a port switches its client's TLS off",
        "istio/step-3",
        f"{_RULE}storage",
        (
            after(
                "spec.trafficPolicy.tls",
                "portLevelSettings:\n  - port:\n      number: 3306\n    tls:\n      mode: DISABLE",
            ),
        ),
        "R4.2 R4.10",
    ),
    Mistake(
        "clients bring certificates that nobody has mounted",
        "istio/step-2",
        f"{_RULE}app",
        (
            under(
                "spec.trafficPolicy.tls",
                "mode: MUTUAL\nclientCertificate: /etc/certs/cert.pem\n"
                "privateKey: /etc/certs/key.pem\ncaCertificates: /etc/certs/ca.pem",
            ),
        ),
        "R3.4 R3.6",
    ),
    Mistake(
        "clients expect another service account than the servers have",
        "istio/step-2",
        f"{_RULE}app",
        (
            after(
                "spec.trafficPolicy.tls.mode",
                "subjectAltNames:\n  - spiffe://cluster.local/ns/voting/sa/somebody",
            ),
        ),
        "R3.4 R3.6 R3.7",
        live=True,
    ),
    Mistake(
        "Redis's port is kept from the proxy",
        "kubernetes/step-1",
        "Deployment/voting-storage-1-0",
        (
            after(
                "spec.template.metadata.labels",
                f'{_ANNOTATIONS}traffic.sidecar.istio.io/excludeInboundPorts: "6379"',
            ),
        ),
        "R3.4 R3.5",
    ),
    Mistake(
        "analytics 1.0 goes to Redis past its proxy",
        "kubernetes/step-1",
        "Deployment/voting-analytics-1-0",
        (
            after(
                "spec.template.metadata.labels",
                f'{_ANNOTATIONS}traffic.sidecar.istio.io/excludeOutboundPorts: "6379"',
            ),
        ),
        # Its plaintext is refused a moment before its pages are led elsewhere.
        "R3.7",
    ),
    Mistake(
        "everything that the lock is for is left open",
        "istio/step-2",
        _POLICY,
        (without("spec"),),
        "R3.4 R3.5",
    ),
)
