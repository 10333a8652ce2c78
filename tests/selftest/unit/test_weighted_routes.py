"""A route that sends a part of its requests to the wrong version is blamed at that destination."""

from fractions import Fraction

import pytest

from canary_conformance.model.objects.questions import Answer, Ending, Outcome, Wire
from canary_conformance.voting.static.model_questions import who
from tests.selftest.changed_manifests import changed, results_of, words_of
from tests.selftest.manifest_files import ROUTING

CANARY = """            subset: v2-0
            port:
              number: 8080
"""
WEIGHTED = f"""{CANARY}          weight: 95
        - destination:
            host: voting-app
            subset: v1-0  # the wrong one
            port:
              number: 8080
          weight: 5
"""


def _causes(overlay: dict[str, bytes], requirement: str) -> set[int]:
    found = [one for one in results_of(overlay) if requirement in one.requirements and not one.held]
    return {cause.place.line for one in found for cause in one.causes}


def test_the_line_of_the_wrong_destination_is_named_and_not_that_of_the_match() -> None:
    overlay = changed(ROUTING, CANARY, WEIGHTED)
    lines = overlay[ROUTING].decode().splitlines()
    wrong = next(number for number, line in enumerate(lines, start=1) if "the wrong one" in line)
    assert _causes(overlay, "R4.4") == {wrong}


def test_a_route_that_sends_all_to_the_wrong_version_is_still_blamed_at_its_match() -> None:
    overlay = changed(ROUTING, CANARY, CANARY.replace("v2-0", "v1-0"))
    lines = overlay[ROUTING].decode().splitlines()
    match = next(number for number, line in enumerate(lines, start=1) if "regex:" in line)
    assert match in _causes(overlay, "R4.4")


def test_shares_are_said_as_percentages_of_requests_that_end_somewhere() -> None:
    words = words_of(results_of(changed(ROUTING, CANARY, WEIGHTED)), "R4.1")
    assert "7 of 8 pages ended with 503 (95 %) or at voting-app 1.0 (5 %) instead of refused" in words


@pytest.mark.parametrize(("share", "words"), [((1, 3), "1/3"), ((99999, 100000), "99999/100000")])
def test_a_share_is_never_rounded_since_texts_are_compared(share: tuple[int, int], words: str) -> None:
    most, rest = Fraction(*share), 1 - Fraction(*share)
    outcomes = [
        Outcome(part, Ending.SERVED, (pod,), 8080, Wire.MTLS, ()) for pod, part in (("a", most), ("b", rest))
    ]
    assert f"a ({words})" in who(Answer(tuple(outcomes)))
