"""Where votes go: what the page needs of a store, and the store of each version."""

from __future__ import annotations

from typing import Protocol

from .settings import Settings


class StoreError(Exception):
    """The store did not do what was asked, or did not say whether it did."""


class Ballots(Protocol):
    """A store of votes. Each method raises StoreError."""

    def record(self, choice: str) -> None:
        """Count one vote, atomically and at most once: it is never sent a second time."""

    def reset(self) -> None:
        """Set every count to zero, atomically."""

    def check(self) -> None:
        """Return when the store answers and could take a vote."""


def open_ballots(settings: Settings) -> Ballots:
    """The store of this version. Connects on first use, so the page can start before its store."""
    # Only the client of this version is imported: half the start-up time.
    if settings.store == "redis":
        from .redis_ballots import RedisBallots  # noqa: PLC0415

        return RedisBallots(settings.redis)
    from .mysql_ballots import MySQLBallots  # noqa: PLC0415

    return MySQLBallots(settings.mysql, settings.mysql_account)
