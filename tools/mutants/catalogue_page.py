"""Mistakes on the way to the page: the Gateway, the routes of the app, the canary."""

from __future__ import annotations

from tools.mutants.mistake import Catalogue, after, becomes, before, breaks, breaks_live, swapped, to, under

_FLAG = "spec.http[0].match[0].headers"
_ABORT = "fault:\n  abort:\n    httpStatus: 503\n    percentage:\n      value: 1"

PAGE: Catalogue = {
    "istio/step-1 Gateway/voting-app-gateway": {
        "the Gateway selects the pods of the app instead of the ingress": breaks(
            "R1.5", under("spec.selector", "app: voting-app")
        ),
        "the Gateway speaks HTTPS and has no certificate": breaks(
            "R0.1 R1.5", to("spec.servers[0].port.protocol", "HTTPS")
        ),
    },
    "istio/step-1 VirtualService/voting-app": {
        "the page's route names a Gateway of another namespace": breaks(
            "R1.5", to("spec.gateways[0]", "istio-system/voting-app-gateway")
        ),
        "the page's route is for the mesh and not for the Gateway": breaks(
            "R0.1 R1.5", to("spec.gateways[0]", "mesh")
        ),
        "the page's route takes /index.html and nothing else": breaks(
            "R1.5", before("spec.http[0].route", "match:\n  - uri:\n      exact: /index.html")
        ),
        "the page's route takes GET and no vote": breaks(
            "R1.5 R1.7", before("spec.http[0].route", "match:\n  - method:\n      exact: GET")
        ),
        "the page's route rewrites every path": breaks(
            "R1.5 R1.7", before("spec.http[0].route", "rewrite:\n  uri: /voting")
        ),
        "the page's route sends everyone to HTTPS": breaks(
            "R1.5", becomes("spec.http[0].route", "redirect:\n  scheme: https")
        ),
    },
    "kubernetes/step-1 Service/voting-app": {
        "the Service of the app is open on a port of every node": breaks(
            "R1.4", before("spec.selector", "type: NodePort")
        ),
        "the Service of the app asks for a load balancer of its own": breaks(
            "R1.4", before("spec.selector", "type: LoadBalancer")
        ),
    },
    "istio/step-2 VirtualService/voting-app": {
        "a fault of 1 % was left in the locked route": breaks(
            "R3.1 R3.7", before("spec.http[0].route", _ABORT)
        )
    },
    "istio/step-3 VirtualService/voting-app": {
        "a fault of 1 % was left in the route of those without the flag": breaks(
            "R4.1 R4.3", before("spec.http[1].route", _ABORT)
        ),
        "a fault of 1 % was left in the canary's route": breaks(
            "R4.1 R4.4", after("spec.http[0].match", _ABORT)
        ),
        "the votes of 1.0 are mirrored to 2.0": breaks(
            "R4.7",
            before(
                "spec.http[1].route", "mirror:\n  host: voting-app\n  subset: v2-0\n  port:\n    number: 8080"
            ),
        ),
        "the canary wants the whole Cookie header to be the flag": breaks(
            "R4.5", becomes(f"{_FLAG}.cookie.regex", "exact: featureflag=on")
        ),
        "the canary wants the Cookie header to begin with the flag": breaks(
            "R4.5", becomes(f"{_FLAG}.cookie.regex", "prefix: featureflag=on")
        ),
        "the canary looks for the flag in the address": breaks(
            "R4.4 R4.5", becomes(_FLAG, "queryParams:\n  featureflag:\n    exact: 'on'")
        ),
        "the canary looks for the flag in a header of its own": breaks(
            "R4.4 R4.5", becomes(f"{_FLAG}.cookie", "x-featureflag:\n  exact: 'on'")
        ),
        "the canary opens to those without the flag": breaks(
            "R4.3 R4.4",
            becomes(_FLAG, "withoutHeaders:\n  cookie:\n    regex: '^(.*?; ?)?(featureflag=on)(;.*)?$'"),
        ),
        "the canary opens to one browser only": breaks(
            "R4.4 R4.5", after(f"{_FLAG}.cookie", "user-agent:\n  regex: '.*Firefox.*'")
        ),
        "the canary opens to all who set or clear the flag too": breaks(
            "R4.3 R4.5 R4.6", after("spec.http[0].match[0]", "- uri:\n    prefix: /featureflag")
        ),
        "the canary's flag and its path are two matches instead of one": breaks(
            "R4.3 R4.5", after("spec.http[0].match[0]", "- uri:\n    prefix: /")
        ),
        "the canary opens to one voter in ten, chosen at random": breaks(
            "R4.3 R4.4",
            under(
                "spec.http",
                "- route:\n"
                "    - destination:\n        host: voting-app\n        subset: v1-0\n      weight: 90\n"
                "    - destination:\n        host: voting-app\n        subset: v2-0\n      weight: 10",
            ),
        ),
        "the canary's two destinations have changed places": breaks(
            "R4.3 R4.4",
            to("spec.http[0].route[0].destination.subset", "v1-0"),
            to("spec.http[1].route[0].destination.subset", "v2-0"),
        ),
        "the canary's pattern uses a lookahead, which RE2 hasn't": breaks(
            "R0.1 R4.4 R4.5", to(f"{_FLAG}.cookie.regex", r"'^(?=.*featureflag=on).*$'")
        ),
        "the canary's pattern has its quotes inside": breaks(
            "R4.4 R4.5", to(f"{_FLAG}.cookie.regex", "\"'^(.*?; ?)?(featureflag=on)(;.*)?$'\"")
        ),
        "the pattern of a regex was given to exact": breaks(
            "R4.4 R4.5", becomes(f"{_FLAG}.cookie.regex", "exact: '^(.*?; ?)?(featureflag=on)(;.*)?$'")
        ),
        "the canary's rule stands below the one for everybody": breaks(
            "R4.4", swapped("spec.http[0]", "spec.http[1]")
        ),
    },
    "istio/step-4 VirtualService/voting-app": {
        "a fault of 1 % was left in the final route": breaks(
            "R5.1 R5.3", before("spec.http[0].route", _ABORT)
        ),
        "a delay of ten seconds was left in the final route": breaks_live(
            "R5.1 R5.3",
            before(
                "spec.http[0].route",
                "fault:\n  delay:\n    fixedDelay: 10s\n    percentage:\n      value: 100",
            ),
        ),
        "the final route gives a page one millisecond": breaks_live(
            "R5.1 R5.3", before("spec.http[0].route", "timeout: 1ms")
        ),
        "the final route still asks for the flag": breaks(
            "R5.1",
            before(
                "spec.http[0].route",
                "match:\n  - headers:\n      cookie:\n        regex: '^(.*?; ?)?(featureflag=on)(;.*)?$'",
            ),
        ),
        "the final route forgets the version": breaks(
            "R5.1 R5.3", under("spec.http[0].route[0].destination", "host: voting-app")
        ),
    },
}
