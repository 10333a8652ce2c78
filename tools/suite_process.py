"""The suite as a whole process, timed as the person at the terminal waits for it, and ended as by Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from canary_conformance.errors import BadInput, EnvironmentFailed, NotJudged
from canary_conformance.exit_codes import ExitStatus, word_of
from canary_conformance.images.image_options import AskedVersions, ImagesFrom
from canary_conformance.paths import REPOSITORY
from canary_conformance.processes import last_lines
from canary_conformance.timeouts import LIMITS

ALL_TESTS = ("tests",)


@dataclass(frozen=True, slots=True)
class SuiteOptions:
    """The suite's own options, which a command passes on to its runs; `arguments` are more of pytest's."""

    images: ImagesFrom = ImagesFrom.AUTO
    cluster_name: str = "voting-conformance"
    keep_cluster: bool = False
    versions: AskedVersions = field(default_factory=AskedVersions)
    arguments: tuple[str, ...] = ()

    def command(self, *more: str, keep: bool | None = None, tests: Sequence[str] = ALL_TESTS) -> list[str]:
        """Return the command of a run as `tox -e e2e` makes it.

        Args:
            more: More arguments for pytest.
            keep: Whether the run keeps its cluster; None for what the options say.
            tests: What to collect.
        """
        words = [sys.executable, "-m", "pytest", *tests, "--images", str(self.images)]
        words += [*self.versions.arguments(), "--cluster-name", self.cluster_name]
        keeps = self.keep_cluster if keep is None else keep
        return [*words, *(["--keep-cluster"] if keeps else []), *self.arguments, *more]


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that ended: wall seconds, exit code (-N after signal N), all that it printed."""

    seconds: float
    exit_code: int
    output: str


def timed_process(
    words: Sequence[str | Path], environment: Mapping[str, str], log: Path, **user: Any
) -> Ended:
    """Run a program in the repository to its end, whatever that is; its output goes to a log.

    There is no limit: each wait of the program has its own. environment is added to this process's own. Where
    this process is interrupted, the program ends first and has removed what it made.

    Args:
        words: The program and its arguments.
        environment: Variables beside this process's own.
        log: Where its output goes.
        user: What subprocess.Popen gets for a program of another user.
    """
    with started_process(words, environment, log, **user) as process:
        started = time.monotonic()
        exit_code = process.wait()
    return Ended(time.monotonic() - started, exit_code, log.read_text(errors="replace"))


def report_of(log: Path) -> Path:
    """Return the folder of the report of the run with this log."""
    return log.with_suffix(".report")


# Adds to a report what the run did to this machine: for tools and CI, not for users' runs.
AUDITED = ("-p", "fixtures.machine_audit")


def timed_suite(words: Sequence[str], log: Path) -> Ended:
    """Run the suite to its end, whatever that is; its report lies beside its log (report_of)."""
    return timed_process([*words, "--report", str(report_of(log))], {}, log)


@contextlib.contextmanager
def started_process(
    words: Sequence[str | Path], environment: Mapping[str, str], log: Path, **user: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a program that runs in the repository, in a process group of its own, its output going to a log.

    One that still runs at the end is asked to end by SIGTERM, and has removed what it made.
    """
    options = {"cwd": REPOSITORY, "env": {**os.environ, **environment}, "start_new_session": True, **user}
    command = [str(word) for word in words]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, **options
        )
        try:
            yield process
        finally:
            _end(process)


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
    message = f"{about} ended so: {word_of(code)}, see {log}:\n{last_lines(ended.output)}"
    raise kinds.get(code, SuiteDefect)(message)
