"""A split is judged where the pods are shown to be idle; where they were busy it is not judged."""

import copy
from typing import Any

import pytest

from canary_conformance.errors import NotJudged
from canary_conformance.mesh.tls.envoy_config import DumpIncomplete
from canary_conformance.mesh.tls.tls_counters import in_flight_to, outbound_traffic
from canary_conformance.scenario.observations import Page, Sample
from canary_conformance.verdicts import LeastRequest, shares, times_to_see_all
from canary_conformance.verdicts.statistics import chance_to_miss_one, fair_share_bounds
from canary_conformance.voting.idle_split import BUSY_SHARE, Split
from canary_conformance.voting.page_checks import results_format
from tests.selftest.dumps import dump
from tests.selftest.support import NEW_PAGE, OLD_PAGE

HALVES = {"plain": 0.5, "percent": 0.5}
ANALYTICS = "voting-analytics.voting."


def pages(old: int, new: int) -> Sample[Page]:
    return Sample((*[OLD_PAGE] * old, *[NEW_PAGE] * new), f"{old + new} pages")


@pytest.mark.parametrize("requests", [464, 928], ids=["one for each page", "two for each page"])
def test_a_sample_that_was_alone_is_a_fair_coin(requests: int) -> None:
    assert Split(pages(232, 232), requests, 0).policy() == LeastRequest()


def test_a_few_short_requests_widen_the_bounds_by_what_they_can_bias() -> None:
    policy = Split(pages(232, 232), 469, 0).policy()
    assert policy == LeastRequest(biased=10)
    low, _ = fair_share_bounds(464, 0.5)
    for counted, widened, held in ((LeastRequest(), 0, True), (LeastRequest(), 1, False), (policy, 10, True)):
        judge = shares(results_format, HALVES, counted)
        assert judge(pages(low - widened, 464 - low + widened)).held is held
    assert not shares(results_format, HALVES, policy)(pages(low - 11, 475 - low)).held


@pytest.mark.parametrize(
    ("requests", "in_flight"),
    [(464 + 40, 0), (464, 1), (0, 0), (300, 0)],
    ids=["busy", "one under way", "nothing was counted", "fewer than pages"],
)
def test_busy_pods_leave_the_split_unjudged(requests: int, in_flight: int) -> None:
    with pytest.raises(NotJudged, match="LEAST_REQUEST avoids busy pods"):
        Split(pages(232, 232), requests, in_flight).policy()


def test_a_pod_that_is_always_busy_is_still_seen() -> None:
    enough = times_to_see_all(2, BUSY_SHARE)
    assert chance_to_miss_one(enough, 2, BUSY_SHARE) <= 1e-8
    assert enough == 67


def test_what_a_clients_proxy_sent_to_a_service_is_counted_whatever_the_subset() -> None:
    clusters = dump("stage-2-app-1-0", "clusters")
    assert outbound_traffic(clusters, ANALYTICS, 8080).requests == 10
    assert outbound_traffic(clusters, ANALYTICS, 6379).requests == 0
    assert in_flight_to(clusters, ANALYTICS, 8080) == 0
    assert in_flight_to(_busy(clusters), ANALYTICS, 8080) == 2


def test_a_proxy_that_tells_no_clusters_is_no_idle_one() -> None:
    with pytest.raises(DumpIncomplete):
        in_flight_to({}, ANALYTICS, 8080)


def _busy(clusters: dict[str, Any]) -> dict[str, Any]:
    busy = copy.deepcopy(clusters)
    (one,) = (one for one in busy["cluster_statuses"] if "voting-analytics" in one["name"])
    one["name"] = one["name"].replace("||", "|v1-0|")
    one["host_statuses"][0]["stats"].append({"type": "GAUGE", "value": "2", "name": "rq_active"})
    return busy
