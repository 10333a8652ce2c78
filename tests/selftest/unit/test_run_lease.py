"""A Lease keeps two runs of the same names apart: one lives, one that is dead is taken over."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster.run_lease import DURATION, RunLease
from canary_conformance.errors import BadInput

NAMESPACE = "a-voting-conformance"


class Server:
    """An API server that holds one Lease, and changes it only by its version."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.silent = False
        self._version = 0

    def get(self, *_: str) -> dict[str, Any] | None:
        return self.lease

    def create(self, body: Mapping[str, Any], _: str) -> dict[str, Any]:
        if self.lease is not None:
            raise ApiException(status=409)
        return self._written(body)

    def replace(self, body: Mapping[str, Any], _: str) -> dict[str, Any]:
        if self.silent:
            raise ConnectionRefusedError
        if self.lease is None:
            raise ApiException(status=404)
        if body["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            raise ApiException(status=409)
        return self._written(body)

    def delete(self, *_: str) -> None:
        self.lease = None

    def _written(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self._version += 1
        self.lease = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self._version)}}
        return self.lease


class Clock:
    """The time of day, which passes when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr("socket.gethostname", lambda: "host")
    monkeypatch.setattr("os.getpid", lambda: 12)
    return Server()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def lease(server: Server, clock: Clock) -> RunLease:
    return RunLease(cast(Any, server), NAMESPACE, secrets.token_hex(3), clock)


def test_the_second_run_is_told_who_has_the_names_and_since_when(server: Server, clock: Clock) -> None:
    first = lease(server, clock)
    first.acquire()
    clock.passes(DURATION)
    with pytest.raises(BadInput) as refused:
        lease(server, clock).acquire()
    assert str(refused.value) == (
        f"another run uses the namespace {NAMESPACE} now (host process 12, since 2026-11-30 08:00:00 UTC): "
        "wait for its end, or give this run names of its own with --namespace-prefix"
    )
    first.stop()


def test_a_run_that_renews_keeps_its_names(server: Server, clock: Clock) -> None:
    first = lease(server, clock)
    first.acquire()
    for _ in range(3):
        clock.passes(DURATION)
        first.renew()
    with pytest.raises(BadInput):
        lease(server, clock).acquire()
    assert (first.is_held(), first.lost) == (True, "")
    first.stop()


def test_the_names_of_a_dead_run_are_taken_over(server: Server, clock: Clock) -> None:
    first, second = lease(server, clock), lease(server, clock)
    first.acquire()
    clock.passes(DURATION + 1)
    second.acquire()
    assert (first.is_held(), second.is_held()) == (False, True)
    first.renew()
    assert first.lost == f"another run took the namespace {NAMESPACE} of this one, or deleted it"
    assert not second.lost
    for one in (first, second):
        one.stop()


def test_of_two_runs_that_begin_at_once_one_is_refused(server: Server, clock: Clock) -> None:
    first, second = lease(server, clock), lease(server, clock)

    def late(*_: str) -> None:
        server.get = found  # type: ignore[method-assign]
        first.acquire()

    found, server.get = server.get, late  # type: ignore[method-assign]
    with pytest.raises(BadInput, match=r"another run uses .* now \(it has just begun\)"):
        second.acquire()
    first.stop()


def test_a_server_that_is_silent_for_a_while_loses_nothing(server: Server, clock: Clock) -> None:
    first = lease(server, clock)
    first.acquire()
    server.silent = True
    first.renew()
    server.silent = False
    first.renew()
    assert not first.lost
    first.stop()


def test_a_lease_that_is_gone_with_its_namespace_is_lost(server: Server, clock: Clock) -> None:
    first = lease(server, clock)
    first.acquire()
    server.delete()
    first.renew()
    assert first.lost
    assert not first.is_held()
    first.stop()
