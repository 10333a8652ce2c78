"""Mistakes in values that components of 1.x read: addresses, ports, words, numbers of pods, probes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tools.mutants.mistake import Mistake, Step, before, to

Make = Callable[[str, str], Step]
Rows = tuple[tuple[str, str, str, str], ...]
"""Name, path, YAML, the ids of the requirements that name it."""

_STEP_1, _STEP_2 = "kubernetes/step-1", "kubernetes/step-2"
_APP = "Deployment/voting-app-1-0"
_ANALYTICS, _ANALYTICS_1 = "Deployment/voting-analytics-1-0", "Deployment/voting-analytics-1-1"
_REDIS = "Deployment/voting-storage-1-0"
_C = "spec.template.spec.containers[0]"


def table(file: str, ref: str, make: Make, rows: Rows) -> Iterator[Mistake]:
    """Yield the mistakes of one object that are made in one way."""
    for name, path, source, ids in rows:
        yield Mistake(name, file, ref, (make(path, source),), ids)


def variable(name: str, source: str) -> Step:
    """Give a container one variable more, before the others."""
    return before(f"{_C}.env[0]", f"- name: {name}\n  value: {source}")


VALUES = (
    *table(
        _STEP_1,
        _APP,
        variable,
        (
            ("the app listens at a port that is a word", "PORT", "http", "R1.2"),
            ("the app listens at port 0", "PORT", '"0"', "R1.2"),
            ("the app listens at a port that no computer has", "PORT", '"65536"', "R1.2"),
            ("the app listens at a port with a space", "PORT", '" 8080"', "R1.2"),
            ("the app asks Redis at MySQL's port", "REDIS_PORT", '"3306"', "R1.7"),
            ("the app asks Redis at the port of the page", "REDIS_PORT", '"8080"', "R1.7"),
            ("the app asks Redis at no port", "REDIS_PORT", '""', "R1.2"),
            ("the app asks Redis at a link's address", "REDIS_PORT", "tcp://10.0.0.1:6379", "R1.2"),
            ("the app asks analytics at the port of the gateway", "ANALYTICS_PORT", '"80"', "R1.7"),
            ("the app asks analytics at a negative port", "ANALYTICS_PORT", '"-1"', "R1.2"),
            ("the first button is for birds", "VOTE1VALUE", "Birds", "R1.5"),
            ("the buttons are both for dogs", "VOTE1VALUE", "Dogs", "R1.5"),
            ("the second button is for cats in capitals", "VOTE2VALUE", "DOGS", "R1.5"),
            ("the second button has no word", "VOTE2VALUE", '""', "R1.5"),
            ("the footer is switched off", "SHOWDETAILS", '"off"', "R1.5"),
            ("the footer is switched off by a number", "SHOWDETAILS", '"0"', "R1.5"),
        ),
    ),
    *table(
        _STEP_1,
        _APP,
        to,
        (
            ("the app names Redis with a dot at the end", f"{_C}.env[0].value", "voting-storage.", "R1.7"),
            ("the app names Redis with its port", f"{_C}.env[0].value", "voting-storage:6379", "R1.7"),
            ("the app names Redis by a URL", f"{_C}.env[0].value", "redis://voting-storage", "R1.7"),
            ("the app names Redis with a space", f"{_C}.env[0].value", '" voting-storage"', "R1.7"),
            ("the app has no name for Redis", f"{_C}.env[0].value", '""', "R1.7"),
            ("the app names Redis by what is defined below", f"{_C}.env[0].value", "$(STORE)", "R1.7"),
            ("the app names Redis by an escaped reference", f"{_C}.env[0].value", "$$(REDIS)", "R1.7"),
            ("the app names analytics by a URL", f"{_C}.env[1].value", "http://voting-analytics", "R1.7"),
            (
                "the app names analytics by its Deployment",
                f"{_C}.env[1].value",
                "voting-analytics-1-0",
                "R1.7",
            ),
            (
                "the app names analytics with a dot at the end",
                f"{_C}.env[1].value",
                "voting-analytics.",
                "R1.7",
            ),
            (
                "the app names analytics with a path",
                f"{_C}.env[1].value",
                "voting-analytics/analytics",
                "R1.7",
            ),
            ("the flag's buttons are switched off by a number", f"{_C}.env[2].value", '"0"', "R4.6"),
            ("the flag's switch is left open", f"{_C}.env[2].value", '""', "R4.6"),
            ("the app has four pods", "spec.replicas", "4", "R1.2 R1.6"),
            ("the app has no pods", "spec.replicas", "0", "R1.2"),
            ("the number of pods is left open", "spec.replicas", "", "R1.2"),
            ("the number of pods is a word", "spec.replicas", "three", "R0.1"),
            ("the number of pods is a fraction", "spec.replicas", "2.5", "R0.1"),
            ("the number of pods is negative", "spec.replicas", "-3", "R0.1"),
        ),
    ),
    *table(
        _STEP_1,
        _REDIS,
        to,
        (
            ("Redis runs twice", "spec.replicas", "2", "R1.2"),
            ("Redis runs nowhere", "spec.replicas", "0", "R1.2"),
            ("Redis's port is named for MySQL", f"{_C}.ports[0].name", "mysql", "R1.7 R1.2"),
            ("Redis is probed at MySQL's port", f"{_C}.readinessProbe.tcpSocket.port", "3306", "R1.2"),
            (
                "Redis is restarted for a port that it lacks",
                f"{_C}.livenessProbe.tcpSocket.port",
                "6380",
                "R1.2",
            ),
        ),
    ),
    *table(
        _STEP_1,
        _ANALYTICS,
        to,
        (
            ("analytics has two pods", "spec.replicas", "2", "R1.2"),
            (
                "analytics names Redis with a dot at the end",
                f"{_C}.env[0].value",
                "voting-storage.",
                "R1.7 R1.5",
            ),
            (
                "analytics is probed at the results of another",
                f"{_C}.readinessProbe.httpGet.path",
                "/results",
                "R1.2",
            ),
            ("analytics is probed at its port of admin", f"{_C}.readinessProbe.httpGet.port", "8081", "R1.2"),
            (
                "analytics is probed at a name that it lacks",
                f"{_C}.readinessProbe.httpGet.port",
                "web",
                "R1.2",
            ),
            (
                "analytics is restarted for a path that it lacks",
                f"{_C}.livenessProbe.httpGet.path",
                "/live",
                "R1.2",
            ),
        ),
    ),
    *table(
        _STEP_2,
        _ANALYTICS_1,
        to,
        (
            (
                "analytics 1.1 names Redis with a dot at the end",
                f"{_C}.env[0].value",
                "voting-storage.",
                "R2.1 R2.2 R2.3",
            ),
            (
                "analytics 1.1 names Redis in capitals and wrong",
                f"{_C}.env[0].value",
                "VOTING_STORAGE",
                "R2.1 R2.2 R2.3",
            ),
            ("analytics 1.1 has two pods", "spec.replicas", "2", "R2.1"),
            ("analytics 1.1 is labelled 1.2", "spec.template.metadata.labels.version", '"1.2"', "R0.1 R2.1"),
            ("analytics 1.1 is labelled by a number", "spec.template.metadata.labels.version", "1.1", "R0.1"),
            ("analytics 1.1 is probed by HTTPS", f"{_C}.readinessProbe.httpGet.port", "8443", "R2.1"),
        ),
    ),
    Mistake(
        "Redis's proxy resolves names by the node",
        _STEP_1,
        _REDIS,
        (before("spec.template.spec.containers", "dnsPolicy: Default"),),
        "R1.2",
    ),
)
