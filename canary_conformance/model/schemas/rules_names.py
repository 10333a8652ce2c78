"""How names have to be written: those of ports, of labels, of DNS, in metadata and selectors.

Sources: RFC 6335 (names of ports), Kubernetes, "Labels and Selectors" (syntax, set-based requirements),
"Annotations" (syntax), the reference of ObjectMeta. Istio takes capitals in DNS too.
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
_HEADER = re.compile(r"[-!#$%&'*+.^_`|~A-Za-z0-9]+", re.ASCII)
_LONGEST_PATTERN = 1024
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


def is_header_name(name: str) -> bool:
    """Return whether a name can be that of a header (RFC 9110, 5.1)."""
    return _HEADER.fullmatch(name) is not None


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


_LONGEST_VALUE = 63
_PREFIX = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*", re.ASCII)
_FINALIZERS = frozenset({"kubernetes", "orphan", "foregroundDeletion"})
_WITH_VALUES, _ALONE = frozenset({"In", "NotIn"}), frozenset({"Exists", "DoesNotExist"})


def labels_and_annotations(whole: Node) -> Iterator[Problem]:
    """Yield what is wrong with the labels and the keys of annotations of an object and of its pods."""
    for metadata in (whole["metadata"], whole.at("spec", "template", "metadata")):
        for key, value in metadata["labels"].entries().items():
            if problem := label_problem(key, value):
                yield value.problem(problem)
        for key, value in metadata["annotations"].entries().items():
            # The server reads the keys of annotations in small letters.
            if not is_key(key.lower()):
                yield value.problem(f"{key!r} is not a valid key of an annotation")


def keepers(whole: Node) -> Iterator[Problem]:
    """Yield what is wrong with an object's finalizers and owners."""
    for finalizer in whole["metadata"]["finalizers"].items():
        # A built-in kind is refused, a custom one is taken with a warning.
        if "/" not in finalizer.text and finalizer.text not in _FINALIZERS:
            yield finalizer.problem(f"{finalizer.text!r} has no domain, as finalizers of one's own need")
    for owner in whole["metadata"]["ownerReferences"].items():
        for name in ("apiVersion", "kind", "name", "uid"):
            if owner[name].value == "":
                yield owner[name].problem("must not be empty")


def label_problem(key: str, value: Node) -> str:
    """Return why a label is not a valid one, "" where it is; a value of another type is the schema's."""
    if not is_key(key):
        return f"{key!r} is not a valid key of a label"
    if len(value.text) > _LONGEST_VALUE or not is_tag("key", value.text):
        rule = "letters, digits, '-', '_' and '.', a letter or digit first and last"
        return f"{value.text!r} is not a valid value of a label: at most {_LONGEST_VALUE} {rule}"
    return ""


def is_key(key: str) -> bool:
    """Return whether a key is a name, or a name after a domain and a slash."""
    prefix, slash, _ = key.rpartition("/")
    return is_tag(key, "") and (not slash or _PREFIX.fullmatch(prefix) is not None)


def selector(node: Node) -> Iterator[Problem]:
    """Yield what is wrong with a selector by labels and expressions."""
    for name, value in node["matchLabels"].entries().items():
        if problem := label_problem(name, value):
            yield value.problem(problem)
    for one in node["matchExpressions"].items():
        asked, operator, values = one["key"], one["operator"], one["values"]
        if isinstance(asked.value, str) and not is_key(asked.text):
            yield asked.problem(f"{asked.text!r} is not a valid key of a label")
        if operator.text in _WITH_VALUES and values.empty:
            yield values.problem(f"missing: {operator.text} compares with values")
        elif operator.text in _ALONE and not values.empty:
            yield values.problem(f"must be left out with {operator.text}")
        elif operator.text not in _WITH_VALUES | _ALONE:
            known = ", ".join(sorted(_WITH_VALUES | _ALONE))
            yield operator.problem(f"{operator.text!r} isn't one of {known}")


def pattern_problems(pattern: Node) -> Iterator[Problem]:
    """Yield what Istio refuses about a pattern of RE2; nothing for what is no text."""
    if not isinstance(pattern.value, str):
        return
    if not pattern.value:
        yield pattern.problem("is empty")
    elif len(pattern.value.encode(errors="replace")) > _LONGEST_PATTERN:
        yield pattern.problem(f"is longer than {_LONGEST_PATTERN} bytes")
    else:
        # Few objects have a pattern, and the import takes longer than a whole check.
        import re2  # type: ignore[import-untyped]  # noqa: PLC0415

        options = re2.Options()
        options.log_errors = False
        try:
            re2.compile(pattern.value, options)
        except re2.error as error:
            yield pattern.problem(f"isn't a regular expression of RE2: {_reason(error)}")


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
