"""Mistakes that leave a route or rule in place and take its effect: visibility, names, limits, access."""

from __future__ import annotations

from tools.mutants.mistake import Catalogue, after, before, breaks, followed_by, to, without

_KEPT = 'exportTo:\n  - "."'
_NAME_AND_NAMESPACE = "voting-analytics.voting"
_NO_COOKIES = "headers:\n  response:\n    remove:\n      - set-cookie"
_TO_2_0 = (
    "  route:\n    - destination:\n        host: voting-app\n        subset: v2-0\n"
    "        port:\n          number: 8080"
)
_COPIES = "mirror:\n  host: voting-analytics\n  port:\n    number: 8080"


def _sidecar(*hosts: str) -> str:
    shown = "\n".join(f'        - "{host}"' for host in hosts)
    return (
        "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata:\n  name: default\nspec:\n"
        f"  egress:\n    - hosts:\n{shown}"
    )


def _hashed(host: str) -> str:
    return (
        f"apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata:\n  name: {host}-affinity\n"
        f"spec:\n  host: {host}\n  trafficPolicy:\n    loadBalancer:\n      consistentHash:\n"
        '        httpHeaderName: ":authority"'
    )


def _allowed(name: str, spec: str) -> str:
    indented = "\n".join(f"  {line}" for line in spec.splitlines())
    return (
        f"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata:\n  name: {name}\n"
        f"spec:\n{indented}"
    )


def _from(namespaces: str) -> str:
    return f"rules:\n  - from:\n      - source:\n          namespaces: [{namespaces}]"


ROUTING: Catalogue = {
    "istio/step-1 VirtualService/voting-app": {
        "the page's routes are kept to their namespace": breaks("R1.5 R1.6", before("spec.hosts", _KEPT))
    },
    "istio/step-2 DestinationRule/voting-app": {
        "the app's rule is kept to its namespace": breaks("R3.1 R3.4 R3.7", before("spec.host", _KEPT))
    },
    "istio/step-1 Gateway/voting-app-gateway": {
        "a Sidecar doesn't show the stores to the pods": breaks(
            "R3.1 R3.4 R3.7",
            followed_by(
                _sidecar(
                    "./voting-app.voting.svc.cluster.local",
                    "./voting-analytics.voting.svc.cluster.local",
                    "istio-system/*",
                )
            ),
        ),
        "pages are spread by a hash of the host, which is always the same": breaks(
            "R1.6", followed_by(_hashed("voting-app"))
        ),
    },
    "istio/step-2 PeerAuthentication/default": {
        "a Sidecar shows analytics by its short name, which no Service has in full": breaks(
            "R3.1 R3.4 R3.7",
            followed_by(_sidecar("./voting-analytics", "./voting-storage.voting.svc.cluster.local")),
        ),
        "the stores may be called at Redis's port only": breaks(
            "R4.2",
            followed_by(
                _allowed(
                    "storage",
                    "selector:\n  matchLabels:\n    app: voting-storage\n"
                    'rules:\n  - to:\n      - operation:\n          ports: ["6379"]',
                )
            ),
        ),
        "access is for the namespace's own pods only, so the ingress gateway is refused": breaks(
            "R3.1 R3.7", followed_by(_allowed("friends", _from("voting")))
        ),
        "access is for the ingress gateway only, and the pods call each other": breaks(
            "R3.1 R3.7", followed_by(_allowed("friends", _from("istio-system")))
        ),
        "access is denied to everyone by a policy that was meant to be filled in later": breaks(
            "R3.1 R3.7", followed_by(_allowed("later", "{}"))
        ),
        "votes are denied, as only GET is allowed": breaks(
            "R4.6",
            followed_by(
                _allowed(
                    "reading",
                    "selector:\n  matchLabels:\n    app: voting-app\n"
                    "rules:\n  - to:\n      - operation:\n          methods: [GET]",
                )
            ),
        ),
    },
    "istio/step-2 VirtualService/voting-analytics": {
        "the routes to analytics are for its name and namespace, which Istio doesn't complete": breaks(
            "R3.1 R3.2 R3.7", to("spec.hosts[0]", _NAME_AND_NAMESPACE)
        ),
        "the routes to analytics lead to its name and namespace, which is no Service": breaks(
            "R3.1 R3.2 R3.7", to("spec.http[0].route[0].destination.host", _NAME_AND_NAMESPACE)
        ),
        "the locked route copies every request to any analytics": breaks(
            "R3.2", before("spec.http[0].route", _COPIES)
        ),
    },
    "istio/step-2 DestinationRule/voting-storage": {
        "the TLS of the stores is set by a rule for another host": breaks(
            "R3.4",
            without("spec.trafficPolicy"),
            followed_by(
                "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata:\n"
                "  name: voting-storage-tls\nspec:\n  host: voting-analytics\n"
                "  trafficPolicy:\n    tls:\n      mode: ISTIO_MUTUAL"
            ),
        )
    },
    "istio/step-4 VirtualService/voting-app": {
        "a try of the final route may take a millisecond": breaks(
            "R5.1 R5.3",
            before("spec.http[0].route", "retries:\n  attempts: 1\n  perTryTimeout: 1ms\n  retryOn: 5xx"),
        ),
        "the final route's limit is in milliseconds instead of seconds": breaks(
            "R5.1 R5.3", before("spec.http[0].route", "timeout: 5ms")
        ),
    },
    "istio/step-3 VirtualService/voting-app": {
        "the ordinary route sets a cookie of its own instead of the app's": breaks(
            "R4.6",
            before("spec.http[1].route", "headers:\n  response:\n    set:\n      set-cookie: visitor=1"),
        ),
        "the canary's answers lose their cookies": breaks("R4.6", before("spec.http[0].route", _NO_COOKIES)),
        "the ordinary route's only destination loses its cookies": breaks(
            "R4.6", after("spec.http[1].route[0].destination", _NO_COOKIES)
        ),
        "votes are written to 2.0 already, for every voter": breaks(
            "R4.3 R4.7",
            before(
                "spec.http[0]",
                f"- match:\n    - uri:\n        exact: /\n      method:\n        exact: POST\n{_TO_2_0}",
            ),
        ),
        "the canary is open to every phone, with the flag or without": breaks(
            "R4.3 R4.5",
            after(
                "spec.http[0].match[0]", "- headers:\n    user-agent:\n      regex: '.*(iPhone|Android).*'"
            ),
        ),
        "the canary is closed to Safari, whose name is in Chrome's too": breaks(
            "R4.4 R4.6",
            after("spec.http[0].match[0].headers", "withoutHeaders:\n  user-agent:\n    regex: '.*Safari.*'"),
        ),
        "testers reach 2.0 by a parameter of the address": breaks(
            "R4.3 R4.5", after("spec.http[0].match[0]", "- queryParams:\n    canary:\n      exact: 'yes'")
        ),
    },
    "kubernetes/step-1 Service/voting-storage": {
        "a second Service leads to the stores by another name, which no route is for": breaks(
            "R3.3 R4.8",
            followed_by(
                "apiVersion: v1\nkind: Service\nmetadata:\n  name: voting-cache\nspec:\n  selector:\n"
                "    app: voting-storage\n  ports:\n    - name: redis\n      port: 6379\n"
                "      targetPort: redis"
            ),
        )
    },
    "kubernetes/step-2 Deployment/voting-analytics-1-1": {
        "requests to analytics are spread by a hash of the host, which is always the same": breaks(
            "R2.2", followed_by(_hashed("voting-analytics"))
        )
    },
}
