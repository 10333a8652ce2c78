"""What the manifests say of a component that does not get ready is reported beside what its pods show."""

import re
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.manifests import load_manifests
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.voting import stage_rules
from tests.selftest.manifest_files import LAST

CANARY = 4


def diagnosed(
    folder: Path, change: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, what: str, one: str
) -> list[str]:
    """Return what the diagnosis of a changed copy of our manifests says of a component of 2.0."""
    copytree(MANIFESTS, folder / "m")
    file = folder / "m" / LAST
    file.write_text(change(file.read_text()))
    scenario = load_scenario(folder / "m", fallback=MANIFESTS / "scenario.yaml")
    manifests = load_manifests(folder / "m", scenario)
    kept: dict[str, Any] = {}
    monkeypatch.setattr(stage_rules, "Stuck", lambda *args, **more: kept.update(refused=args[5], **more))
    namespace = SimpleNamespace(
        scenario=scenario,
        manifests=manifests,
        setting=SimpleNamespace(profile=None),
        api=None,
        name="voting",
        callers=None,
        settle=None,
    )
    stage_rules.diagnosis_of(cast(NamespaceUnderTest, namespace), [], CANARY)

    class Component(SimpleNamespace):
        def __str__(self) -> str:
            return f"{self.app} {self.version}"

    owner = SimpleNamespace(name=f"{one}-2-0")
    return list(kept[what](Component(app=one, version="2.0", owner=owner)))


def without_root_password(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if "MYSQL_ROOT_PASSWORD" not in line)


def without_secret(text: str) -> str:
    return text.replace("name: voting-storage-secret\n  labels", "name: another-secret\n  labels")


def test_a_store_that_can_not_be_set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (sentence,) = diagnosed(tmp_path, without_root_password, monkeypatch, "blocked", "voting-storage")
    assert sentence.startswith(f"{LAST}:")
    assert "voting-storage 2.0 has no MYSQL_ROOT_PASSWORD" in sentence


def test_what_keeps_a_component_from_its_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = diagnosed(tmp_path, without_secret, monkeypatch, "blocked", "voting-analytics")
    assert any("voting-storage-secret" in sentence for sentence in found)


@pytest.mark.parametrize("one", ["voting-storage", "voting-analytics", "voting-app"])
def test_nothing_is_said_of_what_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one: str) -> None:
    assert diagnosed(tmp_path, str, monkeypatch, "blocked", one) == []


def test_a_component_that_mysql_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_secret = re.compile(r"- name: MYSQL_USER\n +valueFrom:\n +secretKeyRef:\n.+\n.+MYSQL_USER\n")
    named = "kind: Deployment\nmetadata:\n  name: voting-analytics-2-0"

    def another_user(text: str) -> str:
        before, after = text.split(named)
        changed, count = by_secret.subn("- name: MYSQL_USER\n              value: somebody\n", after, count=1)
        assert count
        return f"{before}{named}{changed}"

    (sentence,) = diagnosed(tmp_path, another_user, monkeypatch, "refused", "voting-analytics")
    assert "MYSQL_USER of voting-analytics 2.0" in sentence
    assert "that of voting-storage 2.0" in sentence
