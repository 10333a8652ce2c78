"""Runs the suite on pulled images, as an ordinary user, from a container engine without images.

No registry of the internet is needed: images built here stand in for the released ones, in a registry on
loopback, under the names by which those are pulled. At the end all that was started or made is removed,
except the images.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from canary_conformance.errors import BadInput
from canary_conformance.exit_codes import together
from canary_conformance.images import offline, voting_images
from canary_conformance.images.engine import ensure_engine
from canary_conformance.images.image_options import ImagesFrom
from canary_conformance.images.recipe_queues import make_all
from canary_conformance.images.versions import MeshVersion, available
from canary_conformance.paths import store
from canary_conformance.processes import last_lines
from canary_conformance.progress import Progress
from tools.command_line import Parser, end_as_the_suite
from tools.pulled.cold_engine import check_root, cold_engine, ensure_programs
from tools.pulled.loopback_registry import PORT, LoopbackRegistry, running_registry
from tools.pulled.ordinary_user import NAME, ordinary_user
from tools.pulled.stand_ins import REGISTRY, StandIn, stand_ins, write_pins
from tools.pulled.suite_runs import Measured, Way, run_suite, suite_words, ways
from tools.reports import publish, report_folder, say

# Root's, and open to pass through: the user's home and the engine's socket lie below it.
FOLDER = Path("/var/lib/voting-conformance-pulled")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line asks for; arguments are pytest's."""

    short: bool
    keep: bool
    port: int
    arguments: tuple[str, ...]


def main(words: Sequence[str] | None = None) -> int:
    """Run the suite each way, print what each took, and write it to reports/pulled-TIME.txt.

    Returns:
        The exit code of all runs together (canary_conformance.exit_codes).
    """
    return end_as_the_suite(lambda: _work(settings(words), Progress(say=say)))


def settings(words: Sequence[str] | None = None) -> Settings:
    """Read the command line; what follows `--` is pytest's. Raises BadInput."""
    parser = Parser("python -m tools.pulled", __doc__, passes_on=True)
    parser.flag("--short", "one way to name images, stages 1 to 4")
    parser.flag("--keep", "keep the engine and the user, for a look at them")
    parser.add_argument(
        "--port", type=int, default=PORT, help=f"port of the registry on loopback (default {PORT})"
    )
    read = parser.own(words)
    return Settings(read.short, read.keep, read.port, read.arguments)


def _work(asked: Settings, progress: Progress) -> int:
    check_root()
    ensure_engine(progress)
    ensure_programs(progress)
    images = stand_ins_of_today()
    make_all((REGISTRY, *(one.image for one in images)), store(), progress)
    folder = report_folder("pulled")
    results: list[Measured] = []
    with running_registry(store(), images, asked.port, progress) as registry:
        try:
            for way in ways(registry, short=asked.short):
                _run(way, asked, images, registry, folder / f"{way.name}.log", progress, results)
        finally:
            publish(folder, "\n".join(map(str, results)) or "no run ended")
    return together(one.exit_code for one in results)


def stand_ins_of_today() -> tuple[StandIn, ...]:
    """Return the stand-ins for the versions that are built here by default."""
    offer = available(ImagesFrom.BUILD)
    mesh = MeshVersion(offer.istio.need(None), offer.envoy.need(None))
    return stand_ins(offer.kubernetes.need(None), mesh)


def programs(*, short: bool) -> list[Path]:
    """Return what the user need not compile: in the short form, which follows a run that compiled it, all."""
    made = (offline.KIND, offline.CALLER, voting_images.PROGRAMS) if short else ()
    return [one.folder(store()) for one in made if one.present(store())]


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """Yield the folder of the user and the engine, which goes when nothing was kept in it.

    Raises:
        BadInput: Another run of this command has it.
    """
    lock = FileLock(FOLDER.with_suffix(".lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout as taken:
        raise BadInput(
            "another run of this command is in progress on this machine: wait for its end"
        ) from taken
    FOLDER.mkdir(mode=0o711, parents=True, exist_ok=True)
    try:
        yield FOLDER
    finally:
        with contextlib.suppress(OSError):
            FOLDER.rmdir()
        lock.release()


def _run(
    way: Way,
    asked: Settings,
    images: Sequence[StandIn],
    registry: LoopbackRegistry,
    log: Path,
    progress: Progress,
    results: list[Measured],
) -> None:
    """Run the suite one way; what it came to is added before its engine and user are removed."""
    with (
        own_folder() as folder,
        progress.phase(f"{way.name}: an ordinary user with an engine that has no images"),
        ordinary_user(folder / "home", programs(short=asked.short), keep=asked.keep) as user,
        cold_engine(folder / "engine", NAME, registry.host, keep=asked.keep) as engine,
    ):
        pins = user.home / "pins.ini"
        write_pins(pins, images, registry.digest)
        words = suite_words(way, asked.arguments, short=asked.short)
        result = run_suite(way, words, user, engine, registry, pins, log)
        results.append(result)
    progress.note(f"its last lines:\n{last_lines(log.read_text(errors='replace'))}")
    progress.note(str(result))


if __name__ == "__main__":
    sys.exit(main())
