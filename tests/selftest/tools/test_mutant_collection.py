"""Mutants of our own manifests: enough of them, each one different, each named by what its field is about."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from canary_conformance.errors import BadInput
from canary_conformance.paths import MANIFESTS
from canary_conformance.report.run_record import Tier
from canary_conformance.scenario.yaml_files import parse_yaml
from canary_conformance.voting.requirements import UnknownRequirement
from tools.mutants.catalogue import MISTAKES
from tools.mutants.edit_sites import sources_of
from tools.mutants.field_operators import OPERATORS
from tools.mutants.field_requirements import about
from tools.mutants.mistake import Mistake, to
from tools.mutants.mutant import Mutant, short_file
from tools.mutants.mutant_change import Scope
from tools.mutants.mutant_collection import all_mutants, chosen
from tools.mutants.object_operators import TOGETHER


@cache
def mutants() -> tuple[Mutant, ...]:
    return all_mutants(MANIFESTS)


@cache
def named(name: str) -> Mutant:
    return next(mutant for mutant in mutants() if mutant.name == name)


def changed(mutant: Mutant) -> list[str]:
    """The changed lines of the diff, without the space around them."""
    lines = mutant.diff.splitlines()[2:]
    return [f"{line[0]} {line[1:].strip()}" for line in lines if line[0] in "+-"]


def data(content: bytes) -> list[Any] | None:
    """What a file holds, read by the fastest loader that there is; None where it is no YAML."""
    try:
        return list(yaml.load_all(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.YAMLError:
        return None


# --- all of them -----------------------------------------------------------------------------------------


def test_there_are_enough_of_every_kind() -> None:
    counts = Counter(mutant.operator for mutant in mutants())
    assert len(mutants()) >= 200
    assert counts.pop("catalogue") == len(MISTAKES) >= 60
    assert set(counts) == {operator.__name__.replace("_", " ") for operator in (*OPERATORS, *TOGETHER)}


def test_names_and_contents_are_unique() -> None:
    assert len({mutant.name for mutant in mutants()}) == len(mutants())
    assert len({(mutant.file, mutant.content) for mutant in mutants()}) == len(mutants())


def test_order_and_contents_are_the_same_each_time() -> None:
    assert all_mutants(MANIFESTS) == mutants()


def test_every_mutant_says_something_else_than_the_original() -> None:
    originals = {mutant.file: data(mutant.original) for mutant in mutants()}
    same = [mutant for mutant in mutants() if data(mutant.content) == originals[mutant.file]]
    assert all(mutant.content != mutant.original for mutant in mutants())
    # A key that is there twice reads the same, and is refused.
    assert [mutant.name for mutant in same] == ["a key is there twice, as left by a merge"]
    assert parse_yaml(same[0].content, same[0].file).findings


def test_the_originals_are_what_the_files_hold() -> None:
    for file, original in {(mutant.file, mutant.original) for mutant in mutants()}:
        assert (MANIFESTS / file).read_bytes() == original


def test_places_are_lines_of_their_files() -> None:
    for mutant in mutants():
        assert mutant.place.file == mutant.file
        assert 1 <= mutant.place.line <= mutant.original.count(b"\n"), mutant.name


def test_every_field_of_our_manifests_is_in_the_table() -> None:
    sites = Scope.of(sources_of(MANIFESTS)).sites
    assert len(sites) > 1000
    for site in sites:
        assert about(site).why, site.subject


def test_a_field_that_the_table_lacks_is_noticed() -> None:
    site = next(one for one in Scope.of(sources_of(MANIFESTS)).sites if one.path == ("spec", "selector"))
    body = {"metadata": {"name": "voting-app"}, "status": 1}
    manifest = replace(site.source.manifests[site.document], body=body)
    source = replace(site.source, manifests=(manifest,) * len(site.source.manifests))
    with pytest.raises(LookupError, match="no row of the table of fields fits"):
        about(replace(site, source=source, path=("status",)))


def test_an_unknown_requirement_is_refused() -> None:
    with pytest.raises(UnknownRequirement):
        replace(mutants()[0], expected=frozenset({"R9.9"}))


def test_a_folder_that_can_not_be_judged_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        all_mutants(tmp_path)


# --- some of them ----------------------------------------------------------------------------------------

ROUTE = "istio/step-3 VirtualService/voting-app:spec.http[0].route[0].destination.subset"
RULE = "istio/step-2 DestinationRule/voting-storage:spec.trafficPolicy.tls.mode"


@pytest.mark.parametrize(
    ("name", "lines", "expected"),
    [
        (f"{ROUTE} v2-0 becomes v1-0", ["- subset: v2-0", "+ subset: v1-0"], "R4.1 R4.4 R4.5"),
        (f"{RULE} ISTIO_MUTUAL becomes DISABLE", ["- mode: ISTIO_MUTUAL", "+ mode: DISABLE"], "R3.4 R3.6"),
        (
            "istio/step-2 PeerAuthentication/default:spec.mtls.mode STRICT becomes PERMISSIVE",
            ["- mode: STRICT", "+ mode: PERMISSIVE"],
            "R3.4 R3.5",
        ),
        (
            "kubernetes/step-1 Deployment/voting-app-1-0:spec.replicas 3 becomes 2",
            ["- replicas: 3", "+ replicas: 2"],
            "R1.2",
        ),
        (
            "kubernetes/step-2 Deployment/voting-analytics-1-1:spec.template.metadata.labels "
            "forbid the sidecar",
            ['+ sidecar.istio.io/inject: "false"'],
            "R1.3 R3.4 R3.5",
        ),
        (
            "istio/step-3 VirtualService/voting-app:spec.http[0].match[0].headers.cookie.regex "
            "forgets the anchor at the end",
            [r"- regex: '^(.*?; ?)?(featureflag=on)(;.*)?$'", r"+ regex: '^(.*?; ?)?(featureflag=on)'"],
            "R4.3 R4.4 R4.5",
        ),
        (
            "istio/step-2 VirtualService/voting-storage:spec.hosts[0] voting-storage becomes *",
            ["- - voting-storage", '+ - "*"'],
            "R0.1 R3.3 R3.4 R3.7",
        ),
    ],
)
def test_a_mutant_changes_what_its_name_says(name: str, lines: list[str], expected: str) -> None:
    assert changed(named(name)) == lines
    assert named(name).expected == frozenset(expected.split())


def test_a_leak_is_one_percent_of_the_same_route() -> None:
    leak = named("istio/step-3 VirtualService/voting-app:spec.http[1].route[0] leaks 1 % to v2-0")
    documents = parse_yaml(leak.content, leak.file).documents
    service = next(
        one.data
        for one in documents
        if one.data["metadata"]["name"] == "voting-app" and "http" in one.data["spec"]
    )
    assert [(r["destination"]["subset"], r["weight"]) for r in service["spec"]["http"][1]["route"]] == [
        ("v1-0", 99),
        ("v2-0", 1),
    ]


def test_a_misspelt_key_is_refused_by_the_api_server_alone() -> None:
    misspelt = [mutant for mutant in mutants() if mutant.operator == "misspelt key"]
    assert misspelt
    assert {mutant.expected for mutant in misspelt} == {frozenset({"R0.1"})}


def test_what_an_image_or_a_volume_decides_is_not_for_manifests_alone() -> None:
    assert named("the app of 2.0 has the image of 1.0").decided is Tier.LIVE
    assert named(f"{ROUTE} v2-0 becomes v1-0").decided is Tier.STATIC


def test_a_mistake_in_a_place_that_is_not_there_is_told() -> None:
    sources = sources_of(MANIFESTS)
    with pytest.raises(LookupError, match="there is no file istio/step-9"):
        Mistake("m", "istio/step-9", "A/b", (to("spec", "x"),), "R0.1").mutant(sources)
    with pytest.raises(LookupError, match="has no Service/nothing"):
        Mistake("m", "istio/step-1", "Service/nothing", (to("spec", "x"),), "R0.1").mutant(sources)
    with pytest.raises(ValueError, match="there is no 'nothing'"):
        Mistake("m", "istio/step-1", "Gateway/voting-app-gateway", (to("nothing", "x"),), "R0.1").mutant(
            sources
        )


def test_files_have_short_names() -> None:
    assert short_file("istio/step-3-add-routing-for-2.0-components.yaml") == "istio/step-3"
    assert short_file("scenario.yaml") == "scenario"


# --- the choice ------------------------------------------------------------------------------------------


def test_mutants_are_chosen_by_words_of_name_and_operator() -> None:
    some = chosen(mutants(), "REGEX and step-3 and not forgets")
    assert some
    assert all("regex" in mutant.name for mutant in some)
    assert not any("forgets" in mutant.name for mutant in some)
    assert {mutant.operator for mutant in chosen(mutants(), "no volume or no injection")} == {
        "no volume",
        "no injection",
    }
    assert chosen(mutants()) == mutants()
    assert chosen(mutants(), "catalogue", 3) == mutants()[:3]
    assert chosen(mutants(), "no such thing") == ()


@pytest.mark.parametrize(
    "expression",
    ["(regex or cookie) and header", "regex or", "or", "and regex", "a and", "a or or b", "not", "not not a"],
)
def test_an_expression_that_can_not_be_read_is_bad_input(expression: str) -> None:
    with pytest.raises(BadInput, match=re.escape(f"-k {expression!r}")):
        chosen(mutants(), expression)
