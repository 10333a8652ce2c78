"""A difference as JSON: every change with all that is known of it, in a form with a version."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from canary_conformance.differences.values import Difference
from canary_conformance.differences.wording import conclusion

SCHEMA_VERSION = 1


def as_data(one: Difference) -> dict[str, Any]:
    """Return a difference as data that JSON can carry."""
    rest = asdict(one)
    return {
        "schema_version": SCHEMA_VERSION,
        "breaks": [change.id for change in one.breaks],
        "incomplete": one.incomplete,
        "conclusion": conclusion(one),
        **rest,
    }


def json_text(one: Difference) -> str:
    """Return a difference as a text of JSON."""
    return json.dumps(as_data(one), indent=2, sort_keys=False) + "\n"
