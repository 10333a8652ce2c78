"""Services by other names and subsets by other labels lead to pods without naming their version."""

from canary_conformance.paths import MANIFESTS
from canary_conformance.voting.static.static_runner import static_verdicts
from tools.mutants.edit_sites import sources_of
from tools.mutants.mistake import followed_by, text
from tools.mutants.variants import Change, Variant

SOURCES = sources_of(MANIFESTS)
PODS, LOCK, CANARY, LAST = "kubernetes/step-1", "istio/step-2", "istio/step-3", "istio/step-5"
APP = "DestinationRule/voting-app"
OLD = '    - name: v1-0\n      labels:\n        version: "1.0"\n'
BY_TRACK = OLD.replace('version: "1.0"', "track: stable")
LEFT = Change(LAST, APP, (text("  subsets:\n", f"  subsets:\n{BY_TRACK}"),))


def red(*changes: Change) -> dict[str, str]:
    """Return the failed requirements with what they say, but for the list of objects (R0.1)."""
    results = static_verdicts(MANIFESTS, Variant("x", changes).made(SOURCES).overlay)
    found: dict[str, str] = {}
    for one in (result for result in results if not result.held):
        for id_ in set(one.requirements) - {"R0.1"}:
            found[id_] = " ".join([found.get(id_, ""), *one.words.split()])
    return found


def alias(selector: str) -> Change:
    service = (
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: voting-cache\nspec:\n"
        f"  selector: {selector}\n  ports:\n    - name: redis\n      port: 6379\n      targetPort: redis"
    )
    return Change(PODS, "Service/voting-storage", (followed_by(service),))


def test_a_second_service_leads_to_the_stores_past_their_routes() -> None:
    found = red(alias("{app: voting-storage}"))
    # At stage 5 none of its pods has the port that it names any more.
    assert set(found) == {"R3.3", "R4.8", "R5.2"}
    leads = "Service/voting-cache leads voting-analytics 1.0 to voting-storage 1.0 at port 6379"
    assert leads in found["R3.3"]


def test_a_second_service_of_other_pods_is_no_such_way() -> None:
    assert set(red(alias("{app: voting-app}"))) <= {"R5.2"}


def test_a_subset_of_old_pods_is_old_whatever_its_label() -> None:
    labelled = Change(PODS, "Deployment/voting-app-1-0", (
        text("        app: voting-app\n        version: \"1.0\"\n",
             "        app: voting-app\n        version: \"1.0\"\n        track: stable\n"),
    ))  # fmt: skip
    by_track = [Change(file, APP, (text(OLD, BY_TRACK),)) for file in (LOCK, CANARY)]
    assert red(labelled, *by_track) == {}
    found = red(labelled, *by_track, LEFT)
    assert set(found) == {"R5.2"}
    assert "subset v1-0 (track=stable) selected pods of 1.0 only" in found["R5.2"]
