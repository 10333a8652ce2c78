"""The static tier judges a folder with no cluster and none of its libraries."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from canary_conformance.exit_codes import ExitStatus
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.places import Finding, Place
from canary_conformance.voting.static.static_judges import nothing_found
from canary_conformance.voting.static.static_runner import (
    BAD_INPUT,
    StaticResult,
    static_tests,
    static_verdicts,
)
from tests.selftest.repository_copy import linked_repository

CANARY = "istio/step-3-add-routing-for-2.0-components.yaml"
LOCK = "istio/step-2-update-and-add-routing-for-all-components.yaml"
PODS = "kubernetes/step-1-create-voting-app.yaml"
OF_A_CLUSTER = ("kubernetes", "requests", "bs4", "scipy", "playwright", "pytest_kind")


def broken(results: tuple[StaticResult, ...]) -> set[str]:
    return {id_ for result in results if not result.held for id_ in result.requirements}


def content(file: str) -> str:
    return (MANIFESTS / file).read_text(encoding="utf-8")


def changed(file: str, old: str, new: str) -> dict[str, bytes]:
    text = content(file)
    assert old in text
    return {file: text.replace(old, new, 1).encode()}


def test_our_own_manifests_keep_every_requirement() -> None:
    results = static_verdicts(MANIFESTS)
    assert [result.words for result in results if not result.held] == []
    assert len(results) == len(static_tests()) > 50


def test_every_static_test_is_of_a_requirement_and_of_a_stage() -> None:
    assert [test.node for test in static_tests() if not test.requirements or not test.stage] == []


def test_a_leak_of_one_percent_breaks_the_requirement_and_names_the_rule() -> None:
    leak = """    - route:
        - destination:
            host: voting-app
            subset: v1-0
            port:
              number: 8080
          weight: 99
        - destination:
            host: voting-app
            subset: v2-0
            port:
              number: 8080
          weight: 1
"""
    old = "    - route:\n        - destination:\n            host: voting-app\n            subset: v1-0\n"
    old += "            port:\n              number: 8080\n"
    results = static_verdicts(MANIFESTS, changed(CANARY, old, leak))
    assert {"R4.3", "R4.5"} <= broken(results)
    told, *_ = [result.words for result in results if not result.held and "R4.3" in result.requirements]
    assert "voting-app 1.0 (99 %) or voting-app 2.0 (1 %)" in told
    assert f"{CANARY}:" in told


ACCOUNTS = "kubernetes/step-3-update-voting-app-with-new-storage.yaml"
FINAL = "istio/step-5-drop-old-subsets.yaml"


@pytest.mark.parametrize(
    ("file", "old", "new", "requirement", "told"),
    [
        (ACCOUNTS, "MYSQL_PASSWORD: sample", "MYSQL_PASSWRD: sample", "R4.2", "MYSQL_PASSWORD"),
        (ACCOUNTS, "MYSQL_ROOT_PASSWORD: sample", "MYSQL_ROOT: sample", "R4.2", "has no MYSQL_ROOT_PASSWORD"),
        (ACCOUNTS, "  name: voting-storage-secret", "  name: storage-secret", "R4.2", "Secret"),
        (ACCOUNTS, "key: MYSQL_PASSWORD", "key: MYSQL_ROOT_PASSWORD", "R4.2", "MYSQL_PASSWORD of"),
        (ACCOUNTS, "- name: MYSQL_PASSWORD", "- name: PASSWORD", "R4.2", "MYSQL_PASSWORD of"),
        (ACCOUNTS, "- name: MYSQL_USER", "- name: MYSQL_USER\n              value: me\n            - name: X",
         "R4.2", "MYSQL_USER of"),
        (ACCOUNTS, '              value: "on"', '              value: "onx"', "R4.6", "FEATUREFLAG of"),
        (PODS, '              value: "on"', '              value: "off"', "R4.6", "FEATUREFLAG of"),
        (PODS, "    app: voting-app\n  ports:", "    app: voting-app\n  type: NodePort\n  ports:", "R1.4",
         "is of type NodePort"),
        (PODS, "runAsUser: 10001", "runAsUser: 0", "R1.2", "Deployment/voting-analytics-1-0"),
        (FINAL, '            version: "2.0"', '            version: "1.9"', "R5.2", "no pod has these"),
        (FINAL, "  subsets:\n", "  subsets:\n    - name: v3\n      labels:\n        version: '3.0'\n", "R5.2",
         "subset v3 selects no pods"),
        (FINAL, "  subsets:\n", "  subsets:\n    - name: x\n      labels:\n        track: x\n", "R5.2",
         "subset x selects no pods"),
        (FINAL, "  host: voting-app\n", "  host: voting-gone\n", "R5.2", "Service voting-gone"),
        (LOCK, "  trafficPolicy:\n    tls:\n      mode: ISTIO_MUTUAL\n", "", "R3.4",
         "no DestinationRule sets the client's TLS; voting-app/voting has to"),
    ],
)  # fmt: skip
def test_a_mistake_breaks_the_requirement_that_names_it(
    file: str, old: str, new: str, requirement: str, told: str
) -> None:
    results = static_verdicts(MANIFESTS, changed(file, old, new))
    words = [one.words for one in results if not one.held and requirement in one.requirements]
    assert any(told in " ".join(one.split()) for one in words), words


def test_a_subset_of_all_pods_of_its_service_is_not_empty() -> None:
    """A correct neighbour: without labels a subset has every pod of its host."""
    subset = {FINAL: content(FINAL).replace("  subsets:\n", "  subsets:\n    - name: all\n", 1).encode()}
    assert broken(static_verdicts(MANIFESTS, subset)) == set()


def test_what_is_found_is_told_whole_at_its_line_and_at_most_eight_times() -> None:
    text = content(PODS).replace("image: ", "imag: ")
    (words,) = [
        one.words
        for one in static_verdicts(MANIFESTS, {PODS: text.encode()})
        if not one.held and one.node.endswith("test_every_object_is_of_its_schema[stage 1]")
    ]
    assert (
        f"{PODS}:24: spec.template.spec.containers[0].imag: unknown field; did you mean image?"
        in " ".join(words.split())
    )
    verdict = nothing_found()([Finding(Place("f", number), "wrong") for number in range(10)])
    assert verdict.seen.splitlines()[7:] == ["f:7: wrong", "and 2 more"]
    assert nothing_found()([]).held


def test_what_has_its_default_is_as_good_as_told() -> None:
    text = content(ACCOUNTS)
    user = """            - name: MYSQL_USER
              valueFrom:
                secretKeyRef:
                  name: voting-storage-secret
                  key: MYSQL_USER
