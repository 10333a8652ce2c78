"""What bench, soak, matrix and mutants share: the suite as a whole process, again and again on one cluster.

A process is timed as the person at the terminal waits for it, and ended as Ctrl-C would end it. The command
lines of both end with the suite's own exit codes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from canary_conformance.cluster.cluster_ownership import check_name
from canary_conformance.cluster.machine_requirements import check_machine
from canary_conformance.errors import BadInput, EnvironmentFailed, NotJudged
from canary_conformance.exit_codes import ExitStatus, word_of
from canary_conformance.file_output import check_writable, writing
from canary_conformance.images.engine import ensure_engine
from canary_conformance.images.image_options import AskedVersions, ImagesFrom, add_version_options
from canary_conformance.images.provisions import Provisions, provide
from canary_conformance.interrupts import Interrupts
from canary_conformance.paths import REPOSITORY, store
from canary_conformance.process_owners import mark_children
from canary_conformance.processes import last_lines
from canary_conformance.progress import Progress
from canary_conformance.report.exit_decision import status_of, trace_of
from canary_conformance.timeouts import LIMITS

ALL_TESTS = ("tests",)


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that ended: wall seconds, exit code (-N after signal N), all that it printed."""

    seconds: float
    exit_code: int
    output: str


def timed_process(words: Sequence[str | Path], environment: Mapping[str, str], log: Path) -> Ended:
    """Run a program in the repository to its end, whatever that is; its output goes to a log.

    There is no limit: each wait of the program has its own. environment is added to this process's own. Where
    this process is interrupted, the program ends first and has removed what it made.
    """
    with started_process(words, environment, log) as process:
        started = time.monotonic()
        exit_code = process.wait()
    return Ended(time.monotonic() - started, exit_code, log.read_text(errors="replace"))


@contextlib.contextmanager
def started_process(
    words: Sequence[str | Path], environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a program that runs in the repository, in a process group of its own, its output going to a log.

    One that still runs at the end is told to end, and has removed what it made.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=REPOSITORY,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        try:
            yield process
        finally:
            _end(process)


def suite_command(
    images: ImagesFrom,
    versions: AskedVersions,
    cluster_name: str,
    *,
    keep: bool,
    arguments: Sequence[str] = (),
    tests: Sequence[str] = ALL_TESTS,
) -> list[str]:
    """Return the command that walks the scenario as `tox -e e2e` does, with more arguments for pytest.

    tests: what to collect, all by default.
    """
    words = [sys.executable, "-m", "pytest", *tests, "--images", str(images), *versions.arguments()]
    return [*words, "--cluster-name", cluster_name, *(["--keep-cluster"] if keep else []), *arguments]


def ready_to_walk(images: ImagesFrom, versions: AskedVersions, progress: Progress) -> Provisions:
    """Return what clusters are made from; the engine runs, and the machine is big enough.

    Raises BadInput and EnvironmentFailed.
    """
    ready_machine(progress)
    return provide(images, versions, store(), progress)


def ready_machine(progress: Progress) -> None:
    """See to it that the report can be written, the engine runs, and the machine is big enough.

    Raises BadInput and EnvironmentFailed.
    """
    check_writable(REPOSITORY / "reports")
    with writing(store()):
        store().mkdir(parents=True, exist_ok=True)
    ensure_engine(progress)
    check_machine(store().parent, progress)


class CommandLine(argparse.ArgumentParser):
    """A command line that can't be read is bad input, with the suite's exit code for it."""

    def __init__(self, prog: str, description: str) -> None:
        """Know the options that all have."""
        super().__init__(prog=prog, description=description)
        sources = [str(one) for one in ImagesFrom]
        self.add_argument(
            "--images",
            choices=sources,
            default=str(ImagesFrom.AUTO),
            help="where images come from (see pytest --help)",
        )
        self.add_argument(
            "--cluster-name",
            type=_cluster_name,
            default="voting-conformance",
            metavar="NAME",
            help="name of the kind cluster",
        )
        self.add_argument(
            "--keep-cluster", action="store_true", help="keep the cluster at the end; the next run reuses it"
        )

    def add_versions(self) -> None:
        """Know the versions of the one cluster, with their twins in the environment, which walks obey too."""
        add_version_options(self.add_argument)

    def add_rounds(self, default: int, told: str) -> None:
        """Know --rounds, told in a sentence, and the versions of the one cluster that they are made on."""
        self.add_argument("--rounds", type=count_of, default=default, metavar="N", help=told)
        self.add_versions()

    def read(self, words: Sequence[str] | None) -> tuple[argparse.Namespace, tuple[str, ...]]:
        """Return the options, and what follows `--`, which is pytest's. Raises BadInput."""
        given = list(sys.argv[1:] if words is None else words)
        end = given.index("--") if "--" in given else len(given)
        return self.parse_args(given[:end]), tuple(given[end + 1 :])

    def error(self, message: str) -> NoReturn:
        """Raise BadInput."""
        raise BadInput(f"{message}\n{self.format_usage().rstrip()}")


class SuiteDefect(Exception):
    """A run ended with a defect of the suite (exit code 6), which its own lines show."""


def check_ended(ended: Ended, about: str, log: Path, *verdicts: ExitStatus) -> None:
    """Raise what a run's exit code stands for, unless that is one of these verdicts.

    Args:
        ended: The run.
        about: What it was, for the message.
        log: Its log.
        verdicts: The codes that the caller reads itself.
    """
    code = ended.exit_code
    if code in verdicts:
        return
    if code == ExitStatus.INTERRUPTED:
        raise KeyboardInterrupt(f"{about} was interrupted, see {log}")
    kinds = {
        int(ExitStatus.BAD_INPUT): BadInput,
        int(ExitStatus.ENVIRONMENT): EnvironmentFailed,
        int(ExitStatus.NOT_JUDGED): NotJudged,
    }
    told = f"{about} ended so: {word_of(code)}, see {log}:\n{last_lines(ended.output)}"
    raise kinds.get(code, SuiteDefect)(told)


def end_as_the_suite(work: Callable[[], int]) -> int:
    """Do the work and return its exit code, or that of what ended it (exit_codes), SIGTERM too.

    A second signal, which CI systems and tox send soon after the first, leaves a walk time to remove what it
    made.
    """
    # Walks share the claim on their cluster with the command that starts them.
    mark_children()
    try:
        with Interrupts(say).installed():
            return int(work())
    except KeyboardInterrupt as interrupt:
        return _ended(ExitStatus.INTERRUPTED, str(interrupt))
    except SuiteDefect as defect:
        return _ended(ExitStatus.DEFECT, str(defect))
    except Exception as error:
        status, told = status_of(error), str(error)
        if status is ExitStatus.DEFECT:
            sys.stderr.write(trace_of(error))
            told = "not of your manifests; please report it with the traceback above"
        return _ended(status, told)


def _ended(status: ExitStatus, told: str) -> int:
    sys.stderr.write(f"{word_of(status)}: {told}\n" if told else f"{word_of(status)}\n")
    return int(status)


def say(line: str) -> None:
    """Print a line now."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program that is not to go on as Ctrl-C would: it removes what it made, then it is gone."""
    if process.poll() is not None:
        return
    try:
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(LIMITS.namespace_gone + LIMITS.cluster_delete)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def count_of(text: str) -> int:
    """Return the number that an option names. Raises ArgumentTypeError for less than 1."""
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} must be a number, at least 1")
    return int(text)


def _cluster_name(text: str) -> str:
    """Return the name that an option gives. Raises BadInput for one that no cluster can have."""
    check_name(text)
    return text
