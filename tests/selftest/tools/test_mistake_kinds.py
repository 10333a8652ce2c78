"""Each kind of mistake has a mutant, which a requirement is to name."""

from __future__ import annotations

import pytest

from canary_conformance.errors import BadInput
from canary_conformance.paths import MANIFESTS
from tools.mutants.mistake_kinds import KINDS, one_of_each_kind
from tools.mutants.mutant_collection import all_mutants, chosen


def test_every_kind_has_a_mutant_that_a_requirement_names() -> None:
    found = one_of_each_kind(all_mutants(MANIFESTS))
    assert [mutant.name for mutant in found] == list(KINDS.values())
    assert all(mutant.expected for mutant in found)


def test_a_kind_whose_mutant_is_missing_is_told() -> None:
    with pytest.raises(BadInput, match="names unknown mutants: labels, replicas"):
        one_of_each_kind(chosen(all_mutants(MANIFESTS), "leaks"))
