"""From the OpenAPI v3 of an API server to the little of it that judges manifests.

Built-in kinds: the schema demands more than the server's code checks, and writes some types as what they look
like; both are put right here, so that readers of the result need to know of none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from canary_conformance.model.schemas.schema_store import Schema

_REF = "#/components/schemas/"
_KINDS = "x-kubernetes-group-version-kind"
_KEPT = (
    *("type", "required", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum"),
    *("exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems", "minProperties", "maxProperties"),
    *("nullable", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string"),
)
_LIST_TYPE, _KEYS = "x-kubernetes-list-type", "x-kubernetes-list-map-keys"
_BRANCHES = ("allOf", "anyOf", "oneOf")
_WRITTEN_BY_CODE: Mapping[str, Schema] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"format": "quantity"},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"format": "int-or-string"},
    "io.k8s.apimachinery.pkg.runtime.RawExtension": {},
}
# Required by the schema, and yet the code allows the empty value that a missing field is read as: seen by
# dropping each field of samples of every kind and asking the server's own code (Kubernetes 1.34).
# Of the kinds beside pods and Services, by that code itself (validation and defaults of Kubernetes 1.34).
_MAY_BE_MISSING = {
    "io.k8s.api.apps.v1.ControllerRevision": {"revision"},
    "io.k8s.api.batch.v1.PodFailurePolicy": {"rules"},
    "io.k8s.api.batch.v1.PodFailurePolicyOnPodConditionsPattern": {"status"},
    "io.k8s.api.core.v1.ClusterTrustBundleProjection": {"path"},
    "io.k8s.api.core.v1.ContainerRestartRule": {"action"},
    "io.k8s.api.core.v1.ContainerRestartRuleOnExitCodes": {"operator"},
    "io.k8s.api.core.v1.HTTPHeader": {"value"},
    "io.k8s.api.core.v1.ISCSIPersistentVolumeSource": {"lun"},
    "io.k8s.api.core.v1.ISCSIVolumeSource": {"lun"},
    "io.k8s.api.core.v1.LimitRangeSpec": {"limits"},
    "io.k8s.api.core.v1.PodCertificateProjection": {"keyType", "signerName"},
    "io.k8s.api.core.v1.PreferredSchedulingTerm": {"preference"},
    "io.k8s.api.core.v1.ScaleIOPersistentVolumeSource": {"secretRef"},
    "io.k8s.api.core.v1.ScaleIOVolumeSource": {"secretRef"},
    "io.k8s.api.core.v1.SleepAction": {"seconds"},
    "io.k8s.api.core.v1.Sysctl": {"value"},
    "io.k8s.api.core.v1.TypedLocalObjectReference": {"kind", "name"},
    "io.k8s.api.discovery.v1.EndpointSlice": {"endpoints"},
    "io.k8s.api.rbac.v1.RoleRef": {"apiGroup"},
    "io.k8s.api.scheduling.v1.PriorityClass": {"value"},
    "io.k8s.api.storage.v1.CSIDriver": {"spec"},
    "io.k8s.api.storage.v1.TokenRequest": {"audience"},
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionVersion": {
        "served",
        "storage",
    },
}
# These fields need a feature that is off unless a cluster turns it on; the code drops them unseen.
_ENUM_UNSEEN = {
    "io.k8s.api.core.v1.ImageVolumeSource": "pullPolicy",
    "io.k8s.api.core.v1.Lifecycle": "stopSignal",
}
# The formats that the server checks; it passes over all others.
_FORMATS = frozenset({"byte", "date-time"})


def shrink(documents: Mapping[str, Mapping[str, Any]], kinds: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """Return {"custom", "kinds", "definitions"} for these kinds, as model.schemas.schema_store reads it.

    documents: the OpenAPI v3 of each API version. kinds: the API versions of each kind, all built-in or all
    custom. Raises LookupError for a kind that its API version doesn't have.
    """
    definitions: dict[str, Schema] = {}
    names: dict[str, str] = {}
    custom = all("." in version for versions in kinds.values() for version in versions)
    for kind, versions in sorted(kinds.items()):
        for version in versions:
            schemas = documents[version]["components"]["schemas"]
            name = _name_of(schemas, version, kind)
            names[f"{version} {kind}"] = name
            for reached in _reached(schemas, name):
                definitions.setdefault(reached, _definition(reached, schemas[reached]))
    return {"custom": custom, "kinds": names, "definitions": _once(definitions, names)}


def _name_of(schemas: Mapping[str, Schema], version: str, kind: str) -> str:
    group, _, plain = version.rpartition("/")
    wanted = {"group": group, "version": plain, "kind": kind}
    for name, schema in schemas.items():
        # Some types carry the kinds of every group ("DeleteOptions"); an object's own has one.
        if schema.get(_KINDS) == [wanted]:
            return name
    raise LookupError(f"the API server has no {version} {kind}")


def _reached(schemas: Mapping[str, Schema], name: str) -> list[str]:
    reached = [name]
    for one in reached:
        if one not in _WRITTEN_BY_CODE:
            reached += sorted(set(_refs(schemas[one])) - set(reached))
    return reached


def _refs(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for element in part:
            yield from _refs(element)
    elif isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"].removeprefix(_REF)
        for value in part.values():
            yield from _refs(value)


def _definition(name: str, schema: Schema) -> Schema:
    if name in _WRITTEN_BY_CODE:
        return _WRITTEN_BY_CODE[name]
    built_in = name.startswith("io.k8s.api")
    small = _small(schema, built_in=built_in)
    optional = _MAY_BE_MISSING.get(name, set())
    if optional:
        small["required"] = [field for field in small["required"] if field not in optional]
    if name in _ENUM_UNSEEN:
        small["properties"][_ENUM_UNSEEN[name]].pop("enum", None)
    return small


def _small(schema: Schema, *, built_in: bool) -> dict[str, Any]:
    refs = [schema, *schema.get("allOf", ())]
    for ref in refs:
        # A reference with a description beside it is written as an allOf of one.
        if "$ref" in ref:
            return {"$ref": ref["$ref"].removeprefix(_REF)}
    small = {key: schema[key] for key in _KEPT if key in schema}
    if built_in and "enum" in small:
        # The server puts the default in the place of an empty string before it looks.
        small["enum"] = ["", *(word for word in small["enum"] if word != "")]
    if schema.get("format") in _FORMATS:
        small["format"] = schema["format"]
    if "properties" in schema:
        small["properties"] = {
            field: _small(part, built_in=built_in) for field, part in sorted(schema["properties"].items())
        }
    for key in ("items", "additionalProperties", "not"):
        if key in schema:
            part = schema[key]
            small[key] = part if isinstance(part, bool) else _small(part, built_in=built_in)
    for key in _BRANCHES:
        if key in schema:
            small[key] = [_small(part, built_in=built_in) for part in schema[key]]
    return small | _list_type(schema) | _key_default(schema)


def _list_type(schema: Schema) -> dict[str, Any]:
    """Return how elements are distinguished; the older way to write it is by what a patch does with them."""
    keys = schema.get(_KEYS)
    list_type = schema.get(_LIST_TYPE)
    if list_type is None and schema.get("x-kubernetes-patch-strategy") in {"merge", "merge,retainKeys"}:
        merge_key = schema.get("x-kubernetes-patch-merge-key")
        list_type, keys = ("map", [merge_key]) if merge_key else ("set", None)
    if schema.get("type") != "array" or list_type in {None, "atomic"}:
        return {}
    return {_LIST_TYPE: list_type} | ({_KEYS: keys} if list_type == "map" else {})


def _key_default(schema: Schema) -> dict[str, Any]:
    """Return the default, which stands for a missing key of an element: the protocol of a port, or ""."""
    default = schema.get("default")
    return {} if default is None or isinstance(default, dict | list) else {"default": default}


def _once(definitions: Mapping[str, Schema], names: dict[str, str]) -> dict[str, Schema]:
    """Return the definitions by name, those of several versions of a kind once when they are equal."""
    kept: dict[str, Schema] = {}
    roots = set(names.values())
    instead: dict[str, str] = {}
    for name, schema in sorted(definitions.items()):
        twins = (other for other in kept if other in roots and name in roots and kept[other] == schema)
        instead[name] = next(twins, name)
        kept[instead[name]] = schema
    names.update({kind: instead[name] for kind, name in names.items()})
    return dict(sorted(kept.items()))
