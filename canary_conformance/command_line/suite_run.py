"""The commands static and e2e: pytest, in this process, on the tests that lie in the installation.

Whose project the current folder is does not matter: settings, conftest.py and plugins are the suite's own.
What pytest and Python keep between runs goes to the suite's store; an installation is only read.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from canary_conformance.exit_codes import ExitStatus
from canary_conformance.paths import REPOSITORY, STATIC_TESTS, TESTS, store

MANIFESTS = "--manifests"
DEFAULT = Path("manifests")
GROUP = "voting conformance"
# A run with one of these judges nothing, and so needs no folder.
_INSTEAD = frozenset({"--clean", "--clean-all", "--version", "-V", "--markers", "--fixtures", "--cache-show"})
# What a user sets for the tests of his own project.
_OF_OTHER_TESTS = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")

# Of a cluster, so not in the help of static; nor is the option that DIR stands for.
_OF_A_CLUSTER = re.compile(
    r"  --(images|registry|(istio|envoy|kubernetes)-version|(load|save)-node|cluster-name|keep-cluster|reuse|"
    r"context|kubeconfig|gateway|revision|namespace-prefix|ingress|check-cluster|image|push-to|pull-secret|shard|clean|clean-all|"
    r"timeout-factor)\b"
)

HELP = """\
usage: canary-conformance {command} [DIR] [OPTIONS]

{what}
DIR is the folder with the manifests (default: ./manifests); it comes before the options.

options of the suite:
{options}

options of pytest that are of use here; every other one works, too (https://docs.pytest.org):
  -k WORDS              only tests whose name has these words, for example -k canary: one stage
{marks}  -v, -q                the whole table and every failure in full; or less
  -x                    end the run at the first failure

PYTEST_ADDOPTS and PYTEST_PLUGINS are not used: they are for the tests of your own project.
"""
WHAT = {
    "static": "Judges what the manifests alone decide, by a model of Kubernetes and Istio, in a second.\n",
    "e2e": "Judges the manifests as `static` does, then applies them to a kind cluster with Istio, stage by\n"
    "stage, and sends traffic. Needs a Docker engine and Chromium; makes what else is needed.\n",
}
MARKS = {
    "static": "",
    "e2e": "  -m routing            the routes of a stage alone, in seconds: with --reuse -k canary\n"
    "  -n N                  N workers, each with a namespace of its own\n",
}


def static(words: list[str]) -> int:
    """Judge a folder by the model and return the exit code."""
    return _judge("static", STATIC_TESTS, words)


def e2e(words: list[str]) -> int:
    """Judge a folder in both tiers and return the exit code."""
    return _judge("e2e", TESTS, words)


def _judge(command: str, tests: Path, words: list[str]) -> int:
    if {"-h", "--help"} & set(words):
        text = HELP.format(
            command=command, what=WHAT[command], marks=MARKS[command], options=_options(command)
        )
        sys.stdout.write(text)
        return ExitStatus.HOLDS
    try:
        manifests, options = manifests_in(words)
    except pytest.UsageError as wrong:
        sys.stderr.write(f"ERROR: {wrong}\n")
        return ExitStatus.BAD_INPUT
    return _pytest([*manifests, str(tests), *options], plugins=[OutsideOfAClone(command, tests)])


def manifests_in(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the option that names the folder to judge, none where no folder is needed, and the other words.

    Raises:
        pytest.UsageError: No folder is named, and the current one has no ./manifests; or two are.
    """
    named = [word for word in words if word == MANIFESTS or word.startswith(f"{MANIFESTS}=")]
    if words and not words[0].startswith("-"):
        if named:
            raise pytest.UsageError(f"two folders are named: {words[0]}, and another one by {MANIFESTS}")
        return [f"{MANIFESTS}={words[0]}"], list(words[1:])
    if named or not _INSTEAD.isdisjoint(words):
        return [], list(words)
    if not DEFAULT.is_dir():
        raise pytest.UsageError("name the folder with the manifests to judge; there is no ./manifests here")
    return [f"{MANIFESTS}={DEFAULT}"], list(words)


class OutsideOfAClone:
    """A plugin for a run in somebody's folder: one folder is judged, tests are named as in a clone."""

    def __init__(self, command: str, tests: Path) -> None:
        self._command = command
        self._tests = str(tests)

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self, early_config: pytest.Config) -> None:
        """Raise UsageError for a second place, before a conftest.py is loaded from it."""
        places = early_config.known_args_namespace.file_or_dir
        more = [place for place in places if place != self._tests]
        if more:
            raise pytest.UsageError(
                f"{' '.join(more)}: name the folder to judge first, and once: "
                f"canary-conformance {self._command} DIR [OPTIONS]; -k selects tests"
            )

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Let pytest print tests/static/... and not the long way to the installation."""
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.startpath = config.rootpath
        vars(config)["cwd_relative_nodeid"] = lambda nodeid: nodeid


def _pytest(words: Sequence[str], plugins: Sequence[object] = ()) -> int:
    """Run pytest with the suite's own settings and return its exit code."""
    for name in _OF_OTHER_TESTS:
        os.environ.pop(name, None)
    # Of all distributions that are installed beside the suite, pytest-randomly for one.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    # PyPI has a `fixtures` of its own, and the user may have `tests`.
    sys.path.insert(0, str(REPOSITORY))
    settings = ["-c", str(REPOSITORY / "pytest.ini"), "--rootdir", str(REPOSITORY)]
    # A later version of a library may warn; Python's own filters decide what of that is shown.
    ours = ["-p", "xdist.plugin", "-p", "no:warnings", *_cache(), "--assert=plain"]
    return int(pytest.main([*settings, *ours, *words], plugins=list(plugins)))


def _cache() -> list[str]:
    """Return what puts pytest's cache, of --lf, into the suite's store, or turns it off."""
    folder = store()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if os.access(there, os.W_OK):
        return ["-o", f"cache_dir={folder / 'pytest-cache'}"]
    return ["-p", "no:cacheprovider"]


def _options(command: str) -> str:
    """Return the options of the suite that a command has a use for, as pytest prints them."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        # A place of tests, or pytest would read the conftest.py of the current folder.
        _pytest(["--help", str(STATIC_TESTS)])
    _, _, group = printed.getvalue().partition(f"\n{GROUP}:\n")
    options = re.split(r"\n(?=  -)", group.partition("\n\n")[0])
    return "\n".join(
        option
        for option in options
        if not option.startswith(f"  {MANIFESTS}")
        and not (command == "static" and _OF_A_CLUSTER.match(option))
    )
