"""The command example: the suite's own manifests, for somebody who has none yet."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from canary_conformance.exit_codes import ExitStatus
from canary_conformance.paths import MANIFESTS

HELP = """\
usage: canary-conformance example DIR

Writes the suite's own manifests, of which all 34 requirements hold, into DIR, which must not exist yet.
"""


def main(words: list[str]) -> int:
    """Copy the manifests into the folder that the words name, and return the exit code."""
    if {"-h", "--help"} & set(words):
        sys.stdout.write(HELP)
        return ExitStatus.HOLDS
    if len(words) != 1 or words[0].startswith("-"):
        sys.stderr.write("ERROR: name one new folder: canary-conformance example DIR\n")
        return ExitStatus.BAD_INPUT
    folder = Path(words[0])
    try:
        # Not their rights: an installation may be read-only, and these are to be edited.
        shutil.copytree(MANIFESTS, folder, copy_function=shutil.copyfile)
    except FileExistsError:
        sys.stderr.write(f"ERROR: {folder} exists already; name a folder that does not\n")
        return ExitStatus.BAD_INPUT
    except OSError as error:
        sys.stderr.write(f"environment failed: can't write {folder}: {error.strerror or error}\n")
        return ExitStatus.ENVIRONMENT
    sys.stdout.write(f"{folder} is written; judge it with: canary-conformance static {folder}\n")
    return ExitStatus.HOLDS
