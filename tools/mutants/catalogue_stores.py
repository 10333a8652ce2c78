"""Mistakes in values that components of 2.0 read: the account and claim of MySQL, addresses, ports."""

from __future__ import annotations

from tools.mutants.catalogue_values import table, variable
from tools.mutants.mistake import Mistake, after, before, to, without

_STEP_3 = "kubernetes/step-3"
_APP_2, _ANALYTICS_2 = "Deployment/voting-app-2-0", "Deployment/voting-analytics-2-0"
_MYSQL, _CLAIM = "Deployment/voting-storage-2-0", "PersistentVolumeClaim/mysql-pv-claim"
_HOLDER = "Secret/voting-storage-secret"
_C = "spec.template.spec.containers[0]"
_REFERENCE = "valueFrom.secretKeyRef"

STORES = (
    *table(
        _STEP_3,
        _HOLDER,
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
                f"{_C}.env[2].{_REFERENCE}.key",
                "MYSQL_USER",
                "R4.2",
            ),
            (
                "the app takes the password for the database",
                f"{_C}.env[3].{_REFERENCE}.key",
                "MYSQL_PASSWORD",
                "R4.2",
            ),
            (
                "the app takes its user from another Secret",
                f"{_C}.env[1].{_REFERENCE}.name",
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
        variable,
        (
            ("the app of 2.0 writes to another port of MySQL", "MYSQL_PORT", '"3307"', "R4.2 R4.4 R4.8"),
            ("the app of 2.0 has a word for MySQL's port", "MYSQL_PORT", "mysql", "R4.2"),
            ("the app of 2.0 has no number for MySQL's port", "MYSQL_PORT", '""', "R4.2"),
            ("the app of 2.0 listens at another port", "PORT", '"8081"', "R4.2 R4.4"),
            ("the app of 2.0 asks analytics at another port", "ANALYTICS_PORT", '"80"', "R4.4 R4.8"),
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
                f"{_C}.env[2].{_REFERENCE}.key",
                "MYSQL_ROOT_PASSWORD",
                "R4.2",
            ),
            (
                "analytics 2.0 takes the user for the database",
                f"{_C}.env[3].{_REFERENCE}.key",
                "MYSQL_PASSWORD",
                "R4.2",
            ),
            (
                "analytics 2.0 names a key that the Secret lacks",
                f"{_C}.env[1].{_REFERENCE}.key",
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
