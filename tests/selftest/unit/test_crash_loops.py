"""Of containers that end again and again the one at fault is named, soon, and never one that only suffers."""

from typing import cast

import pytest

from canary_conformance.cluster.api import Api
from canary_conformance.timeouts import LIMITS
from canary_conformance.traffic.callers import Callers
from canary_conformance.voting.component_peers import Peers
from canary_conformance.voting.crash_loops import CrashLoops
from tests.selftest.crashing_pods import Crashing, Script, always, named
from tests.selftest.stuck_support import MYSQL, PAGE, PONG, Object, found, pod

NO_ROOT = ["voting-storage: starting", "ERROR: CREATE USER failed for 'root'@'%' at line 1"]


def canary(**ready: bool) -> list[Object]:
    mysql = pod("voting-storage", "2.0", port=3306, ready=ready.get("mysql", False))
    return [pod("voting-app", "2.0"), pod("voting-analytics", "2.0"), mysql]


def test_the_store_is_named_and_not_those_that_end_for_want_of_it() -> None:
    cluster = Crashing(canary())
    cluster.crash("voting-analytics", always(1, "no MySQL at voting-storage:3306"))
    cluster.crash("voting-app", always(1, "no MySQL at voting-storage:3306"))
    cluster.crash("voting-storage", always(1, *NO_ROOT))
    trouble, after = found(named(cluster))
    assert trouble.reason == (
        "container voting-storage of pod voting-storage-2-0-77-x is in a crash loop: "
        "it ended 2 times, each time with exit code 1 (Error)"
    )
    assert trouble.concerns == ("Deployment/voting-storage-2-0:spec.template.spec.containers[0]",)
    assert trouble.log == tuple(NO_ROOT)
    assert after < 3


def test_what_the_manifests_say_of_it_is_told_too() -> None:
    cluster = Crashing(canary())
    cluster.crash("voting-storage", always(1, *NO_ROOT))
    trouble, after = found(named(cluster, blocked=["f.yaml:3: MYSQL_USER is root"]))
    assert after < 1
    assert "it ended once, with exit code 1 (Error); by the manifests" in trouble.reason
    assert trouble.reason.endswith("by the manifests: f.yaml:3: MYSQL_USER is root")


def test_a_log_that_is_gone_proves_nothing() -> None:
    cluster = Crashing(canary())
    cluster.crash("voting-storage", always(1, "unable to retrieve container logs for containerd://1"))
    trouble, after = found(named(cluster))
    assert (trouble.log, after > 11) == ((), True)


def test_who_ends_for_want_of_a_peer_is_never_named() -> None:
    cluster = Crashing(canary())
    cluster.crash("voting-analytics", always(1, "no MySQL at voting-storage:3306"))
    assert named(cluster, 100)[0] is None
    loops = CrashLoops(cast(Api, cluster), "voting", Peers(cast(Callers, cluster)), cluster.clock)
    assert loops.waiting_for_others(cluster.list("v1", "Pod", "voting")) == {"voting-analytics-2-0-77-x"}


def test_a_store_that_says_something_else_each_time_may_end_twice() -> None:
    cluster = Crashing(canary())
    cluster.crash("voting-storage", lambda run: (1, "Error", [f"made part {'abc'[run]} of the volume"]))
    assert named(cluster, 11)[0] is None
    trouble, after = found(named(cluster))
    assert "it ended 3 times, last with exit code 1" in trouble.reason
    assert 11 < after < 13


@pytest.mark.parametrize(
    "script",
    [
        always(137, "killed", reason="OOMKilled"),
        always(143, "terminated"),
        always(0, "shut down", reason="Completed"),
        always(1),
    ],
    ids=["out of memory", "by a signal", "in good order", "without a word"],
)
def test_what_a_slow_start_may_do_too_is_named_at_the_third_end(script: Script) -> None:
    cluster = Crashing(canary())
    cluster.crash("voting-storage", script)
    trouble, after = found(named(cluster))
    assert 11 < after < 13
    assert trouble.patience is ("terminated" in script(0)[2]), "the kubelet gave up on it"


def test_a_store_that_runs_again_is_not_named() -> None:
    cluster = Crashing(canary())
    cluster.crash("voting-storage", always(1, *NO_ROOT))
    cluster.lasts = 30
    assert named(cluster, 30)[0] is None


def test_words_that_differ_by_numbers_only_are_the_same() -> None:
    cluster = Crashing(canary())
    cluster.crash(
        "voting-storage", lambda run: (1, "Error", [f"2026-01-01T00:00:0{run}Z [{run}] bad option"])
    )
    assert named(cluster)[1] < 3


def test_the_last_lines_decide_where_a_first_start_says_more() -> None:
    cluster = Crashing(canary())
    cluster.crash(
        "voting-storage", lambda run: (1, "Error", ["cut short; starting over", "bad"][-1 - bool(run) :])
    )
    assert named(cluster)[1] < 3


