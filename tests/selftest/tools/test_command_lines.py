"""A mistake in the command line of any tool is bad input, with its exit code and the tool's usage."""

from __future__ import annotations

import importlib
import shlex
import subprocess
import sys

import pytest

from canary_conformance.errors import BadInput
from canary_conformance.paths import REPOSITORY

MISTAKES = {
    "soak": ("--rounds 0", "--rounds x", "-k", "x --", "--fast"),
    "bench": ("--rounds 0", "--rounds x", "--images buy", "--fast", "x"),
    "matrix": ("--envoy ''", "--envoy 1,,2", "--shard 0/3", "--shard 4/3", "--rounds 2"),
    "mutants": ("--limit 0", "--jobs x", "--live=some", "x"),
    "faults": ("--interrupts 0", "--rounds 2", "-k disk --together"),
    "no_route": ("--only by-post",),
    "own_cluster": ("--only own-z", "--rounds 2"),
    "pulled": ("--sort", "--port http"),
}


@pytest.mark.parametrize(("tool", "words"), [(tool, one) for tool, some in MISTAKES.items() for one in some])
def test_a_mistake_in_a_command_line_is_bad_input(tool: str, words: str) -> None:

    module = importlib.import_module(f"tools.{tool}" if tool == "soak" else f"tools.{tool}.__main__")
    with pytest.raises(BadInput, match=rf"usage: python -m tools\.{tool}"):
        module.settings(shlex.split(words))


def test_options_that_exclude_each_other_are_bad_input() -> None:
    bench = importlib.import_module("tools.bench.__main__")
    for words in (["--inner", "--from-nothing"], ["--workers", "2", "--inner"]):
        with pytest.raises(BadInput, match="--inner can't be combined"):
            bench.settings(words)


def test_a_name_that_no_cluster_can_have_is_refused_before_anything_is_made() -> None:
    with pytest.raises(BadInput, match="'Bad Name' is not a valid cluster name"):
        importlib.import_module("tools.soak").settings(["--cluster-name", "Bad Name"])


def test_bad_input_ends_a_command_with_its_exit_code() -> None:
    words = [sys.executable, "-m", "tools.soak", "--fast"]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr.startswith("bad input: unrecognized arguments: --fast")
