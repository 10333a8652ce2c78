"""The sentence with the results, asked of voting-analytics for every page."""

from __future__ import annotations

import json

import urllib3

from .settings import Address


class ResultsError(Exception):
    """voting-analytics gave no results."""


class Results:
    """A client that keeps its connections. Safe for many threads."""

    def __init__(self, address: Address) -> None:
        self._pool = urllib3.HTTPConnectionPool(
            address.host,
            address.port,
            maxsize=32,
            timeout=urllib3.Timeout(connect=2, read=4),
            retries=False,
        )

    def text(self) -> str:
        """The sentence as voting-analytics words it, never empty; raises ResultsError."""
        try:
            status, body = self._ask()
        except urllib3.exceptions.HTTPError as error:
            raise ResultsError(f"voting-analytics does not answer: {error}") from error
        if status != 200:
            raise ResultsError(f"voting-analytics answers {status}")
        return _sentence(body)

    def _ask(self) -> tuple[int, bytes]:
        try:
            response = self._pool.urlopen("GET", "/analytics")
        except urllib3.exceptions.ProtocolError:
            # A kept connection broke under the request. Reading is idempotent: once more (RFC 9110, 9.2.2).
            # Nothing else is repeated: an answer is an answer, a 503 too, and a timeout is a timeout.
            response = self._pool.urlopen("GET", "/analytics")
        return int(response.status), bytes(response.data)


def _sentence(body: bytes) -> str:
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise ResultsError(f"voting-analytics does not answer in JSON: {error}") from error
    text = answer.get("text") if isinstance(answer, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise ResultsError("voting-analytics answers without a text")
    return text.strip()
