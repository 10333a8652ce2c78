"""Why a pull failed, by what the engine reports: the one place that reads its words.

Docker's engine has no codes for this, only sentences, its own and those of registries, proxies and Go's
network library; with containerd's image store (the default from Docker 29 on) they are others than before.
Callers go by the outcome.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Self

from canary_conformance.errors import BadInput, EnvironmentFailed


class Outcome(Enum):
    """What a pull came to, other than an image."""

    ENGINE = "engine"
    NO_SPACE = "no space"
    DIGEST = "digest"
    TLS = "TLS"
    RATE_LIMIT = "rate limit"
    PROXY = "proxy"
    PLATFORM = "platform"
    MISSING = "missing"
    LOGIN = "login"
    SERVER = "server error"
    TIME_OUT = "time-out"
    SLOW = "slow"
    NO_HOST = "no such host"
    NO_NAMES = "no name resolution"
    CUT_OFF = "cut off"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class _Meaning:
    """One outcome, as pull_outcomes.txt has it."""

    what: str
    mend: str
    input: bool
    again: bool
    reported: re.Pattern[str] | None


def _meanings(text: str) -> Iterator[tuple[Outcome, _Meaning]]:
    lines = "\n".join(line for line in text.splitlines() if line and not line.startswith("#"))
    for head, what, mend, *reported in (entry.split("\n    ") for entry in re.split(r"\n(?! )", lines)):
        name, *words = head.split()
        pattern = re.compile("|".join(reported), re.IGNORECASE) if reported else None
        yield Outcome[name], _Meaning(what, mend, "input" in words, "again" in words, pattern)


MEANINGS = MappingProxyType(dict(_meanings(Path(__file__).with_suffix(".txt").read_text("utf-8"))))
_LONGEST = 300


class _Failure(Exception):
    """What a failed pull is known by."""

    def __init__(self, outcome: Outcome, sentence: str) -> None:
        super().__init__(sentence)
        self.outcome = outcome

    def with_more(self, more: str) -> Self:
        """Return the same failure with one more sentence."""
        return type(self)(self.outcome, f"{str(self).rstrip('.')}. {more}")


class PullFailed(_Failure, EnvironmentFailed):
    """An image could not be pulled, and the environment is to blame."""


class PullRefused(_Failure, BadInput):
    """An image could not be pulled for a reason that the user can mend."""


def outcome_of(reported: str) -> Outcome:
    """Return what the engine's words stand for."""
    found = (one for one, it in MEANINGS.items() if it.reported and it.reported.search(reported))
    return next(found, Outcome.UNKNOWN)


def last_word(reported: str) -> str:
    """Return the engine's own sentence, without the signatures and passwords that addresses may hold."""
    lines = [line.strip() for line in reported.splitlines() if line.strip()]
    line = lines[-1] if lines else "nothing"
    line = line.removeprefix("Error response from daemon: ")
    line = re.sub(r"//[^/\s@\"]+@", "//...@", re.sub(r"\?[^\s\"]+", "?...", line))
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."
