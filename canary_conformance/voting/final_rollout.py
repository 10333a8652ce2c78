"""R5.1's sample: voters without the flag open their half while the old Deployments go, which mostly waits.

Those with the flag open the other half when no old pod is left to answer.
"""

from __future__ import annotations

from canary_conformance.scenario.observations import Page, Sample
from canary_conformance.traffic.voter import Voter
from canary_conformance.verdicts import ANY_LEAK, to_find_leak_in_each

EVERYONE, REQUIREMENT = "everyone's pages", "R5.1"
VOTERS = 2  # without the flag, and with it


def open_everyones_pages(voter: Voter) -> Sample[Page]:
    """Open the half of the sample that is this voter's."""
    return voter.open_page(to_find_leak_in_each(VOTERS, ANY_LEAK))
