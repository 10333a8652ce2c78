"""Two runs of the same names in one cluster: a Lease in the suite's namespace keeps them apart.

Whoever has it may make and remove what carries these names. It is renewed while the run lives; one that was
not renewed for its duration is that of a dead run, and is taken over. Every change names the version that it
changes, so that of two runs which try at once the API server refuses one (Kubernetes: "Leases";
"Kubernetes API Concepts", resource versions).
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.pod_access import UNANSWERED
from canary_conformance.errors import BadInput

API_VERSION, KIND, NAME = "coordination.k8s.io/v1", "Lease", "run"
# Long enough for an API server that starts anew, and for clocks that differ by a few seconds.
DURATION = 120  # seconds
PACE = 20.0  # seconds
CONFLICT, NOT_FOUND = 409, 404


def _utc() -> datetime:
    return datetime.now(UTC)


class RunLease:
    """The Lease of one run, from acquire() until stop(); it goes with its namespace.

    `lost` says that another run has it by now, else it is "".
    """

    def __init__(self, api: Api, namespace: str, run: str, now: Callable[[], datetime] = _utc) -> None:
        """Prepare; `run` is a word that no other run has, `now` returns the time of day."""
        self.namespace = namespace
        self.lost = ""
        self._api = api
        self._now = now
        self._run = run
        self._holder = f"{socket.gethostname()} process {os.getpid()} {run}"
        self._written: dict[str, Any] = {}
        self._over = threading.Event()
        self._renewing = threading.Lock()

    def acquire(self) -> None:
        """Take the Lease, and renew it from now on.

        Raises:
            BadInput: Another run has it.
        """
        found = self._found()
        if alive := self._alive(found):
            raise BadInput(_taken(self.namespace, alive))
        began = self._time()
        metadata = {"name": NAME, "namespace": self.namespace}
        if found is not None:
            metadata["resourceVersion"] = found["metadata"]["resourceVersion"]
        body = {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": self._spec(began)}
        write = self._api.create if found is None else self._api.replace
        try:
            self._written = write(body, self.namespace)
        except ApiException as error:
            if error.status == CONFLICT:
                raise BadInput(_taken(self.namespace, "it has just begun")) from error
            raise
        threading.Thread(target=self._renew_on, name="lease", daemon=True).start()

    def stop(self) -> None:
        """Renew it no more."""
        self._over.set()
        with self._renewing:
            return

    def holder(self) -> str:
        """Return who has the Lease and since when, "" where nobody has, or a run that is dead."""
        return self._alive(self._found())

    def is_held(self) -> bool:
        """Return whether the Lease still names this run."""
        found = self._found()
        return found is not None and str(found["spec"]["holderIdentity"]).rpartition(" ")[2] == self._run

    def renew(self) -> None:
        """Write that the run lives. What keeps it from being written is tried again at the next time."""
        spec = {**self._written["spec"], "renewTime": self._time()}
        try:
            self._written = self._api.replace({**self._written, "spec": spec}, self.namespace)
        except UNANSWERED as error:
            if isinstance(error, ApiException) and error.status in {CONFLICT, NOT_FOUND}:
                self.lost = f"another run took the namespace {self.namespace} of this one, or deleted it"

    def _found(self) -> dict[str, Any] | None:
        return self._api.get(API_VERSION, KIND, NAME, self.namespace)

    def _alive(self, lease: dict[str, Any] | None) -> str:
        return _holder_of(lease, self._now()) if lease else ""

    def _renew_on(self) -> None:
        while not self._over.wait(PACE):
            with self._renewing:
                if not self._over.is_set() and not self.lost:
                    self.renew()

    def _spec(self, began: str) -> dict[str, Any]:
        return {
            "holderIdentity": self._holder,
            "leaseDurationSeconds": DURATION,
            "acquireTime": began,
            "renewTime": began,
        }

    def _time(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _holder_of(lease: dict[str, Any], now: datetime) -> str:
    spec = lease["spec"]
    renewed = datetime.fromisoformat(str(spec["renewTime"]))
    if now > renewed + timedelta(seconds=int(spec["leaseDurationSeconds"])):
        return ""
    who = str(spec["holderIdentity"]).rpartition(" ")[0]
    return f"{who}, since {datetime.fromisoformat(str(spec['acquireTime'])):%Y-%m-%d %H:%M:%S} UTC"


def _taken(namespace: str, holder: str) -> str:
    return (
        f"another run uses the namespace {namespace} now ({holder}): wait for its end, or give this run "
        "names of its own with --namespace-prefix"
    )
