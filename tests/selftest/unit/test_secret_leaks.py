"""The values of the manifests' Secrets are known, masked wherever they stand, and found where they leaked."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from canary_conformance.paths import MANIFESTS
from canary_conformance.report import secret_masks
from canary_conformance.report.secret_leaks import leaking_files, secret_values
from canary_conformance.report.secret_masks import MASK, know_values, mask_secrets
from canary_conformance.scenario.manifests import load_manifests
from canary_conformance.scenario.scenario_folder import load_scenario

pytestmark = pytest.mark.selftest

PASSWORD, ROOT = "sample-password-of-the-voting-app", "sample-password-of-root"


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch) -> frozenset[str]:
    monkeypatch.setattr(secret_masks, "_known", set())
    found = secret_values(load_manifests(MANIFESTS, load_scenario(MANIFESTS)))
    know_values(found)
    return found


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_passwords_are_known_plain_and_encoded_and_names_are_none(values: frozenset[str]) -> None:
    assert values == {PASSWORD, ROOT, encoded(PASSWORD), encoded(ROOT)}


@pytest.mark.parametrize(
    "text", [PASSWORD, f"login with {PASSWORD}!", f"<a>{encoded(ROOT)}</a>", f"x{ROOT}y"]
)
def test_a_known_value_is_masked_under_any_name_or_none(values: frozenset[str], text: str) -> None:
    masked = mask_secrets(text)
    assert MASK in masked
    assert not any(value in masked for value in values)
    assert not any(value in str(mask_secrets({"note": [text]})) for value in values)


def test_files_that_leak_are_found(values: frozenset[str], tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle/log.txt").write_text(f"password {ROOT}")
    (tmp_path / "junit.xml").write_bytes(b"\xff" + encoded(PASSWORD).encode())
    (tmp_path / "summary.txt").write_text("voting is the database's name, and the user's")
    assert [path.name for path in leaking_files(tmp_path, values)] == ["log.txt", "junit.xml"]
