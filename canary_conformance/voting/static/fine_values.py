"""Values of fields that change nothing: defaults, and what is far on the safe side.

Each function is, or makes, a test of a key and a value that field_table.txt names. A label or annotation is
known by its key: keys of Kubernetes' and Istio's own domains mean something to their controllers, so one that
is not listed here is unknown; no other controller is part of the scenario. Sources: Kubernetes, "Well-Known
Labels, Annotations and Taints"; Istio, "Resource Labels", "Resource Annotations".
"""

from __future__ import annotations

import re
from typing import Any

from canary_conformance.model.objects.quantities import amount
from canary_conformance.model.schemas.rules_http import RETRIED
from canary_conformance.voting.feature_flag import FLAG
from canary_conformance.voting.static.field_classes import Fine

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_SLEEP = re.compile(r"(?:/bin/|/usr/bin/)?sleep (\d+(?:\.\d+)?)s?")
# The runtime mounts a file of the node there.
_MESSAGES = re.compile(r"(?:/dev/termination-[\w.-]+|/(?:tmp|var/log)/[\w.-]+)?")
_SHELLS = ("sh", "bash", "/bin/sh", "/bin/bash")
_LONGEST_SLEEP = 30
_RESOLVER_OPTIONS = frozenset(
    {"ndots", "timeout", "attempts", "rotate", "edns0", "single-request", "single-request-reopen", "use-vc"}
)
_LEAST_ERROR = 400
# Written by tools, or read by controllers that decide nothing here (a cloud: of a load balancer).
_HARMLESS_DOMAINS = (
    "app.kubernetes.io",
    "cluster-autoscaler.kubernetes.io",
    "config.kubernetes.io",
    "external-dns.alpha.kubernetes.io",
    "kubectl.kubernetes.io",
    "service.beta.kubernetes.io",
)
_HARMLESS_KEYS = frozenset(
    {
        "controller.kubernetes.io/pod-deletion-cost",
        "deployment.kubernetes.io/revision",
        "kubernetes.io/change-cause",
        "kubernetes.io/description",
        "kubernetes.io/metadata.name",
        "service.istio.io/canonical-name",
        "service.istio.io/canonical-revision",
    }
)
_OWN = ("kubernetes.io", "k8s.io", "istio.io")
# Istio reads it without a domain.
_LOCALITY = "istio-locality"
_OF_PODS = frozenset({"sidecar.istio.io/inject", "istio.io/rev", "security.istio.io/tlsMode"})
_OF_NAMESPACES = frozenset(
    {
        "istio-injection",
        "istio.io/rev",
        "pod-security.kubernetes.io/enforce",
        "pod-security.kubernetes.io/enforce-version",
        "pod-security.kubernetes.io/audit",
        "pod-security.kubernetes.io/audit-version",
        "pod-security.kubernetes.io/warn",
        "pod-security.kubernetes.io/warn-version",
    }
)


def only(*values: object) -> Fine:
    """Return the test that a value is one of these; true is no 1."""
    return lambda _key, value: any(type(value) is type(one) and value == one for one in values)


def between(least: float, most: float) -> Fine:
    """Return the test that a number lies between two, both included."""
    return lambda _key, value: (
        isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
    )


def quantity(least: str, most: str) -> Fine:
    """Return the test that a Kubernetes quantity ("64Mi") lies between two, both included."""
    low, high = amount(least), amount(most)
    assert low is not None
    assert high is not None

    def fine(_key: str, value: Any) -> bool:
        number = amount(value)
        return number is not None and low <= number <= high

    return fine


def lasting(seconds: float) -> Fine:
    """Return the test that a duration ("10s") is at least so long; zero means none."""

    def fine(_key: str, value: Any) -> bool:
        parts = list(_DURATION.finditer(value)) if isinstance(value, str) else []
        if not parts or "".join(part[0] for part in parts) != value:
            return False
        total = sum(float(part[1]) * _SECONDS[part[2]] for part in parts)
        return total == 0 or total >= seconds

    return fine


