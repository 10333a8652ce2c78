"""Mistakes that `istioctl analyze` reports though no request fails; a proxy and data that cannot start."""

from __future__ import annotations

from tools.mutants.mistake import Mistake, after, before, followed_by, to

_PAGE, _ANALYTICS = "VirtualService/voting-app", "VirtualService/voting-analytics"
_MYSQL, _POD = "Deployment/voting-storage-2-0", "spec.template.spec"


def _rule(host: str) -> str:
    destination = f"host: {host}\n      subset: v2-0\n      port:\n        number: 8080"
    return f"- route:\n  - destination:\n      {destination}"


ANALYZED = (
    Mistake(
        "a second rule for everyone is left behind the first",
        "istio/step-4",
        _PAGE,
        (after("spec.http[0]", _rule("voting-app")),),
        "R5.2",
    ),
    Mistake(
        "a rule for every source stands before the rule for 2.0",
        "istio/step-5",
        _ANALYTICS,
        (before("spec.http[0]", _rule("voting-analytics")),),
        "R5.2",
    ),
    Mistake(
        "a second Gateway opens the same port for the same hosts",
        "istio/step-1",
        "Gateway/voting-app-gateway",
        (
            followed_by(
                "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata:\n  name: other\nspec:\n"
                "  selector:\n    istio: ingressgateway\n  servers:\n    - port:\n        number: 80\n"
                '        name: http\n        protocol: HTTP\n      hosts:\n        - "*"\n'
            ),
        ),
        "R0.1 R5.2",
    ),
    Mistake(
        "the page's port declares no protocol",
        "kubernetes/step-1",
        "Service/voting-app",
        (to("spec.ports[0].name", "web"),),
        "R5.2",
    ),
    Mistake(
        "the proxy of the app asks for more memory than its limit",
        "kubernetes/step-1",
        "Deployment/voting-app-1-0",
        (
            after(
                "spec.template.metadata.labels",
                "annotations:\n  sidecar.istio.io/proxyMemory: 256Mi\n"
                "  sidecar.istio.io/proxyMemoryLimit: 128Mi",
            ),
        ),
        "R1.2",
    ),
    Mistake(
        "another volume lies below MySQL's data",
        "kubernetes/step-3",
        _MYSQL,
        (
            after(f"{_POD}.volumes[0]", "- name: tables\n  emptyDir: {}"),
            after(
                f"{_POD}.containers[0].volumeMounts[0]", "- name: tables\n  mountPath: /var/lib/mysql/voting"
            ),
        ),
        "R4.2",
    ),
    Mistake(
        "a policy lets the stores be called from another namespace only, by a condition",
        "istio/step-2",
        "PeerAuthentication/default",
        (
            followed_by(
                "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata:\n  name: stores\n"
                "spec:\n  selector:\n    matchLabels:\n      app: voting-storage\n  rules:\n    - when:\n"
                "        - key: source.namespace\n          values:\n            - votes\n"
            ),
        ),
        "R0.1 R3.1 R3.7",
    ),
)
