"""A mistake before it is made, all that an operator may look at, and the mutant that comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from canary_conformance.report.run_record import Tier
from tools.mutants.edit_sites import Site, Source, sites_of
from tools.mutants.edits import Edit
from tools.mutants.field_requirements import ACCEPTED, about, one_is_enough
from tools.mutants.mutant import Mutant, short_file


@dataclass(frozen=True, slots=True)
class Change:
    """One mistake before it is made: what it does to the site, in words, and by which edits."""

    site: Site
    words: str
    edits: tuple[Edit, ...]
    refused: bool = False  # the API server refuses the result
    ids: frozenset[str] | None = None  # instead of those that the field is about
    decided: Tier | None = None  # instead of who decides the field


@dataclass(frozen=True, slots=True)
class Scope:
    """All that an operator may look at: the files, and every site of them in order."""

    sources: tuple[Source, ...]
    sites: tuple[Site, ...]

    @classmethod
    def of(cls, sources: Iterable[Source]) -> Scope:
        """Find every site of the files."""
        files = tuple(sources)
        return cls(files, tuple(site for source in files for site in sites_of(source)))

    def values(self, site: Site) -> list[str]:
        """Return what the site could hold instead: values of the same field in the same object, else kind."""
        same = [one for one in self.sites if one.kind == site.kind and one.field == site.field]
        own = {one.value for one in same if one.ref == site.ref}
        found = own if len(own) > 1 else {one.value for one in same}
        return sorted(value for value in found if value is not None and value != site.value)


Operator = Callable[[Scope], Iterator[Change]]


def mutant_of(change: Change, operator: str) -> Mutant:
    """Make the mistake. Raises EditImpossible where two of its edits overlap."""
    site, known = change.site, about(change.site)
    ids = known.ids if change.ids is None else change.ids
    # What the API server refuses, the manifests alone decide.
    decided = Tier.STATIC if change.refused or ids == {ACCEPTED} else known.decided
    return Mutant(
        name=f"{short_file(site.source.file)} {site.subject} {change.words}",
        file=site.source.file,
        original=site.source.raw,
        content=site.source.yaml.apply(change.edits).encode("utf-8"),
        operator=operator,
        place=site.place,
        expected=ids | {ACCEPTED} if change.refused else ids,
        decided=change.decided or decided,
    )


def once(sites: Iterable[Site], *, everywhere: bool = True) -> Iterator[Site]:
    """Yield all sites, but only the first of a field that means the same in all objects.

    everywhere: fields that mean something else in each object are yielded in all of them.
    """
    seen: set[tuple[str, str]] = set()
    for site in sites:
        kind = "" if site.path[0] != "spec" else site.kind
        if (everywhere and not one_is_enough(site)) or (kind, site.field) not in seen:
            seen.add((kind, site.field))
            yield site
