"""The proof of pulled images: the commands that it makes, what it refuses, and that nothing of it is left."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.processes import CommandFailed
from canary_conformance.progress import Progress
from tools.pulled import __main__ as command_line
from tools.pulled import cold_engine, ordinary_user
from tools.pulled.cold_engine import ColdEngine, command, configuration, rules
from tools.pulled.loopback_registry import LoopbackRegistry
from tools.pulled.ordinary_user import is_passed_on
from tools.pulled.peaks import Peaks
from tools.pulled.suite_runs import Measured, Way, suite_words, ways

ENGINE = ColdEngine(Path("/somewhere/engine"))
REGISTRY = LoopbackRegistry("127.0.0.1:5099")


def test_each_way_pulls_and_needs_every_selected_requirement_judged() -> None:
    mirror, prefixed = ways(REGISTRY, short=False)
    assert "--registry" not in suite_words(mirror, (), short=False)
    assert suite_words(prefixed, ("-x",), short=False)[-3:] == [
        "--registry",
        "127.0.0.1:5099/some/prefix",
        "-x",
    ]
    for way in (mirror, prefixed):
        words = suite_words(way, (), short=False)
        assert words[words.index("--images") + 1] == "pull"
        assert "--require-all" in words


def test_the_short_form_runs_once_and_ends_with_stage_4() -> None:
    (way,) = ways(REGISTRY, short=True)
    words = suite_words(way, (), short=True)
    assert words[words.index("-k") + 1].split(" or ") == [f"stage_{number}" for number in range(1, 5)]


def test_arguments_after_the_dashes_are_pytests() -> None:
    asked = command_line.settings(["--short", "--port", "5100", "--", "-k", "canary"])
    assert (asked.short, asked.port, asked.arguments) == (True, 5100, ("-k", "canary"))


def test_two_runs_at_once_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(command_line, "FOLDER", tmp_path / "pulled")
    with command_line.own_folder() as folder:
        assert folder.is_dir()
        with pytest.raises(BadInput, match="another run of this command"), command_line.own_folder():
            pass
    assert not folder.exists()


def test_the_engine_shares_nothing_with_the_one_that_runs_already() -> None:
    words = command(ENGINE, "voters", Path("/somewhere/engine/daemon.json"))
    own = ("--data-root=", "--exec-root=", "--pidfile=", "--host=unix://")
    for option in own:
        assert any(word.startswith(f"{option}/somewhere/engine/") for word in words)
    assert "--bridge=pulled0" in words
    assert "--group=voters" in words
    assert any(word.startswith("--containerd-namespace=") for word in words)


def test_the_engine_leaves_the_rules_of_the_one_that_runs_already() -> None:
    assert "--iptables=false" in command(ENGINE, "voters", Path("daemon.json"))
    assert all(cold_engine.COMMENT in rule for rule in rules())


def test_the_engine_pulls_through_the_registry() -> None:
    assert configuration("127.0.0.1:5099", None) == {"registry-mirrors": ["http://127.0.0.1:5099"]}


def test_a_host_that_lacks_a_capability_gets_the_runtime_without_it() -> None:
    settings = configuration("127.0.0.1:5099", Path("/somewhere/runtime"))
    assert str(settings["default-runtime"]) in str(settings["runtimes"])


def test_who_is_not_root_is_refused_before_anything_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(BadInput, match="only root can start a second container engine"):
        cold_engine.check_root()


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cold_engine, "may_install", lambda: False)
    monkeypatch.setattr(cold_engine, "find_program", lambda name: None if name == "iptables" else Path(name))
    with pytest.raises(BadInput, match="missing: iptables"):
        cold_engine.ensure_programs(Progress())


def link(name: str, address: str) -> dict[str, object]:
    return {"ifname": name, "addr_info": [{"local": address}]}


def test_a_removed_engine_leaves_no_folder_link_or_rule(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    engine = ColdEngine(tmp_path / "engine")
    engine.data.mkdir(parents=True)
    ran: list[list[str]] = []
    rules_there = {cold_engine.COMMENT: len(rules())}

    def run(words: list[str], **_: object) -> str:
        ran.append([str(word) for word in words])
        if words[0] == "iptables":
            if not rules_there[cold_engine.COMMENT]:
                raise CommandFailed("no such rule")
            rules_there[cold_engine.COMMENT] -= 1
        if words[:2] == ["ip", "-json"]:
            return json.dumps([link("br-1", "10.213.1.1"), link("docker0", "172.17.0.1"), {}])
        return ""

    monkeypatch.setattr(cold_engine, "run", run)
    cold_engine.remove(engine)
    assert not engine.folder.exists()
    assert not rules_there[cold_engine.COMMENT]
    assert ["ip", "link", "delete", "br-1"] in ran
    assert not any("docker0" in words for words in ran)


def test_a_number_that_is_another_programs_by_now_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    engine = ColdEngine(tmp_path / "engine")
    engine.folder.mkdir()
    (engine.folder / "dockerd.pid").write_text("4711")
    ended: list[int] = []
    monkeypatch.setattr(cold_engine, "run", lambda *_, **__: "[]")
    monkeypatch.setattr(cold_engine, "_accepted", lambda _: False)
    monkeypatch.setattr(cold_engine, "name_of", lambda _: "editor")
    monkeypatch.setattr(os, "kill", lambda number, _: ended.append(number))
    cold_engine.remove(engine)
    assert ended == []


@pytest.mark.parametrize("name", ["PATH", "https_proxy", "HTTPS_PROXY", "PIP_CERT", "CI", "SSL_CERT_FILE"])
def test_the_user_reaches_registries_as_we_do(name: str) -> None:
    assert is_passed_on(name)


@pytest.mark.parametrize("name", ["HOME", "DOCKER_HOST", "KUBECONFIG", "XDG_CACHE_HOME", "VOTING_REGISTRY"])
def test_the_user_gets_no_other_variable_of_ours(name: str) -> None:
    assert not is_passed_on(name)


def test_no_python_that_the_user_may_run_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "base_exec_prefix", str(tmp_path))
    monkeypatch.setattr(ordinary_user, "SYSTEM", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentFailed, match="an ordinary user may run"):
        ordinary_user.python_for(1000, 1000, tmp_path)


def test_a_result_names_seconds_megabytes_and_peaks() -> None:
    peaks = Peaks(disk=5_100_000_000, home=900_000_000, memory=3_200_000_000, containers=2_100_000_000)
    text = str(Measured(Way("mirror"), 181.4, 0, 712_300_000, peaks))
    assert text.startswith("mirror: holds (exit code 0); 181 s on ")
    for part in (
        "712 MB pulled",
        "5.1 GB of disk",
        "0.9 GB in the home",
        "3.2 GB of memory",
        "2.1 GB in the node",
    ):
        assert part in text
