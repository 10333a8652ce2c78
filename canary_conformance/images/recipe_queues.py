"""Makes what recipes ask for: each thing once, needs first, with a line for each that says n of m.

Two queues work side by side: compilers keep both cores busy anyway, but debootstrap and apt mostly wait for
the network.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path

from filelock import FileLock, Timeout

from canary_conformance.errors import EnvironmentFailed
from canary_conformance.images.partial_folders import LOCK
from canary_conformance.images.pull_outcomes import Outcome, last_word, outcome_of
from canary_conformance.images.recipes import ASSEMBLE, COMPILE, Recipe
from canary_conformance.processes import CommandFailed, end_running
from canary_conformance.progress import Progress
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import NotInTime, wait_until

# Seconds between two looks at what is being made.
LOOK_EVERY = 1


def make_all(wanted: Iterable[Recipe], store: Path, progress: Progress) -> None:
    """Make every wanted recipe and what it needs. Raises CommandFailed.

    The first failure, or Ctrl-C, ends what else is being made, and nothing half-made is left. One lock per
    store: a second run waits for the first and then finds everything made.
    """
    store.mkdir(parents=True, exist_ok=True)
    with _alone(store, progress):
        missing = _missing(wanted, store)
        if missing:
            with progress.phase(f"making {len(missing)} programs and images, once"):
                _make(missing, store, progress)


@contextlib.contextmanager
def _alone(store: Path, progress: Progress) -> Iterator[None]:
    """Hold the store's lock; say so where another run has it. Raises EnvironmentFailed after the limit."""
    lock = FileLock(store / LOCK)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        with progress.phase("another run is making images: waiting for it"):
            try:
                lock.acquire(timeout=LIMITS.others_images)
            except Timeout as late:
                reason = f"another run has been making images for {LIMITS.others_images:.0f} s"
                raise EnvironmentFailed(f"{reason}; its lock is {store / LOCK}") from late
    try:
        yield
    finally:
        lock.release()


def _missing(wanted: Iterable[Recipe], store: Path) -> list[Recipe]:
    """Return what must be made, needs first; the needs of what is present are not looked at."""
    ordered: list[Recipe] = []
    seen: set[str] = set()

    def visit(recipe: Recipe) -> None:
        if _identity(recipe) in seen:
            return
        seen.add(_identity(recipe))
        if recipe.present(store):
            return
        for need in recipe.needs:
            visit(need)
        ordered.append(recipe)

    for recipe in wanted:
        visit(recipe)
    return ordered


def _identity(recipe: Recipe) -> str:
    """A program and the image that holds it share a name, never name and key."""
    return f"{recipe.name}:{recipe.key}"


def _make(missing: list[Recipe], store: Path, progress: Progress) -> None:
    making = _Making(store, progress, len(missing))
    queues = {lane: ThreadPoolExecutor(max_workers=1) for lane in (COMPILE, ASSEMBLE)}
    try:
        for recipe in missing:
            making.made[_identity(recipe)] = queues[recipe.lane].submit(making.work, recipe)
        making.watch()
    except BaseException:
        for queue in queues.values():
            queue.shutdown(wait=False, cancel_futures=True)
        _end(making.made.values())
        raise
    finally:
        for queue in queues.values():
            queue.shutdown()


class _Making:
    """What is being made now, and how far all of it is."""

    def __init__(self, store: Path, progress: Progress, total: int) -> None:
        self.made: dict[str, Future[None]] = {}
        self._store = store
        self._progress = progress
        self._total = total
        self._ended = itertools.count(1)
        self._at_work: dict[str, float] = {}

    def work(self, recipe: Recipe) -> None:
        """Make one recipe, when what it needs is made."""
        for need in recipe.needs:
            if _identity(need) in self.made:
                self.made[_identity(need)].result()
        started = self._at_work[recipe.name] = self._progress.elapsed()
        self._progress.note(f"{recipe.name} ...")
        try:
            recipe.make(self._store)
        except CommandFailed as failed:
            if outcome_of(str(failed)) is not Outcome.NO_SPACE:
                raise
            raise EnvironmentFailed(
                f"{recipe.name} could not be made: the disk is full, here or in the container engine; free "
                f"space (`df -h`, `docker system df`) and run again (reported: {last_word(str(failed))})"
            ) from failed
        del self._at_work[recipe.name]
        took = self._progress.elapsed() - started
        self._progress.note(f"{recipe.name} took {took:.0f} s ({next(self._ended)} of {self._total} made)")

    def watch(self) -> None:
        """Wait until all is made, telling how far it is; raise what the first failure raised."""
        futures = self.made.values()
        while wait(futures, LOOK_EVERY, return_when=FIRST_EXCEPTION).not_done:
            if any(future.done() and future.exception() for future in futures):
                break
            self._tell(sum(future.done() for future in futures))
        for future in futures:
            if future.done():
                future.result()

    def _tell(self, done: int) -> None:
        now = self._progress.elapsed()
        at_work = ", ".join(f"{name} for {now - since:.0f} s" for name, since in self._at_work.copy().items())
        self._progress.detail(f"{done} of {self._total} made; at work: {at_work or 'nothing'}")


def _end(running: Collection[Future[None]]) -> None:
    """End what is being made; again and again, as a thread may just be starting its next program."""

    def look() -> bool:
        end_running()
        return all(future.done() for future in running)

    with contextlib.suppress(NotInTime):
        wait_until(look, until=bool, limit=LIMITS.command, what="what was being made is ended")
