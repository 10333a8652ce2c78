"""The schemas are shrunk to what judges, and written only from a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tools.schemas.generate import main
from tools.schemas.shrink import shrink


def document(**schemas: Any) -> dict[str, Any]:
    return {"components": {"schemas": schemas}}


THING = {
    "type": "object",
    "description": "words",
    "properties": {
        "metadata": {"allOf": [{"$ref": "#/components/schemas/Meta"}], "description": "words", "default": {}},
        "mode": {"type": "string", "enum": ["A"], "description": "words"},
    },
    "x-kubernetes-group-version-kind": [{"group": "a.io", "version": "v1", "kind": "Thing"}],
}


def test_shrinking_keeps_what_judges_and_drops_words_and_what_is_never_reached() -> None:
    meta = {"type": "object", "properties": {"uid": {"type": "string", "format": "int32"}}}
    data = shrink({"a.io/v1": document(Thing=THING, Meta=meta, Other={})}, {"Thing": ("a.io/v1",)})
    assert data == {
        "custom": True,
        "kinds": {"a.io/v1 Thing": "Thing"},
        "definitions": {
            "Meta": {"type": "object", "properties": {"uid": {"type": "string"}}},
            "Thing": {
                "type": "object",
                "properties": {"metadata": {"$ref": "Meta"}, "mode": {"type": "string", "enum": ["A"]}},
            },
        },
    }


def test_shrinking_refuses_a_server_without_the_kind() -> None:
    with pytest.raises(LookupError, match=r"the API server has no a\.io/v1 Lock"):
        shrink({"a.io/v1": document(Thing=THING, Meta={})}, {"Lock": ("a.io/v1",)})


def test_generating_without_a_cluster_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "kubeconfig")], tmp_path / "data") == 1
    assert "can't be used" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()
