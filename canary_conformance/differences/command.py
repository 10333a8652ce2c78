"""The command `canary-conformance diff BASE [HEAD]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from canary_conformance.errors import BadInput
from canary_conformance.exit_codes import ExitStatus

PROGRAM = "canary-conformance diff"


def main(arguments: Sequence[str]) -> int:
    """Compare two sets of manifests, print what changes, and return the exit code."""
    try:
        return _compared(_parser().parse_args(arguments))
    except BadInput as bad:
        print(f"{PROGRAM}: {bad}", file=sys.stderr)
        return ExitStatus.BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    parser.add_argument("base", metavar="BASE")
    parser.add_argument("head", metavar="HEAD", nargs="?")
    return parser


def _compared(options: argparse.Namespace) -> int:
    raise BadInput(f"comparing {options.base} is not implemented yet")
