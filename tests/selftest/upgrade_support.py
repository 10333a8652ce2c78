"""A move that went well, from which the selftests of upgrades make those that didn't."""

from dataclasses import replace

from canary_conformance.images.versions import MeshVersion
from canary_conformance.scenario.observations import Ballot, Call, Page, Reply, ReplyKind
from canary_conformance.upgrade.upgrade_observations import Attempt, End, MeshCall, Move, ProxySeen, StepMade
from canary_conformance.voting.page_results import Counts
from tests.selftest.support import NEW_PAGE, OLD_PAGE

SOURCE, TARGET = MeshVersion("1.31.0", "1.38.3"), MeshVersion("1.31.0", "1.40.0")
IMAGE = "localhost/proxyv2:1.31.0-envoy1.40.0"
VOTED = replace(OLD_PAGE, status=302, host="", store="", results="")
PONG = Reply(ReplyKind.ANSWERED, b"+PONG", "", 0.01)
RESET = Reply(ReplyKind.RESET, b"", "connection reset by peer", 0.01)
PAGE = Reply(ReplyKind.ANSWERED, b"HTTP/1.1 200 OK", "", 0.01)
REDIS = "voting-storage 1.0"
PORT = Call("outside", "10.244.0.7", 8080)
NEW_PROXY = ProxySeen("app-2", "voting-app 1.0", "1.40.0", "1.31.0", IMAGE, first=12.0, last=30.0)


def ballot(choice: str = "Cats", answer: Page = VOTED) -> Ballot:
    return Ballot(choice, answer)


def connection(reply: Reply = PONG, at: float = 15.0, store: str = REDIS) -> MeshCall:
    return MeshCall("voting-app 1.0", store, "app-1", at, at + 0.2, reply)


def attempt(at: float, reply: Reply = RESET, control: Reply = PAGE) -> Attempt:
    return Attempt(at, 0.2, control, {PORT: reply})


STEP = StepMade("restart voting-storage-1-0", started=14.0, ended=18.0, replaces=REDIS)
MOVE = Move(
    source=SOURCE,
    target=TARGET,
    image=IMAGE,
    revision="1-31-0-envoy1-40-0",
    began=10.0,
    ended=30.0,
    stopped="",
    steps=(STEP,),
    versions={"ordinary voter": "1.0", "flagged voter": "2.0"},
    pages={
        "ordinary voter": tuple(replace(OLD_PAGE, sent_at=10.0 + n / 10) for n in range(5)),
        "flagged voter": tuple(replace(NEW_PAGE, sent_at=10.0 + n / 10) for n in range(5)),
    },
    ballots={REDIS: (ballot("Cats"), ballot("Dogs"))},
    counts_before={REDIS: Counts(1, 3, "percent")},
    counts_after={REDIS: Counts(2, 4, "percent")},
    calls={"voting-app 1.0": (connection(),)},
    attempts=(attempt(11.0), attempt(12.0)),
    timeline=(NEW_PROXY,),
    end=End(
        {NEW_PROXY.pod: NEW_PROXY},
        ("localhost/pilot:1.31.0-envoy1.40.0",),
        {"1-31-0-envoy1-40-0": ["Deployment istiod-1-31-0-envoy1-40-0"]},
        (),
    ),
)
