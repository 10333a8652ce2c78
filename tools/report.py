"""`python -m tools.report RUN [RUN2]`: a run's page made anew from its report.json, and two runs compared.

RUN is a run's folder, its name under reports/, or `latest`. With one run its report.html and conformance.yaml
are written anew. With two, what broke, what got better and what got slower from the first to the second is
printed, and written to comparison.html and comparison.json in the folder of the second.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from canary_conformance.errors import BadInput
from canary_conformance.exit_codes import ExitStatus
from canary_conformance.file_output import writing
from canary_conformance.paths import REPORTS, shown
from canary_conformance.report.report_data import VERSION
from canary_conformance.report.report_writing import JSON, read_data, write_data, write_page
from canary_conformance.report.run_comparison import comparison_of, comparison_text
from tools.command_line import Parser, end_as_the_suite
from tools.reports import say


def main(arguments: Sequence[str]) -> int:
    """Render one run, or compare two; return the exit code (3: it can't be written, 4: bad input)."""
    return end_as_the_suite(lambda: _render(arguments))


def _render(arguments: Sequence[str]) -> int:
    parser = Parser("python -m tools.report", __doc__)
    parser.add_argument("run", metavar="RUN", help="a run's folder, its name under reports/, or latest")
    parser.add_argument("other", metavar="RUN2", nargs="?", help="a later run to compare it with")
    asked = parser.parse_args(arguments)
    folders = [folder_of(name) for name in (asked.run, asked.other) if name]
    runs = [report_in(folder) for folder in folders]
    with writing(folders[-1]):
        _write(folders, runs)
    return ExitStatus.HOLDS


def _write(folders: Sequence[Path], runs: Sequence[dict[str, Any]]) -> None:
    if len(runs) == 1:
        write_data(folders[0], runs[0])
        say(f"page: {shown(write_page(folders[0], runs[0]))}")
        return
    # A run that renders nothing needs no templates.
    from canary_conformance.report.html.page import comparison_page  # noqa: PLC0415

    comparison = comparison_of(*runs)
    (folders[1] / "comparison.json").write_text(f"{json.dumps(comparison, indent=1)}\n", encoding="utf-8")
    page = folders[1] / "comparison.html"
    page.write_text(comparison_page(comparison), encoding="utf-8", errors="backslashreplace")
    say(comparison_text(comparison))
    say(f"page: {shown(page)}")


def folder_of(name: str) -> Path:
    """Return the folder of a run. Raises BadInput where there is none."""
    for folder in (Path(name), REPORTS / name):
        if (folder / JSON).is_file():
            return folder
    raise BadInput(f"{name} is no run with a {JSON}; give a run's folder or its name under {shown(REPORTS)}")


def report_in(folder: Path) -> dict[str, Any]:
    """Return the data of a run. Raises BadInput for a file of another form or of a later version."""
    try:
        data = read_data(folder)
        version = data["version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{folder / JSON} can't be read: {error}") from error
    if version != VERSION:
        raise BadInput(f"{folder / JSON} has version {version}; this suite reads version {VERSION}")
    return data


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
