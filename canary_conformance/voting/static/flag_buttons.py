"""Whether the page's own set and clear reach a browser: the cookie that they answer with (R4.6)."""

from __future__ import annotations

from canary_conformance.errors import NotSpoken
from canary_conformance.model.model import Model
from canary_conformance.scenario.places import Finding
from canary_conformance.voting.feature_flag import FLAG
from canary_conformance.voting.static.model_questions import page

# Set is pressed on a page without the flag, clear on one with it.
_PRESSED = (("/featureflag/set", ""), ("/featureflag/clear", FLAG))


def lost_cookies(model: Model) -> list[Finding]:
    """Return each operation on headers by which set or clear changes nothing in a browser.

    Raises NotSpoken where a route changes a header in a way that a browser may take either way.
    """
    outcomes = [
        (path, outcome)
        for path, cookie in _PRESSED
        for outcome in page(model, cookie, path=path, method="POST").outcomes
    ]
    found = [
        Finding(rule.place, f"{rule.sentence}, so POST {path} does not change the flag")
        for path, outcome in outcomes
        if (rule := outcome.loses_cookie) and rule.place
    ]
    for _, outcome in outcomes:
        if outcome.unclear and not found:
            raise NotSpoken(str(outcome.unclear))
    return found
