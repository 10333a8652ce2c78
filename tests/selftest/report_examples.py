"""Reports of real runs (shortened, by their report.json), and hostile changes of them."""

import copy
import json
from pathlib import Path
from typing import Any

from canary_conformance.report.html.page import page_of
from canary_conformance.voting.contract import CANARY
from canary_conformance.voting.requirements import UPGRADE_REQUIREMENTS

FOLDER = Path(__file__).parent / "data" / "reports"
NAMES = ("green", "red", "incomplete", "environment")
# What names, cookies and pages of a hostile application may hold.
HOSTILE = (
    "</script></style><script>alert(1)</script><img src=x onerror=alert(2)>\" onload='x' & "
    "\u202egnp.exe\u2066"
)


def report(name: str) -> dict[str, Any]:
    """Return the data of one of NAMES."""
    data: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return data


def hostile(value: Any, key: str = "") -> Any:
    """Return data in which every text that comes from manifests, pods or pages is hostile."""
    ours = {"outcome", "standing", "tier", "tiers", "began", "requests", "verdict", "status", "end"}
    if isinstance(value, dict):
        return {name: hostile(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [hostile(one, key) for one in value]
    return f"{value}{HOSTILE}" if isinstance(value, str) and key not in ours else value


def with_upgrade(values: dict[str, Any]) -> dict[str, Any]:
    """Return the green report, up to stage 4, with U1 to U5 and these values of upgrade.json."""
    data = copy.deepcopy(report("green"))
    data["requirements"] = [one for one in data["requirements"] if one["stage"] <= CANARY]
    like = data["requirements"][0]
    data["requirements"] += [
        {**like, "id": one.id, "sentence": one.sentence} for one in UPGRADE_REQUIREMENTS.values()
    ]
    return {**data, "upgrade": values}


def page(name: str) -> str:
    """Return the page of one of NAMES."""
    return page_of(report(name), FOLDER)
