"""What the mesh writes for hosts and paths, as patterns: the domains of routes, the words of policies."""

from __future__ import annotations

from canary_conformance.model.objects.host_names import is_wild
from canary_conformance.model.patterns.text_classes import beginning, ending, exactly


def hosts_of_domain(domain: str) -> str:
    """Return the pattern of a domain's hosts, as a proxy compares them: any case, without the port."""
    names = f"(?i:{ending(domain[1:]) if is_wild(domain) else exactly(domain)})"
    return rf"{names}\.?(:[0-9]+)?"


def texts_of_policy(word: str) -> str:
    """Return the pattern of one of Istio's words for a policy: "/a*", "*b", "*"."""
    if word == "*":
        return ".*"
    if word.endswith("*"):
        return beginning(word[:-1])
    return ending(word[1:]) if word.startswith("*") else exactly(word)
