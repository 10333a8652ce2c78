"""A file of references for the stand-ins, with their digests, in place of images/pulled/references.ini.

The digests of released images cannot match images built here, so a run is given this file by VOTING_PINS.
"""

from __future__ import annotations

import configparser
from collections.abc import Callable, Sequence
from pathlib import Path

from tools.pulled.stand_ins import StandIn

HUB = "docker.io"


def write_pins(file: Path, images: Sequence[StandIn], digest: Callable[[str], str]) -> None:
    """Write a section for each image that has one.

    Args:
        file: What to write.
        images: The images; each is named as if Docker Hub served it.
        digest: Returns the digest that the registry has for a name.
    """
    pins = configparser.ConfigParser(interpolation=None)
    for one in images:
        pins[one.section] = {"reference": f"{HUB}/{one.name}@{digest(one.name)}"}
    with file.open("w", encoding="utf-8") as output:
        output.write("# Images built here that stand in for released ones, and their digests.\n")
        pins.write(output)
