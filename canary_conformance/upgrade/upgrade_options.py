"""What an upgrade is asked to be: from where, to where, how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from canary_conformance.errors import BadInput
from canary_conformance.images.versions import MeshVersion
from canary_conformance.mesh.installation import DEFAULT_REVISION
from canary_conformance.mesh.revisions import revision_name
from canary_conformance.model.schemas.rules_names import is_label
from canary_conformance.voting.contract import CLEAN_UP, DEPLOY

# How many minor versions of Istio one move may take at once, up or down (Istio: "Upgrade").
MINORS_IN_PLACE, MINORS_BY_REVISION = 1, 2


class Way(StrEnum):
    """How the mesh is moved: by a second control plane beside the first, or by changing the one."""

    REVISION = "revision"
    IN_PLACE = "in-place"


class BadMove(StrEnum):
    """A mistake made on purpose on the way there: the command's own proof."""

    NONE = "none"
    GONE = "gone"  # all replicas of the app are deleted at once
    STUCK = "stuck"  # the target's proxy is an image that doesn't exist


@dataclass(frozen=True, slots=True)
class Asked:
    """An upgrade and its rollback at a stage; tag: the revision tag that the namespace asks for, or ""."""

    source: MeshVersion
    target: MeshVersion
    way: Way = Way.REVISION
    stage: int = 4
    tag: str = ""
    bad_move: BadMove = BadMove.NONE

    @classmethod
    def read(cls, option: Callable[[str], str]) -> Self:
        """Read the options of add_options() by their names. Raises BadInput for what is no upgrade."""
        asked = cls(
            source=MeshVersion.parse(option("source")),
            target=MeshVersion.parse(option("target")),
            way=Way(option("way")),
            stage=int(option("stage")),
            tag=option("tag"),
            bad_move=BadMove(option("bad_move")),
        )
        asked.check()
        return asked

    def check(self) -> None:
        """Raise BadInput for what is no upgrade."""
        if self.source == self.target:
            raise BadInput(f"the mesh is {self.source} already: --from and --to have to differ")
        if self.tag and self.way is not Way.REVISION:
            raise BadInput("a tag leads to a revision: leave --tag out, or move by --way revision")
        if self.tag and not (is_label(self.tag) and self.tag == self.tag.lower()):
            raise BadInput(
                f"--tag {self.tag} is no label of DNS: up to 63 small letters, digits and hyphens, with no "
                "hyphen at either end"
            )
        if self.tag in {DEFAULT_REVISION, self.revision}:
            raise BadInput(f"--tag {self.tag} is the name of a revision in this move: choose another")

    @property
    def revision(self) -> str:
        """The revision that the target is installed as."""
        return revision_name(str(self.target)) if self.way is Way.REVISION else DEFAULT_REVISION

    def warnings(self) -> list[str]:
        """Return what Istio doesn't support of the move and is tried all the same."""
        most = MINORS_IN_PLACE if self.way is Way.IN_PLACE else MINORS_BY_REVISION
        ends = (self.source.istio, self.target.istio)
        older, newer = sorted(_minor(version) for version in ends)
        if newer - older <= most:
            return []
        return [
            f"Istio supports a move of {most} minor version{'s' if most > 1 else ''} at once by this way "
            f"({self.way}), and from {self.source.istio} to {self.target.istio} and back there are "
            f"{newer - older}"
        ]


def add_options(add: Callable[..., object]) -> None:
    """Define the options of an upgrade; add: add_argument() of a command line, or pytest's addoption()."""
    version = "ISTIO+envoyENVOY, such as 1.31.0+envoy1.38.3; ISTIO alone where Istio's own Envoy runs"
    stages = [str(stage) for stage in range(DEPLOY, CLEAN_UP)]
    add("--from", dest="source", required=True, metavar="A", help=version)
    add("--to", dest="target", required=True, metavar="B", help=version)
    ways = "a second control plane beside the first (revision, default), or one that replaces it (in-place)"
    add("--way", choices=[str(way) for way in Way], default=str(Way.REVISION), help=ways)
    add("--stage", choices=stages, default="4", help="the stage at which the mesh is moved (default 4)")
    add("--tag", default="", metavar="NAME", help="use this revision tag as the namespace's injection label")
    add(
        "--bad-move",
        nargs="?",
        choices=[str(bad) for bad in BadMove],
        const=str(BadMove.GONE),
        default=str(BadMove.NONE),
        help="make a mistake on purpose, to prove that it is found: delete all replicas of the app at "
        "once (gone, U1 fails), or use a proxy image that does not exist (stuck, U3 fails)",
    )


def _minor(version: str) -> int:
    major, minor, *_ = version.split(".")
    return 100 * int(major) + int(minor)
