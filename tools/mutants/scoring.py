"""From what each tier said of each mutant to who killed it, what is left, and the shares. Pure.

A mutant is caught when a requirement that names the mistake fails. One that fails others only is not
caught: its message would lead its reader astray.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from canary_conformance.report.run_record import Tier
from tools.mutants.mutant import Mutant

STATIC_BAR, TOGETHER_BAR = 0.90, 1.0
"""The shares to reach (issue 5): statically of what manifests alone decide; of all, both tiers together."""
NAMED_WITHIN = 15.0
"""Seconds from a stage's being live until the live tier names what is wrong there (issue 4)."""


@dataclass(frozen=True, slots=True)
class Kill:
    """A requirement that a mutant broke: by which test of which tier, after how many seconds, in which words.

    after_live: the seconds since the stage that names it was live, None where it was named before.
    """

    requirement: str
    tier: Tier
    seconds: float
    test: str
    words: str
    after_live: float | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What one tier said of one mutant, in so many seconds.

    `problem` is why it came to no verdict, "" where it did: a program's own error is nobody's catch. `untold`
    is what the static tier's model does not support and leaves to the live tier, "" where it spoke of all.
    """

    name: str
    tier: Tier
    seconds: float
    kills: tuple[Kill, ...] = ()
    problem: str = ""
    untold: str = ""


class Standing(StrEnum):
    """What became of a mutant."""

    CAUGHT = "caught"
    EXCUSED = "listed"  # survives, and the list of survivors says why nothing can distinguish it
    ALIVE = "ALIVE"
    UNRELATED = "ONLY BY UNRELATED REQUIREMENTS"
    WRONGLY_LISTED = "LISTED BUT CAUGHT"
    NO_VERDICT = "NO VERDICT"


@dataclass(frozen=True, slots=True)
class Line:
    """A mutant with all that was said of it; `excuse` is the reason of the list of survivors, "" without."""

    mutant: Mutant
    judged: tuple[Judged, ...]
    excuse: str

    @property
    def kills(self) -> tuple[Kill, ...]:
        """Return every requirement that any tier found failed, the static tier first."""
        return tuple(kill for judged in self.judged for kill in judged.kills)

    @property
    def untold(self) -> str:
        """Return what the model does not know, "" where it spoke of all."""
        return next((one.untold for one in self.judged if one.untold), "")

    def named_by(self, tier: Tier | None = None) -> tuple[str, ...]:
        """Return the requirements that name the mistake and were found failed, by one tier or by any."""
        found = (kill.requirement for kill in self.kills if tier in {None, kill.tier})
        return tuple(dict.fromkeys(id_ for id_ in found if id_ in self.mutant.expected))

    @property
    def after_live(self) -> float | None:
        """Return how many seconds after a stage was live the live tier first named it there.

        None where it was named before, or not at all.
        """
        found = [kill for kill in self.kills if kill.tier is Tier.LIVE]
        named = [kill.after_live for kill in found if kill.requirement in self.mutant.expected]
        return min((after for after in named if after is not None), default=None)

    @property
    def standing(self) -> Standing:
        """Return what became of the mutant."""
        if self.excuse:
            return Standing.WRONGLY_LISTED if self.kills else Standing.EXCUSED
        if self.named_by():
            return Standing.CAUGHT
        if self.kills:
            return Standing.UNRELATED
        return Standing.NO_VERDICT if any(one.problem for one in self.judged) else Standing.ALIVE


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        """Return the share; of nothing it is the whole."""
        return self.part / self.whole if self.whole else 1.0

    def __str__(self) -> str:
        # Rounded down: 99.96 % is not all.
        return f"{self.part} of {self.whole} ({int(self.value * 1000) / 10:.1f} %)"


@dataclass(frozen=True, slots=True)
class Score:
    """All mutants of a run; whether the live tier has judged what the static one had left."""

    lines: tuple[Line, ...]
    live: bool

    def of(self, standing: Standing) -> tuple[Line, ...]:
        """Return the mutants that stand so."""
        return tuple(line for line in self.lines if line.standing is standing)

    @property
    def static_share(self) -> Share:
        """Return how many of those that manifests alone decide the static tier has caught."""
        own = [line for line in self._told_apart() if line.mutant.decided is Tier.STATIC]
        return Share(sum(1 for line in own if line.named_by(Tier.STATIC)), len(own))

    @property
    def together_share(self) -> Share:
        """Return how many of all that can be distinguished were caught."""
        all_ = self._told_apart()
        return Share(sum(1 for line in all_ if line.named_by()), len(all_))

    @property
    def static_seconds(self) -> tuple[float, float]:
        """Return the median and the longest time of a static verdict, in seconds; zeros without any."""
        seconds = [one.seconds for line in self.lines for one in line.judged if one.tier is Tier.STATIC]
        return (statistics.median(seconds), max(seconds)) if seconds else (0.0, 0.0)

    @property
    def named_live(self) -> tuple[Line, ...]:
        """Return those that the live tier named once their stage was live, the slowest first."""
        found = [line for line in self.lines if line.after_live is not None]
        return tuple(sorted(found, key=lambda line: -(line.after_live or 0.0)))

    @property
    def failures(self) -> tuple[str, ...]:
        """Return what is not as it should be, a sentence each; none when all is well.

        What the static tier leaves alive is the live tier's to catch, so it counts when that has run.
        """
        found = [
            f"{len(lines)} {'mutant is' if len(lines) == 1 else 'mutants are'} {words}"
            for standing, words in _FAILURES.items()
            if (lines := self.of(standing))
        ]
        if self.static_share.value < STATIC_BAR:
            found.append(f"the static tier caught {self.static_share}, less than {STATIC_BAR:.0%}")
        if self.live and self.together_share.value < TOGETHER_BAR:
            found.append(f"both tiers together caught {self.together_share}, less than {TOGETHER_BAR:.0%}")
        late = [line for line in self.named_live if (line.after_live or 0.0) > NAMED_WITHIN]
        if late:
            found.append(f"{len(late)} named later than {NAMED_WITHIN:g} s after their stage had propagated")
        return tuple(found)

    def _told_apart(self) -> list[Line]:
        return [line for line in self.lines if line.standing is not Standing.EXCUSED]


_FAILURES = {
    Standing.UNRELATED: "caught by unrelated requirements only",
    Standing.WRONGLY_LISTED: "listed as survivors, and were caught",
    Standing.NO_VERDICT: "without a verdict",
}


def score(
    mutants: Iterable[Mutant], judged: Iterable[Judged], excuses: Mapping[str, str], *, live: bool
) -> Score:
    """Return the score of mutants; excuses: the reason of each listed survivor, by its name."""
    said: dict[str, list[Judged]] = {}
    for one in judged:
        said.setdefault(one.name, []).append(one)
    order = list(Tier)
    lines = (
        Line(
            mutant,
            tuple(sorted(said.get(mutant.name, ()), key=lambda one: order.index(one.tier))),
            excuses.get(mutant.name, ""),
        )
        for mutant in mutants
    )
    return Score(tuple(lines), live)


def left_alive(lines: Sequence[Line]) -> tuple[Mutant, ...]:
    """Return the mutants that are still to be judged by the live tier: not caught by name, and not listed."""
    done = {Standing.CAUGHT, Standing.EXCUSED, Standing.WRONGLY_LISTED}
    return tuple(line.mutant for line in lines if line.standing not in done)
