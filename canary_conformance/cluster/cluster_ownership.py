"""Which run a cluster name belongs to: one at a time; what a dead run left is known by its record.

A run locks the name before it makes anything (the kernel gives the lock back however the run ends), and then
writes down that it did, and whether the cluster is to be kept. A record without a
holder of the lock, and without a cluster to be kept, is a dead run's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from canary_conformance.errors import BadInput
from canary_conformance.process_owners import has_ended, inherited_token, own_token
from canary_conformance.timeouts import LIMITS

CLUSTERS = "clusters"
RECORD = "record.json"
LOCK = ".lock"
# kind takes dots too; the node's name is the host name of its container, of which 63 letters are allowed.
_LONGEST_NAME = 45
_NAME = re.compile(rf"(?=.{{1,{_LONGEST_NAME}}}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Record:
    """The claim of a run on a cluster.

    Attributes:
        owner: The run's token; see process_owners.
        since: When the claim was made, in UTC.
        keep: Whether the cluster stays at the run's end.
    """

    owner: str
    since: str
    keep: bool

    @property
    def pid(self) -> str:
        """The process id of the run."""
        return self.owner.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Claim:
    """A cluster name that this run may use.

    Attributes:
        name: The cluster's.
        folder: Where the cluster's files lie.
        mine: Whether this run holds the lock, and not the run that started it.
        before: The record of the last run that held the name; None where there is none.
    """

    name: str
    folder: Path
    mine: bool
    before: Record | None


def folder_of(name: str, store: Path) -> Path:
    """Return where a cluster's files lie: kubeconfig, kind configuration, record."""
    return store / CLUSTERS / name


@contextmanager
def claimed(name: str, store: Path) -> Iterator[Claim]:
    """Yield the claim on a cluster name. Raises BadInput when another run that is alive holds it.

    A run that was started by the one that holds the claim (a round of a soak, a worker of xdist) shares it.
    """
    check_name(name)
    folder = folder_of(name, store)
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_name(f"{name}{LOCK}"))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        holder = record_of(name, store)
        if holder is not None and holder.owner == inherited_token():
            yield Claim(name, folder, mine=False, before=holder)
            return
        _wait_for_cleaner(lock, name, holder)
    try:
        before = record_of(name, store)
        yield Claim(name, folder, mine=True, before=before)
    finally:
        lock.release()


def lent_claim(name: str, store: Path) -> Claim:
    """Return the claim of the run that started this process, which holds it as long as this one runs."""
    return Claim(name, folder_of(name, store), mine=False, before=record_of(name, store))


def write_down(claim: Claim, *, keep: bool) -> None:
    """Record that this run makes or reuses the cluster, and whether it is to stay.

    From now on a cluster of a dead run is distinguished from one that others made.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    record = Record(own_token(), now, keep)
    claim.folder.mkdir(parents=True, exist_ok=True)
    written = claim.folder / f"{RECORD}.new"
    written.write_text(json.dumps(asdict(record)) + "\n", encoding="utf-8")
    written.replace(claim.folder / RECORD)


def written_by_us(claim: Claim) -> bool:
    """Return whether this run has recorded the cluster as its own: only then it may delete it."""
    record = _read(claim.folder)
    return record is not None and record.owner == own_token()


def check_name(name: str) -> None:
    """Raise BadInput for an invalid cluster name, which also names a folder and so can't lead elsewhere."""
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} is not a valid cluster name: at most {_LONGEST_NAME} small letters, digits and '-', "
            f"with a letter or digit at both ends"
        )


def record_of(name: str, store: Path) -> Record | None:
    """Return the record of a cluster, None where there is none that can be read."""
    return _read(folder_of(name, store))


def records(store: Path) -> dict[str, Record]:
    """Return the record of each cluster, by its name, in use or not."""
    names = [file.parent.name for file in sorted((store / CLUSTERS).glob(f"*/{RECORD}"))]
    return {name: record for name in names if (record := record_of(name, store)) is not None}


def unclaimed(store: Path) -> Generator[tuple[str, Record]]:
    """Yield the clusters that no living run holds, each locked until the next one is taken."""
    for name in records(store):
        lock = FileLock(folder_of(name, store).with_name(f"{name}{LOCK}"))
        try:
            lock.acquire(blocking=False)
        except Timeout:
            continue
        try:
            # Read again: until now its holder may have written another.
            if record := record_of(name, store):
                yield name, record
        finally:
            lock.release()


def _read(folder: Path) -> Record | None:
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return Record(str(record["owner"]), str(record["since"]), bool(record["keep"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _wait_for_cleaner(lock: FileLock, name: str, holder: Record | None) -> None:
    """Lock a name whose last run is gone: another run is removing what it left. Raises BadInput."""
    try:
        if holder is not None and has_ended(holder.owner):
            lock.acquire(timeout=LIMITS.cluster_delete)
            return
    except Timeout:
        pass
    raise BadInput(_taken(name, holder))


def _taken(name: str, holder: Record | None) -> str:
    holds = f"process {holder.pid}, since {holder.since}" if holder else "it has just begun"
    return (
        f"another run uses cluster {name!r} now ({holds}): wait for its end, "
        f"or give this run a cluster of its own with --cluster-name"
    )
