"""The command, its tables, the list of survivors, and the peers that it asks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from canary_conformance.images.image_options import AskedVersions, ImagesFrom
from canary_conformance.paths import MANIFESTS, REPOSITORY
from canary_conformance.progress import Progress
from canary_conformance.report.run_record import Tier
from canary_conformance.scenario.places import Place
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.scenario.yaml_files import parse_yaml
from tests.selftest.support import Programs
from tools.mutants.__main__ import Settings, settings
from tools.mutants.mutant import Mutant
from tools.mutants.mutant_collection import all_mutants
from tools.mutants.other_checkers import ANALYZE, DRY_RUN, Peer, ask_all, ask_peers, in_force
from tools.mutants.score_table import as_json, markdown, terminal_table
from tools.mutants.scoring import Judged, Kill, Score, score
from tools.mutants.survivors import Row, excuses, read_rows, rows_for_nothing
from tools.suite_process import SuiteOptions


def mutant(name: str, file: str = "f", content: bytes = b"b | c", expected: str = "R4.4") -> Mutant:
    return Mutant(name, file, b"a", content, "swapped value", Place(file, 7), frozenset(expected.split()))


# --- the command line ------------------------------------------------------------------------------------


def test_command_line_is_read() -> None:
    default = settings(["--jobs", "2"])
    assert default == Settings("", None, 2, "", False, SuiteOptions())
    words = ["-k", "a and b", "--limit", "5", "--jobs=3", "--live=all", "--peers", "--keep-cluster"]
    asked = settings([*words, "--cluster-name", "c", "--images", "build"])
    assert asked == Settings("a and b", 5, 3, "all", True, SuiteOptions(ImagesFrom.BUILD, "c", True))
    assert settings(["--live"]).live == "left"
    assert settings(["--live=kinds"]).live == "kinds"
    assert settings([]).jobs >= 1


def test_the_cluster_is_of_the_versions_that_the_walks_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOTING_ENVOY_VERSION", "1.38.3")
    asked = settings(["--live", "--kubernetes-version", "1.34.4"])
    assert asked.suite.versions == AskedVersions(envoy="1.38.3", kubernetes="1.34.4")


def test_a_choice_of_nothing_ends_with_the_exit_code_of_bad_input() -> None:
    words = [sys.executable, "-m", "tools.mutants", "-k", "no such thing"]
    told = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert told.returncode == 4
    assert "-k 'no such thing' matches none of the" in told.stderr


# --- the list of survivors -------------------------------------------------------------------------------


def test_our_list_names_mutants_that_there_are_each_with_a_reason() -> None:
    rows, mutants = read_rows(), all_mutants(MANIFESTS)
    assert rows_for_nothing(mutants, rows) == ()
    listed = excuses(mutants, rows)
    assert 0 < len(listed) < len(mutants) / 5
    assert all(len(reason.split()) >= 4 for reason in listed.values())


def test_a_star_stands_for_anything_and_brackets_for_themselves() -> None:
    row = Row(("a *[0].b", "c"), "why")
    assert row.fits("a x.y[0].b")
    assert row.fits("c")
    assert not row.fits("a x.y[1].b")
    assert not row.fits("cc")
    assert rows_for_nothing([mutant("c")], [row]) == ("a *[0].b",)
    assert excuses([mutant("c"), mutant("d")], [row, Row(("*",), "second")]) == {"c": "why", "d": "second"}


@pytest.mark.parametrize("text", ['"" = ["a"]', '"b" = []'])
def test_a_row_without_names_or_reason_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "survivors.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match="without names or without a reason"):
        read_rows(file)


# --- the tables ------------------------------------------------------------------------------------------


def told() -> Score:
    kill = Kill("R4.4", Tier.STATIC, 0.021, "test_a", "0 of 600")
    judged = [
        Judged("caught", Tier.STATIC, 0.021, (kill,)),
        Judged("alive", Tier.STATIC, 0.02, untold="f:3: mirror"),
        Judged("listed", Tier.STATIC, 0.02),
        Judged("stumbled", Tier.STATIC, 0.02, problem="KeyError: 'x'"),
    ]
    mutants = [mutant(name) for name in ("caught", "alive", "listed", "stumbled")]
    return score(mutants, judged, {"listed": "the default"}, live=False)


PEERS = (Peer(ANALYZE, {"caught": "IST0101: x", "alive": ""}), Peer(DRY_RUN, why_not="no cluster is kept"))


def test_terminal_tells_counts_what_is_left_and_the_shares() -> None:
    lines = terminal_table(told(), PEERS).splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["mutants", "static", "live", "listed", "left"],
        ["swapped", "value", "4", "1", "-", "1", "2"],
        ["all", "4", "1", "-", "1", "2"],
    ]
    assert "NO VERDICT: stumbled (f:7): KeyError: 'x'" in lines
    assert "ALIVE: alive (f:7): R4.4 should name it, the model does not support it: f:3: mirror" in lines
    assert "caught statically, of what manifests alone decide: 1 of 3 (33.3 %)" in lines
    assert "istioctl analyze: found 1 of 2" in lines
    assert "API server's dry run: not used, no cluster is kept" in lines
    assert "1 left for the live tier (--live)" in lines
    assert lines[-1].startswith("NOT WELL: the static tier caught 1 of 3")


def test_markdown_has_every_mutant_with_killers_and_diff() -> None:
    text = markdown(told(), PEERS)
    assert "| mutant | what became of it | killed by | istioctl analyze |" in text
    assert "| caught (f:7) | caught | R4.4 (static, 0.021 s) | IST0101: x |" in text
    assert "| listed (f:7) | listed: the default |  | not its business |" in text
    assert "### caught\n\n```diff\n--- f\n+++ f\n@@ -1 +1 @@\n-a\n+b | c\n```" in text


def test_json_has_all_that_is_known() -> None:
    read = json.loads(as_json(told(), PEERS))
    assert read["static"] == {"caught": 1, "of": 3}
    first = read["mutants"][0]
    assert first["kills"] == [
        {
            "requirement": "R4.4",
            "tier": "static",
            "seconds": 0.021,
            "after_live": None,
            "test": "test_a",
            "words": "0 of 600",
        }
    ]
    assert first["peers"] == {"istioctl analyze": "IST0101: x"}
    assert read["mutants"][3]["problems"] == ["KeyError: 'x'"]


# --- the peers -------------------------------------------------------------------------------------------


def test_a_peer_has_found_what_it_does_not_say_of_the_original() -> None:
    def ask(overlay: Mapping[str, bytes], file: str) -> frozenset[str]:
        return frozenset({f"always of {file}", *(content.decode() for content in overlay.values())})

    mutants = [mutant("a"), mutant("b", content=b"always of f"), mutant("c", "scenario.yaml")]
    assert ask_all(mutants, ask, 2) == {"a": "b | c", "b": ""}


def test_in_force_is_the_last_of_each_object_up_to_the_stage() -> None:
    scenario = load_scenario(MANIFESTS)
    file = "istio/step-3-add-routing-for-2.0-components.yaml"
    texts = in_force(MANIFESTS, scenario, {}, file)
    objects = [
        (document.data["kind"], document.data["metadata"]["name"])
        for name, text in texts.items()
        for document in parse_yaml(text.encode(), name).documents
    ]
    assert len(objects) == len(set(objects))
    assert ("PeerAuthentication", "default") in objects
    assert "subset: v2-0" in texts[file]
    assert "istio/step-4-route-everyone-to-2.0.yaml" not in texts
    broken = in_force(MANIFESTS, scenario, {file: b"a: [\n"}, file)
    assert broken[file] == "a: [\n"


def test_peers_that_are_not_at_hand_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = Programs(tmp_path, monkeypatch)
    programs.only_these()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    lines: list[str] = []
    peers = ask_peers(MANIFESTS, [], "c", 1, Progress(say=lines.append))
    assert [peer.name for peer in peers] == [ANALYZE, DRY_RUN]
    assert "istioctl is neither" in peers[0].why_not
    assert "kubectl is neither" in peers[1].why_not
    programs.add("kubectl")
    assert "no cluster c is kept" in ask_peers(MANIFESTS, [], "c", 1, Progress())[1].why_not


def test_istioctl_is_asked_without_a_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = Programs(tmp_path, monkeypatch)
    finding = '[{"code": "IST0101", "origin": "VirtualService", "message": "subset not found"}]'
    script = (
        'for word in "$@"; do case "$word" in *.yaml) grep -q wrong-subset "$word" && found=1;; esac; done'
    )
    programs.add(
        "istioctl", f"{script}\n[ \"$found\" ] || {{ echo '[]'; exit 0; }}\necho '{finding}'; exit 79"
    )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    file = "istio/step-4-route-everyone-to-2.0.yaml"
    original = (MANIFESTS / file).read_bytes()
    good = mutant("good", file, original + b"# a remark\n")
    bad = mutant("bad", file, original.replace(b"v2-0", b"wrong-subset"))
    analyzed = ask_peers(MANIFESTS, [good, bad], "c", 1, Progress())[0]
    assert analyzed.said == {"good": "", "bad": "IST0101 VirtualService: subset not found"}
    assert analyzed.found == 1
    assert all("--use-kube=false" in call for call in programs.calls() if call.startswith("istioctl"))
