"""The commands of a failure send what was sent: run by a shell, against a page on loopback."""

import shutil
import subprocess
from collections.abc import Mapping

import pytest
import requests

from canary_conformance.paths import MANIFESTS
from canary_conformance.report.request_commands import commands_of
from canary_conformance.scenario.observations import Sent, with_cookie
from canary_conformance.traffic.http_exchange import exchange, plain_session
from canary_conformance.traffic.voter import Voter
from canary_conformance.verdicts import ExpectationFailed, every, served_by
from canary_conformance.verdicts.wording import sent_by
from canary_conformance.voting.static.static_runner import read_folder, static_tests
from tests.selftest.changed_manifests import changed
from tests.selftest.manifest_files import ROUTING
from tests.selftest.support import SeenRequest, Site

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="this machine has no curl")
OF_EVERY_CLIENT = {"accept", "accept-encoding", "connection", "content-length", "user-agent"}


def headers_of(request: SeenRequest) -> Mapping[str, str]:
    kept = {name.lower(): value for name, value in request.headers.items()}
    # requests names no type for a body that is empty, curl none either.
    return {name: value for name, value in kept.items() if name not in OF_EVERY_CLIENT}


def run(command: str, **environment: str) -> str:
    return subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=True, timeout=20, env=environment
    ).stdout


@needs_curl
@pytest.mark.parametrize(
    "request_",
    [
        requests.Request("GET", "/"),
        requests.Request("GET", "/", headers={"Cookie": "a='b'; featureflag=on; c=\"$HOME\" `id`"}),
        requests.Request("POST", "/", data={"vote": "Cats & Dogs"}, headers={"Cookie": "featureflag=on"}),
        requests.Request("POST", "/featureflag/set"),
        requests.Request("HEAD", "/", headers={"x-canary": "true"}),
        requests.Request("OPTIONS", "/"),
        requests.Request("GET", "/a/../b/{1,2}[0-9]?featureflag=on&x=%20y z"),
        requests.Request("GET", "/", headers={"Host": "voting.example:8080", "x-empty": ""}),
    ],
    ids=lambda one: f"{one.method} {one.url}",
)
def test_a_command_sends_the_request_that_it_is_made_of(request_: requests.Request) -> None:
    with Site() as site, plain_session() as session:
        request_.url = site.url.rstrip("/") + str(request_.url)
        page, _ = exchange(session, session.prepare_request(request_), follow=False)
        (command,) = commands_of(sent_by([page]), site.url)
        printed = run(command)
        ours, theirs = site.requests
    assert (theirs.method, theirs.path, theirs.body) == (ours.method, ours.path, ours.body)
    assert headers_of(theirs) == headers_of(ours)
    assert printed.startswith("HTTP/1.1 ")


@needs_curl
def test_without_a_known_address_a_shell_takes_it_from_a_variable() -> None:
    with Site() as site:
        run(commands_of([with_cookie("a=1", path="/x y")], "")[0], GATEWAY=site.url.rstrip("/"))
        (seen,) = site.requests
    assert (seen.path, headers_of(seen)["cookie"]) == ("/x%20y", "a=1")


@needs_curl
def test_the_votes_and_pages_of_a_voter_are_sent_again() -> None:
    with Site() as site:
        voter = Voter(site.url, cookie="featureflag=on")
        pages = voter.vote("Dogs")
        verdict = every(served_by("2.0"))(pages)
        assert commands_of(verdict.requests, "http://gateway/") == [
            "curl -si http://gateway/ -H 'cookie: featureflag=on' --data-raw vote=Dogs"
        ]
        ballots = voter.cast_each(["Cats"] * 3)
        assert sent_by(ballots) == (Sent("POST", "/", (("cookie", "featureflag=on"),), "vote=Cats"),)


def test_a_command_from_a_pod_stays_as_it_is_and_equal_ones_are_one() -> None:
    one = Sent(command="kubectl exec -n voting pod -- caller call '[]'")
    assert commands_of([one, one, with_cookie("")], "http://g") == [one.command, "curl -si http://g/"]


MATCH = "            cookie:\n              regex: '^(.*?; ?)?(featureflag=on)(;.*)?$'\n"
POSTS = "        - method:\n            exact: POST\n"
CANARY = "            subset: v2-0\n            port:\n              number: 8080\n"
LOSES = "          headers:\n            response:\n              remove: [set-cookie]\n"
CLEAR = "curl -si -X POST \"$GATEWAY\"/featureflag/clear -H 'cookie: featureflag=on'"


@pytest.mark.parametrize(
    ("old", "new", "requirement", "command"),
    [
        (MATCH, MATCH + POSTS, "R4.7", 'curl -si "$GATEWAY"/ --data-raw vote=Cats'),
        (CANARY, CANARY + LOSES, "R4.6", CLEAR),
        ("subset: v1-0", "subset: nowhere", "R4.1", 'curl -si "$GATEWAY"/'),
    ],
)
def test_a_static_failure_has_the_request_that_shows_it_on_a_cluster(
    old: str, new: str, requirement: str, command: str
) -> None:
    plan = read_folder(MANIFESTS, changed(ROUTING, old, new)).plan
    sent: list[Sent] = []
    for test in static_tests():
        if requirement in test.requirements:
            try:
                test.judge(plan)
            except ExpectationFailed as broken:
                sent += [one for verdict in broken.verdicts for one in verdict.requests]
    assert command in [commands_of([one], "")[0] for one in sent]
