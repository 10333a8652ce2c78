"""Pods, events, pages and steps are texts for a reader, in their order and with their times."""

import csv
import io
from dataclasses import replace
from typing import Any

import yaml

from canary_conformance.scenario.observations import Page, StepRecord, Transition
from canary_conformance.stages.evidence_texts import events_text, pods_text, steps_csv, traffic_csv

NAMESPACE = "voting"


def container(name: str, *, restarts: int = 0, state: dict[str, Any] | None = None) -> dict[str, Any]:
    running = state or {"running": {}}
    return {"name": name, "image": f"{name}:1", "ready": "running" in running, "restartCount": restarts} | {
        "state": running,
        "lastState": {},
    }


def pod(name: str = "app-1", *containers: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    statuses = list(containers) or [container("app")]
    labels = {"app": "voting-app", "version": "1.0"}
    return {
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels, **metadata},
        "spec": {
            "nodeName": "node-1",
            "initContainers": [{"name": "istio-init"}, {"name": "istio-proxy", "restartPolicy": "Always"}],
            "containers": [{"name": one["name"]} for one in statuses],
        },
        "status": {
            "phase": "Running",
            "podIP": "10.0.0.7",
            "conditions": [{"type": "Ready", "status": "False", "message": "not yet"}],
            "initContainerStatuses": [container("istio-proxy")],
            "containerStatuses": statuses,
        },
    }


def event(time: str, message: str, **fields: Any) -> dict[str, Any]:
    about = {"kind": "Pod", "name": "app-1"}
    return {"metadata": {}, "lastTimestamp": time, "message": message, "involvedObject": about, **fields}


def page(sent_at: float, **fields: Any) -> Page:
    whole = Page(200, "app-1", "redis", "clear", "Cats: 1 | Dogs: 2", (), "", "", sent_at, 0.0104, "")
    return replace(whole, **fields)


TRANSITION = Transition(
    2,
    (StepRecord("apply a.yaml", (), 100.0, 100.5, 101.25),),
    {
        "ordinary voter": (
            page(99.5),
            page(100.5, status=None, host="", store="", results="", error="reset"),
        ),
        "flagged voter": (page(100.0, store="mysql"),),
    },
)


def test_pods_are_listed_as_kubectl_does_with_what_keeps_them() -> None:
    crashing = container("app", restarts=3, state={"waiting": {"reason": "CrashLoopBackOff"}})
    told = pods_text([pod("app-1", crashing, creationTimestamp="2026-11-22T10:00:00Z")])
    table, details = told.split("\n\n", 1)
    assert table.splitlines()[0].split() == [
        *("NAME", "READY", "STATUS", "RESTARTS", "CREATED", "IP", "NODE", "LABELS")
    ]
    row = table.splitlines()[1].split()
    assert row[:4] == ["app-1", "1/2", "CrashLoopBackOff", "3"]
    assert row[4:] == ["2026-11-22T10:00:00Z", "10.0.0.7", "node-1", "app=voting-app,version=1.0"]
    read = yaml.safe_load(details)["app-1"]
    assert read["conditions"][0]["message"] == "not yet"
    assert read["containers"]["app"]["state"] == {"waiting": {"reason": "CrashLoopBackOff"}}


def test_a_pod_without_a_status_is_listed_too() -> None:
    bare = {"metadata": {"name": "bare"}, "spec": {"containers": [{"name": "app"}]}}
    going = {**bare, "metadata": {"name": "going", "deletionTimestamp": "now"}}
    rows = [line.split()[:3] for line in pods_text([bare, going]).splitlines()[1:3]]
    assert rows == [["bare", "0/1", "0"], ["going", "0/1", "Terminating"]]


def test_no_pods_are_an_empty_list() -> None:
    assert len(pods_text([]).splitlines()) == 1


def test_events_are_in_the_order_of_their_last_times() -> None:
    told = events_text(
        [
            event("2026-11-22T10:00:03Z", "third", count=7, type="Warning", reason="BackOff"),
            event("2026-11-22T10:00:01Z", "first\nline"),
            event("", "second", eventTime="2026-11-22T10:00:02.5Z"),
            event("", "fourth", series={"lastObservedTime": "2026-11-22T10:00:04Z", "count": 2}),
        ]
    )
    rows = told.splitlines()[1:]
    assert [row.rsplit("   ", 1)[1] for row in rows] == ["first line", "second", "third", "fourth"]
    assert rows[2].split()[:5] == ["2026-11-22T10:00:03Z", "Warning", "BackOff", "Pod/app-1", "x7"]


def test_traffic_is_every_page_in_its_order_with_seconds_since_the_stage_began() -> None:
    rows = list(csv.reader(io.StringIO(traffic_csv([TRANSITION]))))
    assert rows == [
        ["stage", "voter", "seconds", "status", "version", "host", "results", "error", "took"],
        ["2", "ordinary voter", "-0.500", "200", "1.0", "app-1", "Cats: 1 | Dogs: 2", "", "0.010"],
        ["2", "flagged voter", "0.000", "200", "2.0", "app-1", "Cats: 1 | Dogs: 2", "", "0.010"],
        ["2", "ordinary voter", "0.500", "", "", "", "", "reset", "0.010"],
    ]


def test_steps_have_their_times_since_the_stage_began() -> None:
    rows = list(csv.reader(io.StringIO(steps_csv([TRANSITION]))))
    assert rows == [
        ["stage", "step", "started", "applied", "live"],
        ["2", "apply a.yaml", "0.000", "0.500", "1.250"],
    ]


def test_a_stage_without_steps_has_its_pages_all_the_same() -> None:
    assert len(traffic_csv([replace(TRANSITION, steps=())]).splitlines()) == 4
