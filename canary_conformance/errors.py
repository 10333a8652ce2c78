"""The typed ways in which a run, a stage or a test ends without a verdict that holds.

Each has one exit code (exit_codes); any other exception is a defect of the suite (exit code 6). The
message is all that the reader gets to see, so it is complete.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Located(Protocol):
    """A line of a file, as canary_conformance.scenario.places has it."""

    @property
    def file(self) -> str:
        """The file's path in the manifests folder."""

    @property
    def line(self) -> int:
        """The line, counted from 1."""


class BadInput(Exception):
    """What the user gave can't be judged (exit code 4). The message says what, where and what to change."""


class EnvironmentFailed(Exception):
    """The machine, the engine, the cluster or the mesh failed, which is proved (exit code 3): no verdict.

    Only for what the manifests under judgement can't have caused; see NotJudged for what they may have.
    """


class NotJudged(Exception):
    """A requirement cannot be judged, and no fault is proved: exit code 5 where nothing failed."""


class NotSpoken(NotJudged):
    """A manifest uses what the model of the static tier does not support: that test comes to no verdict.

    `where` is the place of the manifests, None where it is not known.
    """

    def __init__(self, reason: str, where: Located | None = None) -> None:
        """Say why, and where."""
        super().__init__(reason)
        self.where = where


class ModelDiffers(AssertionError):
    """The model and the mesh differ, which fails no requirement and is a failure of its own (exit code 1)."""


class RequirementFailed(Exception):
    """A requirement failed outside of a verdict, wherever that was noticed (exit code 1).

    `reason` is one sentence; `log` holds the last lines that the failing container wrote, oldest first.
    """

    def __init__(
        self,
        reason: str,
        log: Sequence[str] = (),
        *,
        breaks: str = "",
        concerns: Sequence[str] = (),
        since: float | None = None,
    ) -> None:
        """Say why.

        Args:
            reason: One sentence.
            log: The last log lines of the failing container, oldest first.
            breaks: The id of the requirement that fails, "" while that is not known yet.
            concerns: The places in the manifests to look at, written as a requirement's; none where those of
                the requirement are meant.
            since: The monotonic time from which what is at fault ran unchanged, None where it never did.
        """
        super().__init__(reason, tuple(log))
        self.reason = reason
        self.log = tuple(log)
        self.breaks = breaks
        self.concerns = tuple(concerns)
        self.since = since

    def __str__(self) -> str:
        if not self.log:
            return self.reason
        return "\n".join([self.reason, "last log lines:", *(f"  {line}" for line in self.log)])


class StageFailed(RequirementFailed):
    """A stage can't get ready: the manifests under judgement are at fault, and no later test is judged.

    `no_node` is whether no node takes one of its pods, which a cluster shared by several runs explains too.
    """

    no_node = False
