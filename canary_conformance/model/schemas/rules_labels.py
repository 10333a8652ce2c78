"""What the API server refuses about labels, annotations and selectors, in metadata and in templates of pods.

Sources: Kubernetes, "Labels and Selectors" (syntax, set-based requirements), "Annotations" (syntax), and the
reference of ObjectMeta.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from canary_conformance.model.schemas.rules_names import is_tag
from canary_conformance.model.schemas.rules_reading import Node
from canary_conformance.model.schemas.schema_problems import Problem

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
