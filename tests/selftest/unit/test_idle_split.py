"""A split is judged where the pods are shown to be idle; where they were busy it is not judged."""

import copy
import random
from typing import Any

import pytest

from canary_conformance.errors import NotJudged
from canary_conformance.mesh.tls.envoy_config import DumpIncomplete
from canary_conformance.mesh.tls.tls_counters import in_flight_to, outbound_traffic
from canary_conformance.scenario.observations import Page, Sample
from canary_conformance.verdicts import LeastRequest, busiest_share, shares, times_to_see_all
from canary_conformance.verdicts.statistics import chance_to_miss_one, fair_share_bounds
from canary_conformance.voting.idle_split import Split
from canary_conformance.voting.page_checks import results_format
from tests.selftest.dumps import dump
from tests.selftest.support import NEW_PAGE, OLD_PAGE

HALVES = {"plain": 0.5, "percent": 0.5}
ANALYTICS = "voting-analytics.voting."


def pages(old: int, new: int) -> Sample[Page]:
    return Sample((*[OLD_PAGE] * old, *[NEW_PAGE] * new), f"{old + new} pages")


@pytest.mark.parametrize("requests", [464, 928], ids=["one for each page", "two for each page"])
def test_a_sample_that_was_alone_is_a_fair_coin(requests: int) -> None:
    assert Split(pages(232, 232), requests, served=464, in_flight=0).policy() == LeastRequest()


@pytest.mark.parametrize(
    ("requests", "served", "in_flight"),
    [(465, 465, 0), (928, 928, 0), (928, 465, 0), (464 + 400, 464, 0), (464, 464, 1)],
    ids=["one more", "as many pages of others", "two each and one more", "by no page", "one under way"],
)
def test_beside_other_requests_only_the_range_of_a_share_is_known(
    requests: int, served: int, in_flight: int
) -> None:
    policy = Split(pages(232, 232), requests, served, in_flight).policy()
    assert policy == LeastRequest(busy=True)
    low, _ = fair_share_bounds(464, busiest_share(2))
    for old, held in ((low, True), (low - 1, False), (464 - low, True), (465 - low, False)):
        assert shares(results_format, HALVES, policy)(pages(old, 464 - old)).held is held


@pytest.mark.parametrize("requests", [0, 300])
def test_pages_without_counted_requests_leave_the_split_unjudged(requests: int) -> None:
    with pytest.raises(NotJudged, match=f"count {requests} requests to analytics for 464 pages"):
        Split(pages(232, 232), requests, served=464, in_flight=0).policy()


def test_a_version_that_is_always_busy_has_no_wrong_red() -> None:
    """Envoy picks two endpoints at random, and takes the one with fewer requests."""
    luck = random.Random(464)
    old = sum(luck.choices(("old", "new"), k=2) == ["old", "old"] for _ in range(464))
    assert not shares(results_format, HALVES, LeastRequest())(pages(old, 464 - old)).held
    assert shares(results_format, HALVES, LeastRequest(busy=True))(pages(old, 464 - old)).held


def test_a_pod_that_is_always_busy_is_still_seen() -> None:
    enough = times_to_see_all(2, busiest_share(2))
    assert chance_to_miss_one(enough, 2, busiest_share(2)) <= 1e-8
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
