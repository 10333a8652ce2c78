"""Steps that change the pods of a Deployment; variables are those of their first container."""

from __future__ import annotations

from tools.mutants.mistake import Step, after, before, to

_TEMPLATE = "spec.template"
_CONTAINERS = f"{_TEMPLATE}.spec.containers"
_ENV = f"{_CONTAINERS}[0].env"


def pod_field(source: str) -> Step:
    """Give the pods' spec one field more."""
    return before(_CONTAINERS, source)


def annotated(annotation: str) -> Step:
    """Give the pods an annotation."""
    return after(f"{_TEMPLATE}.metadata.labels", f"annotations:\n  {annotation}")


def variable(name: str, source: str) -> Step:
    """Give the container one variable more, before the others."""
    return before(f"{_ENV}[0]", f"- name: {name}\n  value: {source}")


def env(number: int, source: str) -> Step:
    """Give the variable of this number, from 0 on, another value."""
    return to(f"{_ENV}[{number}].value", source)


def env_key(number: int, key: str) -> Step:
    """Read the variable of this number from another key of its Secret."""
    return to(f"{_ENV}[{number}].valueFrom.secretKeyRef.key", key)
