"""The one way to run a program: output captured, a limit kept, a failure reported with its last lines.

The child gets a process group of its own, so that a limit or a Ctrl-C ends all that it started, and nothing
else.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from canary_conformance.errors import EnvironmentFailed

LINES_SHOWN = 15
_running: set[subprocess.Popen[bytes]] = set()


class CommandFailed(EnvironmentFailed):
    """A program ended with an error or did not end within its limit; the message holds its last lines."""


class TooLate(CommandFailed):
    """A program did not end within its limit."""


class Silent(TooLate):
    """A program wrote nothing within the limit for its first word."""


def usable_cores() -> int:
    """Return how many cores this process may use; all of them where the system reports none (macOS)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def find_program(name: str) -> Path | None:
    """Return the absolute path of a program on PATH, or None."""
    found = shutil.which(name)
    return Path(found) if found else None


def run(
    command: Sequence[str | Path],
    *,
    limit: float,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    feed: bytes | IO[bytes] | None = None,
    accepted: Sequence[int] = (0,),
    first_word: float | None = None,
) -> str:
    """Run a command and return its standard output as text.

    limit: seconds until the command's process group is killed. environment: added to this process's own.
    feed: bytes, or an open file, for its standard input. accepted: exit codes that are no failure.
    first_word: seconds until its process group is killed if it wrote nothing by then, None for no such limit.
    Raises CommandFailed; TooLate and Silent among them are for the limits.
    """
    ended = complete(
        command,
        limit=limit,
        environment=environment,
        folder=folder,
        feed=feed,
        accepted=accepted,
        first_word=first_word,
    )
    return ended.output


@dataclass(frozen=True, slots=True)
class Completed:
    """How a command ended that did not fail: its exit code, its standard output, and that as bytes."""

    code: int
    output: str
    raw: bytes = field(default=b"", repr=False)


def complete(
    command: Sequence[str | Path],
    *,
    limit: float,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    feed: bytes | IO[bytes] | None = None,
    accepted: Sequence[int] = (0,),
    first_word: float | None = None,
) -> Completed:
    """Run a command as run() does, for several exit codes that are no failure."""
    words = [str(word) for word in command]
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE if isinstance(feed, bytes) else (feed or subprocess.DEVNULL),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    except OSError as error:
        raise CommandFailed(f"{words[0]} can't be started: {error}") from error
    _running.add(process)
    try:
        output, errors = _communicate(process, feed if isinstance(feed, bytes) else None, limit, first_word)
    except subprocess.TimeoutExpired as late:
        _end(process)
        kind, how = (Silent, "wrote nothing") if late.timeout == first_word else (TooLate, "did not end")
        how += f" within {late.timeout:g} s"
        raise kind(str(_failure(words, how, late.stderr, late.stdout))) from late
    except BaseException:
        _end(process)
        raise
    finally:
        _running.discard(process)
    if process.returncode not in accepted:
        raise _failure(words, f"ended with exit code {process.returncode}", errors, output)
    return Completed(process.returncode, output.decode(errors="replace"), output)


def _communicate(
    process: subprocess.Popen[bytes], feed: bytes | None, limit: float, first_word: float | None
) -> tuple[bytes, bytes]:
    """Return what a process wrote, when it has ended. Raises TimeoutExpired with what it wrote until then."""
    if first_word is None or first_word >= limit:
        return process.communicate(feed, timeout=limit)
    try:
        return process.communicate(feed, timeout=first_word)
    except subprocess.TimeoutExpired as early:
        if not (early.stdout or early.stderr):
            raise
    try:
        return process.communicate(timeout=limit - first_word)
    except subprocess.TimeoutExpired as late:
        raise subprocess.TimeoutExpired(late.cmd, limit, late.output, late.stderr) from None


def end_running() -> None:
    """End every program that any thread runs, with all that it started; their run() raises CommandFailed.

    For who stops early: Ctrl-C and a failure reach one thread, the programs of the others would run on.
    """
    for process in tuple(_running):
        _kill(process)


def last_lines(text: str, count: int = LINES_SHOWN) -> str:
    """Return the last non-empty lines of a text, indented by two spaces."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(f"  {line}" for line in lines[-count:])


def _failure(words: Sequence[str], how: str, errors: bytes | None, output: bytes | None) -> CommandFailed:
    """Return how a command ended, with the last lines of its errors, or of its output where it wrote none."""
    output_end = last_lines((errors or b"").decode(errors="replace"))
    output_end = output_end or last_lines((output or b"").decode(errors="replace"))
    return CommandFailed(f"{_short(words)} {how}" + (f":\n{output_end}" if output_end else ""))


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _end(process: subprocess.Popen[bytes]) -> None:
    _kill(process)
    # Closed, not read to their end: a program that left the group may hold them open for as long as it likes.
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    process.wait()


def _short(words: Sequence[str]) -> str:
    text = " ".join(words)
    return text if len(text) <= 160 else text[:157] + "..."
