"""Mistakes in values that components of 2.0 read: the account and claim of MySQL, addresses, ports."""

from __future__ import annotations

from tools.mutants.mistake import Catalogue, after, before, breaks, to, without
from tools.mutants.pod_steps import env, env_key, pod_field, variable

_C = "spec.template.spec.containers[0]"
_REFERENCE = "valueFrom.secretKeyRef"

STORES: Catalogue = {
    "kubernetes/step-3 Secret/voting-storage-secret": {
        "MySQL's user has no name": breaks("R4.2", to("stringData.MYSQL_USER", '""')),
        "MySQL's user has no password": breaks("R4.2", to("stringData.MYSQL_PASSWORD", '""')),
        "MySQL's database has no name": breaks("R4.2", to("stringData.MYSQL_DATABASE", '""')),
        "MySQL's root has no password": breaks("R4.2", to("stringData.MYSQL_ROOT_PASSWORD", '""')),
        "the password is a number": breaks("R0.1", to("stringData.MYSQL_PASSWORD", "12345")),
        "the password is a boolean": breaks("R0.1", to("stringData.MYSQL_PASSWORD", "yes")),
        "the password is left open": breaks("R4.2", to("stringData.MYSQL_PASSWORD", "")),
        "the Secret is of the type for TLS": breaks("R0.1", to("type", "kubernetes.io/tls")),
        "the Secret is of the type for a registry": breaks(
            "R0.1", to("type", "kubernetes.io/dockerconfigjson")
        ),
        "the Secret is of the type for a login": breaks("R0.1", to("type", "kubernetes.io/basic-auth")),
        "the Secret is of the type for SSH": breaks("R0.1", to("type", "kubernetes.io/ssh-auth")),
        "the Secret is a token of no account": breaks(
            "R0.1", to("type", "kubernetes.io/service-account-token")
        ),
    },
    "kubernetes/step-3 Deployment/voting-app-2-0": {
        "the app takes the user for the password": breaks("R4.2", env_key(2, "MYSQL_USER")),
        "the app takes the password for the database": breaks("R4.2", env_key(3, "MYSQL_PASSWORD")),
        "the app takes its user from another Secret": breaks(
            "R4.2", to(f"{_C}.env[1].{_REFERENCE}.name", "voting-storage")
        ),
        "the app of 2.0 asks Redis's name for MySQL": breaks("R4.2 R4.4 R4.8", env(0, "redis")),
        "the app of 2.0 names its store with a space": breaks("R4.2 R4.4 R4.8", env(0, '"voting-storage "')),
        "the app of 2.0 names its store by a URL": breaks("R4.2 R4.4 R4.8", env(0, "mysql://voting-storage")),
        "the app of 2.0 names its store with its port": breaks(
            "R4.2 R4.4 R4.8", env(0, "voting-storage:3306")
        ),
        "the app of 2.0 names its store with a dot at the end": breaks(
            "R4.2 R4.4 R4.8", env(0, "voting-storage.")
        ),
        "the app of 2.0 names its store in half": breaks("R4.2 R4.4 R4.8", env(0, "voting-storage.voting.")),
        "the app of 2.0 asks itself for the results": breaks("R4.4 R4.8", env(4, "localhost")),
        "the app of 2.0 asks the analytics of default": breaks(
            "R4.4 R4.8", env(4, "voting-analytics.default")
        ),
        "the app of 2.0 has two pods": breaks("R4.2", to("spec.replicas", "2")),
        "the app of 2.0 has no pods": breaks("R4.2", to("spec.replicas", "0")),
        "the app of 2.0 calls itself 2.1": breaks(
            "R0.1 R4.2", to("spec.template.metadata.labels.version", '"2.1"')
        ),
        "the app of 2.0 writes to another port of MySQL": breaks(
            "R4.2 R4.4 R4.8", variable("MYSQL_PORT", '"3307"')
        ),
        "the app of 2.0 has a word for MySQL's port": breaks("R4.2", variable("MYSQL_PORT", "mysql")),
        "the app of 2.0 has no number for MySQL's port": breaks("R4.2", variable("MYSQL_PORT", '""')),
        "the app of 2.0 listens at another port": breaks("R4.2 R4.4", variable("PORT", '"8081"')),
        "the app of 2.0 asks analytics at another port": breaks(
            "R4.4 R4.8", variable("ANALYTICS_PORT", '"80"')
        ),
        "the app of 2.0 has no password": breaks("R4.2", without(f"{_C}.env[2]")),
    },
    "kubernetes/step-3 Deployment/voting-analytics-2-0": {
        "analytics 2.0 names its store with a dot at the end": breaks(
            "R4.2 R4.4 R4.8", env(0, "voting-storage.")
        ),
        "analytics 2.0 asks the app for its store": breaks("R4.2 R4.4 R4.8", env(0, "voting-app")),
        "analytics 2.0 takes the password of root": breaks("R4.2", env_key(2, "MYSQL_ROOT_PASSWORD")),
        "analytics 2.0 takes the user for the database": breaks("R4.2", env_key(3, "MYSQL_PASSWORD")),
        "analytics 2.0 names a key that the Secret lacks": breaks("R4.2", env_key(1, "USER")),
        "analytics 2.0 has three pods": breaks("R4.2", to("spec.replicas", "3")),
    },
    "kubernetes/step-3 Deployment/voting-storage-2-0": {
        "MySQL is set up from another Secret": breaks("R4.2", to(f"{_C}.envFrom[0].secretRef.name", "mysql")),
        "MySQL has two servers": breaks("R4.2", to("spec.replicas", "2")),
        "MySQL is probed at Redis's port": breaks("R4.2", to(f"{_C}.readinessProbe.tcpSocket.port", "6379")),
        "MySQL's volume is of another claim": breaks(
            "R4.2 R4.9", to("spec.template.spec.volumes[0].persistentVolumeClaim.claimName", "mysql-pv")
        ),
        "MySQL's volume is called otherwise": breaks(
            "R0.1 R4.2", to("spec.template.spec.volumes[0].name", "mysql")
        ),
        "MySQL's folder is of a version": breaks(
            "R4.2 R4.9", to(f"{_C}.volumeMounts[0].mountPath", "/var/lib/mysql/8.4")
        ),
        "MySQL's folder of the volume is absolute": breaks(
            "R0.1", to(f"{_C}.volumeMounts[0].subPath", "/mysql")
        ),
        "MySQL's folder of the volume is above it": breaks(
            "R0.1", to(f"{_C}.volumeMounts[0].subPath", "../mysql")
        ),
        "MySQL's variables have a prefix": breaks(
            "R4.2", before(f"{_C}.envFrom[0].secretRef", "prefix: DB_")
        ),
        "MySQL's proxy resolves names by the node": breaks("R4.2", pod_field("dnsPolicy: Default")),
        "MySQL has no Secret": breaks("R4.2", without(f"{_C}.envFrom")),
        "MySQL overwrites a password": breaks(
            "R4.2", after(f"{_C}.envFrom", "env:\n  - name: MYSQL_PASSWORD\n    value: other")
        ),
    },
    "kubernetes/step-3 PersistentVolumeClaim/mysql-pv-claim": {
        "the claim is for nothing": breaks("R0.1", to("spec.resources.requests.storage", '"0"')),
        "the claim is for less than nothing": breaks("R0.1", to("spec.resources.requests.storage", '"-1Gi"')),
        "the claim's size has a space": breaks("R0.1", to("spec.resources.requests.storage", '"1 Gi"')),
        "the claim's size is in bytes of a word": breaks(
            "R0.1", to("spec.resources.requests.storage", "1GB")
        ),
        "many nodes read the claim": breaks("R4.2", to("spec.accessModes[0]", "ReadOnlyMany")),
    },
}
