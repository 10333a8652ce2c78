"""MySQL that does not come back after its restart fails R4.9, with what its own pods say."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.errors import RequirementFailed, StageFailed
from canary_conformance.stages.observation_cache import Taken
from canary_conformance.voting import mysql_restart as module
from canary_conformance.voting.mysql_restart import restart_of_mysql
from canary_conformance.waiting import NotInTime

LOG = "Can't open and lock privilege tables"
CRASHED = {
    "name": "voting-storage",
    "restartCount": 3,
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
}


class Cluster:
    """A namespace in which MySQL's pod is what a test says, before and after it is deleted."""

    def __init__(self, *statuses: dict[str, Any]) -> None:
        self.name, self.taken = "voting", Taken()
        self.pod = {"metadata": {"name": "mysql"}, "status": {"containerStatuses": [*statuses]}}
        self.watch = SimpleNamespace(expect_gone=list)
        self.progress = SimpleNamespace(detail=print)
        self.api = SimpleNamespace(
            delete=lambda *_: True, list=lambda *_: [self.pod], log=lambda *_, **__: LOG, get=lambda *_: {}
        )
        self.uids = iter(("old", "new", "new", "new", "new", "new", "new"))

    def workloads(self, *_: str) -> list[object]:
        pod = SimpleNamespace(name="mysql")
        return [SimpleNamespace(uid=next(self.uids), ready=True, pod=pod, owner="Deployment/mysql")]

    def once(self, name: str, take: Any) -> Any:
        return self.taken.once(name, take)

    def begun(self, _: str) -> bool:
        return True


def failure_of(cluster: Cluster) -> RequirementFailed:
    with pytest.raises(RequirementFailed) as failed:
        restart_of_mysql(cast(Any, cluster))
    assert failed.value.breaks == "R4.9"
    assert str(failed.value).startswith("MySQL does not come back after a restart")
    return failed.value


def ends(monkeypatch: pytest.MonkeyPatch, name: str, error: Exception) -> None:
    def end(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(module, name, end)


def test_a_crash_loop_ends_the_wait_with_its_last_words() -> None:
    cluster = Cluster(CRASHED)
    cluster.uids = iter(["old"] * 9)
    failed = failure_of(cluster)
    assert "is in a crash loop" in str(failed)
    assert failed.log == (LOG,)
    assert failed.__cause__ is None


def test_a_wait_that_ran_out_says_how_long_it_was_and_what_it_was_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late = NotInTime("new pods are ready", 120, None, window=(0.0, 120.0))
    ends(monkeypatch, "wait_until", late)
    failed = failure_of(Cluster())
    assert "within 120 s: new pods are ready" in str(failed)
    assert failed.__cause__ is late


def test_a_roll_out_that_fails_keeps_its_reason_and_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    ends(monkeypatch, "wait_for_rollouts", StageFailed("image not found", ["pull failed"], concerns=["a:b"]))
    failed = failure_of(Cluster())
    assert (failed.reason.endswith("image not found"), failed.log) == (True, ("pull failed",))
    assert failed.concerns == ("a:b",)


def test_who_comes_back_has_other_pods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "wait_for_rollouts", lambda *_: None)
    monkeypatch.setattr(module, "wait_until_live", lambda _: 0.0)
    restart = restart_of_mysql(cast(Any, Cluster()))
    assert not restart.before & restart.after


@pytest.mark.parametrize(("statuses", "words"), [((CRASHED,), "crash loop"), ((), "16 pages in a row")])
def test_pages_without_an_answer_after_the_restart_fail_it_by_what_the_pods_say(
    statuses: tuple[dict[str, Any], ...], words: str
) -> None:
    """A store that was ready for a moment and then ended has not come back either."""
    with (
        pytest.raises(
            RequirementFailed, match=f"MySQL does not come back after a restart: .*{words}"
        ) as failed,
        module.pages_answered(cast(Any, Cluster(*statuses))),
    ):
        raise RequirementFailed("16 pages in a row had no answer")
    assert failed.value.breaks == "R4.9"
