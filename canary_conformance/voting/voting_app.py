"""The voting app as the model and the runner ask for it: see canary_conformance.scenario.application.

Sources: SCENARIO.md, "The application" (configuration by environment); the official image of MySQL, which
refuses MYSQL_USER=root: root is made beside the account, with MYSQL_ROOT_PASSWORD.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from canary_conformance.scenario.application import (
    Application,
    Callee,
    ContainerFacts,
    RefusedValue,
    WorkloadName,
    is_port,
)
from canary_conformance.scenario.observations import Opening
from canary_conformance.traffic.first_bytes import REDIS_PING, http_get
from canary_conformance.voting.contract import (
    ALIVE,
    ANALYTICS,
    APP,
    DEPLOYMENT,
    MAY_ASK_STORAGE,
    MYSQL_PORT,
    PAGE_PORT,
    PATHS,
    READY,
    REDIS_PORT,
    STORAGE,
    STORE_PORTS,
)
from canary_conformance.voting.feature_flag import FLAG

_STORES = frozenset({REDIS_PORT, MYSQL_PORT})
_VERSIONS = frozenset({"1.0", "1.1", "2.0"})
# The sample's own programs read it; the images set it.
_OF_A_PROGRAM = frozenset({"VERSION"})
_SWITCH = frozenset({"on", "true", "yes", "1", "off", "false", "no", "0"})
_WORDS = {
    "SHOWDETAILS": _SWITCH,
    "FEATUREFLAG": _SWITCH,
    "FLAGCONTROLS": frozenset({"buttons", "links"}),
}
# How MySQL or MariaDB and the entry point of the official image are set up beside the contract.
_OF_MYSQL = frozenset(
    {
        "MARIADB_AUTO_UPGRADE",
        "MYSQL_ALLOW_EMPTY_PASSWORD",
        "MYSQL_GROUP_SUFFIX",
        "MYSQL_INITDB_SKIP_TZINFO",
        "TMPDIR",
        "UMASK",
        "UMASK_DIR",
    }
)
_REDIS = ContainerFacts(frozenset({STORAGE, "storage", "redis"}), _VERSIONS, "24Mi", starts_in=5)
# The pods of the manifests run with 1 GiB; the buffers of MySQL 8.4 alone take a good part of half of it.
_MYSQL = ContainerFacts(
    frozenset({STORAGE, "storage", "mysql", "mariadb"}),
    _VERSIONS,
    "512Mi",
    starts_in=30,
    own_folders=("/tmp", "/run/mysqld"),  # noqa: S108  (folders of a container)
    user=999,
    unclear=_OF_MYSQL,
)
_ROOT = RefusedValue("MYSQL_USER", "root", "MySQL is not set up with root as a regular user")


class VotingApp:
    """The contract of the voting app."""

    components: Collection[str] = (APP, ANALYTICS, STORAGE)
    entry = Callee(APP, PAGE_PORT, http=True)
    canary_cookie = FLAG
    image_prefix = "localhost/"
    alive_path = ALIVE

    def named(self, workload: str) -> WorkloadName | None:
        """Return what a workload called COMPONENT-MAJOR-MINOR runs; None for any other name."""
        match = DEPLOYMENT.fullmatch(workload)
        return WorkloadName(match[1], f"{match[2]}.{match[3]}") if match else None

    def listening_ports(
        self, component: str, version: str, settings: Mapping[str, str | None]
    ) -> frozenset[int] | None:
        """Return the port of a version's store, or PORT of page and analytics (8080 by default)."""
        if component == STORAGE and version:
            return frozenset({MYSQL_PORT if _is_second(version) else REDIS_PORT})
        if component not in PATHS:
            return None
        port = settings.get("PORT", str(PAGE_PORT))
        return frozenset({int(port)}) if port is not None and is_port(port) else None

    def possible_ports(self, component: str) -> frozenset[int]:
        """Return the page's port, or those of both stores."""
        if component == STORAGE:
            return _STORES
        return frozenset({PAGE_PORT}) if component in PATHS else frozenset()

    def paths(self, component: str) -> Collection[str] | None:
        """Return what page and analytics answer; the stores do not serve HTTP."""
        return frozenset({PATHS[component], ALIVE, READY}) if component in PATHS else None

    def port_settings(self, component: str, version: str) -> Sequence[str]:
        """Return the variables with the ports of page and analytics, and of what they call."""
        if component not in PATHS:
            return ()
        store = "MYSQL_PORT" if _is_second(version) else "REDIS_PORT"
        return ("PORT", "ANALYTICS_PORT", store) if component == APP else ("PORT", store)

    def refused_values(self, component: str, version: str) -> Sequence[RefusedValue]:
        """Return the account with which MySQL does not start."""
        return (_ROOT,) if component == STORAGE and _is_second(version) else ()

    def container(self, component: str, version: str) -> ContainerFacts | None:
        """Return the needs of the sample's images and of the official ones of Redis and MySQL."""
        if component == STORAGE:
            return _MYSQL if _is_second(version) else _REDIS
        if component not in PATHS:
            return None
        names = frozenset({component, component.removeprefix("voting-")})
        words = _WORDS if component == APP else {}
        return ContainerFacts(
            names,
            _VERSIONS,
            "48Mi",
            starts_in=5,
            unclear=_OF_A_PROGRAM,
            outlives=_is_second(version),
            words=words,
        )

    def callees(self, component: str, version: str) -> Sequence[Callee]:
        """Return analytics for the page, and the version's store for all that R3.3 does not lock out."""
        analytics = [Callee(ANALYTICS, PAGE_PORT, http=True)] if component == APP else []
        asks = component == APP or (component == ANALYTICS and version in MAY_ASK_STORAGE)
        store = [Callee(STORAGE, STORE_PORTS[version], http=False)] if asks and version in STORE_PORTS else []
        return (*analytics, *store)

    def opening(self, component: str, host: str, port: int, *, at_pod: bool = False) -> Opening:
        """Return a request for a page or analytics, or else Redis's PING.

        A store is always sent PING. A MySQL server would have spoken first; a sidecar that only takes TLS
        can't distinguish a silent client from a slow one, and refuses it at its first plain word.
        """
        if port == PAGE_PORT:
            return Opening(http_get(host, port, PATHS.get(component, "/")), listens=False)
        return Opening(REDIS_PING, listens=port == MYSQL_PORT or not at_pod)


def _is_second(version: str) -> bool:
    """Return whether a version is of the second chain: 2.0 and later."""
    major = version.partition(".")[0]
    return int(major) >= 2 if major.isascii() and major.isdigit() else version.startswith("2")


VOTING_APP: Application = VotingApp()
