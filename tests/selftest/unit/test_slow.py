"""A pod that may only be slow has no diagnosis."""

from tests.selftest.stuck_support import (
    ANALYTICS,
    PAGE,
    PONG,
    READY_ANALYTICS,
    READY_STORE,
    STORE,
    Cluster,
    diagnosed,
    pod,
)


def test_a_store_that_does_not_answer_yet_may_be_slow() -> None:
    assert diagnosed(Cluster([STORE, ANALYTICS]), seconds=100)[0] is None


def test_a_component_that_does_not_answer_yet_may_be_slow() -> None:
    works = {"voting-storage:6379": PONG}
    assert diagnosed(Cluster([ANALYTICS, READY_STORE], works), seconds=100)[0] is None


def test_a_probe_that_says_not_yet_may_be_right() -> None:
    cluster = Cluster([ANALYTICS, READY_STORE], {"voting-storage:6379": PONG, "10.0.0.7:8080": PAGE})
    cluster.words = "Startup probe failed: HTTP probe failed with statuscode: 503"
    assert diagnosed(cluster, seconds=100)[0] is None


def test_a_probe_that_has_not_been_asked_since_the_component_works_may_succeed() -> None:
    cluster = Cluster([ANALYTICS, READY_STORE], {"voting-storage:6379": PONG, "10.0.0.7:8080": PAGE})
    cluster.failures, cluster.failing = 20, False
    assert diagnosed(cluster, seconds=100)[0] is None


def test_what_passes_is_not_told() -> None:
    cluster = Cluster([ANALYTICS, READY_STORE])
    mend = {"voting-storage:6379": PONG}
    trouble, _ = diagnosed(cluster, seconds=100, change=lambda: cluster.answers.update(mend), at=2)
    assert trouble is None


def test_who_waits_for_another_keeps_nobody_from_looking_at_that_other() -> None:
    cluster = Cluster([pod("voting-app"), ANALYTICS, STORE], {"10.0.0.7:6379": PONG})
    trouble, _ = diagnosed(cluster)
    assert trouble is not None
    assert trouble.reason.startswith("voting-storage 1.0 can't get ready: voting-storage-1-0-77-x answers")
    assert cluster.called == {"voting-storage-1-0-77-x"}


def test_ready_pods_and_those_of_other_deployments_are_not_asked() -> None:
    cluster = Cluster([READY_ANALYTICS, pod("voting-analytics", "1.1"), READY_STORE])
    assert diagnosed(cluster, deployments=["voting-analytics-1-0", "voting-storage-1-0"])[0] is None
    assert cluster.calling == []


def test_while_a_deployment_has_no_pod_the_others_may_wait_for_it() -> None:
    cluster = Cluster([ANALYTICS])
    assert (
        diagnosed(cluster, seconds=100, deployments=["voting-analytics-1-0", "voting-storage-1-0"])[0] is None
    )


def test_a_pod_that_can_not_be_asked_proves_nothing() -> None:
    cluster = Cluster([ANALYTICS, READY_STORE])
    cluster.refusing = True
    assert diagnosed(cluster)[0] is None


def test_a_caller_that_does_not_run_yet_is_waited_for() -> None:
    cluster = Cluster([ANALYTICS, READY_STORE])
    cluster.runs_in = lambda _: False  # type: ignore[method-assign,assignment]
    assert diagnosed(cluster)[0] is None
