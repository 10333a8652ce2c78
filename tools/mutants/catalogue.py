"""Mistakes that people make, described one by one: what no operator over single fields would come upon."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tools.mutants.catalogue_analyzed import ANALYZED
from tools.mutants.catalogue_containers import CONTAINERS
from tools.mutants.catalogue_files import FILES
from tools.mutants.catalogue_mesh import MESH
from tools.mutants.catalogue_page import PAGE
from tools.mutants.catalogue_placement import PLACEMENT
from tools.mutants.catalogue_pods import PODS
from tools.mutants.catalogue_refused import REFUSED
from tools.mutants.catalogue_requests import REQUESTS
from tools.mutants.catalogue_routing import ROUTING
from tools.mutants.catalogue_stores import STORES
from tools.mutants.catalogue_values import VALUES
from tools.mutants.catalogue_yardstick import YARDSTICK
from tools.mutants.edit_sites import Source
from tools.mutants.mistake import mistakes
from tools.mutants.mutant import Mutant

_OF_OBJECTS = (PAGE, MESH, ROUTING, REQUESTS, PODS, PLACEMENT, CONTAINERS, FILES, YARDSTICK)
_OF_VALUES = (VALUES, STORES, REFUSED, ANALYZED)
MISTAKES = tuple(mistake for part in (*_OF_OBJECTS, *_OF_VALUES) for mistake in mistakes(part))


def catalogue(sources: Iterable[Source]) -> Iterator[Mutant]:
    """Yield every mistake of the catalogue, made in these files.

    Raises LookupError or EditImpossible where the files lack the place of one.
    """
    files = tuple(sources)
    yield from (mistake.mutant(files) for mistake in MISTAKES)
