"""Waiting until a change has propagated: endpoints are written, and every proxy concerned runs it."""

from __future__ import annotations

import time
from collections.abc import Collection

from canary_conformance.cluster.endpoints import ready_endpoints, stale_endpoints
from canary_conformance.errors import NotJudged, StageFailed
from canary_conformance.mesh.propagation import merges_news, taken_up
from canary_conformance.mesh.running_components import refused_by_proxies
from canary_conformance.scenario.requirement import Trait
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import NotInTime, wait_until

# Seconds: istiod sends a file's objects, and logs what comes back, while the next ones are being applied.
BEFORE = 5.0


def wait_until_live(namespace: NamespaceUnderTest, written: Collection[str] | None = None) -> float:
    """Return the monotonic time at which every proxy had all that was written before this call.

    First the endpoints of the Services have to be the pods that are ready: they are written after a
    Deployment counts as available. Where there are new ones, proxies have taken them up.

    Args:
        namespace: The namespace under test.
        written: The kinds of all that was written since the last call, None where that isn't known; no
            endpoint comes or goes by those that have tokens of their own.

    Raises:
        StageFailed: Proxies reject what the manifests make of their configuration.
        NotJudged: The limit passed, and nobody is proved to be at fault.
    """
    began, reached = time.monotonic(), namespace.reached
    try:
        return _wait(namespace, written)
    except NotJudged as late:
        refused = refused_by_proxies(
            namespace.api, namespace.mesh.root_namespace, within=time.monotonic() - began + BEFORE
        )
        if not refused:
            raise
        stage = reached.stage if reached.settled else reached.stage + 1
        reason = f"proxies reject their configuration: {'; '.join(refused)}"
        raise StageFailed(
            f"{reason} ({late})", breaks=namespace.rules.broken.by(Trait.BREAKS_WHEN_ROUTES_FAIL, stage)
        ) from late


def settle(namespace: NamespaceUnderTest, written: Collection[str] | None = None) -> float | None:
    """Wait until all that was applied so far has propagated, and return when that was.

    None before the first Gateway: there is nothing to be seen yet. And where a file is to be sent in a burst.
    """
    waits = namespace.reached.opened and not namespace.setting.burst
    return wait_until_live(namespace, written) if waits else None


def _wait(namespace: NamespaceUnderTest, written: Collection[str] | None) -> float:
    # A namespace that is reused has not looked at any endpoint yet.
    if namespace.reached.endpoints and namespace.sentinel.has_tokens(written):
        return namespace.sentinel.wait_until_live(namespace.proxied, written)
    try:
        wait_until(
            lambda: stale_endpoints(namespace.api, namespace.name),
            until=lambda stale: not stale,
            limit=LIMITS.change_live,
            what="the endpoints of all Services are their ready pods",
            pause=0.05,
        )
    except NotInTime as late:
        raise NotJudged(str(late)) from late
    ready = ready_endpoints(namespace.api, namespace.name)
    live_at = namespace.sentinel.wait_until_live(namespace.proxied, written)
    if ready - namespace.reached.endpoints and _news_is_merged(namespace):
        live_at = taken_up(live_at)
    namespace.reached.endpoints = ready
    return live_at


def _news_is_merged(namespace: NamespaceUnderTest) -> bool:
    pods = namespace.proxied()
    namespace.versions.look(pods)
    return any(merges_news(namespace.versions.seen[pod].envoy) for pod in pods)
