"""The page of a matrix: each requirement on each combination of versions, made of matrix-TIME.json."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from canary_conformance.exit_codes import ExitStatus
from canary_conformance.report.findings import ALL_REQUIREMENTS
from canary_conformance.report.html.page import template
from canary_conformance.report.secret_masks import mask_secrets

_NOT_JUDGED = {"standing": "-", "evidence": ""}


def matrix_page(matrix: Mapping[str, Any]) -> str:
    """Return the page; it links to the runs' own pages, in the folders beside it."""
    combinations: Sequence[Mapping[str, Any]] = mask_secrets(matrix["combinations"])
    ids = sorted({id_ for one in combinations for id_ in one["requirements"]}, key=_by_number)
    columns = [_column(one) for one in combinations]
    codes = {one["exit_code"] for one in combinations}
    return template("matrix.html").render(
        columns=columns,
        holding=sum(one["exit_code"] == ExitStatus.HOLDS for one in combinations),
        tone="good" if codes == {ExitStatus.HOLDS} else "bad" if ExitStatus.FAILED in codes else "open",
        rows=[
            {
                "id": id_,
                "sentence": ALL_REQUIREMENTS[id_].sentence if id_ in ALL_REQUIREMENTS else "",
                "cells": [one["requirements"].get(id_, _NOT_JUDGED) for one in combinations],
            }
            for id_ in ids
        ],
    )


def _column(one: Mapping[str, Any]) -> dict[str, Any]:
    tones = {ExitStatus.HOLDS: "holds", ExitStatus.FAILED: "FAILED"}
    page = f"{PurePath(one['report']).name}/report.html" if one["report"] else ""
    return {**one, "page": page, "tone": tones.get(one["exit_code"], "other")}


def _by_number(id_: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", id_)]
