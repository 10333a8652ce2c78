"""Where the counts come from: what the service needs of a store, and the store of each version."""

from __future__ import annotations

from typing import Protocol

from .settings import Settings


class StoreError(Exception):
    """The store did not answer."""


class Tally(Protocol):
    """The counts of all choices at one moment."""

    def counts(self, choices: tuple[str, str]) -> tuple[int, int]:
        """Votes for each choice, read in one atomic step; 0 for a choice without votes. Raises StoreError."""


def open_tally(settings: Settings) -> Tally:
    """The store of this version. Connects on first use, so the service can start before its store."""
    # Only the client of this version is imported: half the start-up time.
    if settings.store == "redis":
        from .redis_tally import RedisTally  # noqa: PLC0415

        return RedisTally(settings.redis)
    from .mysql_tally import MySQLTally  # noqa: PLC0415

    return MySQLTally(settings.mysql, settings.mysql_account)