def test_a_component_that_ends_as_before_with_all_its_peers_at_hand_is_named() -> None:
    cluster = Crashing(canary(), {"voting-storage:3306": MYSQL})
    cluster.crash("voting-analytics", always(2, "flag provided but not defined: -x"))
    trouble, after = found(named(cluster, gets_ready={6: 2}))
    assert "container voting-analytics of pod voting-analytics-2-0-77-x is in a crash loop" in trouble.reason
    assert 11 < after < 13, "the first run that began with MySQL at hand"


def test_a_component_that_ends_alike_and_can_not_start_by_the_manifests_is_named_without_its_peers() -> None:
    cluster = Crashing(canary())
    cluster.crash("voting-analytics", always(1, "PORT is 'eighty'"))
    trouble, after = found(named(cluster, blocked=["f.yaml:3: PORT is no port"]))
    assert trouble.reason.startswith("container voting-analytics")
    assert after < 3
    cluster = Crashing(canary())
    cluster.crash("voting-analytics", lambda run: (1, "Error", [f"another story {'abcdef'[run]}"]))
    assert named(cluster, 30, blocked=["f.yaml:3: PORT is no port"])[0] is None, "it may be another reason"


def test_a_component_that_ends_otherwise_once_its_peers_are_at_hand_gets_more_time() -> None:
    cluster = Crashing(canary(), {"voting-storage:3306": MYSQL})
    cluster.crash("voting-analytics", lambda run: (1, "Error", ["no MySQL" if run < 2 else "no table yet"]))
    _, after = found(named(cluster, gets_ready={6: 2}))
    assert after > 30


def test_a_component_that_is_kept_from_a_peer_is_not_the_fault() -> None:
    cluster = Crashing(canary(mysql=True), {"voting-storage:3306": PONG})
    cluster.crash("voting-analytics", always(1, "no MySQL"))
    trouble, after = found(named(cluster))
    assert "voting-analytics-2-0-77-x called voting-storage:3306 and received b'+PONG" in trouble.reason
    assert trouble.concerns[0] == "VirtualService/voting-storage:spec"
    assert LIMITS.pods_stuck < after < LIMITS.pods_stuck + 3


def test_a_peer_without_a_probe_may_still_make_its_first_volume() -> None:
    cluster = Crashing(canary(mysql=True))
    cluster.crash("voting-analytics", always(1, "no MySQL"))
    del cluster.pods[2]["spec"]["containers"][1]["readinessProbe"]
    trouble, after = found(named(cluster))
    assert "called voting-storage:3306 and found nothing that listens" in trouble.reason
    assert trouble.patience
    assert LIMITS.pods_not_yet < after < LIMITS.pods_not_yet + 3


def test_a_program_that_can_not_be_started_needs_nobody_to_be_at_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = Crashing(canary())

    def status(_: str) -> Object:
        run, _runs = cluster._run()
        message = 'exec: "analytics2": executable file not found in $PATH'
        ended = {"exitCode": 128, "reason": "StartError", "message": message}
        state = {"waiting": {"reason": "CrashLoopBackOff"}}
        return {
            "name": "voting-analytics",
            "restartCount": run,
            "state": state,
            "lastState": {"terminated": ended},
        }

    cluster.crash("voting-analytics", always(128))
    monkeypatch.setattr(cluster, "_status", status)
    trouble, after = found(named(cluster))
    assert "each time with exit code 128 (StartError)" in trouble.reason
    assert after < 3


def test_what_is_no_component_may_need_any_of_them() -> None:
    helper = pod("voting-app", "2.0")
    helper["metadata"] |= {
        "name": "prober-77-x",
        "uid": "uid-prober",
        "labels": {"app": "prober", "pod-template-hash": "77"},
    }
    helper["spec"]["containers"][1]["name"] = "prober"
    helper["metadata"]["ownerReferences"][0]["name"] = "prober-77"
    cluster = Crashing([helper, pod("voting-storage"), pod("voting-analytics", ready=True)], {"x": PAGE})
    cluster.crash("prober", always(1, "nobody answers"))
    assert named(cluster, 30)[0] is None
    trouble, after = found(named(cluster, gets_ready={31: 1}))
    assert trouble.concerns == ("Deployment/prober:spec.template.spec.containers[0]",)
    assert after > 32


def test_a_log_that_may_be_of_another_run_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Crashing(canary())
    cluster.crash("voting-storage", always(1, *NO_ROOT))
    true = cluster.get

    def changed(version: str, kind: str, name: str, namespace: str) -> Object | None:
        one = true(version, kind, name, namespace)
        assert one is not None
        one["status"]["containerStatuses"][0]["restartCount"] += 1
        return one

    monkeypatch.setattr(cluster, "get", changed)
    _, after = found(named(cluster))
    assert 11 < after < 13
