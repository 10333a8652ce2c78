"""What a caller in a pod answers: read whole, or not judged."""

import json
from typing import cast

import pytest

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.pod_access import PodName
from canary_conformance.errors import NotJudged
from canary_conformance.scenario.observations import Call, Opening, ReplyKind
from canary_conformance.traffic import callers
from canary_conformance.traffic.callers import Callers

ANSWER = json.dumps([{"kind": "refused", "received": "", "detail": "x" * 70_000, "took": 0.1}])
POD = PodName("voting", "voting-app")


def kinds(answer: str, monkeypatch: pytest.MonkeyPatch) -> list[ReplyKind]:
    monkeypatch.setattr(callers, "run_in_pod", lambda *_: answer)
    calls = [(Call("voting-app", "10.0.0.1", 80), Opening(b"", listens=False))]
    return [reply.kind for reply in Callers(cast(Api, None), "image").each(POD, calls)]


def test_an_answer_that_broke_off_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kinds(ANSWER, monkeypatch) == [ReplyKind.REFUSED]
    with pytest.raises(NotJudged, match="broke off after 65536 characters"):
        kinds(ANSWER[:65_536], monkeypatch)
