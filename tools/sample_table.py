"""The table of docs/verdicts.md: which requirement has which samples, as a run recorded them.

Run as `python -m tools.sample_table REPORT` after a green run of everything to rewrite the page, REPORT being
the run's folder; with `--check` to print how the page differs.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from canary_conformance.paths import REPORTS, REPOSITORY
from canary_conformance.report.run_record import TestRecord, Tier, record_from
from canary_conformance.verdicts import Verdict
from canary_conformance.verdicts.wording import percent
from canary_conformance.voting.requirements import REQUIREMENTS
from tools.generated_parts import write_part

PART = "samples"
PAGE = Path("docs/verdicts.md")
_SAMPLE = re.compile(r"(\d+) (page|vote|connection)s? ")
_CONTINUOUS = re.compile(r" while stage \d was entered")
_SPLIT = "by LEAST_REQUEST"


def table(tests: Sequence[TestRecord]) -> str:
    """Return the table in Markdown, and how many verdicts depend on chance."""
    live = [test for test in tests if test.tier is Tier.LIVE]
    verdicts = [verdict for test in live for verdict in test.verdicts]
    chance = sum(bool(verdict.false_alarm) for verdict in verdicts)
    rows = [
        f"{chance} verdicts of a run depend on chance; the others are certain.",
        "",
        "| requirement | samples, with the smallest leak found | continuous voters | looked at once |",
        "|---|---|---|---|",
    ]
    for id_ in REQUIREMENTS:
        of_id = [verdict for test in live if id_ in test.requirements for verdict in test.verdicts]
        samples = sorted({cell for one in of_id for cell in _samples(one)}, reverse=True)
        continuous = any(map(is_continuous, of_id))
        values = any(one.smallest_leak is None and not is_continuous(one) for one in of_id)
        shown = "; ".join(text for _, text in samples) or "-"
        rows.append(f"| {id_} | {shown} | {_yes(continuous)} | {_yes(values)} |")
    return "\n".join(rows)


def is_continuous(verdict: Verdict) -> bool:
    """Return whether a verdict is of the continuous voters, whose pages are as many as a transition takes."""
    return bool(_CONTINUOUS.search(verdict.expected))


def _samples(verdict: Verdict) -> Iterator[tuple[int, str]]:
    found = _SAMPLE.match(verdict.expected)
    if found is None or verdict.smallest_leak is None or is_continuous(verdict):
        return
    n = int(found[1])
    counted = f"{n} {found[2]}{'' if n == 1 else 's'}"
    shift = "a shift of " if verdict.expected.endswith(_SPLIT) else ""
    yield n, f"{counted}: {shift}{percent(verdict.smallest_leak)}"


def _yes(held: bool) -> str:
    return "yes" if held else "-"


def main(arguments: Sequence[str] | None = None, root: Path = REPOSITORY) -> int:
    """Rewrite the page, or with --check print how it differs; return 0, or 1 when it does."""
    parser = argparse.ArgumentParser(prog="python -m tools.sample_table", description=__doc__)
    parser.add_argument("report", nargs="?", type=Path, default=REPORTS / "latest", help="a run's folder")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 with a diff")
    read = parser.parse_args(arguments)
    try:
        values = json.loads((read.report / "run.json").read_text(encoding="utf-8"))
        text = table([record_from(test) for test in values["tests"]])
        return write_part(root, PAGE, PART, text, str(read.report), check=read.check)
    except (OSError, ValueError, KeyError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
