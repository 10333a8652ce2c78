"""The tables of docs/requirements.md: requirement, manifest lines, tests of both tiers, judges.

Run as `python -m tools.requirements_table` to rewrite the page, with `--check` to print how it differs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from canary_conformance.errors import BadInput
from canary_conformance.paths import REPOSITORY
from canary_conformance.scenario.manifests import ManifestFolder, load_manifests
from canary_conformance.scenario.places import Place
from canary_conformance.scenario.requirement import Requirement
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.scenario.stages import Scenario
from canary_conformance.scenario.yaml_files import Document, read_yaml
from canary_conformance.voting.requirements import REQUIREMENTS, UPGRADE_REQUIREMENTS
from tools.generated_parts import write_part
from tools.requirement_marks import MarkedTest, collect_marks
from tools.source_links import Link

PART = "requirements"
NO_TEST = "*not yet judged*"
NO_LINK = "-"
PAGE = Path("docs/requirements.md")

_SCENARIO = "scenario.yaml"
# What scenario.yaml decides and no other file does.
_IN_SCENARIO: Mapping[str, tuple[tuple[str | int, ...], ...]] = MappingProxyType(
    {"R0.1": (("stages",),), "R1.1": (("namespace", "labels"),), "R6.2": (("stages", 5, "steps"),)}
)
_HEADER = ("| requirement | manifests | tests on a cluster | tests of the manifests alone | judges |",)
_RULE = "|---|---|---|---|---|"


class ManifestLines:
    """The lines of manifests/ that a requirement depends on."""

    def __init__(self, folder: Path) -> None:
        self._scenario: Scenario = load_scenario(folder, fallback=folder / _SCENARIO)
        self._manifests: ManifestFolder = load_manifests(folder, self._scenario)
        self._document: Document = read_yaml(folder / _SCENARIO, _SCENARIO).documents[0]

    def links(self, requirement: Requirement) -> list[Link]:
        """Return a link to each line, the most likely culprit first, named by object and field."""
        scenario = self._scenario
        files = scenario.files_up_to(requirement.stage) if requirement.stage else scenario.files()
        found: dict[Place, str] = {}
        for concern in requirement.concerns:
            if place := self._manifests.place_of(concern, files):
                found.setdefault(place, concern.replace(":", " "))
        for path in _IN_SCENARIO.get(requirement.id, ()):
            field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
            found.setdefault(self._document.place_of(*path), f"{_SCENARIO} {field.lstrip('.')}")
        return [Link(text, Path("manifests") / place.file, place.line) for place, text in found.items()]


def tables(marks: Sequence[MarkedTest], lines: ManifestLines) -> str:
    """Return the tables in Markdown: one for all stages together, one for each stage, one for a move."""
    names = {mark.stage: mark.stage_name for mark in marks if mark.stage}
    parts: list[str] = []
    for stage in sorted({requirement.stage for requirement in REQUIREMENTS.values()}):
        title = f"Stage {stage}: {names.get(stage, '')}".rstrip(": ") if stage else "Every stage"
        wanted = [one for one in REQUIREMENTS.values() if one.stage == stage]
        parts += _section(title, wanted, marks, lines)
    parts += _section("A move of the mesh", UPGRADE_REQUIREMENTS.values(), marks, lines)
    return "\n".join(parts).strip()


def _section(
    title: str, requirements: Iterable[Requirement], marks: Sequence[MarkedTest], lines: ManifestLines
) -> Iterator[str]:
    yield from ("", f"## {title}", "", *_HEADER, _RULE)
    for requirement in requirements:
        judging = [mark for mark in marks if mark.requirement == requirement.id]
        cells = (
            f"**{requirement.id}** {requirement.sentence}".replace("|", r"\|"),
            _links(lines.links(requirement)),
            _links(mark.test for mark in judging if not mark.static) if judging else NO_TEST,
            _links(mark.test for mark in judging if mark.static),
            _links(judge for mark in judging for judge in mark.judges),
        )
        yield f"| {' | '.join(cells)} |"


def _links(links: Iterable[Link]) -> str:
    return "<br>".join(dict.fromkeys(link.markdown(PAGE.parent) for link in links)) or NO_LINK


def main(arguments: Sequence[str] | None = None, root: Path = REPOSITORY) -> int:
    """Rewrite the page, or with --check print how it differs; return 0, or 1 when it does."""
    parser = argparse.ArgumentParser(prog="python -m tools.requirements_table", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 with a diff")
    check = parser.parse_args(arguments).check
    try:
        text = tables(collect_marks(root / "tests"), ManifestLines(root / "manifests"))
        return write_part(root, PAGE, PART, text, "the marks", check=check)
    except (OSError, ValueError, SyntaxError, BadInput) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
