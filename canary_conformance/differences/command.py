"""The command `canary-conformance diff BASE [HEAD]`, and a difference as JSON or beside a judged run."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NoReturn

from canary_conformance.differences.comparison import compared
from canary_conformance.differences.markdown_text import markdown_text
from canary_conformance.differences.sides import Given, read_sides
from canary_conformance.differences.terminal_text import terminal_text
from canary_conformance.differences.values import Difference
from canary_conformance.differences.wording import conclusion
from canary_conformance.errors import BadInput
from canary_conformance.exit_codes import ExitStatus
from canary_conformance.paths import shown
from canary_conformance.report.formats.markdown import code

PROGRAM = "canary-conformance diff"
_ABOUT = (
    "Say by the model what changes between two sets of manifests: which requirements break or heal, which "
    "requests get another answer, who reaches whom. Nothing is checked out, and no cluster is needed."
)
_CODES = (
    "exit codes: 0 no requirement breaks; 1 a requirement breaks; 4 the input can't be compared; "
    "5 nothing breaks, but something that differs could not be judged"
)


class _Parser(argparse.ArgumentParser):
    """A parser for which a mistake is bad input."""

    def error(self, message: str) -> NoReturn:
        """Raise BadInput."""
        raise BadInput(f"{message}\n{self.format_usage().rstrip()}")


def main(arguments: Sequence[str]) -> int:
    """Compare two sets of manifests, print what changes, and return the exit code."""
    try:
        options = _parser().parse_args(arguments)
        found = difference(Given(options.base, options.head or "", options.path, mesh=options.mesh_profile))
    except BadInput as bad:
        sys.stderr.write(f"{PROGRAM}: {bad}\n")
        return ExitStatus.BAD_INPUT
    view = json_text if options.json else markdown_text if options.markdown else terminal_text
    sys.stdout.write(view(found))
    return exit_status(found)


def difference(given: Given) -> Difference:
    """Return what changes between two sides. Raises BadInput."""
    base, head = read_sides(given)
    return compared(base.manifests, head.manifests, (base.name, head.name))


def exit_status(found: Difference) -> ExitStatus:
    """Return the exit code of a difference: a requirement that breaks is graver than what is not judged."""
    if found.breaks:
        return ExitStatus.FAILED
    return ExitStatus.NOT_JUDGED if found.incomplete else ExitStatus.HOLDS


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=PROGRAM, description=_ABOUT, epilog=_CODES)
    parser.add_argument(
        "base", metavar="BASE", help="a folder of manifests, a commit, branch or tag, or BASE..HEAD"
    )
    parser.add_argument("head", metavar="HEAD", nargs="?", help="the same; by default the working tree")
    parser.add_argument(
        "--path",
        default="manifests",
        metavar="DIR",
        help="the folder of manifests in a commit and in the working tree (default: manifests)",
    )
    parser.add_argument("--mesh-profile", metavar="NAME", help="the mesh that both sides are for")
    views = parser.add_mutually_exclusive_group()
    views.add_argument("--json", action="store_true", help="print all changes as JSON")
    views.add_argument("--markdown", action="store_true", help="print a comment for a pull request")
    return parser


SCHEMA_VERSION = 1


def as_data(one: Difference) -> dict[str, Any]:
    """Return a difference as data that JSON can carry."""
    rest = asdict(one)
    return {
        "schema_version": SCHEMA_VERSION,
        "breaks": [change.id for change in one.breaks],
        "incomplete": one.incomplete,
        "conclusion": conclusion(one),
        **rest,
    }


def json_text(one: Difference) -> str:
    """Return a difference as a text of JSON."""
    return json.dumps(as_data(one), indent=2, sort_keys=False) + "\n"


def judged_change(base: str, folder: Path, start: Path, mesh: str | None = None) -> str:
    """Return what changes, as Markdown; where the two can't be compared, why not.

    Args:
        base: A folder, or a commit of the repository that holds the judged manifests.
        folder: The judged manifests.
        start: Where the path of a folder begins.
        mesh: The name of the mesh profile that was asked for.
    """
    judged = folder.absolute()
    try:
        found = difference(Given(base, f"{judged}/", ".", judged, start, mesh))
    except BadInput as bad:
        return f"Not compared with {code(base)}: {code(str(bad))}"
    return markdown_text(replace(found, after=f"the judged manifests ({shown(folder)})"))
