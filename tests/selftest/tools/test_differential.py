"""Changes by the schemas, group testing, and where the manifests' verdict and the cluster's differ."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import yaml

from canary_conformance.paths import MANIFESTS
from canary_conformance.report.run_record import Tier
from tools.mutants.differential import prove
from tools.mutants.disagreements import Case, Differential, Disagreement, report_json, report_text
from tools.mutants.dry_runs import DryRun
from tools.mutants.edit_sites import sources_of
from tools.mutants.group_testing import in_groups, packed
from tools.mutants.requirement_verdicts import RequirementVerdicts
from tools.mutants.schema_changes import SchemaChange, overlay_of, sample, schema_changes
from tools.mutants.scoring import Judged, Kill

HOLDS = RequirementVerdicts({}, {})
FAILED = RequirementVerdicts({"R1.2": "no pod"}, {})
REFUSED = RequirementVerdicts({"R0.1": "unknown field"}, {})
UNKNOWN = RequirementVerdicts({}, {"R4.2": "not followed"})
ACCEPTED, NOT_ACCEPTED = DryRun(), DryRun(refused="is invalid")


@pytest.fixture(scope="module")
def changes() -> tuple[SchemaChange, ...]:
    return tuple(schema_changes([one for one in sources_of(MANIFESTS) if one.manifests]))


def named(changes: Sequence[SchemaChange], name: str) -> SchemaChange:
    return next(one for one in changes if one.name == name)


def body_of(change: SchemaChange) -> dict[str, object]:
    return change.body()


# --- changes by the schemas ----------------------------------------------------------------------------


def test_a_field_that_is_there_is_dropped_and_holds_what_its_type_can(
    changes: Sequence[SchemaChange],
) -> None:
    replicas = [
        one
        for one in changes
        if one.name.startswith("kubernetes/step-1 Deployment/voting-app-1-0:spec.replicas")
    ]
    assert {one.words for one in replicas} == {
        " dropped",
        *(f" becomes {number}" for number in (0, 1, -1, 65536, 4, 2)),
    }


def test_an_optional_field_is_added_with_each_of_its_leaves(changes: Sequence[SchemaChange]) -> None:
    names = {one.name for one in changes}
    pod = "kubernetes/step-1 Deployment/voting-app-1-0:spec.template.spec"
    assert f"{pod}.hostNetwork added True" in names
    assert f"{pod}.volumes added[].persistentVolumeClaim.readOnly True" in names
    assert "istio/step-3 VirtualService/voting-app:spec.http[1].mirror added.host 'voting-analytics'" in names


def test_what_a_leaf_requires_beside_it_is_added_too(changes: Sequence[SchemaChange]) -> None:
    name = "istio/step-3 VirtualService/voting-app:spec.http[1].mirror added.subset 'v2-0'"
    route = named(changes, name).body()["spec"]["http"][1]
    assert set(route["mirror"]) == {"host", "subset"}


def test_an_object_keeps_its_identity(changes: Sequence[SchemaChange]) -> None:
    assert not [one for one in changes if one.path in {("metadata",), ("metadata", "name"), ("kind",)}]


def test_each_field_and_way_is_drawn_once_and_the_same_seed_draws_the_same(
    changes: Sequence[SchemaChange],
) -> None:
    drawn = sample(changes, 1, None)
    kinds = [(one.ref.partition("/")[0], one.field, one.words) for one in drawn]
    assert len(kinds) == len(set(kinds))
    assert [one.name for one in sample(changes, 7, 20)] == [one.name for one in sample(changes, 7, 20)]
    assert [one.name for one in sample(changes, 7, 20)] != [one.name for one in sample(changes, 8, 20)]


def test_changes_of_one_file_are_made_together(changes: Sequence[SchemaChange]) -> None:
    first = named(changes, "kubernetes/step-1 Deployment/voting-app-1-0:spec.replicas becomes 4")
    second = named(changes, "kubernetes/step-1 Service/voting-app:spec.type added 'NodePort'")
    assert not first.conflicts_with(second)
    (content,) = overlay_of([first, second]).values()
    by_kind = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(content)}
    assert by_kind["Deployment", "voting-app-1-0"]["spec"]["replicas"] == 4
    assert by_kind["Service", "voting-app"]["spec"]["type"] == "NodePort"


def test_a_change_within_another_one_is_in_conflict_with_it(changes: Sequence[SchemaChange]) -> None:
    whole = named(changes, "kubernetes/step-1 Deployment/voting-app-1-0:spec.selector dropped")
    part = named(changes, "kubernetes/step-1 Deployment/voting-app-1-0:spec.selector.matchLabels dropped")
    assert whole.conflicts_with(part)
    assert part.conflicts_with(whole)


# --- group testing ----------------------------------------------------------------------------------------


def test_one_culprit_among_many_is_found_by_halves() -> None:
    runs: list[Sequence[int]] = []

    def holds(group: Sequence[int]) -> bool:
        runs.append(group)
        return 13 not in group

    tested = in_groups([range(64)], holds)
    assert tested.fail == [13]
    assert sorted(tested.hold) == [number for number in range(64) if number != 13]
    assert len(runs) == 13


def test_two_that_fail_only_together_are_reported_as_such() -> None:
    tested = in_groups([range(4)], lambda group: not {0, 3} <= set(group))
    assert tested.fail == []
    assert tested.together == [(0, 1, 2, 3)] or [tuple(group) for group in tested.together] == [(0, 1, 2, 3)]


def test_what_no_run_is_left_for_is_unproved_and_never_holds() -> None:
    tested = in_groups([[1, 2], [3, 4]], lambda _: True, most=1)
    assert (tested.hold, tested.unproved) == ([1, 2], [3, 4])


def test_an_item_whose_run_has_no_verdict_is_unproved() -> None:
    tested = in_groups([[1, 2]], lambda group: None if 2 in group else True)
    assert (tested.hold, tested.unproved) == ([1], [2])


def test_what_is_in_conflict_is_in_different_groups_and_what_does_not_fit_is_split() -> None:
    groups = packed(range(6), lambda one, other: one % 3 == other % 3, lambda group: len(group) < 3, 10)
    assert sorted(item for group in groups for item in group) == list(range(6))
    assert all(len({item % 3 for item in group}) == len(group) < 3 for group in groups)


# --- disagreements -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("static", "dry_run", "live", "disagreement"),
    [
        (HOLDS, ACCEPTED, (), None),
        (HOLDS, ACCEPTED, ("R1.2",), Disagreement.MESH_FAILS),
        (HOLDS, NOT_ACCEPTED, None, Disagreement.SERVER_REFUSES),
        (HOLDS, DryRun(warnings=("deprecated",)), None, Disagreement.SERVER_REFUSES),
        (HOLDS, DryRun(undecided="429"), None, None),
        (REFUSED, NOT_ACCEPTED, None, None),
        (REFUSED, ACCEPTED, None, Disagreement.SERVER_ACCEPTS),
        (FAILED, ACCEPTED, ("R1.2",), None),
        (FAILED, ACCEPTED, (), Disagreement.MESH_HOLDS),
        (UNKNOWN, ACCEPTED, ("R4.2",), None),
        (UNKNOWN, ACCEPTED, ("R4.4",), Disagreement.MESH_FAILS),
        (RequirementVerdicts({}, {}, "KeyError: 'x'"), ACCEPTED, None, Disagreement.NO_VERDICT),
    ],
)
def test_how_verdicts_differ(
    changes: Sequence[SchemaChange],
    static: RequirementVerdicts,
    dry_run: DryRun,
    live: tuple[str, ...] | None,
    disagreement: Disagreement | None,
) -> None:
    assert Case(changes[0], static, dry_run, live).disagreement == disagreement


def test_the_report_has_the_rate_and_each_disagreement_with_its_evidence(
    changes: Sequence[SchemaChange],
) -> None:
    cases = (Case(changes[0], HOLDS, ACCEPTED, ()), Case(changes[1], HOLDS, NOT_ACCEPTED))
    found = Differential(len(changes), 3, cases, 1)
    text = report_text(found)
    assert "disagreements: 1 of 2 (50.0%)" in text
    assert f"{Disagreement.SERVER_REFUSES}: {changes[1].name}" in text
    assert "is invalid" in text
    assert changes[1].name in report_json(found)
    assert [case.change.name for case in found.missed] == [changes[1].name]


# --- proving ------------------------------------------------------------------------------------------------


def test_green_changes_are_proved_together_and_the_others_one_by_one(
    changes: Sequence[SchemaChange], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.mutants.differential.requirement_verdicts", lambda *_: HOLDS)
    green = [
        named(changes, "kubernetes/step-1 Deployment/voting-app-1-0:spec.revisionHistoryLimit added 1"),
        named(changes, "kubernetes/step-1 Service/voting-app:spec.sessionAffinity added 'None'"),
    ]
    red = named(changes, "kubernetes/step-1 Deployment/voting-app-1-0:spec.replicas becomes 4")
    cases = [Case(one, HOLDS, ACCEPTED) for one in green] + [Case(red, FAILED, ACCEPTED)]
    runs: list[str] = []

    def run(name: str, _: object) -> Judged:
        runs.append(name)
        broken = name == red.name
        kills = (Kill("R1.2", Tier.LIVE, 1.0, "t", "4 pods"),) if broken else ()
        return Judged(name, Tier.LIVE, 1.0, kills)

    prove(cases, MANIFESTS, run, most=5)
    assert len(runs) == 2
    assert [case.live for case in cases] == [(), (), ("R1.2",)]
