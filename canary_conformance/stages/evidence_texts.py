"""Pods, events, steps and pages as the texts of a failure bundle: tables for the eye, CSV for tools."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from canary_conformance.scenario.observations import Transition

Object = Mapping[str, Any]

STEPS = ("stage", "step", "started", "applied", "live")
TRAFFIC = ("stage", "voter", "seconds", "status", "version", "host", "results", "error", "took")


def pods_text(pods: Sequence[Object]) -> str:
    """Return pods as `kubectl get pods -o wide` lists them, then each one's conditions and containers."""
    titles = ("NAME", "READY", "STATUS", "RESTARTS", "CREATED", "IP", "NODE", "LABELS")
    table = _columns([titles, *(_pod_row(pod) for pod in pods)])
    details = [_pod_details(pod) for pod in pods]
    return "\n".join([table, *(yaml.safe_dump(one, sort_keys=False, width=110) for one in details)])


def events_text(events: Iterable[Object]) -> str:
    """Return events by their last time, oldest first, each on a line."""
    rows = sorted(
        (
            _time_of(event),
            str(event.get("type", "")),
            str(event.get("reason", "")),
            _object_of(event),
            f"x{(event.get('series') or {}).get('count') or event.get('count') or 1}",
            " ".join(str(event.get("message", "")).split()),
        )
        for event in events
    )
    return _columns([("TIME", "TYPE", "REASON", "OBJECT", "COUNT", "MESSAGE"), *rows])


def steps_csv(transitions: Iterable[Transition]) -> str:
    """Return each step of each stage, with its times in seconds since the stage began."""
    rows = [
        (way.stage, step.step, *_seconds(_began(way), step.started_at, step.applied_at, step.live_at))
        for way in transitions
        for step in way.steps
    ]
    return _csv(STEPS, rows)


def traffic_csv(transitions: Iterable[Transition]) -> str:
    """Return every page of the continuous voters in the order of their requests, a row each.

    `seconds` is when it was asked for, since the stage began; `took` is how long the answer took.
    """
    rows = [
        (
            way.stage,
            voter,
            *_seconds(_began(way), page.sent_at),
            page.status or "",
            page.version,
            page.host,
            page.results,
            page.error,
            f"{page.took:.3f}",
        )
        for way in transitions
        for page, voter in sorted(
            ((page, voter) for voter, pages in way.pages.items() for page in pages),
            key=lambda one: one[0].sent_at,
        )
    ]
    return _csv(TRAFFIC, rows)


def _began(way: Transition) -> float:
    """A stage begins with its first step; voters who were earlier have negative seconds."""
    return way.steps[0].started_at if way.steps else 0.0


def _seconds(began: float, *times: float) -> list[str]:
    return [f"{time - began:.3f}" for time in times]


def _csv(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(titles)
    writer.writerows(rows)
    return buffer.getvalue()


def _columns(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["   ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)) for row in rows]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _pod_row(pod: Object) -> tuple[str, ...]:
    metadata, status = pod["metadata"], pod.get("status", {})
    containers = _statuses(pod)
    labels = metadata.get("labels") or {}
    return (
        metadata["name"],
        _ready_containers(pod),
        _pod_status(pod),
        str(sum(container.get("restartCount", 0) for container in containers)),
        str(metadata.get("creationTimestamp", "")),
        status.get("podIP", ""),
        pod["spec"].get("nodeName", ""),
        ",".join(f"{key}={labels[key]}" for key in ("app", "version") if key in labels),
    )


def _ready_containers(pod: Object) -> str:
    """Return how many containers are ready, of how many that are to stay, as kubectl counts them."""
    spec = pod["spec"]
    sidecars = [one for one in spec.get("initContainers") or [] if one.get("restartPolicy") == "Always"]
    stay = {one["name"] for one in [*spec["containers"], *sidecars]}
    ready = [one for one in _statuses(pod) if one["name"] in stay and one.get("ready")]
    return f"{len(ready)}/{len(stay)}"


def _pod_status(pod: Object) -> str:
    """Return what kubectl calls the status: why a container waits, or else the pod's phase."""
    if "deletionTimestamp" in pod["metadata"]:
        return "Terminating"
    waiting = [(container.get("state") or {}).get("waiting") or {} for container in _statuses(pod)]
    phase = str(pod.get("status", {}).get("phase", ""))
    return next((str(one["reason"]) for one in waiting if one.get("reason")), phase)


def _pod_details(pod: Object) -> dict[str, Any]:
    return {
        pod["metadata"]["name"]: {
            "labels": dict(pod["metadata"].get("labels") or {}),
            "annotations": dict(pod["metadata"].get("annotations") or {}),
            "conditions": pod.get("status", {}).get("conditions") or [],
            "containers": {
                container["name"]: {
                    field: container.get(field)
                    for field in ("image", "ready", "restartCount", "state", "lastState")
                }
                for container in _statuses(pod)
            },
        }
    }


def _statuses(pod: Object) -> list[Object]:
    status = pod.get("status", {})
    kinds = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    return [container for kind in kinds for container in status.get(kind) or []]


def _time_of(event: Object) -> str:
    times = (
        (event.get("series") or {}).get("lastObservedTime"),
        event.get("lastTimestamp"),
        event.get("eventTime"),
        event["metadata"].get("creationTimestamp"),
    )
    return next((str(time) for time in times if time), "")


def _object_of(event: Object) -> str:
    about = event.get("involvedObject") or event.get("regarding") or {}
    return f"{about.get('kind', '?')}/{about.get('name', '?')}"
