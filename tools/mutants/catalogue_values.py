"""Mistakes in values that components of 1.x read: addresses, ports, words, numbers of pods, probes."""

from __future__ import annotations

from tools.mutants.mistake import Catalogue, breaks, to
from tools.mutants.pod_steps import env, pod_field, variable

_C = "spec.template.spec.containers[0]"


VALUES: Catalogue = {
    "kubernetes/step-1 Deployment/voting-app-1-0": {
        "the app listens at a port that is a word": breaks("R1.2", variable("PORT", "http")),
        "the app listens at port 0": breaks("R1.2", variable("PORT", '"0"')),
        "the app listens at a port that no computer has": breaks("R1.2", variable("PORT", '"65536"')),
        "the app listens at a port with a space": breaks("R1.2", variable("PORT", '" 8080"')),
        "the app asks Redis at MySQL's port": breaks("R1.7", variable("REDIS_PORT", '"3306"')),
        "the app asks Redis at the port of the page": breaks("R1.7", variable("REDIS_PORT", '"8080"')),
        "the app asks Redis at no port": breaks("R1.2", variable("REDIS_PORT", '""')),
        "the app asks Redis at a link's address": breaks(
            "R1.2", variable("REDIS_PORT", "tcp://10.0.0.1:6379")
        ),
        "the app asks analytics at the port of the gateway": breaks(
            "R1.7", variable("ANALYTICS_PORT", '"80"')
        ),
        "the app asks analytics at a negative port": breaks("R1.2", variable("ANALYTICS_PORT", '"-1"')),
        "the first button is for birds": breaks("R1.5", variable("VOTE1VALUE", "Birds")),
        "the buttons are both for dogs": breaks("R1.5", variable("VOTE1VALUE", "Dogs")),
        "the second button is for cats in capitals": breaks("R1.5", variable("VOTE2VALUE", "DOGS")),
        "the second button has no word": breaks("R1.5", variable("VOTE2VALUE", '""')),
        "the footer is switched off": breaks("R1.5", variable("SHOWDETAILS", '"off"')),
        "the footer is switched off by a number": breaks("R1.5", variable("SHOWDETAILS", '"0"')),
        "the app names Redis with a dot at the end": breaks("R1.7", env(0, "voting-storage.")),
        "the app names Redis with its port": breaks("R1.7", env(0, "voting-storage:6379")),
        "the app names Redis by a URL": breaks("R1.7", env(0, "redis://voting-storage")),
        "the app names Redis with a space": breaks("R1.7", env(0, '" voting-storage"')),
        "the app has no name for Redis": breaks("R1.7", env(0, '""')),
        "the app names Redis by what is defined below": breaks("R1.7", env(0, "$(STORE)")),
        "the app names Redis by an escaped reference": breaks("R1.7", env(0, "$$(REDIS)")),
        "the app names analytics by a URL": breaks("R1.7", env(1, "http://voting-analytics")),
        "the app names analytics by its Deployment": breaks("R1.7", env(1, "voting-analytics-1-0")),
        "the app names analytics with a dot at the end": breaks("R1.7", env(1, "voting-analytics.")),
        "the app names analytics with a path": breaks("R1.7", env(1, "voting-analytics/analytics")),
        "the flag's buttons are switched off by a number": breaks("R4.6", env(2, '"0"')),
        "the flag's switch is left open": breaks("R4.6", env(2, '""')),
        "the app has four pods": breaks("R1.2 R1.6", to("spec.replicas", "4")),
        "the app has no pods": breaks("R1.2", to("spec.replicas", "0")),
        "the number of pods is left open": breaks("R1.2", to("spec.replicas", "")),
        "the number of pods is a word": breaks("R0.1", to("spec.replicas", "three")),
        "the number of pods is a fraction": breaks("R0.1", to("spec.replicas", "2.5")),
        "the number of pods is negative": breaks("R0.1", to("spec.replicas", "-3")),
    },
    "kubernetes/step-1 Deployment/voting-storage-1-0": {
        "Redis runs twice": breaks("R1.2", to("spec.replicas", "2")),
        "Redis runs nowhere": breaks("R1.2", to("spec.replicas", "0")),
        "Redis's port is named for MySQL": breaks("R1.7 R1.2", to(f"{_C}.ports[0].name", "mysql")),
        "Redis is probed at MySQL's port": breaks("R1.2", to(f"{_C}.readinessProbe.tcpSocket.port", "3306")),
        "Redis is restarted for a port that it lacks": breaks(
            "R1.2", to(f"{_C}.livenessProbe.tcpSocket.port", "6380")
        ),
        "Redis's proxy resolves names by the node": breaks("R1.2", pod_field("dnsPolicy: Default")),
    },
    "kubernetes/step-1 Deployment/voting-analytics-1-0": {
        "analytics has two pods": breaks("R1.2", to("spec.replicas", "2")),
        "analytics names Redis with a dot at the end": breaks("R1.7 R1.5", env(0, "voting-storage.")),
        "analytics is probed at the results of another": breaks(
            "R1.2", to(f"{_C}.readinessProbe.httpGet.path", "/results")
        ),
        "analytics is probed at its port of admin": breaks(
            "R1.2", to(f"{_C}.readinessProbe.httpGet.port", "8081")
        ),
        "analytics is probed at a name that it lacks": breaks(
            "R1.2", to(f"{_C}.readinessProbe.httpGet.port", "web")
        ),
        "analytics is restarted for a path that it lacks": breaks(
            "R1.2", to(f"{_C}.livenessProbe.httpGet.path", "/live")
        ),
    },
    "kubernetes/step-2 Deployment/voting-analytics-1-1": {
        "analytics 1.1 names Redis with a dot at the end": breaks(
            "R2.1 R2.2 R2.3", env(0, "voting-storage.")
        ),
        "analytics 1.1 names Redis in capitals and wrong": breaks("R2.1 R2.2 R2.3", env(0, "VOTING_STORAGE")),
        "analytics 1.1 has two pods": breaks("R2.1", to("spec.replicas", "2")),
        "analytics 1.1 is labelled 1.2": breaks(
            "R0.1 R2.1", to("spec.template.metadata.labels.version", '"1.2"')
        ),
        "analytics 1.1 is labelled by a number": breaks(
            "R0.1", to("spec.template.metadata.labels.version", "1.1")
        ),
        "analytics 1.1 is probed by HTTPS": breaks("R2.1", to(f"{_C}.readinessProbe.httpGet.port", "8443")),
    },
}
