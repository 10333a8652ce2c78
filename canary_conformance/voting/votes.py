"""Votes that tell the two stores apart: a page that shows the one can't have come from the other."""

from __future__ import annotations

from canary_conformance.scenario.observations import Page, Sample
from canary_conformance.traffic.voter import Voter

# What the page of each version shows after cast_different_votes().
DIFFERENT_VOTES = {"1.0": "Cats: 1/4 (25%) | Dogs: 3/4 (75%)", "2.0": "Cats: 2/3 (67%) | Dogs: 1/3 (33%)"}


def cast_different_votes(voter: Voter) -> list[Sample[Page]]:
    """Clear both stores and vote differently in each, without the flag and with it; return the pages seen."""
    canary = voter.with_flag()
    return [
        voter.reset(),
        voter.vote("Cats", times=1),
        voter.vote("Dogs", times=3),
        canary.reset(),
        canary.vote("Cats", times=2),
        canary.vote("Dogs", times=1),
    ]
