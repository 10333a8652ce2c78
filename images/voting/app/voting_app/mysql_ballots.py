"""Votes in MySQL: one table, a row per choice, each vote a statement and so a transaction of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pymysql

from .ballots import StoreError
from .mysql_connection import MySQLConnection
from .settings import Account, Address

ADD_ONE = "INSERT INTO votes (choice, counted) VALUES (%s, 1) ON DUPLICATE KEY UPDATE counted = counted + 1"


class MySQLBallots:
    """The store of voting-app 2.0."""

    def __init__(self, address: Address, account: Account) -> None:
        self._mysql = MySQLConnection(address, account)

    def record(self, choice: str) -> None:
        with _store_errors():
            self._mysql.execute(ADD_ONE, (choice,))

    def reset(self) -> None:
        with _store_errors():
            # Rows stay: a vote for a row that exists takes one row lock and can't deadlock.
            self._mysql.execute("UPDATE votes SET counted = 0")

    def check(self) -> None:
        with _store_errors():
            self._mysql.execute("SELECT 1 FROM votes LIMIT 1")


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except pymysql.Error as error:
        raise StoreError(f"MySQL: {error}") from error
