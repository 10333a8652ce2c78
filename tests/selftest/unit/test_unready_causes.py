"""A pod that no time heals is diagnosed with its reason, and those first whom nobody keeps waiting."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import cast

import pytest

from canary_conformance.cluster.api import Api
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.timeouts import LIMITS
from canary_conformance.traffic.callers import Callers
from canary_conformance.voting.unready_causes import OWN_WORDS_FIRST, Stuck
from tests.selftest.stuck_support import (
    ANALYTICS,
    MYSQL,
    NOT_YET,
    PAGE,
    PONG,
    READY_ANALYTICS,
    READY_STORE,
    SAYS_NOT_YET,
    STORE,
    Cluster,
    Object,
    diagnosed,
    found,
    pod,
    service,
)
from tests.selftest.support import FakeClock


def test_a_service_that_leads_to_no_pod() -> None:
    cluster = Cluster([ANALYTICS, READY_STORE])
    cluster.services[0] = service("voting-storage", "voting-store")
    trouble, after = found(diagnosed(cluster))
    assert trouble.reason == (
        "voting-analytics 1.0 can't get ready: Service voting-storage, which voting-analytics 1.0 needs, "
        "selects no pod: it selects app=voting-store"
    )
    assert (trouble.pod, trouble.container) == ("voting-analytics-1-0-77-x", "voting-analytics")
    assert trouble.concerns == ("Service/voting-storage:spec.selector",)
    assert LIMITS.pods_stuck <= after < LIMITS.pods_stuck + 1.5


def test_a_service_that_is_not_there() -> None:
    cluster = Cluster([pod("voting-app"), READY_STORE])
    cluster.services.pop()
    trouble, _ = found(diagnosed(cluster))
    assert "Service voting-analytics does not exist, and voting-app 1.0 needs it" in trouble.reason


@pytest.mark.parametrize(
    ("waiting", "peer", "answers", "said"),
    [
        (ANALYTICS, READY_STORE, {}, "called voting-storage:6379 and found nothing that listens"),
        (ANALYTICS, READY_STORE, {"voting-storage:6379": MYSQL}, "voting-storage:6379 and received b'J"),
        (pod("voting-app", "2.0"), pod("voting-storage", "2.0", ready=True), {"voting-storage:3306": PONG},
         "called voting-storage:3306 and received b'+PONG"),
        (pod("voting-app"), READY_ANALYTICS, {"voting-analytics:8080": b"HTTP/1.1 503 Unavailable"},
         "called voting-analytics:8080 and received b'HTTP/1.1 503"),
    ],
)  # fmt: skip
def test_a_peer_that_is_ready_and_does_not_answer(
    waiting: Object, peer: Object, answers: Mapping[str, bytes], said: str
) -> None:
    others = [pod("voting-analytics", "1.1"), pod("voting-storage", "1.1")]
    name = waiting["metadata"]["name"].removesuffix("-77-x")
    trouble, after = found(diagnosed(Cluster([waiting, peer, *others], answers), deployments=[name]))
    assert said in trouble.reason
    assert trouble.reason.endswith(" is ready")
    assert after < LIMITS.pods_stuck + 1.5


def test_a_peer_that_is_ready_and_itself_asks_elsewhere() -> None:
    answers = {"voting-storage:6379": PONG, "voting-analytics:8080": b"HTTP/1.1 503 Unavailable"}
    peer = pod("voting-analytics", ready=True, REDIS_HOST="voting-redis")
    trouble, _ = found(diagnosed(Cluster([pod("voting-app"), peer, READY_STORE], answers)))
    assert trouble.reason.endswith(
        "though voting-analytics 1.0 is ready; "
        "voting-analytics 1.0 itself calls voting-redis:6379, by its settings"
    )
    assert trouble.concerns[0] == "Deployment/voting-analytics-1-0:spec.template.spec.containers[0].env"


def test_a_name_that_there_is_not() -> None:
    cluster = Cluster([pod("voting-analytics", REDIS_HOST="voting-redis"), READY_STORE])
    cluster.unresolved = {"voting-redis"}
    trouble, after = found(diagnosed(cluster))
    assert trouble.reason == (
        "voting-analytics 1.0 can't get ready: voting-redis:6379, which it is set to call, does not resolve "
        "from voting-analytics-1-0-77-x"
    )
    assert trouble.concerns[0] == "Deployment/voting-analytics-1-0:spec.template.spec.containers[0].env"
    assert LIMITS.pods_stuck <= after < LIMITS.pods_stuck + 1.5


def test_a_peer_without_a_probe_is_ready_before_it_answers() -> None:
    store = pod("voting-storage", ready=True)
    del store["spec"]["containers"][1]["readinessProbe"]
    trouble, after = found(diagnosed(Cluster([pod("voting-analytics"), store]), seconds=60))
    assert trouble.patience
    assert LIMITS.pods_not_yet <= after < LIMITS.pods_not_yet + 2


def test_what_is_somebodys_own_may_be_slow() -> None:
    cluster = Cluster([pod("voting-analytics", REDIS_HOST="redis.others"), READY_STORE])
    assert diagnosed(cluster, seconds=100)[0] is None


@pytest.mark.parametrize("host", ["voting-storage.voting", "voting-storage.voting.svc.cluster.local"])
def test_a_peer_that_is_asked_by_its_full_name_has_to_answer(host: str) -> None:
    trouble, _ = found(diagnosed(Cluster([pod("voting-analytics", REDIS_HOST=host), READY_STORE])))
    assert f"called {host}:6379 and found nothing that listens" in trouble.reason


def test_a_port_that_the_service_has_not() -> None:
    cluster = Cluster([pod("voting-analytics", REDIS_PORT="6380"), READY_STORE])
    cluster.services[0]["spec"]["ports"] = [{"port": 6379}]
    trouble, _ = diagnosed(cluster)
    cluster.services[0]["spec"]["clusterIP"] = "None"
    assert trouble is not None
    assert trouble.reason.endswith(
        "Service voting-storage, which voting-analytics 1.0 calls at port 6380, has no port 6380"
    )
    assert diagnosed(cluster)[0] is None


def test_a_component_that_listens_where_its_settings_say_and_not_at_its_own_port() -> None:
    answers = {"voting-storage:6379": PONG, "10.0.0.7:9090": b"HTTP/1.1 400 Bad Request"}
    trouble, _ = found(diagnosed(Cluster([pod("voting-analytics", PORT="9090"), READY_STORE], answers)))
    assert trouble.reason.endswith("voting-analytics-1-0-77-x listens at port 9090 and not at its own")
    container = "Deployment/voting-analytics-1-0:spec.template.spec.containers[0]"
    assert trouble.concerns == (f"{container}.env", f"{container}.ports")


def test_a_component_that_says_not_yet_listens_where_it_is_probed() -> None:
    answers = {"voting-storage:6379": PONG, "10.0.0.7:9090": b"HTTP/1.1 503 Unavailable"}
    cluster = Cluster([pod("voting-analytics", PORT="9090"), READY_STORE], answers)
    cluster.words = NOT_YET
    assert diagnosed(cluster)[0] is None


def test_a_store_is_told_before_those_that_lack_it() -> None:
    answers = {"10.0.0.7:6379": PONG, "voting-analytics:8080": b"HTTP/1.1 503 Unavailable"}
    trouble, _ = found(diagnosed(Cluster([pod("voting-app"), READY_ANALYTICS, STORE], answers)))
    assert trouble.reason.startswith("voting-storage 1.0 can't get ready: voting-storage-1-0-77-x answers")


def test_a_probe_that_fails_though_the_component_works() -> None:
    cluster = Cluster([ANALYTICS, READY_STORE], {"voting-storage:6379": PONG, "10.0.0.7:8080": PAGE})
    trouble, after = found(diagnosed(cluster))
    assert trouble.reason.endswith(
        "voting-analytics-1-0-77-x answers at port 8080 as its contract says; "
        "Readiness probe failed: HTTP probe failed with statuscode: 500"
    )
    assert after < 8


@pytest.mark.parametrize(
    ("store", "answer"),
    [(STORE, PONG), (pod("voting-storage", "2.0", port=3306), MYSQL)],
    ids=["Redis", "MySQL"],
)
def test_a_stores_probe_that_fails_though_it_works(store: Object, answer: bytes) -> None:
    port = store["spec"]["containers"][1]["ports"][0]["containerPort"]
    trouble, _ = found(diagnosed(Cluster([store], {f"10.0.0.7:{port}": answer})))
    assert f"answers at port {port} as its contract says" in trouble.reason


def test_a_component_that_says_not_yet_though_all_that_it_needs_answers_it() -> None:
    cluster = Cluster([ANALYTICS, READY_STORE], SAYS_NOT_YET)
    cluster.words = NOT_YET
    trouble, after = found(diagnosed(cluster, seconds=60))
    assert trouble.reason.endswith(
        "voting-analytics-1-0-77-x goes on saying 503, though all that it needs has answered it for 30 s; "
        + NOT_YET
    )
    assert LIMITS.pods_not_yet <= after < LIMITS.pods_not_yet + 2


def test_a_component_that_says_not_yet_and_that_mysql_refuses_by_the_manifests() -> None:
    cluster = Cluster([ANALYTICS, READY_STORE], SAYS_NOT_YET)
    cluster.words = NOT_YET
    trouble, after = found(diagnosed(cluster, refused=["f.yaml:3: another password"]))
    assert trouble.reason.endswith(
        f"{NOT_YET}; by the manifests MySQL refuses it: f.yaml:3: another password"
    )
    assert LIMITS.pods_stuck <= after < LIMITS.pods_stuck + 2


def test_what_the_manifests_say_alone_is_no_trouble() -> None:
    cluster = Cluster([ANALYTICS, STORE], SAYS_NOT_YET)
    cluster.words = NOT_YET
    name = ANALYTICS["metadata"]["name"].removesuffix("-77-x")
    assert diagnosed(cluster, seconds=60, deployments=[name], refused=["f.yaml:3: no account"])[0] is None


def test_what_a_component_needs_has_to_answer_all_the_time() -> None:
    cluster = Cluster([ANALYTICS, READY_STORE], SAYS_NOT_YET)
    cluster.words = NOT_YET
    name = ANALYTICS["metadata"]["name"].removesuffix("-77-x")
    restarts = partial(cluster.pods.__setitem__, 1, STORE)
    assert diagnosed(cluster, seconds=60, change=restarts, at=29, deployments=[name])[0] is None


@pytest.mark.parametrize(
    ("pods", "words"),
    [
        (
            [ANALYTICS, READY_STORE],
            "Readiness probe failed: dial tcp 10.0.0.7:8080: connect: connection refused",
        ),
        ([pod("voting-app"), READY_STORE, ANALYTICS], NOT_YET),
        ([ANALYTICS, STORE], NOT_YET),
    ],
    ids=["starts", "waits for a peer", "has no peer"],
)
def test_what_may_only_be_slow_is_waited_for_however_long(pods: Sequence[Object], words: str) -> None:
    cluster = Cluster(pods, SAYS_NOT_YET)
    cluster.words = words
    name = pods[0]["metadata"]["name"].removesuffix("-77-x")
    assert diagnosed(cluster, seconds=100, deployments=[name])[0] is None


def test_a_store_that_is_another_component() -> None:
    trouble, after = found(diagnosed(Cluster([STORE], {"10.0.0.7:8080": b"HTTP/1.1 404 Not Found"})))
    assert trouble.reason.endswith("voting-storage-1-0-77-x listens at port 8080 and not at its own")
    assert after < LIMITS.pods_stuck + 1


@pytest.mark.parametrize(("blocked", "named"), [(["f.yaml:3: dnsPolicy is Default"], True), ([], False)])
def test_a_pod_that_never_starts_is_named_by_the_manifests(blocked: list[str], named: bool) -> None:
    # Its sidecar does not get ready, so that nothing else of it has begun.
    clock, one = FakeClock(), pod("voting-app")
    cluster = Cluster([one])
    api, callers = cast(Api, cluster), cast(Callers, cluster)
    refs = [ObjectRef("Deployment", "voting-app-1-0")]
    look = Stuck(api, "voting", refs, callers, lambda: None, lambda _: (), clock, blocked=lambda _: blocked)
    assert look.crashed([one]) is None, "its own words come first"
    clock.sleep(OWN_WORDS_FIRST)
    trouble = look.crashed([one])
    assert (trouble is not None) is named
    assert trouble is None or "by the manifests: f.yaml:3: dnsPolicy is Default" in trouble.reason
    ready = pod("voting-app", ready=True)
    assert look.crashed([ready]) is None
