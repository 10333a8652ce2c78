"""Everything the service can be told from outside, read once from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

STORES = {"1.0": "redis", "1.1": "redis", "2.0": "mysql"}
"""The store that each version of voting-analytics reads."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a service listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are to MySQL, and the database with the votes."""

    user: str
    password: str
    database: str


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment of one voting-analytics, checked."""

    version: str
    port: int
    choices: tuple[str, str]
    redis: Address
    mysql: Address
    mysql_account: Account

    @property
    def store(self) -> str:
        """The kind of store of this version: `redis` or `mysql`."""
        return STORES[self.version]

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read the variables that images/voting/README.md lists; raise ValueError that names a bad one."""
        version = environ.get("VERSION", "1.0")
        if version not in STORES:
            raise ValueError(f"VERSION is {version!r}; voting-analytics exists as {', '.join(STORES)}")
        return cls(
            version=version,
            port=_port(environ, "PORT", 8080),
            choices=(environ.get("VOTE1VALUE", "Cats"), environ.get("VOTE2VALUE", "Dogs")),
            redis=_address(environ, "REDIS", Address("voting-storage", 6379)),
            mysql=_address(environ, "MYSQL", Address("voting-storage", 3306)),
            mysql_account=Account(
                user=environ.get("MYSQL_USER", "voting"),
                password=environ.get("MYSQL_PASSWORD", ""),
                database=environ.get("MYSQL_DATABASE", "voting"),
            ),
        )


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, str(default))
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise ValueError(f"{name} is {text!r}; it must be a port number")
    return int(text)


def _address(environ: Mapping[str, str], service: str, default: Address) -> Address:
    host = environ.get(f"{service}_HOST", default.host)
    return Address(host, _port(environ, f"{service}_PORT", default.port))
