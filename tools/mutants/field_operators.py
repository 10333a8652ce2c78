"""Systematic mistakes: each operator makes one kind of mistake at every place where it can be made.

A place is a key or an item of an object. Which requirements name the mistake follows from what the field is
about (tools.mutants.field_requirements); an operator adds R0.1 where the API server refuses the result.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import yaml

from tools.mutants.edit_sites import Site
from tools.mutants.field_requirements import ACCEPTED, is_enumerated, is_required
from tools.mutants.mutant_change import Change, Operator, Scope, once

# Kubernetes and Istio take any word as a key in these; elsewhere a misspelt key is an unknown field.
_FREE_KEYS = ("labels", "matchLabels", "sourceLabels", "selector", "headers", "stringData")
_ROUTING = ("VirtualService", "DestinationRule", "Gateway", "PeerAuthentication", "Service")
_INT, _STR = "tag:yaml.org,2002:int", "tag:yaml.org,2002:str"
_TLS_MODES = {
    "DestinationRule": ("DISABLE", "SIMPLE", "MUTUAL"),
    "PeerAuthentication": ("PERMISSIVE", "DISABLE", "UNSET"),
}
PATTERNS = (
    ("forgets the anchor at the end", r"^(.*?; ?)?(featureflag=on)"),
    ("lets anything follow", r"^(.*?; ?)?(featureflag=on).*$"),
    ("lets anything stand before", r"^.*(featureflag=on)(;.*)?$"),
    ("lets any number of spaces stand before", r"^(.*?; *)?(featureflag=on)(;.*)?$"),
    ("takes any case", r"(?i)^(.*?; ?)?(featureflag=on)(;.*)?$"),
    ("takes any value", r"^(.*?; ?)?(featureflag=.*)(;.*)?$"),
    ("takes off too", r"^(.*?; ?)?(featureflag=(on|off))(;.*)?$"),
    ("takes a flag without a value", r"^(.*?; ?)?(featureflag(=on)?)(;.*)?$"),
    ("takes a comma for a semicolon", r"^(.*?[;,] ?)?(featureflag=on)([;,].*)?$"),
    ("takes a comma after the flag", r"^(.*?; ?)?(featureflag=on)([;,].*)?$"),
    ("takes every cookie", r".*"),
    ("takes the flag alone", r"^featureflag=on$"),
    ("takes the flag first only", r"^(featureflag=on)(;.*)?$"),
    ("takes the flag last only", r"^(.*?; ?)?(featureflag=on)$"),
    ("wants a space before", r"^(.*?; )?(featureflag=on)(;.*)?$"),
    ("wants no space before", r"^(.*?;)?(featureflag=on)(;.*)?$"),
    ("wants a space after", r"^(.*?; ?)?(featureflag=on)(; .*)?$"),
    ("takes off for on", r"^(.*?; ?)?(featureflag=off)(;.*)?$"),
    ("spells the flag with a hyphen", r"^(.*?; ?)?(feature-flag=on)(;.*)?$"),
    ("writes the flag in capitals", r"^(.*?; ?)?(FeatureFlag=on)(;.*)?$"),
)
"""What the canary's pattern can be instead: wider ones first, then narrower ones, then others."""


def dropped(scope: Scope) -> Iterator[Change]:
    """Leave out a key, or an item that isn't alone: without its only item a list is as good as missing."""
    for site in once(scope.sites):
        if isinstance(site.path[-1], int) and site.siblings == 1:
            continue
        edit = site.source.yaml.drop(site.document, site.path)
        yield Change(site, "is missing", (edit,), refused=is_required(site))


def misspelt_key(scope: Scope) -> Iterator[Change]:
    """Let the last two letters of a key change places: an unknown field, wherever keys aren't free."""
    seen: set[tuple[str, str]] = set()
    for site in scope.sites:
        key = site.path[-1]
        if isinstance(key, int) or (site.kind, site.field) in seen or _has_free_key(site):
            continue
        seen.add((site.kind, site.field))
        yield _renamed(site, _misspelt(key), ids=frozenset({ACCEPTED}))


def wrong_key(scope: Scope) -> Iterator[Change]:
    """Misspell a key where any word may be one: it means something else, or nothing."""
    for site in once(scope.sites):
        if _has_free_key(site) and isinstance(site.path[-1], str):
            yield _renamed(site, _misspelt(site.path[-1]))


