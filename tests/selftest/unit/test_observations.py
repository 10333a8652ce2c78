"""What is observed is a value: whole or not, of a version or of none, and never both answered and failed."""

from dataclasses import FrozenInstanceError, replace

import pytest

from canary_conformance.scenario.observations import AppliedObject, Call, Sample
from canary_conformance.scenario.stages import ObjectRef, Verb
from tests.selftest.support import OLD_PAGE

PAGE = replace(OLD_PAGE, host="voting-app-1-0-5d8-x7k", sent_at=10.0, took=0.25)


def test_page_with_everything_is_whole() -> None:
    assert PAGE.whole
    assert PAGE.ended_at == 10.25
    assert PAGE.path == "/"


@pytest.mark.parametrize(
    "change", [{"status": 503}, {"status": 302}, {"host": ""}, {"store": ""}, {"results": ""}]
)
def test_page_that_lacks_something_is_not_whole(change: dict[str, str]) -> None:
    assert not replace(PAGE, **change).whole  # type: ignore[arg-type]


def test_failed_transport_is_no_page() -> None:
    failed = replace(PAGE, status=None, error="connection reset", host="", store="", results="")
    assert not failed.whole
    assert failed.version == ""


@pytest.mark.parametrize(("status", "error"), [(None, ""), (200, "connection reset")])
def test_status_and_error_exclude_each_other(status: int | None, error: str) -> None:
    with pytest.raises(ValueError, match="a status or an error"):
        replace(PAGE, status=status, error=error)


@pytest.mark.parametrize(
    ("store", "version"), [("redis", "1.0"), ("mysql", "2.0"), ("", ""), ("Redis", ""), ("postgres", "")]
)
def test_store_tells_the_version(store: str, version: str) -> None:
    assert replace(PAGE, store=store).version == version


def test_observations_can_not_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        PAGE.status = 503  # type: ignore[misc]


def test_sample_is_a_sequence_of_its_observations() -> None:
    sample = Sample((PAGE, replace(PAGE, status=503)), "2 pages without a cookie, stage 4")
    assert len(sample) == 2
    assert list(sample) == [sample[0], sample[1]]
    assert sample[-1].status == 503
    assert sample[:1] == (PAGE,)
    assert PAGE in sample
    assert sample.describe == "2 pages without a cookie, stage 4"


def test_empty_sample_is_false() -> None:
    assert not Sample((), "nothing")


def test_values_read_like_what_they_are() -> None:
    assert str(Call("voting-app-1-0-x", "voting-storage", 6379)) == "voting-app-1-0-x -> voting-storage:6379"
    ref = ObjectRef("Deployment", "voting-app-1-0")
    assert str(AppliedObject(ref, Verb.CREATED)) == "Deployment/voting-app-1-0 created"
