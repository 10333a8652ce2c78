"""A run's report on disk: report.json, conformance.yaml and, made of the same data, report.html."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from canary_conformance.report.conformance_yaml import conformance_of

JSON, YAML, HTML = "report.json", "conformance.yaml", "report.html"


def write_data(folder: Path, report: Mapping[str, Any]) -> None:
    """Write report.json and conformance.yaml. Raises OSError."""
    text = json.dumps(report, indent=1, ensure_ascii=True)
    (folder / JSON).write_text(text + "\n", encoding="utf-8")
    conformance = yaml.safe_dump(conformance_of(report), sort_keys=False, allow_unicode=False, width=100)
    (folder / YAML).write_text(conformance, encoding="utf-8")


def write_page(folder: Path, report: Mapping[str, Any]) -> Path:
    """Write report.html and return its path.

    Raises:
        OSError: It can't be written.
        ImportError: Jinja2 is not installed.
    """
    # A run that renders nothing needs no templates.
    from canary_conformance.report.html.page import page_of  # noqa: PLC0415

    path = folder / HTML
    path.write_text(page_of(report, folder), encoding="utf-8", errors="backslashreplace", newline="\n")
    return path


def read_data(folder: Path) -> dict[str, Any]:
    """Return the data of a run that was written before. Raises OSError and ValueError."""
    data: dict[str, Any] = json.loads((folder / JSON).read_text(encoding="utf-8"))
    return data
