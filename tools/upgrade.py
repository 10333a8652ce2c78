"""`python -m tools.upgrade --from A --to B`: the mesh of a stage is moved, judged and moved back.

One run of pytest on one cluster: the stages' own tests before the move, after it and after the rollback, and
between them those of tests/upgrade, which judge what was seen of the two moves.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from canary_conformance.images.image_options import AskedVersions, variable_of
from canary_conformance.images.versions import check_asked
from canary_conformance.paths import REPOSITORY
from canary_conformance.upgrade.upgrade_options import Asked, add_options
from tools.command_line import CommandLine, end_as_the_suite

TESTS = REPOSITORY / "tests"
CLUSTER = "voting-conformance-upgrade"


def main(words: Sequence[str] | None = None) -> int:
    """Become pytest, which ends with the suite's exit codes; return 4 for bad input."""
    return end_as_the_suite(lambda: _become(command(words)))


def command(words: Sequence[str] | None = None) -> list[str]:
    """Return pytest's command line for this one; what follows `--` is pytest's. Raises BadInput."""
    parser = CommandLine(
        "python -m tools.upgrade",
        "Moves the mesh to another version under traffic, judges every requirement, and moves it back; "
        "arguments after -- go to pytest.",
        passes_on=True,
    )
    parser.set_defaults(cluster_name=CLUSTER)
    parser.add_argument(
        "--manifests", type=Path, metavar="DIR", help="the folder with the manifests to judge"
    )
    add_options(parser.add_argument)
    read, suite = parser.read(words)
    asked = Asked.read(vars(read).__getitem__)
    for mesh in (asked.source, asked.target):
        check_asked(suite.images, AskedVersions(mesh.istio, mesh.envoy))
    words = ["-p", "fixtures.upgrade.upgrade_plugin", "--from", str(asked.source), "--to", str(asked.target)]
    words += ["--way", str(asked.way), "--stage", str(asked.stage), f"--tag={asked.tag}"]
    words += ["--bad-move", str(asked.bad_move)]
    words += [f"--manifests={read.manifests.resolve()}"] if read.manifests else []
    own = replace(suite, arguments=(*words, *suite.arguments))
    return own.command(tests=[str(folder) for folder in test_folders(asked.stage)])


def test_folders(stage: int) -> list[Path]:
    """Return the folders of the tests up to a stage, of those of several stages, and of the moves' own."""
    folders = [path for number in range(1, stage + 1) for path in TESTS.glob(f"stage_{number}_*")]
    return [*folders, TESTS / "stages", TESTS / "upgrade"]


def environment(outer: Mapping[str, str]) -> dict[str, str]:
    """Return pytest's environment: what it says of Istio and Envoy, --from and --to say here."""
    ruled = {variable_of("--istio-version"), variable_of("--envoy-version")}
    return {name: value for name, value in outer.items() if name not in ruled}


def _become(words: list[str]) -> int:
    os.chdir(REPOSITORY)
    os.execve(words[0], words, environment(os.environ))  # noqa: S606


if __name__ == "__main__":
    sys.exit(main())
