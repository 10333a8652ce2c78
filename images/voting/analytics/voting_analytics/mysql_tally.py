"""Counts from MySQL: one table, a row per choice, read by one statement and so at one moment."""

from __future__ import annotations

import pymysql

from .mysql_connection import MySQLConnection
from .settings import Account, Address
from .tally import StoreError


class MySQLTally:
    """The store of voting-analytics 2.0."""

    def __init__(self, address: Address, account: Account) -> None:
        self._mysql = MySQLConnection(address, account)

    def counts(self, choices: tuple[str, str]) -> tuple[int, int]:
        try:
            rows = self._mysql.execute("SELECT choice, counted FROM votes")
        except pymysql.Error as error:
            raise StoreError(f"MySQL: {error}") from error
        counted = {str(choice): int(votes) for choice, votes in rows}
        return counted.get(choices[0], 0), counted.get(choices[1], 0)
