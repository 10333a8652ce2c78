"""One image pulled by the engine, which knows its own mirrors, proxies and certificates; we ask nobody else.

The client sends along the user's login. Where the registry limits us or fails, the pull is made once more;
else a typed failure says in a sentence what happened and what to do. The engine keeps nothing half pulled.
"""

from __future__ import annotations

import os

from canary_conformance.images.pull_outcomes import (
    MEANINGS,
    Outcome,
    PullFailed,
    PullRefused,
    last_word,
    outcome_of,
)
from canary_conformance.images.references import DOCKER_HUB, Reference
from canary_conformance.processes import CommandFailed, Silent, TooLate, run
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import SYSTEM_CLOCK, Clock, wait_until

# Seconds until a pull is made once more: what a registry's limit for bursts takes to let us in again.
BACK_OFF = 10
# Outcomes where a shell with a proxy of its own suggests that the engine lacks it.
_LACKS_PROXY = frozenset({Outcome.TIME_OUT, Outcome.NO_HOST, Outcome.NO_NAMES, Outcome.UNREACHABLE})


def pull(reference: str, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Let the engine pull an image.

    Args:
        reference: HOST/PATH:TAG, with @DIGEST where known.
        clock: For the pause before the second try.

    Raises:
        PullFailed: It could not, and the environment is to blame.
        PullRefused: It could not, for a reason that the user can mend.
    """
    problems: list[PullFailed | PullRefused | None] = []

    def attempt() -> PullFailed | PullRefused | None:
        problems.append(_problem(reference))
        return problems[-1]

    problem = wait_until(
        attempt,
        until=lambda now: now is None or not MEANINGS[now.outcome].again or len(problems) > 1,
        limit=3 * LIMITS.image_pull,
        pause=BACK_OFF,
        what=f"{reference} is pulled",
        clock=clock,
    )
    if problem is not None:
        raise problem


def _problem(reference: str) -> PullFailed | PullRefused | None:
    """Pull once; return why that failed, None where it did not."""
    try:
        run(["docker", "pull", reference], limit=LIMITS.image_pull, first_word=LIMITS.registry_answers)
    except TooLate as late:
        outcome = Outcome.TIME_OUT if isinstance(late, Silent) else Outcome.SLOW
        return failure(reference, outcome, str(late).splitlines()[0])
    except CommandFailed as failed:
        # The first line has the command, and with it the user's own words.
        first, _, reported = str(failed).partition("\n")
        return failure(reference, outcome_of(reported or first), last_word(reported or first))
    return None


def failure(reference: str, outcome: Outcome, reported: str) -> PullFailed | PullRefused:
    """Return the failure of a pull in a sentence: what happened, the engine's own words, what to do."""
    image = Reference.parse(reference)
    meaning = MEANINGS[outcome]
    at = "" if image.host == DOCKER_HUB else f" {image.host}"
    what = meaning.what.format(registry=image.host)
    mend = meaning.mend.format(registry=image.host, at=at)
    if outcome is Outcome.MISSING and image.digest:
        what = f"{image.host} does not serve this image with the pinned digest, under its tag or at all"
    if outcome in _LACKS_PROXY and _shell_has_proxy():
        mend += (
            "; HTTPS_PROXY is set in this shell, where the engine does not read it: set `proxies` in its "
            "daemon.json, or HTTPS_PROXY of its service"
        )
    # A host that is not Docker Hub was named by the user.
    input_is_wrong = meaning.input or (outcome is Outcome.NO_HOST and image.host != DOCKER_HUB)
    kind = PullRefused if input_is_wrong else PullFailed
    return kind(outcome, f"{reference} was not pulled: {what} (the engine reports: {reported}); {mend}")


def _shell_has_proxy() -> bool:
    return any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"))
