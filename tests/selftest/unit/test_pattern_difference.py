"""Shortest texts that only one of two patterns matches; two spellings of one pattern have none."""

from __future__ import annotations

import pytest

from canary_conformance.model.patterns.pattern_difference import differences
from canary_conformance.model.patterns.pattern_syntax import Unreadable
from canary_conformance.voting.feature_flag import OPENS
from tests.selftest.changed_manifests import changed, failed, results_of, unjudged, words_of

pytestmark = pytest.mark.selftest

ROUTING = "istio/step-3-add-routing-for-2.0-components.yaml"


def opened_by(pattern: str) -> dict[str, bytes]:
    return changed(ROUTING, f"regex: '{OPENS}'", f"regex: '{pattern}'")


@pytest.mark.parametrize(
    "same",
    [
        OPENS,
        r"(.*;)? ?featureflag=on(;.*)?",
        "(?:.*; |.*;)?featureflag=on(?:;.*)?",
        r"^(.*;[ ]{0,1})?feature[f]lag\x3don(;.*)?$".replace(r"\x3d", "="),
    ],
)
def test_another_way_to_write_the_pattern_has_no_difference(same: str) -> None:
    assert differences(OPENS, same) == ()
    results = results_of(opened_by(same))
    assert not failed(results)
    assert not unjudged(results)


@pytest.mark.parametrize(
    ("pattern", "example"),
    [
        (r"^(.*?; ?)?(featureflag=on)([;,].*)?$", "featureflag=on,"),
        (r"^(.*?[;,] ?)?(featureflag=on)(;.*)?$", ",featureflag=on"),
        (r"^(.*?; ?)?(featureflag=on)(;.+)?$", "featureflag=on;"),
        (r"^(.{0,8}; ?)?(featureflag=on)(;.*)?$", "aaaaaaaaa;featureflag=on"),
        (r"^(.*?; ?)?(featureflag=on|preview)(;.*)?$", "preview"),
        (r"^(.*?;\t? ?)?(featureflag=on)(; .*)?$", "featureflag=on;"),
    ],
)
def test_a_difference_is_shown_by_a_shortest_example(pattern: str, example: str) -> None:
    assert example in differences(OPENS, pattern)
    results = results_of(opened_by(pattern))
    assert "R4.5" in failed(results)
    assert example in words_of(results, "R4.5")


@pytest.mark.parametrize("pattern", ["(?i)featureflag=on", r"\bfeatureflag=on", "a{900}", "[[:abc]"])
def test_what_is_not_read_is_not_compared(pattern: str) -> None:
    with pytest.raises(Unreadable):
        differences(OPENS, pattern)
