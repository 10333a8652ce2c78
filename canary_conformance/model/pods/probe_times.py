"""Whether probes let a pod get ready in time, and leave its container the time to start.

Source: Kubernetes, "Configure Liveness, Readiness and Startup Probes" (the defaults; a startup probe holds
the others back; a container is killed when its liveness or startup probe failed so many times in a row).
"""

from __future__ import annotations

from canary_conformance.model.objects.object_parts import Part

_STARTUP, _READINESS, _LIVENESS = "startupProbe", "readinessProbe", "livenessProbe"
_PERIOD, _FAILURES = 10, 3
# Pods of a stage are waited for some time longer (timeouts.pods_ready).
_LONGEST_WAIT = 90


def check_times(container: Part, starts_in: float) -> None:
    """Note probes that may let nobody see a container ready, as problems.

    Args:
        container: The container.
        starts_in: The seconds within which it is known to start.
    """
    delays = [
        (_number(container[probe], "initialDelaySeconds", 0), container[probe]["initialDelaySeconds"])
        for probe in (_STARTUP, _READINESS)
    ]
    for probe in (_STARTUP, _READINESS):
        period = container[probe]["periodSeconds"]
        times = _number(container[probe], "successThreshold", 1)
        # The first look comes too early, the next one after a period.
        seconds = max(1, times) * _number(container[probe], "periodSeconds", _PERIOD)
        if container[probe]:
            delays.append((seconds, period if times < 2 else container[probe]["successThreshold"]))
    longest, part = max(delays, key=lambda one: one[0])
    if sum(seconds for seconds, _ in delays) > _LONGEST_WAIT and longest > 0:
        (part or container[_READINESS]).problem("whether pods count as ready so late is not in the manifests")
    killing = container[_STARTUP] or container[_LIVENESS]
    if killing and patience(killing) < starts_in:
        failures, period = killing["failureThreshold"], killing["periodSeconds"]
        what = (
            f"this kills the container after {patience(killing)} s, and it may take {starts_in:g} s to start"
        )
        (failures or period or killing).problem(what)


def patience(probe: Part) -> int:
    """Return the seconds after which a container whose probe never passed is killed."""
    failures = max(1, _number(probe, "failureThreshold", _FAILURES))
    period = max(1, _number(probe, "periodSeconds", _PERIOD))
    return _number(probe, "initialDelaySeconds", 0) + failures * period


def _number(probe: Part, key: str, default: int) -> int:
    number = probe[key].number(default)
    return default if number is None else number
