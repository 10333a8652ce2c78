"""Mistakes in values that a component reads: accounts, addresses, ports, words, numbers of pods, probes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tools.mutants.mistake import Mistake, Step, after, before, to, without

Make = Callable[[str, str], Step]
Rows = tuple[tuple[str, str, str, str], ...]
"""Name, path, YAML, the ids of the requirements that name it."""

_STEP_1, _STEP_2, _STEP_3 = "kubernetes/step-1", "kubernetes/step-2", "kubernetes/step-3"
_APP, _APP_2 = "Deployment/voting-app-1-0", "Deployment/voting-app-2-0"
_ANALYTICS, _ANALYTICS_1 = "Deployment/voting-analytics-1-0", "Deployment/voting-analytics-1-1"
_ANALYTICS_2 = "Deployment/voting-analytics-2-0"
_REDIS, _MYSQL = "Deployment/voting-storage-1-0", "Deployment/voting-storage-2-0"
_SECRET, _CLAIM = "Secret/voting-storage-secret", "PersistentVolumeClaim/mysql-pv-claim"
_C = "spec.template.spec.containers[0]"
_FIRST = f"{_C}.env[0]"


def table(file: str, ref: str, make: Make, rows: Rows) -> Iterator[Mistake]:
    """Yield the mistakes of one object that are made in one way."""
    for name, path, source, ids in rows:
        yield Mistake(name, file, ref, (make(path, source),), ids)


def _variable(name: str, source: str) -> Step:
    """Give a container one variable more, before the others."""
    return before(_FIRST, f"- name: {name}\n  value: {source}")


VALUES = (
    *table(
        _STEP_3,
        _SECRET,
        to,
        (
            ("MySQL's user has no name", "stringData.MYSQL_USER", '""', "R4.2"),
            ("MySQL's user has no password", "stringData.MYSQL_PASSWORD", '""', "R4.2"),
            ("MySQL's database has no name", "stringData.MYSQL_DATABASE", '""', "R4.2"),
            ("MySQL's root has no password", "stringData.MYSQL_ROOT_PASSWORD", '""', "R4.2"),
            ("the password is a number", "stringData.MYSQL_PASSWORD", "12345", "R0.1"),
            ("the password is a boolean", "stringData.MYSQL_PASSWORD", "yes", "R0.1"),
            ("the password is left open", "stringData.MYSQL_PASSWORD", "", "R4.2"),
            ("the Secret is of the type for TLS", "type", "kubernetes.io/tls", "R0.1"),
            ("the Secret is of the type for a registry", "type", "kubernetes.io/dockerconfigjson", "R0.1"),
            ("the Secret is of the type for a login", "type", "kubernetes.io/basic-auth", "R0.1"),
            ("the Secret is of the type for SSH", "type", "kubernetes.io/ssh-auth", "R0.1"),
            ("the Secret is a token of no account", "type", "kubernetes.io/service-account-token", "R0.1"),
        ),
    ),
    *table(
        _STEP_3,
        _APP_2,
        to,
        (
            (
                "the app takes the user for the password",
                f"{_C}.env[2].valueFrom.secretKeyRef.key",
                "MYSQL_USER",
                "R4.2",
            ),
            (
                "the app takes the password for the database",
                f"{_C}.env[3].valueFrom.secretKeyRef.key",
                "MYSQL_PASSWORD",
                "R4.2",
            ),
            (
                "the app takes its user from another Secret",
                f"{_C}.env[1].valueFrom.secretKeyRef.name",
                "voting-storage",
                "R4.2",
            ),
            ("the app of 2.0 asks Redis's name for MySQL", f"{_C}.env[0].value", "redis", "R4.2 R4.4 R4.8"),
            (
                "the app of 2.0 names its store with a space",
                f"{_C}.env[0].value",
                '"voting-storage "',
                "R4.2 R4.4 R4.8",
            ),
            (
                "the app of 2.0 names its store by a URL",
                f"{_C}.env[0].value",
                "mysql://voting-storage",
                "R4.2 R4.4 R4.8",
            ),
            (
                "the app of 2.0 names its store with its port",
                f"{_C}.env[0].value",
                "voting-storage:3306",
                "R4.2 R4.4 R4.8",
            ),
            (
                "the app of 2.0 names its store with a dot at the end",
                f"{_C}.env[0].value",
                "voting-storage.",
                "R4.2 R4.4 R4.8",
            ),
            (
                "the app of 2.0 names its store in half",
                f"{_C}.env[0].value",
                "voting-storage.voting.",
                "R4.2 R4.4 R4.8",
            ),
            ("the app of 2.0 asks itself for the results", f"{_C}.env[4].value", "localhost", "R4.4 R4.8"),
            (
                "the app of 2.0 asks the analytics of default",
                f"{_C}.env[4].value",
                "voting-analytics.default",
                "R4.4 R4.8",
            ),
            ("the app of 2.0 has two pods", "spec.replicas", "2", "R4.2"),
            ("the app of 2.0 has no pods", "spec.replicas", "0", "R4.2"),
            (
                "the app of 2.0 calls itself 2.1",
                "spec.template.metadata.labels.version",
                '"2.1"',
                "R0.1 R4.2",
            ),
        ),
    ),
    *table(
        _STEP_3,
        _APP_2,
        _variable,
        (
            ("the app of 2.0 writes to another port of MySQL", "MYSQL_PORT", '"3307"', "R4.2 R4.4 R4.8"),
            ("the app of 2.0 has a word for MySQL's port", "MYSQL_PORT", "mysql", "R4.2"),
            ("the app of 2.0 has no number for MySQL's port", "MYSQL_PORT", '""', "R4.2"),
            ("the app of 2.0 listens at another port", "PORT", '"8081"', "R4.2 R4.4"),
            ("the app of 2.0 asks analytics at another port", "ANALYTICS_PORT", '"80"', "R4.4 R4.8"),
        ),
    ),
    *table(
        _STEP_1,
        _APP,
        _variable,
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
            ("the app looks for Redis in its own pod", f"{_C}.env[0].value", "127.0.0.1", "R1.7"),
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
            ("the flag's buttons are switched off", f"{_C}.env[2].value", '"off"', "R4.6"),
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
                "analytics names Redis by its address of yesterday",
                f"{_C}.env[0].value",
                "10.96.42.25",
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
    *table(
        _STEP_3,
        _ANALYTICS_2,
        to,
        (
            (
                "analytics 2.0 names its store with a dot at the end",
                f"{_C}.env[0].value",
                "voting-storage.",
                "R4.2 R4.4 R4.8",
            ),
            (
                "analytics 2.0 asks the app for its store",
                f"{_C}.env[0].value",
                "voting-app",
                "R4.2 R4.4 R4.8",
            ),
            (
                "analytics 2.0 takes the password of root",
                f"{_C}.env[2].valueFrom.secretKeyRef.key",
                "MYSQL_ROOT_PASSWORD",
                "R4.2",
            ),
            (
                "analytics 2.0 takes the user for the database",
                f"{_C}.env[3].valueFrom.secretKeyRef.key",
                "MYSQL_PASSWORD",
                "R4.2",
            ),
            (
                "analytics 2.0 names a key that the Secret lacks",
                f"{_C}.env[1].valueFrom.secretKeyRef.key",
                "USER",
                "R4.2",
            ),
            ("analytics 2.0 has three pods", "spec.replicas", "3", "R4.2"),
        ),
    ),
    *table(
        _STEP_3,
        _MYSQL,
        to,
        (
            ("MySQL is set up from another Secret", f"{_C}.envFrom[0].secretRef.name", "mysql", "R4.2"),
            ("MySQL has two servers", "spec.replicas", "2", "R4.2"),
            ("MySQL is probed at Redis's port", f"{_C}.readinessProbe.tcpSocket.port", "6379", "R4.2"),
            (
                "MySQL's volume is of another claim",
                "spec.template.spec.volumes[0].persistentVolumeClaim.claimName",
                "mysql-pv",
                "R4.2 R4.9",
            ),
            (
                "MySQL's volume is called otherwise",
                "spec.template.spec.volumes[0].name",
                "mysql",
                "R0.1 R4.2",
            ),
            (
                "MySQL's folder is of a version",
                f"{_C}.volumeMounts[0].mountPath",
                "/var/lib/mysql/8.4",
                "R4.2 R4.9",
            ),
            ("MySQL's folder of the volume is absolute", f"{_C}.volumeMounts[0].subPath", "/mysql", "R0.1"),
            ("MySQL's folder of the volume is above it", f"{_C}.volumeMounts[0].subPath", "../mysql", "R0.1"),
        ),
    ),
    *table(
        _STEP_3,
        _MYSQL,
        before,
        (
            ("MySQL's variables have a prefix", f"{_C}.envFrom[0].secretRef", "prefix: DB_", "R4.2"),
            (
                "MySQL's proxy resolves names by the node",
                "spec.template.spec.containers",
                "dnsPolicy: Default",
                "R4.2",
            ),
        ),
    ),
    *table(
        _STEP_3,
        _CLAIM,
        to,
        (
            ("the claim is for nothing", "spec.resources.requests.storage", '"0"', "R0.1"),
            ("the claim is for less than nothing", "spec.resources.requests.storage", '"-1Gi"', "R0.1"),
            ("the claim's size has a space", "spec.resources.requests.storage", '"1 Gi"', "R0.1"),
            ("the claim's size is in bytes of a word", "spec.resources.requests.storage", "1GB", "R0.1"),
            ("many nodes read the claim", "spec.accessModes[0]", "ReadOnlyMany", "R4.2"),
        ),
    ),
    Mistake(
        "Redis's proxy resolves names by the node",
        _STEP_1,
        _REDIS,
        (before("spec.template.spec.containers", "dnsPolicy: Default"),),
        "R1.2",
    ),
    Mistake("MySQL has no Secret", _STEP_3, _MYSQL, (without(f"{_C}.envFrom"),), "R4.2"),
    Mistake("the app of 2.0 has no password", _STEP_3, _APP_2, (without(f"{_C}.env[2]"),), "R4.2"),
    Mistake(
        "MySQL overwrites a password",
        _STEP_3,
        _MYSQL,
        (after(f"{_C}.envFrom", "env:\n  - name: MYSQL_PASSWORD\n    value: other"),),
        "R4.2",
    ),
)
