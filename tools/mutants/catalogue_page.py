"""Mistakes on the way to the page: the Gateway, the routes of the app, the canary."""

from __future__ import annotations

from tools.mutants.mistake import Mistake, after, becomes, before, swapped, to, under

_APP = "VirtualService/voting-app"
_GATEWAY = "Gateway/voting-app-gateway"
_FLAG = "spec.http[0].match[0].headers"
_ABORT = "fault:\n  abort:\n    httpStatus: 503\n    percentage:\n      value: 1"

PAGE = (
    Mistake(
        "the Gateway selects the pods of the app instead of the ingress",
        "istio/step-1",
        _GATEWAY,
        (under("spec.selector", "app: voting-app"),),
        "R1.5",
    ),
    Mistake(
        "the Gateway speaks HTTPS and has no certificate",
        "istio/step-1",
        _GATEWAY,
        (to("spec.servers[0].port.protocol", "HTTPS"),),
        "R0.1 R1.5",
    ),
    Mistake(
        "the page's route names a Gateway of another namespace",
        "istio/step-1",
        _APP,
        (to("spec.gateways[0]", "istio-system/voting-app-gateway"),),
        "R1.5",
    ),
    Mistake(
        "the page's route is for the mesh and not for the Gateway",
        "istio/step-1",
        _APP,
        (to("spec.gateways[0]", "mesh"),),
        "R0.1 R1.5",
    ),
    Mistake(
        "the Service of the app is open on a port of every node",
        "kubernetes/step-1",
        "Service/voting-app",
        (before("spec.selector", "type: NodePort"),),
        "R1.4",
    ),
    Mistake(
        "the Service of the app asks for a load balancer of its own",
        "kubernetes/step-1",
        "Service/voting-app",
        (before("spec.selector", "type: LoadBalancer"),),
        "R1.4",
    ),
    Mistake(
        "the page's route takes /index.html and nothing else",
        "istio/step-1",
        _APP,
        (before("spec.http[0].route", "match:\n  - uri:\n      exact: /index.html"),),
        "R1.5",
    ),
    Mistake(
        "the page's route takes GET and no vote",
        "istio/step-1",
        _APP,
        (before("spec.http[0].route", "match:\n  - method:\n      exact: GET"),),
        "R1.5 R1.7",
    ),
    Mistake(
        "the page's route rewrites every path",
        "istio/step-1",
        _APP,
        (before("spec.http[0].route", "rewrite:\n  uri: /voting"),),
        "R1.5 R1.7",
    ),
    Mistake(
        "the page's route sends everyone to HTTPS",
        "istio/step-1",
        _APP,
        (becomes("spec.http[0].route", "redirect:\n  scheme: https"),),
        "R1.5",
    ),
    Mistake(
        "a fault of 1 % was left in the locked route",
        "istio/step-2",
        _APP,
        (before("spec.http[0].route", _ABORT),),
        "R3.1 R3.7",
    ),
    Mistake(
        "a fault of 1 % was left in the route of those without the flag",
        "istio/step-3",
        _APP,
        (before("spec.http[1].route", _ABORT),),
        "R4.1 R4.3",
    ),
    Mistake(
        "a fault of 1 % was left in the canary's route",
        "istio/step-3",
        _APP,
        (after("spec.http[0].match", _ABORT),),
        "R4.1 R4.4",
    ),
    Mistake(
        "a fault of 1 % was left in the final route",
        "istio/step-4",
        _APP,
        (before("spec.http[0].route", _ABORT),),
        "R5.1 R5.3",
    ),
    Mistake(
        "a delay of ten seconds was left in the final route",
        "istio/step-4",
        _APP,
        (
            before(
                "spec.http[0].route",
                "fault:\n  delay:\n    fixedDelay: 10s\n    percentage:\n      value: 100",
            ),
        ),
        "R5.1 R5.3",
        live=True,
    ),
    Mistake(
        "the final route gives a page one millisecond",
        "istio/step-4",
        _APP,
        (before("spec.http[0].route", "timeout: 1ms"),),
        "R5.1 R5.3",
        live=True,
    ),
    Mistake(
        "the votes of 1.0 are mirrored to 2.0",
        "istio/step-3",
        _APP,
        (
            before(
                "spec.http[1].route", "mirror:\n  host: voting-app\n  subset: v2-0\n  port:\n    number: 8080"
            ),
        ),
        "R4.7",
    ),
    # --- the canary -----------------------------------------------------------------------------------
    Mistake(
        "the canary wants the whole Cookie header to be the flag",
        "istio/step-3",
        _APP,
        (becomes(f"{_FLAG}.cookie.regex", "exact: featureflag=on"),),
        "R4.5",
    ),
    Mistake(
        "the canary wants the Cookie header to begin with the flag",
        "istio/step-3",
        _APP,
        (becomes(f"{_FLAG}.cookie.regex", "prefix: featureflag=on"),),
        "R4.5",
    ),
    Mistake(
        "the canary looks for the flag in the address",
        "istio/step-3",
        _APP,
        (becomes(_FLAG, "queryParams:\n  featureflag:\n    exact: 'on'"),),
        "R4.4 R4.5",
    ),
    Mistake(
        "the canary looks for the flag in a header of its own",
        "istio/step-3",
        _APP,
        (becomes(f"{_FLAG}.cookie", "x-featureflag:\n  exact: 'on'"),),
        "R4.4 R4.5",
    ),
    Mistake(
        "the canary opens to those without the flag",
        "istio/step-3",
        _APP,
        (becomes(_FLAG, "withoutHeaders:\n  cookie:\n    regex: '^(.*?; ?)?(featureflag=on)(;.*)?$'"),),
        "R4.3 R4.4",
    ),
    Mistake(
        "the canary opens to one browser only",
        "istio/step-3",
        _APP,
        (after(f"{_FLAG}.cookie", "user-agent:\n  regex: '.*Firefox.*'"),),
        "R4.4 R4.5",
    ),
    Mistake(
        "the canary opens to all who set or clear the flag too",
        "istio/step-3",
        _APP,
        (after("spec.http[0].match[0]", "- uri:\n    prefix: /featureflag"),),
        "R4.3 R4.5 R4.6",
    ),
    Mistake(
        "the canary's flag and its path are two matches instead of one",
        "istio/step-3",
        _APP,
        (after("spec.http[0].match[0]", "- uri:\n    prefix: /"),),
        "R4.3 R4.5",
    ),
    Mistake(
        "the canary opens to one voter in ten, chosen at random",
        "istio/step-3",
        _APP,
        (
            under(
                "spec.http",
                "- route:\n"
                "    - destination:\n        host: voting-app\n        subset: v1-0\n      weight: 90\n"
                "    - destination:\n        host: voting-app\n        subset: v2-0\n      weight: 10",
            ),
        ),
        "R4.3 R4.4",
    ),
    Mistake(
        "the canary's two destinations have changed places",
        "istio/step-3",
        _APP,
        (
            to("spec.http[0].route[0].destination.subset", "v1-0"),
            to("spec.http[1].route[0].destination.subset", "v2-0"),
        ),
        "R4.3 R4.4",
    ),
    Mistake(
        "the canary's pattern uses a lookahead, which RE2 hasn't",
        "istio/step-3",
        _APP,
        (to(f"{_FLAG}.cookie.regex", r"'^(?=.*featureflag=on).*$'"),),
        "R0.1 R4.4 R4.5",
    ),
    Mistake(
        "the canary's pattern has its quotes inside",
        "istio/step-3",
        _APP,
        (to(f"{_FLAG}.cookie.regex", "\"'^(.*?; ?)?(featureflag=on)(;.*)?$'\""),),
        "R4.4 R4.5",
    ),
    Mistake(
        "the pattern of a regex was given to exact",
        "istio/step-3",
        _APP,
        (becomes(f"{_FLAG}.cookie.regex", "exact: '^(.*?; ?)?(featureflag=on)(;.*)?$'"),),
        "R4.4 R4.5",
    ),
    Mistake(
        "the final route still asks for the flag",
        "istio/step-4",
        _APP,
        (
            before(
                "spec.http[0].route",
                "match:\n  - headers:\n      cookie:\n        regex: '^(.*?; ?)?(featureflag=on)(;.*)?$'",
            ),
        ),
        "R5.1",
    ),
    Mistake(
        "the final route forgets the version",
        "istio/step-4",
        _APP,
        (under("spec.http[0].route[0].destination", "host: voting-app"),),
        "R5.1 R5.3",
    ),
    Mistake(
        "the canary's rule stands below the one for everybody",
        "istio/step-3",
        _APP,
        (swapped("spec.http[0]", "spec.http[1]"),),
        "R4.4",
    ),
)
