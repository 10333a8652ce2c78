"""Why a pull failed, by what the engine reports: the one place that reads its words.

Docker's engine has no codes for this, only sentences, its own and those of registries, proxies and Go's
network library; with containerd's image store (the default from Docker 29 on) they are others than before.
Callers go by the outcome.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Self

from canary_conformance.errors import BadInput, EnvironmentFailed


class Outcome(Enum):
    """What a pull came to, other than an image."""

    ENGINE = "engine"
    NO_SPACE = "no space"
    DIGEST = "digest"
    TLS = "TLS"
    RATE_LIMIT = "rate limit"
    PROXY = "proxy"
    PLATFORM = "platform"
    MISSING = "missing"
    LOGIN = "login"
    SERVER = "server error"
    TIME_OUT = "time-out"
    SLOW = "slow"
    NO_HOST = "no such host"
    NO_NAMES = "no name resolution"
    CUT_OFF = "cut off"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class _Meaning:
    """One outcome: what happened, and what to do; {registry} is the host, {at} that for docker login.

    input: it is for the user to mend, so that it is bad input and not a failed environment. again: it may
    have passed when the pull is tried once more.
    """

    what: str
    mend: str
    input: bool = False
    again: bool = False


MEANINGS = MappingProxyType(
    {
        Outcome.ENGINE: _Meaning(
            "the container engine does not answer",
            "check that it runs and that this user may use it (`docker version`)",
        ),
        Outcome.NO_SPACE: _Meaning(
            "the disk of the container engine is full",
            "free space there (`docker system df`) and start again",
        ),
        Outcome.DIGEST: _Meaning(
            "{registry} served content that does not match its digest",
            "have the registry or the mirror repaired; no image but the one of the pinned digest is used",
        ),
        Outcome.TLS: _Meaning(
            "the container engine does not trust {registry}",
            "give the engine the certificate of the registry or of the company's proxy "
            "(/etc/docker/certs.d/HOST/ca.crt, or the system's), or list a registry without TLS under "
            "insecure-registries in its daemon.json",
        ),
        Outcome.RATE_LIMIT: _Meaning(
            "{registry} limits how many images may be pulled (429)",
            "log in (`docker login{at}`), name a mirror (--registry), or start again later",
            again=True,
        ),
        Outcome.PROXY: _Meaning(
            "the proxy between the container engine and {registry} refused or did not answer",
            "correct the engine's proxy (`proxies` in its daemon.json or HTTPS_PROXY of its service; "
            "`docker info` shows it), or name a mirror that needs none (--registry)",
        ),
        Outcome.PLATFORM: _Meaning(
            "{registry} has the image, but not for this machine's architecture",
            "use a registry that has it, or another machine",
            input=True,
        ),
        Outcome.MISSING: _Meaning(
            "{registry} does not have this image",
            "choose another version, or a registry that has it",
            input=True,
        ),
        Outcome.LOGIN: _Meaning(
            "{registry} refused access: login required, or no such image there (401, denied)",
            "log in with an account that may pull it (`docker login{at}`), or drop a login that is no longer "
            "valid (`docker logout{at}`)",
            input=True,
        ),
        Outcome.SERVER: _Meaning(
            "{registry} failed (5xx)", "start again later, or name a mirror (--registry)", again=True
        ),
        Outcome.TIME_OUT: _Meaning(
            "{registry} did not answer in time", "check the network of the container engine"
        ),
        Outcome.SLOW: _Meaning(
            "{registry} was too slow for the time limit",
            "stretch the limits (--timeout-factor), or name a mirror that is nearer (--registry)",
        ),
        Outcome.NO_HOST: _Meaning(
            "{registry} is an unknown host to the container engine", "check the name and the engine's DNS"
        ),
        Outcome.NO_NAMES: _Meaning(
            "the container engine could not look up {registry}", "check its DNS and its network"
        ),
        Outcome.CUT_OFF: _Meaning(
            "{registry} broke off while the image was pulled", "start again: what is complete is kept"
        ),
        Outcome.UNREACHABLE: _Meaning(
            "no registry answers at {registry}", "check that it runs and that the container engine reaches it"
        ),
        Outcome.UNKNOWN: _Meaning(
            "the container engine could not pull from {registry}", "see what it reports"
        ),
    }
)

# What the engine reports for each outcome, as alternatives of one pattern. The first that fits decides, so a
# cause comes before what it leads to: a proxy that is refused before a refused connection, a refused login
# before the image that is "not found" without one. Go reports a CONNECT that a proxy refuses by the status
# alone: Get "https://HOST/v2/": Forbidden.
_REPORTED: tuple[tuple[Outcome, tuple[str, ...]], ...] = (
    (
        Outcome.ENGINE,
        (
            r"cannot connect to the docker daemon|failed to connect to the docker api|error during connect",
            r"permission denied while trying to connect to the docker|docker can't be started",
        ),
    ),
    (Outcome.NO_SPACE, (r"no space left on device|disk quota exceeded|not enough space",)),
    (
        Outcome.DIGEST,
        (
            r"verification failed for digest|unexpected (commit )?digest|invalid checksum digest",
            r"digest .*(does not|did not|doesn't) match|mismatch.* digest|digest mismatch",
        ),
    ),
    (Outcome.RATE_LIMIT, (r"toomanyrequests|too many requests|\b429\b|rate exceeded",)),
    (
        Outcome.PROXY,
        (
            r"proxyconnect|proxy authentication required|\b407\b|socks connect",
            r'(get|head|post) "?https://[^" ]+"?: (forbidden|bad gateway|service unavailable|gateway time)',
        ),
    ),
    (Outcome.TLS, (r"x509:|tls: |server gave HTTP response to HTTPS client",)),
    (
        Outcome.PLATFORM,
        (r"no matching manifest for|no match for platform|does not match the specified platform",),
    ),
    (
        Outcome.LOGIN,
        (
            r"no basic auth credentials|error getting credentials|authorization failed|unauthorized",
            r"authentication required|incorrect username or password|requested access to the resource",
            r"\bdenied\b|\b40[13]\b|\bforbidden\b",
        ),
    ),
    (
        Outcome.MISSING,
        (
            r"manifest unknown|manifest for .* not found|name unknown|unknown blob|blob unknown",
            r"not known to (the )?registry|: not found\b|\b404\b",
            r"\b(artifact|repository) \S+ not found",
        ),
    ),
    (
        Outcome.SERVER,
        (r"\b50[0-4]\b|internal server error|bad gateway|service unavailable|unexpected HTTP status: 5",),
    ),
    (Outcome.NO_HOST, (r"no such host",)),
    (Outcome.NO_NAMES, (r"lookup \S+( on \S+)?: |name resolution|server misbehaving",)),
    (
        Outcome.CUT_OFF,
        (r"download failed after attempts|\bEOF\b|connection reset|broken pipe|short read|byte range",),
    ),
    (Outcome.TIME_OUT, (r"timeout|timed out|deadline exceeded|request canceled",)),
    (
        Outcome.UNREACHABLE,
        (r"connection refused|no route to host|network is unreachable|host is (down|unreachable)",),
    ),
)
_PATTERNS = tuple(
    (re.compile("|".join(alternatives), re.IGNORECASE), outcome) for outcome, alternatives in _REPORTED
)
_LONGEST = 300


class _Failure(Exception):
    """What a failed pull is known by."""

    def __init__(self, outcome: Outcome, sentence: str) -> None:
        super().__init__(sentence)
        self.outcome = outcome

    def with_more(self, more: str) -> Self:
        """Return the same failure with one more sentence."""
        return type(self)(self.outcome, f"{str(self).rstrip('.')}. {more}")


class PullFailed(_Failure, EnvironmentFailed):
    """An image could not be pulled, and the environment is to blame."""


class PullRefused(_Failure, BadInput):
    """An image could not be pulled for a reason that the user can mend."""


def outcome_of(reported: str) -> Outcome:
    """Return what the engine's words stand for."""
    return next((outcome for pattern, outcome in _PATTERNS if pattern.search(reported)), Outcome.UNKNOWN)


def last_word(reported: str) -> str:
    """Return the engine's own sentence, without the signatures and passwords that addresses may hold."""
    lines = [line.strip() for line in reported.splitlines() if line.strip()]
    line = lines[-1] if lines else "nothing"
    line = line.removeprefix("Error response from daemon: ")
    line = re.sub(r"//[^/\s@\"]+@", "//...@", re.sub(r"\?[^\s\"]+", "?...", line))
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."
