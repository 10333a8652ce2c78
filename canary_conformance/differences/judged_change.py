"""What changes from BASE to the manifests that a run judges, for its summary and its comment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from canary_conformance.differences.command import difference
from canary_conformance.differences.markdown_text import markdown_text
from canary_conformance.differences.sides import Given
from canary_conformance.errors import BadInput
from canary_conformance.paths import shown
from canary_conformance.report.formats.markdown import code


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
