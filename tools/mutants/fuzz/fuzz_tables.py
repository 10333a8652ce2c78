"""The routes that are fuzzed: the manifests' own, mutants of them, and random ones."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from canary_conformance.scenario.manifests import parse_manifests
from tools.mutants.fuzz.fuzz_plan import Table
from tools.mutants.fuzz.fuzzed_mesh import CANARY_ROUTES
from tools.mutants.fuzz.random_routes import random_routes
from tools.mutants.mutant import Mutant

_PAGE = ("VirtualService", "voting-app")
# Each broken list of routes gets as many; our own gets all that are asked for.
_EACH = 500


def tables(folder: Path, mutants: Sequence[Mutant], requests: int, limit: int, seed: int) -> Iterator[Table]:
    """Yield the manifests' own routes, and so many mutants and random lists of routes at most.

    Args:
        folder: the manifests.
        mutants: those to choose from.
        requests: how many requests go through the manifests' own routes.
        limit: how many mutants are tried, and how many random lists.
        seed: what all is drawn by.
    """
    own = (folder / CANARY_ROUTES).read_bytes()
    yield Table("the manifests as they are", own.decode(), requests, seed)
    each = min(_EACH, requests)
    known = _objects(own)
    of_file = [(one, _objects(one.content)) for one in mutants if one.file == CANARY_ROUTES]
    # An object that is not there is not deleted, and one that is new would have to be.
    same = [one for one, has in of_file if has.keys() == known.keys() and _of_page(has) != _of_page(known)]
    chosen = random.Random(seed).sample(  # noqa: S311 (anyone can draw it again)
        same, min(limit, len(same))
    )
    for number, mutant in enumerate(chosen):
        yield Table(mutant.name, mutant.content.decode(), each, seed + number)
    page = next(
        dict(one.body)
        for one in parse_manifests(own, CANARY_ROUTES, "voting").manifests
        if (one.ref.kind, one.ref.name) == _PAGE
    )
    for number in range(limit):
        drawn = seed * 1000 + number
        body = {**page, "spec": {**page["spec"], "http": random_routes(drawn)}}
        yield Table(f"random routes {drawn}", yaml.safe_dump(body), each, drawn)


def _objects(raw: bytes) -> dict[tuple[str, str], object]:
    found = parse_manifests(raw, CANARY_ROUTES, "voting").manifests
    return {(one.ref.kind, one.ref.name): one.body for one in found}


def _of_page(objects: Mapping[tuple[str, str], object]) -> list[object]:
    return [body for (_, name), body in objects.items() if name == _PAGE[1]]