def at_most(seconds: float) -> Fine:
    """Return the test that a duration ("25ms") is no longer than this."""
    return lambda key, value: not lasting(seconds + 0.001)(key, value) and lasting(0)(key, value)


def message_file(_key: str, value: Any) -> bool:
    """Return whether a termination message's file hides nothing of an image."""
    return isinstance(value, str) and _MESSAGES.fullmatch(value) is not None


def other_cookie(_key: str, value: Any) -> bool:
    """Return whether a cookie is none of the feature flag's."""
    return isinstance(value, str) and value != FLAG.partition("=")[0]


def one_line(_key: str, value: Any) -> bool:
    """Return whether a text has no end of line and no other control character."""
    return isinstance(value, str) and value.isprintable()


def whole_seconds(key: str, value: Any) -> bool:
    """Return whether a duration is at least one second."""
    return value != "0s" and lasting(1)(key, value)


def readable_mode(_key: str, value: Any) -> bool:
    """Return whether a file of this mode can be read by everybody."""
    return isinstance(value, int) and not isinstance(value, bool) and value & 0o444 == 0o444


def a_sleep(_key: str, value: Any) -> bool:
    """Return whether a hook or a command does nothing but sleep, for less than half a minute."""
    if not isinstance(value, dict):
        return False
    seconds = value.get("seconds")
    if isinstance(seconds, int):
        return seconds <= _LONGEST_SLEEP
    words = value.get("command")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return False
    if len(words) == 3 and words[0] in _SHELLS and words[1] == "-c":
        words = [words[2]]
    found = _SLEEP.fullmatch(" ".join(words).strip())
    return found is not None and float(found[1]) <= _LONGEST_SLEEP


def retries_failures(_key: str, value: Any) -> bool:
    """Return whether only requests that fail are sent again: a vote's answer is no failure, but 302."""
    words = value.split(",") if isinstance(value, str) else [""]
    return all(
        word in RETRIED or (word.isascii() and word.isdigit() and int(word) >= _LEAST_ERROR)
        for word in map(str.strip, words)
    )


def is_an_error(_key: str, value: Any) -> bool:
    """Return whether a status of HTTP is an error."""
    return isinstance(value, int) and value >= _LEAST_ERROR


def known_option(_key: str, value: Any) -> bool:
    """Return whether the model follows an option of the resolver."""
    return isinstance(value, dict) and value.get("name") in _RESOLVER_OPTIONS


def is_known_key(key: str, _value: Any = None) -> bool:
    """Return whether a label's or annotation's key means nothing to any controller of the scenario."""
    domain, slash, _ = key.rpartition("/")
    if key in _HARMLESS_KEYS or any(_is_of(domain, one) for one in _HARMLESS_DOMAINS):
        return True
    return not (slash and any(_is_of(domain, one) for one in _OWN)) and key != _LOCALITY


def is_known_annotation_of_pods(key: str, value: Any) -> bool:
    """Return whether an annotation of pods means nothing, or is read in model.pods.injection (Istio's)."""
    return is_known_key(key) or _is_of(key.rpartition("/")[0], "istio.io") or _is_default_profile(key, value)


def is_known_label_of_pods(key: str, _value: Any) -> bool:
    """Return whether a label of pods is modelled or means nothing."""
    return key in _OF_PODS or is_known_key(key)


def is_known_label_of_namespaces(key: str, _value: Any) -> bool:
    """Return whether a label of a namespace is modelled or means nothing."""
    return key in _OF_NAMESPACES or is_known_key(key)


def _is_default_profile(key: str, value: Any) -> bool:
    """Return whether an annotation gives a container the profile of AppArmor that it has anyway."""
    return key.startswith("container.apparmor.security.beta.kubernetes.io/") and value == "runtime/default"


def _is_of(domain: str, parent: str) -> bool:
    return domain == parent or domain.endswith(f".{parent}")
