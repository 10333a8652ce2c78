"""Pure judges: they take observations, touch nothing, and return verdicts.

One import gives a test all its words: checks look at one observation, judges at all of them, `expect` joins
both; statistics says how many are needed.
"""

from canary_conformance.verdicts.checks import (
    Check,
    Saying,
    answers_with,
    both,
    closed,
    exactly,
    failed_page,
    flag_is,
    from_pods,
    offers,
    pod,
    refused_by_reset,
    served_by,
    shows,
    status,
    whole_page,
)
from canary_conformance.verdicts.continuous_judges import longest_gap, no_failed_page, only_before
from canary_conformance.verdicts.exact_judges import counted, includes, matrix, nothing, same
from canary_conformance.verdicts.expect import ExpectationFailed, expect, expect_all, ledger
from canary_conformance.verdicts.load_balancer_shares import (
    LeastRequest,
    Policy,
    RandomPick,
    RoundRobin,
    busiest_share,
)
from canary_conformance.verdicts.sample_judges import all_seen, every, never, shares
from canary_conformance.verdicts.statistics import (
    ANY_LEAK,
    Unjudgeable,
    smallest_leak_found,
    times_to_see_all,
    to_find_leak_in_each,
    to_find_leak_of,
    to_find_shift_of,
)
from canary_conformance.verdicts.verdict import Judge, Verdict, false_alarms_together
from canary_conformance.verdicts.verdict_text import bounds, part, places_part, render

__all__ = [
    "ANY_LEAK",
    "Check",
    "ExpectationFailed",
    "Judge",
    "LeastRequest",
    "Policy",
    "RandomPick",
    "RoundRobin",
    "Saying",
    "Unjudgeable",
    "Verdict",
    "all_seen",
    "answers_with",
    "both",
    "bounds",
    "busiest_share",
    "closed",
    "counted",
    "every",
    "exactly",
    "expect",
    "expect_all",
    "failed_page",
    "false_alarms_together",
    "flag_is",
    "from_pods",
    "includes",
    "ledger",
    "longest_gap",
    "matrix",
    "never",
    "no_failed_page",
    "nothing",
    "offers",
    "only_before",
    "part",
    "places_part",
    "pod",
    "refused_by_reset",
    "render",
    "same",
    "served_by",
    "shares",
    "shows",
    "smallest_leak_found",
    "status",
    "times_to_see_all",
    "to_find_leak_in_each",
    "to_find_leak_of",
    "to_find_shift_of",
    "whole_page",
]
