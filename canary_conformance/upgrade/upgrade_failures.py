"""Why a move did not come to its end: what was raised is reported, and what was seen is judged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from canary_conformance.errors import EnvironmentFailed, NotJudged, RequirementFailed
from canary_conformance.report.secret_masks import mask_secrets
from canary_conformance.waiting import NotInTime

# These have the whole story in their message; of any other exception the message alone says little.
SENTENCES = (RequirementFailed, NotJudged, NotInTime, EnvironmentFailed)


class Stops:
    """What ended a move before its end, and what failed after that."""

    def __init__(self, ends_run: tuple[type[Exception], ...] = ()) -> None:
        """Start without any; ends_run: the exceptions by which a run ends itself, which are not noted."""
        self._texts: list[str] = []
        self._ends_run = ends_run

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note what the block raises and go on after it; what ends the run itself goes through."""
        try:
            yield
        except self._ends_run:
            raise
        except Exception as error:
            self._texts.append(text_of(error))

    def __bool__(self) -> bool:
        return bool(self._texts)

    def __str__(self) -> str:
        """Return why the move was stopped, without secrets; "" where it was not."""
        return "\nand then: ".join(self._texts)


def text_of(error: Exception) -> str:
    """Return an exception as text without secrets, with its notes; with its type unless it is a sentence."""
    text = str(error) if isinstance(error, SENTENCES) else f"{type(error).__name__}: {error}"
    return mask_secrets("; ".join([text, *getattr(error, "__notes__", ())]))
