"""YAML is data: nowhere is it loaded by a loader that makes objects of its tags."""

import ast
from collections.abc import Iterator

import pytest

from canary_conformance.paths import REPOSITORY

OURS = [
    REPOSITORY / "conftest.py",
    *(
        path
        for name in ("canary_conformance", "fixtures", "tools", "tests")
        for path in (REPOSITORY / name).rglob("*.py")
    ),
]
SAFE = {"safe_load", "safe_load_all"}
WITH_A_LOADER = {"load", "load_all", "compose", "compose_all", "parse", "scan"}


def unsafe(text: str) -> Iterator[str]:
    """Yield the calls of the module yaml that read by a loader which isn't safe."""
    for call in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func)
        module, _, function = name.partition(".")
        if module != "yaml" or not (function in WITH_A_LOADER or "load" in function) or function in SAFE:
            continue
        loaders = [ast.unparse(one) for one in (*call.args[1:], *(word.value for word in call.keywords))]
        if function not in WITH_A_LOADER or not any("Safe" in one for one in loaders):
            yield ast.unparse(call)


def test_every_loader_is_safe() -> None:
    assert len(OURS) > 200
    found = {str(path.relative_to(REPOSITORY)): [*unsafe(path.read_text())] for path in OURS}
    assert {path: calls for path, calls in found.items() if calls} == {}


@pytest.mark.parametrize("call", ["yaml.load(x)", "yaml.load(x, Loader=yaml.Loader)", "yaml.full_load(x)"])
def test_an_unsafe_loader_is_found(call: str) -> None:
    assert list(unsafe(call)) == [call]


@pytest.mark.parametrize(
    "call", ["yaml.safe_load(x)", "yaml.load_all(x, Loader=yaml.CSafeLoader)", "json.load(x)"]
)
def test_a_safe_loader_is_fine(call: str) -> None:
    assert list(unsafe(call)) == []