def wrong_word(scope: Scope) -> Iterator[Change]:
    """Misspell a word: a name that nothing has, a host that isn't there."""
    for site in once(scope.sites):
        if site.value is None or site.node.tag != _STR or site.path[-1] == "regex":
            continue
        wrong = "voting.example.com" if site.value == "*" else f"{site.value}x"
        yield _replaced(site, wrong, refused=is_enumerated(site))


def swapped_value(scope: Scope) -> Iterator[Change]:
    """Write what the same field holds elsewhere: wrong subset, wrong host, wrong port, wrong version."""
    for site in once(scope.sites):
        # Two variables of one name are another mistake: the last one counts.
        if site.value is None or site.path[0] != "spec" or site.field.endswith(".env[].name"):
            continue
        values = scope.values(site)
        # In a rule every other value is a mistake of its own; elsewhere one of them stands for all.
        for value in values if site.kind in _ROUTING else values[:1]:
            # Istio takes no host "*" within the mesh.
            yield _replaced(site, value, refused=value == "*" or _is_taken(site, value))


def off_by_one(scope: Scope) -> Iterator[Change]:
    """Write a number that is one too large, and one too few replicas."""
    for site in once(scope.sites):
        if site.value is not None and site.node.tag == _INT:
            yield _replaced(site, str(int(site.value) + 1))
            if site.path[-1] == "replicas":
                yield _replaced(site, str(int(site.value) - 1))


def wrong_type(scope: Scope) -> Iterator[Change]:
    """Leave out the quotes that make a number or a boolean a word, and quote what has to be a number."""
    numbers = (site for site in scope.sites if site.node.tag == _INT)
    words = (site for site in scope.sites if site.node.tag == _STR and _reads_as_no_word(str(site.value)))
    for sites, quoted in ((numbers, True), (words, False)):
        for site in once(sites, everywhere=False):
            value = json.dumps(site.value) if quoted else str(site.value)
            edit = site.source.yaml.replace(site.document, site.path, value)
            how = "is quoted" if quoted else "has lost its quotes"
            yield Change(site, how, (edit,), ids=frozenset({ACCEPTED}))


def weakened_tls(scope: Scope) -> Iterator[Change]:
    """Write another TLS mode."""
    for site in scope.sites:
        if site.path[-1] == "mode":
            for mode in _TLS_MODES[site.kind]:
                yield _replaced(site, mode, refused=mode == "MUTUAL")


def other_pattern(scope: Scope) -> Iterator[Change]:
    """Widen, narrow or misspell the pattern that opens the canary."""
    for site in scope.sites:
        if site.path[-1] == "regex":
            for words, pattern in PATTERNS:
                edit = site.source.yaml.replace_value(site.document, site.path, pattern)
                yield Change(site, words, (edit,))


def reordered(scope: Scope) -> Iterator[Change]:
    """Let two neighbours of a list change places: rules, matches, subsets, ports."""
    for site in scope.sites:
        index = site.path[-1]
        if site.kind not in _ROUTING or not isinstance(index, int) or index == 0:
            continue
        before = (*site.path[:-1], index - 1)
        edits = site.source.yaml.swap(site.document, before, site.path)
        yield Change(site, "comes before its neighbour", edits)


OPERATORS: tuple[Operator, ...] = (
    dropped,
    misspelt_key,
    wrong_key,
    wrong_word,
    swapped_value,
    off_by_one,
    wrong_type,
    weakened_tls,
    other_pattern,
    reordered,
)


def _replaced(site: Site, value: str, *, refused: bool = False) -> Change:
    edit = site.source.yaml.replace_value(site.document, site.path, value)
    return Change(site, f"{site.value} becomes {value}", (edit,), refused=refused)


def _renamed(site: Site, key: str, ids: frozenset[str] | None = None) -> Change:
    edit = site.source.yaml.rename(site.document, site.path, key)
    return Change(site, f"is spelled {key}", (edit,), ids=ids)


def _is_taken(site: Site, value: str) -> bool:
    """Return whether another port of the same Service has this name or number already."""
    ports = site.source.manifests[site.document].body["spec"].get("ports", ())
    key = site.path[-1]
    return site.kind == "Service" and key in {"name", "port"} and value in {str(p[key]) for p in ports}


def _has_free_key(site: Site) -> bool:
    return len(site.path) > 1 and site.path[-2] in _FREE_KEYS


def _misspelt(key: str) -> str:
    turned = key[:-2] + key[-1] + key[-2]
    return turned if turned != key else key + key[-1]


def _reads_as_no_word(value: str) -> bool:
    """Return whether a value without quotes is read as another type, or can't be read at all."""
    try:
        return not isinstance(yaml.safe_load(value), str)
    except yaml.YAMLError:
        return True
