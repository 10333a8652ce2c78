"""Values of fields that change nothing: defaults, and what is far on the safe side.

Each function makes a test of a key and a value for canary_conformance.voting.static.field_classes.
"""

from __future__ import annotations

import re
from typing import Any

from canary_conformance.model.objects.quantities import amount
from canary_conformance.voting.static.field_classes import Fine

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_SLEEP = re.compile(r"(?:/bin/|/usr/bin/)?sleep (\d+(?:\.\d+)?)s?")
_SHELLS = ("sh", "bash", "/bin/sh", "/bin/bash")
_LONGEST_SLEEP = 30


def only(*values: object) -> Fine:
    """Return the test that a value is one of these; true is no 1."""
    return lambda _key, value: any(type(value) is type(one) and value == one for one in values)


def between(least: float, most: float) -> Fine:
    """Return the test that a number lies between two, both included."""
    return lambda _key, value: (
        isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
    )


def quantity(least: str, most: str) -> Fine:
    """Return the test that a Kubernetes quantity ("64Mi") lies between two, both included."""
    low, high = amount(least), amount(most)
    assert low is not None
    assert high is not None

    def fine(_key: str, value: Any) -> bool:
        number = amount(value)
        return number is not None and low <= number <= high

    return fine


def lasting(seconds: float) -> Fine:
    """Return the test that a duration ("10s") is at least so long; zero means none."""

    def fine(_key: str, value: Any) -> bool:
        parts = list(_DURATION.finditer(value)) if isinstance(value, str) else []
        if not parts or "".join(part[0] for part in parts) != value:
            return False
        total = sum(float(part[1]) * _SECONDS[part[2]] for part in parts)
        return total == 0 or total >= seconds

    return fine


def whole_seconds(key: str, value: Any) -> bool:
    """Return whether a duration is at least one second."""
    return value != "0s" and lasting(1)(key, value)


def readable_mode(_key: str, value: Any) -> bool:
    """Return whether a file of this mode can be read by everybody."""
    return isinstance(value, int) and not isinstance(value, bool) and value & 0o444 == 0o444


def a_sleep(_key: str, value: Any) -> bool:
    """Return whether a hook or a command does nothing but sleep, for less than half a minute."""
    if not isinstance(value, dict):
        return False
    seconds = value.get("seconds")
    if isinstance(seconds, int):
        return seconds <= _LONGEST_SLEEP
    words = value.get("command")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return False
    if len(words) == 3 and words[0] in _SHELLS and words[1] == "-c":
        words = [words[2]]
    found = _SLEEP.fullmatch(" ".join(words).strip())
    return found is not None and float(found[1]) <= _LONGEST_SLEEP
