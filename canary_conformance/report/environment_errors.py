"""Which exceptions prove that the environment failed: what the API's client and sockets raise unanswered.

What the manifests may have caused as well is no proof.
"""

from __future__ import annotations

import errno

from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from canary_conformance.errors import EnvironmentFailed
from canary_conformance.report.exit_decision import in_a_line

# Statuses by which the API server reports that it is not well (RFC 9110, 6585), 0 for no answer; 401 is a
# login that was accepted before and has expired. By others it refuses a request.
UNWELL = frozenset({None, 0, 401, 429, 500, 502, 503, 504})
# What the system, and not a program's mistake, refuses (errno(3)).
OF_THE_SYSTEM = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EIO,
        errno.ENOMEM,
        errno.EMFILE,
        errno.ENFILE,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.ENETDOWN,
        errno.EADDRNOTAVAIL,
    }
)


def failed_environment(error: BaseException) -> EnvironmentFailed | None:
    """Return the failure of the environment that an exception proves, None where it proves none."""
    if isinstance(error, EnvironmentFailed):
        return error
    if isinstance(error, BaseExceptionGroup):
        found = [failed_environment(one) for one in error.exceptions]
        failures = "; ".join(str(one) for one in found if one is not None)
        return None if None in found else EnvironmentFailed(failures)
    proved = (
        isinstance(error, (HTTPError, ConnectionError, TimeoutError))
        or (isinstance(error, ApiException) and error.status in UNWELL)
        or (isinstance(error, OSError) and error.errno in OF_THE_SYSTEM)
    )
    return EnvironmentFailed(in_a_line(error)) if proved else None


def by_the_api_server(error: BaseException) -> bool:
    """Return whether an exception comes from the API server, which did not answer or is not well.

    What sockets raise may come from a pod as well, to which the manifests can have done something.
    """
    return isinstance(error, (HTTPError, ApiException)) and failed_environment(error) is not None
