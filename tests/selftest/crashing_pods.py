"""Pods whose containers end again and again, and which of them is named as the one at fault."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.pod_state import Trouble, is_ready
from canary_conformance.scenario.observations import Call, Opening, Reply
from canary_conformance.traffic.callers import Callers
from canary_conformance.voting.component_peers import Peers
from canary_conformance.voting.crash_loops import CrashLoops
from tests.selftest.stuck_support import Cluster, Object
from tests.selftest.support import FakeClock

# When a container that ends at once is started again: the kubelet waits 10 s, 20 s, 40 s after the first two.
STARTS = (0.0, 1.0, 11.5, 32.0, 73.0)
Script = Callable[[int], tuple[int, str, Sequence[str]]]


def always(code: int, *words: str, reason: str = "Error") -> Script:
    return lambda _: (code, reason, words)


class Crashing(Cluster):
    """Pods whose containers end as a script says: run -> exit code, reason, last words."""

    def __init__(self, pods: Sequence[Object], answers: Mapping[str, bytes] | None = None) -> None:
        super().__init__(pods, answers)
        self.clock = FakeClock()
        self.began = self.clock.now()
        self.scripts: dict[str, Script] = {}
        self.lasts = 0.5  # seconds of a run

    def crash(self, app: str, script: Script) -> None:
        self.scripts[app] = script

    def get(self, _: str, kind: str, name: str, namespace: str) -> Object | None:
        assert (kind, namespace) == ("Pod", "voting")
        return next(
            (one for one in self.list("v1", "Pod", "voting") if one["metadata"]["name"] == name), None
        )

    def log(self, pod: str, namespace: str, *, container: str, previous: bool, lines: int) -> str:
        assert (pod[:6], namespace) == ("voting" if "voting" in container else "prober", "voting")
        run, runs = self._run()
        _, _, words = self.scripts[container](run - (previous and runs))
        return "\n".join(words[-lines:])

    def list(self, version: str, kind: str, namespace: str) -> list[Object]:
        found = copy.deepcopy(super().list(version, kind, namespace))
        for one in found if kind == "Pod" else []:
            app = one["metadata"]["labels"]["app"]
            if app in self.scripts:
                one["status"]["containerStatuses"] = [self._status(app)]
        return found

    def _run(self) -> tuple[int, bool]:
        """Return the number of the current run, and whether it runs."""
        after = self.clock.now() - self.began
        number = max(n for n, start in enumerate(STARTS) if start <= after)
        return number, after < STARTS[number] + self.lasts

    def _status(self, app: str) -> Object:
        run, runs = self._run()
        ended = run - 1 if runs else run
        last: Object = {}
        if ended >= 0:
            code, reason, _ = self.scripts[app](ended)
            last = {"terminated": {"exitCode": code, "reason": reason}}
        state = {"running": {}} if runs else {"waiting": {"reason": "CrashLoopBackOff"}}
        return {"name": app, "restartCount": run, "state": state, "lastState": last}

    def call(self, pod: Any, calls: Sequence[tuple[Call, Opening]]) -> Mapping[Call, Reply]:
        assert any(map(is_ready, self.pods)), f"{pod} has no peer that could answer"
        return super().call(pod, calls)


def named(
    cluster: Crashing,
    seconds: float = 60,
    gets_ready: Mapping[float, int] | None = None,
    blocked: Sequence[str] = (),
) -> tuple[Trouble | None, float]:
    """Look five times a second; return what is named, and after how many seconds.

    gets_ready: when which pod, by its index, gets ready.
    """
    peers = Peers(cast(Callers, cluster))
    loops = CrashLoops(cast(Api, cluster), "voting", peers, cluster.clock, lambda _: blocked)
    waiting = dict(gets_ready or {})
    while (after := cluster.clock.now() - cluster.began) < seconds:
        for moment in [one for one in waiting if one <= after]:
            cluster.pods[waiting.pop(moment)]["status"]["conditions"][0]["status"] = "True"
        if trouble := loops.crashed(cluster.list("v1", "Pod", "voting")):
            return trouble, after
        cluster.clock.sleep(0.2)
    return None, seconds
