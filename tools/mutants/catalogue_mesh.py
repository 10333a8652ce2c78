"""Mistakes between the pods: who may reach whom, subsets, mutual TLS."""

from __future__ import annotations

from tools.mutants.mistake import (
    Catalogue,
    after,
    becomes,
    before,
    breaks,
    breaks_live,
    followed_by,
    renamed,
    to,
    under,
    without,
)

_ANALYTICS_1_0 = '- sourceLabels:\n    app: voting-analytics\n    version: "1.0"'
_ANNOTATIONS = "annotations:\n  "

MESH: Catalogue = {
    "istio/step-3 VirtualService/voting-analytics": {
        "analytics is chosen by the voter's cookie, which no app passes on": breaks(
            "R4.2 R4.4 R4.8",
            becomes("spec.http[1].match[0]", "- headers:\n    cookie:\n      regex: '.*featureflag=on.*'"),
        )
    },
    "istio/step-3 VirtualService/voting-storage": {
        "storage is chosen by the port instead of the source": breaks(
            "R4.8", under("spec.tcp[0].match", "- port: 6379"), under("spec.tcp[1].match", "- port: 3306")
        ),
        "analytics 1.0 is among those who reach Redis, since the canary": breaks(
            "R4.8", after("spec.tcp[0].match[1]", _ANALYTICS_1_0)
        ),
        "analytics 2.0 reads Redis and shows the votes of 1.0": breaks(
            "R4.2 R4.7 R4.8",
            after("spec.tcp[0].match[1]", '- sourceLabels:\n    app: voting-analytics\n    version: "2.0"'),
        ),
        "storage is routed by a namespace that the apps aren't in": breaks(
            "R4.2 R4.7 R4.8 R4.10", after("spec.tcp[1].match[0].sourceLabels", "sourceNamespace: default")
        ),
    },
    "istio/step-2 VirtualService/voting-storage": {
        "analytics 1.0 is among those who reach Redis, since the lock": breaks(
            "R3.3", after("spec.tcp[0].match[1]", _ANALYTICS_1_0)
        ),
        "the routes to storage are for HTTP": breaks("R3.3", renamed("spec.tcp", "http")),
    },
    "istio/step-2 VirtualService/voting-analytics": {
        "a source is named by its Deployment and not by its label": breaks(
            "R3.1 R3.7", under("spec.http[0].match[0].sourceLabels", "app: voting-app-1-0")
        ),
        "the source of a route is one of the Service's labels too many": breaks(
            "R3.1 R3.7", after("spec.http[0].match[0].sourceLabels.version", "tier: frontend")
        ),
        "the routes to analytics are for TCP": breaks("R3.1 R3.2", renamed("spec.http", "tcp")),
        "the routes to analytics are for the Gateway and not for the mesh": breaks(
            "R3.1 R3.2", before("spec.http", "gateways:\n  - voting-app-gateway")
        ),
        "the routes to analytics are shown to another namespace only": breaks(
            "R3.1 R3.2", before("spec.http", "exportTo:\n  - istio-system")
        ),
    },
    "istio/step-2 DestinationRule/voting-analytics": {
        "a subset's label is its own name": breaks(
            "R3.1 R3.7", under("spec.subsets[0].labels", "name: v1-1")
        ),
        "the host of a rule has its full name without the namespace": breaks(
            "R3.1 R3.4 R3.7", to("spec.host", "voting-analytics.svc.cluster.local")
        ),
        "the host of a rule has its full name": breaks(
            "", to("spec.host", "voting-analytics.voting.svc.cluster.local")
        ),
        "a subset switches its client's TLS off": breaks(
            "R3.4", after("spec.subsets[0].labels", "trafficPolicy:\n  tls:\n    mode: DISABLE")
        ),
    },
    "istio/step-3 DestinationRule/voting-app": {
        "a subset's version has a v before it": breaks(
            "R4.1 R4.4", to("spec.subsets[1].labels.version", "v2.0")
        ),
        "the canary's subset is any version of the app": breaks(
            "R4.1 R4.4", under("spec.subsets[1].labels", "app: voting-app")
        ),
        "the app may have one connection at a time": breaks_live(
            "R4.1 R4.3 R4.4",
            before(
                "spec.trafficPolicy.tls",
                "connectionPool:\n  tcp:\n    maxConnections: 1\n  http:\n    http1MaxPendingRequests: 1",
            ),
        ),
    },
    "istio/step-3 DestinationRule/voting-storage": {
        "a subset's version is written as in the Deployment's name": breaks(
            "R4.2 R4.8", to("spec.subsets[1].labels.version", "2-0")
        ),
        "a port switches its client's TLS off": breaks(
            "R4.2 R4.10",
            after(
                "spec.trafficPolicy.tls",
                "portLevelSettings:\n  - port:\n      number: 3306\n    tls:\n      mode: DISABLE",
            ),
        ),
    },
    "istio/step-2 DestinationRule/voting-storage": {
        "the host of a rule is of another namespace": breaks(
            "R3.3 R3.4 R3.7", to("spec.host", "voting-storage.default.svc.cluster.local")
        )
    },
    "istio/step-2 PeerAuthentication/default": {
        "mutual TLS is demanded of the app's pods only": breaks(
            "R3.4 R3.5", before("spec.mtls", "selector:\n  matchLabels:\n    app: voting-app")
        ),
        "the policy makes an exception for Redis's port": breaks(
            "R0.1 R3.5", after("spec.mtls", 'portLevelMtls:\n  "6379":\n    mode: PERMISSIVE')
        ),
        "a second policy spares the stores": breaks(
            "R3.4 R3.5",
            followed_by(
                "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata:\n  name: storage\n"
                "spec:\n  selector:\n    matchLabels:\n      app: voting-storage\n"
                "  mtls:\n    mode: PERMISSIVE"
            ),
        ),
        "the policy is of the API that Istio removed": breaks(
            "R0.1", to("apiVersion", "authentication.istio.io/v1alpha1"), to("kind", "Policy")
        ),
        "the policy's mode is written in small letters": breaks("R0.1", to("spec.mtls.mode", "strict")),
        "the policy's mode is that of a client": breaks("R0.1", to("spec.mtls.mode", "ISTIO_MUTUAL")),
        "everything that the lock is for is left open": breaks("R3.4 R3.5", without("spec")),
    },
    "istio/step-2 DestinationRule/voting-app": {
        "clients bring certificates that nobody has mounted": breaks(
            "R3.4 R3.6",
            under(
                "spec.trafficPolicy.tls",
                "mode: MUTUAL\nclientCertificate: /etc/certs/cert.pem\n"
                "privateKey: /etc/certs/key.pem\ncaCertificates: /etc/certs/ca.pem",
            ),
        ),
        "clients expect another service account than the servers have": breaks_live(
            "R3.4 R3.6 R3.7",
            after(
                "spec.trafficPolicy.tls.mode",
                "subjectAltNames:\n  - spiffe://cluster.local/ns/voting/sa/somebody",
            ),
        ),
    },
    "kubernetes/step-1 Deployment/voting-storage-1-0": {
        "Redis's port is kept from the proxy": breaks(
            "R3.4 R3.5",
            after(
                "spec.template.metadata.labels",
                f'{_ANNOTATIONS}traffic.sidecar.istio.io/excludeInboundPorts: "6379"',
            ),
        )
    },
    "kubernetes/step-1 Deployment/voting-analytics-1-0": {
        "analytics 1.0 goes to Redis past its proxy": breaks(
            "R3.7",
            after(
                "spec.template.metadata.labels",
                f'{_ANNOTATIONS}traffic.sidecar.istio.io/excludeOutboundPorts: "6379"',
            ),
        )
    },
}
