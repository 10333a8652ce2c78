"""The settings of a pod's own proxy (proxy.istio.io/config) with which it starts and serves as always.

Source: Istio, "ProxyConfig", read as JSON of protobuf: a value of another type keeps the pod from being made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from canary_conformance.model.objects.object_parts import Part

_DURATION = re.compile(r"\d+(?:\.\d+)?s")
_VARIABLES = frozenset(
    {
        "EXIT_ON_ZERO_ACTIVE_CONNECTIONS",
        "ISTIO_META_DNS_AUTO_ALLOCATE",
        "ISTIO_META_DNS_CAPTURE",
        "MINIMUM_DRAIN_DURATION",
    }
)


def is_pattern(value: str) -> bool:
    """Return whether Envoy can read a list of patterns, which has no look around; if not, it never starts."""
    try:
        re.compile(value)
    except re.error:
        return False
    return "(?" not in value


def _is_duration(value: Any) -> bool:
    return isinstance(value, str) and _DURATION.fullmatch(value) is not None


def _are_variables(value: Any) -> bool:
    return isinstance(value, dict) and all(
        name in _VARIABLES and isinstance(text, str) for name, text in value.items()
    )


def _is_matcher(value: Any) -> bool:
    """Return whether a proxyStatsMatcher has lists of names, and of patterns."""
    return isinstance(value, dict) and all(
        name in {"inclusionPrefixes", "inclusionSuffixes", "inclusionRegexps"}
        and isinstance(words, list)
        and all(isinstance(word, str) and (name != "inclusionRegexps" or is_pattern(word)) for word in words)
        for name, words in value.items()
    )


# They decide when the proxy starts and ends, and what it reports.
_SETTINGS: Mapping[str, Callable[[Any], bool]] = {
    "concurrency": lambda value: type(value) is int and value >= 0,
    "drainDuration": _is_duration,
    "holdApplicationUntilProxyStarts": lambda value: isinstance(value, bool),
    "proxyMetadata": _are_variables,
    "proxyStatsMatcher": _is_matcher,
    "terminationDrainDuration": _is_duration,
    "tracing": lambda value: isinstance(value, dict) and value.keys() <= {"sampling"},
}


def check_proxy_config(part: Part) -> None:
    """Note a setting of the pod's proxy that is not known to leave its traffic as it is."""
    try:
        settings = yaml.safe_load(part.text())
    except yaml.YAMLError:
        settings = None
    known = isinstance(settings, dict) and all(
        name in _SETTINGS and (value is None or _SETTINGS[name](value)) for name, value in settings.items()
    )
    if part and not known:
        part.problem("the model does not support this setting of the proxy")
