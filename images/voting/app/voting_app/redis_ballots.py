"""Votes in Redis: one hash, a field per choice.

The pool looks at a connection before it hands it out and replaces one that a proxy closed meanwhile.
Nothing is sent twice: HINCRBY is not idempotent, so when the answer is lost the vote's fate is unknown and
the voter is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from .ballots import StoreError
from .settings import Address

VOTES = "votes"
"""The key of the hash; voting-analytics 1.x reads the same."""


class RedisBallots:
    """The store of voting-app 1.0."""

    def __init__(self, address: Address) -> None:
        self._redis = redis.Redis(
            host=address.host,
            port=address.port,
            socket_connect_timeout=2,
            socket_timeout=4,
            retry=Retry(NoBackoff(), 0),
        )

    def record(self, choice: str) -> None:
        with _store_errors():
            self._redis.hincrby(VOTES, choice, 1)

    def reset(self) -> None:
        with _store_errors():
            self._redis.delete(VOTES)

    def check(self) -> None:
        with _store_errors():
            self._redis.ping()


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise StoreError(f"Redis: {error}") from error
