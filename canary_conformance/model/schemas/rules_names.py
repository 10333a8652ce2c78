"""How names have to be written: those of ports, of labels, of DNS.

Sources: RFC 6335 (names of ports) and Kubernetes, "Labels and Selectors". Istio takes capitals in DNS too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address

from canary_conformance.model.schemas.rules_reading import LARGEST_PORT, Node, is_port
from canary_conformance.model.schemas.schema_problems import Problem

_LONGEST_PORT_NAME = 15
_LONGEST_DOMAIN, _LONGEST_LABEL, _LONGEST_PREFIX = 255, 63, 253
_PORT_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_LABEL = re.compile(r"[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?", re.ASCII)
_WILD_LABEL = re.compile(r"\*|(?:\*-?)?[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?", re.ASCII)
_TAG = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]+", re.ASCII)


def port_name_problem(port: Node) -> str:
    """Return what is wrong with a port by number or by name, "" when nothing is."""
    number = port.number
    if number is not None:
        return "" if is_port(number) else f"{number} isn't between 1 and {LARGEST_PORT}"
    if not isinstance(port.value, str):
        return ""
    if len(port.value) > _LONGEST_PORT_NAME:
        return f"a port's name has at most {_LONGEST_PORT_NAME} characters"
    if not _PORT_NAME.fullmatch(port.value) or port.value.isdecimal():
        return f"{port.value!r} isn't a port's name: small letters, digits and single hyphens"
    return ""


def is_label(name: str) -> bool:
    """Return whether Istio takes a name for a label of DNS."""
    return len(name) <= _LONGEST_LABEL and _LABEL.fullmatch(name) is not None


def is_tag(key: str, value: str) -> bool:
    """Return whether Istio takes key and value for a label of a pod; a value may be empty."""
    prefix, slash, name = key.rpartition("/")
    if slash and not (len(prefix) <= _LONGEST_PREFIX and all(_LABEL.fullmatch(p) for p in prefix.split("."))):
        return False
    if not _TAG.fullmatch(name) or len(name) > _LONGEST_LABEL:
        return False
    return not value or _TAG.fullmatch(value) is not None


def domain_problem(name: str, *, wild: bool = True) -> str:
    """Return why Istio doesn't take a name for one of DNS, "" when it does; wild: it may begin with *."""
    if not name:
        return "is empty"
    if len(name) > _LONGEST_DOMAIN:
        return f"is longer than {_LONGEST_DOMAIN} characters"
    first, dot, rest = name.partition(".")
    labels = name.split(".")
    if wild:
        if len(first) > _LONGEST_LABEL or not _WILD_LABEL.fullmatch(first):
            return f"{first!r} can't be part of a name in DNS"
        labels = rest.split(".") if dot else []
    if labels and _NUMBER.fullmatch(labels[-1]):
        return f"{name!r} ends in a number"
    # A dot at the very end makes a name absolute.
    if len(labels) > 0 and not labels[-1]:
        labels.pop()
    wrong = next((label for label in labels if not is_label(label)), None)
    return "" if wrong is None else f"{wrong!r} can't be part of a name in DNS"


def is_address(name: str) -> bool:
    """Return whether a name is an IP address."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


_DUMPED = "the object was copied from a running cluster"


def metadata(whole: Node) -> Iterator[Problem]:
    """Yield what only a cluster may write, and refuses in an object that was copied from a running one.

    A uid makes an apply a conflict where there is no object of that uid, and where there is one the cluster
    chose its uid itself. A resourceVersion is refused on creation, and on a change it is of another object's
    life. The rest of what a dump has (creationTimestamp, generation, selfLink, status) is ignored.
    Sources: Kubernetes, "API Concepts" (resource versions), "Server-Side Apply" (managedFields has to be left
    out) and the reference of ObjectMeta.
    """
    part = whole["metadata"]
    if part["uid"].text:
        yield part["uid"].problem(
            f"no object has this uid, so that it can't be created: {_DUMPED}; leave uid out"
        )
    if part["resourceVersion"].text:
        reason = "is refused on an object to be created"
        yield part["resourceVersion"].problem(f"{reason}: {_DUMPED}; leave resourceVersion out")
    if part["managedFields"].items():
        yield part["managedFields"].problem(f"must be absent in an apply: {_DUMPED}; leave managedFields out")
