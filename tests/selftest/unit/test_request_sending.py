"""Requests at a gateway on loopback: a page names its version, counters show where others went."""

import dataclasses
from collections import Counter
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.cluster.pod_access import PodName
from canary_conformance.mesh.routes.conditions import METHOD
from canary_conformance.voting import request_sending
from canary_conformance.voting.cookie_matrix import ServedBy, until_unanswered
from canary_conformance.voting.distinguished_requests import COOKIE, Probe
from canary_conformance.voting.feature_flag import FLAG
from canary_conformance.voting.request_sending import versions_by_request
from tests.selftest.support import OLD_PAGE, SeenRequest, Site

ADDRESSES = {"1.0": "10.0.0.1", "2.0": "10.0.0.2"}
POST, HIDDEN = Probe(((METHOD, "POST"),)), Probe((("header x-beta", "1"), (METHOD, "POST")))
OLD, NEW = (ServedBy(frozenset({version})) for version in ("1.0", "2.0"))


class Gateway(Site):
    """The page behind a gateway that sends what has the header x-beta to 2.0 and counts what it sends."""

    answers_itself = False

    def answer(self, request: SeenRequest) -> tuple[int, str, dict[str, str]]:
        if self.answers_itself:
            return 200, "hello", {}
        return super().answer(request)

    def counters(self) -> Mapping[str, Any]:
        sent: Counter[str] = Counter()
        for request in () if self.answers_itself else self.requests:
            sent[ADDRESSES["2.0" if "x-beta" in request.headers else "1.0"]] += 1
        hosts = [
            {
                "address": {"socket_address": {"address": address}},
                "stats": [{"name": "rq_total", "value": str(sent[address])}],
            }
            for address in ADDRESSES.values()
        ]
        return {"cluster_statuses": [{"name": "voting-app", "host_statuses": hosts}]}


def seen(gateway: Gateway, monkeypatch: pytest.MonkeyPatch, *probes: Probe) -> Mapping[Probe, ServedBy]:
    """Return what answered these requests, of which all are to come to 1.0."""
    pod = PodName("istio-system", "ingress")
    monkeypatch.setattr(request_sending, "ingress_pods", lambda _: [pod])
    namespace = SimpleNamespace(
        mesh=SimpleNamespace(gateway=SimpleNamespace(url=gateway.url)),
        proxies=SimpleNamespace(ask=lambda *_: {pod: gateway.counters()}),
        workloads=lambda _: [
            SimpleNamespace(address=address, version=version) for version, address in ADDRESSES.items()
        ],
        taken=SimpleNamespace(settle=lambda: None),
    )
    return versions_by_request(cast(Any, namespace), probes, 2, lambda _: "1.0")


def test_a_page_names_its_version_and_the_request_is_sent_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = Probe(((COOKIE, FLAG), ("header x-agent", "any"), ("query a", "1")))
    with Gateway() as gateway:
        assert seen(gateway, monkeypatch, probe) == {probe: OLD}
        assert [str(request) for request in gateway.requests] == ["GET /?a=1 "] * 2
        assert gateway.requests[0].headers["cookie"] == FLAG
        assert gateway.requests[0].headers["x-agent"] == "any"
        assert "User-Agent" not in gateway.requests[0].headers


def test_requests_without_a_page_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Probe((("header x-other", "1"), (METHOD, "POST")))
    with Gateway() as gateway:
        assert seen(gateway, monkeypatch, POST, other) == {POST: OLD, other: OLD}
        assert len(gateway.requests) == 4


def test_one_that_goes_astray_is_found_among_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    with Gateway() as gateway:
        assert seen(gateway, monkeypatch, POST, HIDDEN) == {POST: OLD, HIDDEN: NEW}


def test_what_a_proxy_answers_by_itself_came_to_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    with Gateway() as gateway:
        gateway.answers_itself = True
        assert seen(gateway, monkeypatch, POST) == {POST: ServedBy(frozenset(), frozenset({200}))}
        page = Probe()
        assert seen(gateway, monkeypatch, page) == {page: ServedBy(frozenset(), frozenset({200}))}


def test_what_had_no_answer_once_is_not_asked_again() -> None:
    coming = iter([OLD_PAGE, dataclasses.replace(OLD_PAGE, status=None, error="Timeout"), OLD_PAGE])
    assert len(until_unanswered(lambda: next(coming), 3)) == 2
    assert next(coming) is OLD_PAGE
    assert len(until_unanswered(lambda: OLD_PAGE, 3)) == 3
