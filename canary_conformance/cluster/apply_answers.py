"""What the API server makes of an object that is applied: created, configured, unchanged or refused.

Source: Kubernetes, "Server-Side Apply", "Field validation", "Warning headers".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubernetes.client.exceptions import ApiException

from canary_conformance.scenario.kinds import kind_name
from canary_conformance.scenario.observations import AppliedObject
from canary_conformance.scenario.stages import ObjectRef, Verb

Object = Mapping[str, Any]

FIELD_MANAGER = "voting-conformance"
# Statuses by which a server asks to come back later (RFC 9110, 6585). A silent webhook is a 500: Istio's
# belongs to the mesh, any other came with the manifests.
UNWELL = (429, 502, 503, 504)
WEBHOOK_FAILED = re.compile(r'failed calling webhook "?[^" ]*istio\.io')


@dataclass(frozen=True, slots=True)
class Applied:
    """What the server made of one object: the verb as kubectl prints it, and its warnings."""

    object: AppliedObject
    warnings: tuple[str, ...]


class Refused(Exception):
    """The API server refused an object; the message is the server's."""

    def __init__(self, ref: ObjectRef, message: str) -> None:
        super().__init__(f"{ref}: {message}")
        self.ref = ref
        self.message = message


def ref_of(body: Object) -> ObjectRef:
    """Return kind and name of an object."""
    return ObjectRef(kind_name(str(body["apiVersion"]), str(body["kind"])), str(body["metadata"]["name"]))


def verb_of(before: Object | None, after: Object) -> Verb:
    """Return what became of an object; what controllers write to its status meanwhile is no change."""
    if before is None:
        return Verb.CREATED
    return Verb.UNCHANGED if _written(before) == _written(after) else Verb.CONFIGURED


def _written(item: Object) -> tuple[object, ...]:
    """Return what an author decided of an object: its content, and which fields this suite applied."""
    metadata = {k: v for k, v in item["metadata"].items() if k not in {"resourceVersion", "managedFields"}}
    applied = [
        one.get("fieldsV1")
        for one in item["metadata"].get("managedFields") or ()
        if one.get("manager") == FIELD_MANAGER
    ]
    return {k: v for k, v in item.items() if k not in {"metadata", "status"}}, metadata, applied


def is_undecided(error: ApiException) -> bool:
    """Return whether the server could not decide, rather than found the object wrong."""
    return error.status in UNWELL or bool(WEBHOOK_FAILED.search(message_of(error)))


def message_of(error: ApiException) -> str:
    """Return the server's own message, or the HTTP status where it sent none."""
    try:
        return str(json.loads(error.body or "{}")["message"])
    except (TypeError, ValueError, KeyError):
        return f"{error.status} {error.reason}"


def warnings_of(headers: Sequence[str]) -> tuple[str, ...]:
    """Return the texts of Warning headers: `299 - "text"`, several in one header separated by commas."""
    return tuple(part for header in headers for part in header.split('"')[1::2])
