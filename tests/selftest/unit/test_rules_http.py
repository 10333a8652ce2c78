"""What Istio's webhook refuses about the parts of an HTTP route, and their neighbours that it takes.

Every case was given to a server's dry run (Istio 1.31), which refuses and takes the same.
"""

from __future__ import annotations

import pytest

from tests.selftest.schema_examples import findings

pytestmark = pytest.mark.selftest

ROUTE = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: page}
spec:
  hosts: ["*"]
  gateways: [page]
  http:
    - route: [{destination: {host: page}}]
"""
END = ROUTE.rpartition("    - ")[0]
SET = "headers: {response: {set: {x: %s}}}"
REFUSED = {
    SET % '"100%"': "a single % begins a variable like %HOSTNAME%; the sign itself is %%",
    SET % '"%A(b"': "a single % begins a variable like %HOSTNAME%; the sign itself is %%",
    SET % '"%A(b)c%"': "a single % begins a variable like %HOSTNAME%; the sign itself is %%",
    SET % r'"two\n"': "a header's value has no end of line and no control character",
    'headers: {request: {set: {"": a}}}': "a header has a name",
    'headers: {request: {set: {":path": /}}}': "header :path can't be changed",
    'headers: {response: {set: {":status": "204"}}}': "header :status can't be changed",
    "headers: {response: {add: {Host: a}}}": "header Host can't be changed",
    "headers: {request: {remove: [host]}}": "header 'host' can't be removed",
    "{rewrite: {authority: b}, headers: {request: {set: {host: a}}}}": "the authority is set twice",
    "retries: {attempts: -1}": "-1 is less than nothing",
    "retries: {attempts: 0, perTryTimeout: 2s}": "nothing is retried: attempts is 0",
    'retries: {attempts: 1, retryOn: "5xx, reset"}': "' reset' is not a valid condition to retry on",
    'retries: {attempts: 1, retryOn: "299"}': "'299' is not a valid condition to retry on",
    "retries: {attempts: 1, retryOn: unknown}": "'unknown' is not a valid condition to retry on",
    "retries: {attempts: 1, backoff: 0.5ms}": "0.5ms is not a whole number of milliseconds, at least one",
    "timeout: 0s": "0s is not a whole number of milliseconds, at least one",
    "timeout: 1.0005s": "1.0005s is not a whole number of milliseconds, at least one",
    "timeout: 1500us": "1500us is not a whole number of milliseconds, at least one",
    'timeout: "10"': "'10' is not a duration like 10s",
    "rewrite: {}": "rewrites nothing: wants uri, uriRegexRewrite or authority",
    "rewrite: {uri: /, uriRegexRewrite: {match: a, rewrite: b}}": "can't stand beside uri",
    "rewrite: {uriRegexRewrite: {match: a}}": "wants match and rewrite",
    'rewrite: {uriRegexRewrite: {match: "(", rewrite: b}}': "isn't a regular expression of RE2: missing ): (",
    "fault: {delay: {fixedDelay: 1s, percentage: {value: 101}}}": "101 isn't 0 or between 0.0001 and 100",
    "fault: {abort: {percentage: {value: 1.0e-5}}}": "1e-05 isn't 0 or between 0.0001 and 100",
    "fault: {abort: {httpStatus: 99}}": "99 is not a status between 200 and 599",
    "fault: {abort: {grpcStatus: unavailable}}": "'unavailable' is not a status of gRPC like UNAVAILABLE",
    "fault: {abort: {http2Error: x}}": "Istio does not support it yet",
    "fault: {delay: {exponentialDelay: 1s}}": "Istio does not support it yet",
    "corsPolicy: {allowMethods: [get]}": "'get' is not a method of HTTP",
    'corsPolicy: {allowHeaders: ["x a"]}': "'x a' is not a valid name of a header",
    'corsPolicy: {allowOrigins: [{exact: ""}]}': "is empty",
    "corsPolicy: {maxAge: 1500ms}": "1500ms is not a whole number of seconds, at least one",
    "mirrorPercentage: {value: 101}": "101 isn't between 0 and 100",
    "mirrors: [{destination: {host: a}, percentage: {value: -1}}]": "-1 isn't between 0 and 100",
    'match: [{headers: {"x a": {exact: b}}}]': "'x a' is not a valid name of a header",
    'match: [{withoutHeaders: {":foo": {}}}]': "':foo' is not a valid name of a header",
}
ENDS = {
    "redirect: {}": "leads nowhere: wants uri, authority, scheme or port",
    "redirect: {uri: /a, redirectCode: 200}": "200 is not the status of a redirect",
    "redirect: {scheme: HTTPS}": "'HTTPS' isn't http or https",
    "redirect: {port: 70000}": "70000 isn't between 1 and 65535",
    "redirect: {uri: /a, prefixRewrite: /b}": "can't stand beside uri",
    "directResponse: {status: 99}": "99 is not a status between 200 and 599",
}
TAKEN = (
    SET % '"%HOSTNAME% of %REQ(x-b)% 100%%"',
    SET % """'%METADATA(["a", "b"])%'""",
    SET % r'"a\tb"',
    "headers: {request: {set: {Host: a}}}",
    "headers: {request: {add: {':authority': a}}}",
    "retries: {}",
    'retries: {attempts: 1, retryOn: "5xx,retriable-4xx,503"}',
    "timeout: 1m30s",
    "timeout: .5s",
    "fault: {abort: {httpStatus: 503, percentage: {value: 0}}}",
    "corsPolicy: {allowMethods: ['*'], allowHeaders: ['*', x_a], exposeHeaders: [x.a], maxAge: 24h}",
    "match: [{headers: {Cookie: {exact: b}, ':path': {exact: /}, '@request.auth.claims.sub': {exact: b}}}]",
)


def _told(text: str) -> list[str]:
    return [finding.partition(": ")[2].partition(": ")[2] for finding in findings(text)]


def _with(part: str) -> str:
    inner = part[1:-1] if part.startswith("{") else part
    return f"{ROUTE}      {inner.replace('}, headers', '}' + chr(10) + '      headers')}\n"


@pytest.mark.parametrize(("part", "told"), REFUSED.items())
def test_what_the_webhook_refuses_beside_a_route(part: str, told: str) -> None:
    assert _told(_with(part)) == [told]


@pytest.mark.parametrize(("part", "told"), ENDS.items())
def test_what_the_webhook_refuses_in_place_of_a_route(part: str, told: str) -> None:
    assert _told(f"{END}    - {part}\n") == [told]


@pytest.mark.parametrize("part", TAKEN)
def test_what_the_webhook_takes_is_no_finding(part: str) -> None:
    assert findings(_with(part)) == []
