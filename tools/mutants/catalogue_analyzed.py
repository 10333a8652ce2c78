"""Mistakes that `istioctl analyze` reports though no request fails; a proxy and data that cannot start."""

from __future__ import annotations

from tools.mutants.mistake import Catalogue, after, before, breaks, followed_by, to
from tools.mutants.pod_steps import annotated

_POD = "spec.template.spec"


def _rule(host: str) -> str:
    destination = f"host: {host}\n      subset: v2-0\n      port:\n        number: 8080"
    return f"- route:\n  - destination:\n      {destination}"


ANALYZED: Catalogue = {
    "istio/step-4 VirtualService/voting-app": {
        "a second rule for everyone is left behind the first": breaks(
            "R5.2", after("spec.http[0]", _rule("voting-app"))
        )
    },
    "istio/step-5 VirtualService/voting-analytics": {
        "a rule for every source stands before the rule for 2.0": breaks(
            "R5.2", before("spec.http[0]", _rule("voting-analytics"))
        )
    },
    "istio/step-1 Gateway/voting-app-gateway": {
        "a second Gateway opens the same port for the same hosts": breaks(
            "R0.1 R5.2",
            followed_by(
                "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata:\n  name: other\nspec:\n"
                "  selector:\n    istio: ingressgateway\n  servers:\n    - port:\n        number: 80\n"
                '        name: http\n        protocol: HTTP\n      hosts:\n        - "*"\n'
            ),
        )
    },
    "kubernetes/step-1 Service/voting-app": {
        "the page's port declares no protocol": breaks("R5.2", to("spec.ports[0].name", "web"))
    },
    "kubernetes/step-1 Deployment/voting-app-1-0": {
        "the proxy of the app asks for more memory than its limit": breaks(
            "R1.2",
            annotated("sidecar.istio.io/proxyMemory: 256Mi\n  sidecar.istio.io/proxyMemoryLimit: 128Mi"),
        )
    },
    "kubernetes/step-3 Deployment/voting-storage-2-0": {
        "another volume lies below MySQL's data": breaks(
            "R4.2",
            after(f"{_POD}.volumes[0]", "- name: tables\n  emptyDir: {}"),
            after(
                f"{_POD}.containers[0].volumeMounts[0]", "- name: tables\n  mountPath: /var/lib/mysql/voting"
            ),
        )
    },
    "istio/step-2 PeerAuthentication/default": {
        "a policy lets the stores be called from another namespace only, by a condition": breaks(
            "R0.1 R3.1 R3.7",
            followed_by(
                "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata:\n  name: stores\n"
                "spec:\n  selector:\n    matchLabels:\n      app: voting-storage\n  rules:\n    - when:\n"
                "        - key: source.namespace\n          values:\n            - votes\n"
            ),
        )
    },
}
