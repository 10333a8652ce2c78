"""One MySQL connection a thread, looked at before each statement.

A proxy may close a connection between two requests. A ping before each statement finds that out and connects
anew, so a statement is sent over a connection that answered a moment ago, and need not be sent twice.

The image of MySQL has no schema of ours: whoever comes first makes the table. The same module serves
voting-app and voting-analytics 2.0; the two are built apart, so each has its copy.
"""

from __future__ import annotations

import ssl
import threading
from typing import Any

import pymysql
from pymysql.connections import Connection
from pymysql.constants import ER

from .settings import Account, Address

Row = tuple[Any, ...]

VOTES_TABLE = """CREATE TABLE IF NOT EXISTS votes (
    choice VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
    counted BIGINT UNSIGNED NOT NULL
) ENGINE=InnoDB"""

DEADLOCK_ATTEMPTS = 5
"""Two first votes for a choice can collide. InnoDB rolls the loser back, so only then it may run again."""


class MySQLConnection:
    """Runs statements, each its own transaction, on a connection that belongs to the calling thread."""

    def __init__(self, address: Address, account: Account) -> None:
        self._address = address
        self._account = account
        self._tls = _tls_if_offered()
        self._own = threading.local()

    def execute(self, statement: str, parameters: tuple[str, ...] = ()) -> tuple[Row, ...]:
        """Run one statement, return its rows; raises pymysql.Error. A lost connection is not tried again."""
        connection = self._live_connection()
        try:
            return _run(connection, statement, parameters)
        except pymysql.ProgrammingError as error:
            if error.args[0] != ER.NO_SUCH_TABLE:
                raise
        _run(connection, VOTES_TABLE, ())
        return _run(connection, statement, parameters)

    def _live_connection(self) -> Connection[Any]:
        connection: Connection[Any] | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = self._connect()
        else:
            connection.ping(reconnect=True)
        return connection

    def _connect(self) -> Connection[Any]:
        return pymysql.connect(
            host=self._address.host,
            port=self._address.port,
            user=self._account.user,
            password=self._account.password,
            database=self._account.database,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=2,
            read_timeout=4,
            write_timeout=4,
            ssl=self._tls,
        )


def _run(connection: Connection[Any], statement: str, parameters: tuple[str, ...]) -> tuple[Row, ...]:
    for attempt in range(1, DEADLOCK_ATTEMPTS + 1):
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return tuple(cursor.fetchall())
        except pymysql.OperationalError as error:
            if error.args[0] != ER.LOCK_DEADLOCK or attempt == DEADLOCK_ATTEMPTS:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _tls_if_offered() -> ssl.SSLContext:
    # MySQL 8.4 takes a password only over TLS (or with an RSA library that we leave out), and its
    # certificate is its own make. PyMySQL uses this context when the server offers TLS and goes on without
    # where it does not (our MariaDB). Who the server is, is the mesh's mutual TLS to prove, not this.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
