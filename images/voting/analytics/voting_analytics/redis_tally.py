"""Counts from Redis: one hash, a field per choice.

The pool looks at a connection before it hands it out and replaces one that a proxy closed meanwhile. Should
it break under the command, the command is sent once more: reading is idempotent.
"""

from __future__ import annotations

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from .settings import Address
from .tally import StoreError

VOTES = "votes"
"""The key of the hash; voting-app 1.0 writes the same."""


class RedisTally:
    """The store of voting-analytics 1.0 and 1.1."""

    def __init__(self, address: Address) -> None:
        self._redis = redis.Redis(
            host=address.host,
            port=address.port,
            socket_connect_timeout=2,
            socket_timeout=3,
            retry=Retry(NoBackoff(), 1),
            retry_on_error=[redis.ConnectionError],
        )

    def counts(self, choices: tuple[str, str]) -> tuple[int, int]:
        try:
            first, second = self._redis.hmget(VOTES, list(choices))
        except redis.RedisError as error:
            raise StoreError(f"Redis: {error}") from error
        return int(first or 0), int(second or 0)