"""
    assert text.count(user) == 2
    flag = '            - name: FEATUREFLAG\n              value: "on"\n'
    assert flag in text
    without = text.replace(user, "").replace(flag, "")
    assert broken(static_verdicts(MANIFESTS, {ACCOUNTS: without.encode()})) == set()


def test_what_the_model_does_not_speak_is_not_judged(static_run: list[str], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(MANIFESTS, tmp_path / "theirs"))
    policy = "  host: voting-app\n  trafficPolicy:\n"
    assert policy in content(CANARY)
    text = content(CANARY).replace(policy, f"{policy}    connectionPool: {{tcp: {{maxConnections: 1}}}}\n")
    (folder / CANARY).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [*static_run, f"--manifests={folder}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == ExitStatus.NOT_JUDGED, done.stdout
    assert "exit code 5: nothing failed, but " in done.stdout
    assert "not judged: the model does not support this" in " ".join(done.stdout.split())
    assert "maxConnections" in done.stdout


def test_a_later_stage_s_mistake_leaves_the_earlier_ones_as_they_were() -> None:
    results = static_verdicts(MANIFESTS, changed(CANARY, "(featureflag=on)", "(featureflag=off)"))
    assert {id_[:2] for id_ in broken(results)} <= {"R4", "R5"}
    assert "R4.4" in broken(results)
    assert broken(static_verdicts(MANIFESTS)) == set()


def test_a_folder_that_can_t_be_read_is_bad_input_with_its_line() -> None:
    (result,) = static_verdicts(MANIFESTS, {CANARY: b"kind: [\n"})
    assert (result.requirements, result.held) == ((BAD_INPUT,), False)
    assert f"{CANARY}:" in result.words


@pytest.mark.parametrize(
    ("added", "copied"),
    [
        ("mirror: {host: voting-app, subset: v2-0}", True),
        ("mirrors: [{destination: {host: voting-app}, percentage: {value: 1}}]", True),
        ("mirror: {host: voting-app}\n      mirrorPercentage: {value: 0}", False),
    ],
)
def test_a_vote_that_is_copied_is_counted_twice(added: str, copied: bool) -> None:
    text = content(CANARY)
    plain = text.index("    - route:", text.index("featureflag=on"))
    mirrored = f"{text[:plain]}    - {added}\n      {text[plain:].lstrip(' -')}"
    results = static_verdicts(MANIFESTS, {CANARY: mirrored.encode()})
    assert broken(results) == ({"R4.7"} if copied else set())


def test_a_changed_scenario_counts_instead_of_the_folder_s() -> None:
    unlabelled = changed("scenario.yaml", "istio-injection: enabled", "istio-injection: disabled")
    assert {"R1.1", "R1.3"} <= broken(static_verdicts(MANIFESTS, unlabelled))
    (result,) = static_verdicts(MANIFESTS, {"scenario.yaml": b"name: s\n"})
    assert (result.requirements, result.held) == ((BAD_INPUT,), False)


def test_a_folder_without_stage_5_is_judged_as_far_as_it_goes(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(MANIFESTS, tmp_path / "manifests"))
    (folder / "scenario.yaml").unlink()
    for file in folder.glob("istio/step-[45]*.yaml"):
        file.unlink()
    results = static_verdicts(folder)
    assert broken(results) == set()
    assert not any(id_.startswith("R5.") for result in results for id_ in result.requirements)


@pytest.fixture
def static_run(tmp_path: Path) -> list[str]:
    """Return the command of a static run in a copy of the repository made of links."""
    linked_repository(tmp_path)
    told = "print('LOADED', sorted(set(sys.modules) & set(" + repr(OF_A_CLUSTER) + ")))"
    program = f"import sys, pytest; code = pytest.main(sys.argv[1:]); {told}; sys.exit(code)"
    return [sys.executable, "-B", "-c", program, "-m", "static", "-p", "no:cacheprovider"]


def test_a_static_run_needs_no_library_of_the_cluster(static_run: list[str], tmp_path: Path) -> None:
    done = subprocess.run(static_run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "LOADED []" in done.stdout
    assert "34 requirements: 33 hold, 1 needs a cluster\n" in done.stdout
    assert "Judged by the manifests alone" in done.stdout


def test_a_red_static_run_says_requirement_place_and_rule(static_run: list[str], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(MANIFESTS, tmp_path / "theirs"))
    text = content(CANARY).replace("; ?)?(featureflag=on)", ";)?(featureflag=on)")
    assert text != content(CANARY)
    (folder / CANARY).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [*static_run, f"--manifests={folder}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "R4.4 stage 4 FAILED" in done.stdout
    assert "exit code 1: R4.4, R4.5 FAILED" in done.stdout
    assert f"{CANARY}:" in done.stdout
    assert "cookie: a; featureflag=on reaches voting-app 1.0" in done.stdout
