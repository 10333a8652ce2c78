"""Mistakes that leave a route or rule in place and take its effect: visibility, names, limits, access."""

from __future__ import annotations

from tools.mutants.mistake import Mistake, after, before, followed_by, to, without

_APP, _ANALYTICS = "VirtualService/voting-app", "VirtualService/voting-analytics"
_POLICY, _GATEWAY = "PeerAuthentication/default", "Gateway/voting-app-gateway"
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


ROUTING = (
    # --- visibility -----------------------------------------------------------------------------------
    Mistake(
        "the page's routes are kept to their namespace",
        "istio/step-1",
        _APP,
        (before("spec.hosts", _KEPT),),
        "R1.5 R1.6",
    ),
    Mistake(
        "the app's rule is kept to its namespace",
        "istio/step-2",
        "DestinationRule/voting-app",
        (before("spec.host", _KEPT),),
        "R3.1 R3.4 R3.7",
    ),
    Mistake(
        "a Sidecar doesn't show the stores to the pods",
        "istio/step-1",
        _GATEWAY,
        (
            followed_by(
                _sidecar(
                    "./voting-app.voting.svc.cluster.local",
                    "./voting-analytics.voting.svc.cluster.local",
                    "istio-system/*",
                )
            ),
        ),
        "R3.1 R3.4 R3.7",
    ),
    Mistake(
        "a Sidecar shows analytics by its short name, which no Service has in full",
        "istio/step-2",
        _POLICY,
        (followed_by(_sidecar("./voting-analytics", "./voting-storage.voting.svc.cluster.local")),),
        "R3.1 R3.4 R3.7",
    ),
    # --- names ----------------------------------------------------------------------------------------
    Mistake(
        "the routes to analytics are for its name and namespace, which Istio doesn't complete",
        "istio/step-2",
        _ANALYTICS,
        (to("spec.hosts[0]", _NAME_AND_NAMESPACE),),
        "R3.1 R3.2 R3.7",
    ),
    Mistake(
        "the routes to analytics lead to its name and namespace, which is no Service",
        "istio/step-2",
        _ANALYTICS,
        (to("spec.http[0].route[0].destination.host", _NAME_AND_NAMESPACE),),
        "R3.1 R3.2 R3.7",
    ),
    Mistake(
        "the TLS of the stores is set by a rule for another host",
        "istio/step-2",
        "DestinationRule/voting-storage",
        (
            without("spec.trafficPolicy"),
            followed_by(
                "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata:\n"
                "  name: voting-storage-tls\nspec:\n  host: voting-analytics\n"
                "  trafficPolicy:\n    tls:\n      mode: ISTIO_MUTUAL"
            ),
        ),
        "R3.4",
    ),
    # --- limits and headers ---------------------------------------------------------------------------
    Mistake(
        "a try of the final route may take a millisecond",
        "istio/step-4",
        _APP,
        (before("spec.http[0].route", "retries:\n  attempts: 1\n  perTryTimeout: 1ms\n  retryOn: 5xx"),),
        "R5.1 R5.3",
    ),
    Mistake(
        "the final route's limit is in milliseconds instead of seconds",
        "istio/step-4",
        _APP,
        (before("spec.http[0].route", "timeout: 5ms"),),
        "R5.1 R5.3",
    ),
    Mistake(
        "the ordinary route sets a cookie of its own instead of the app's",
        "istio/step-3",
        _APP,
        (before("spec.http[1].route", "headers:\n  response:\n    set:\n      set-cookie: visitor=1"),),
        "R4.6",
    ),
    Mistake(
        "the canary's answers lose their cookies",
        "istio/step-3",
        _APP,
        (before("spec.http[0].route", _NO_COOKIES),),
        "R4.6",
    ),
    Mistake(
        "the ordinary route's only destination loses its cookies",
        "istio/step-3",
        _APP,
        (after("spec.http[1].route[0].destination", _NO_COOKIES),),
        "R4.6",
    ),
    Mistake(
        "the locked route copies every request to any analytics",
        "istio/step-2",
        _ANALYTICS,
        (before("spec.http[0].route", _COPIES),),
        "R3.2",
    ),
    Mistake(
        "a second Service leads to the stores by another name, which no route is for",
        "kubernetes/step-1",
        "Service/voting-storage",
        (
            followed_by(
                "apiVersion: v1\nkind: Service\nmetadata:\n  name: voting-cache\nspec:\n  selector:\n"
                "    app: voting-storage\n  ports:\n    - name: redis\n      port: 6379\n"
                "      targetPort: redis"
            ),
        ),
        "R3.3 R4.8",
    ),
    Mistake(
        "requests to analytics are spread by a hash of the host, which is always the same",
        "kubernetes/step-2",
        "Deployment/voting-analytics-1-1",
        (followed_by(_hashed("voting-analytics")),),
        "R2.2",
    ),
    Mistake(
        "pages are spread by a hash of the host, which is always the same",
        "istio/step-1",
        _GATEWAY,
        (followed_by(_hashed("voting-app")),),
        "R1.6",
    ),
    # --- other properties of a request ----------------------------------------------------------------
    Mistake(
        "votes are written to 2.0 already, for every voter",
        "istio/step-3",
        _APP,
        (
            before(
                "spec.http[0]",
                f"- match:\n    - uri:\n        exact: /\n      method:\n        exact: POST\n{_TO_2_0}",
            ),
        ),
        "R4.3 R4.7",
    ),
    Mistake(
        "the canary is open to every phone, with the flag or without",
        "istio/step-3",
        _APP,
        (
            after(
                "spec.http[0].match[0]",
                "- headers:\n    user-agent:\n      regex: '.*(iPhone|Android).*'",
            ),
        ),
        "R4.3 R4.5",
    ),
    Mistake(
        "the canary is closed to Safari, whose name is in Chrome's too",
        "istio/step-3",
        _APP,
        (
            after(
                "spec.http[0].match[0].headers",
                "withoutHeaders:\n  user-agent:\n    regex: '.*Safari.*'",
            ),
        ),
        "R4.4 R4.6",
    ),
    Mistake(
        "testers reach 2.0 by a parameter of the address",
        "istio/step-3",
        _APP,
        (after("spec.http[0].match[0]", "- queryParams:\n    canary:\n      exact: 'yes'"),),
        "R4.3 R4.5",
    ),
    # --- access ---------------------------------------------------------------------------------------
    Mistake(
        "the stores may be called at Redis's port only",
        "istio/step-2",
        _POLICY,
        (
            followed_by(
                _allowed(
                    "storage",
                    "selector:\n  matchLabels:\n    app: voting-storage\n"
                    'rules:\n  - to:\n      - operation:\n          ports: ["6379"]',
                )
            ),
        ),
        "R4.2",
    ),
    Mistake(
        "access is for the namespace's own pods only, so the ingress gateway is refused",
        "istio/step-2",
        _POLICY,
        (followed_by(_allowed("friends", _from("voting"))),),
        "R3.1 R3.7",
    ),
    Mistake(
        "access is for the ingress gateway only, and the pods call each other",
        "istio/step-2",
        _POLICY,
        (followed_by(_allowed("friends", _from("istio-system"))),),
        "R3.1 R3.7",
    ),
    Mistake(
        "access is denied to everyone by a policy that was meant to be filled in later",
        "istio/step-2",
        _POLICY,
        (followed_by(_allowed("later", "{}")),),
        "R3.1 R3.7",
    ),
    Mistake(
        "votes are denied, as only GET is allowed",
        "istio/step-2",
        _POLICY,
        (
            followed_by(
                _allowed(
                    "reading",
                    "selector:\n  matchLabels:\n    app: voting-app\n"
                    "rules:\n  - to:\n      - operation:\n          methods: [GET]",
                )
            ),
        ),
        "R4.6",
    ),
)
