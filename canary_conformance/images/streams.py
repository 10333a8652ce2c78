"""Programs whose input or output is too large to be held: read and written piece by piece."""

from __future__ import annotations

import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from canary_conformance.processes import CommandFailed, last_lines

PIECE = 4 * 1024 * 1024


def pieces_of(stream: IO[bytes], size: int = PIECE) -> Iterator[bytes]:
    """Yield what a stream holds in pieces of so many bytes, the last of which may be smaller."""
    while piece := stream.read(size):
        yield piece


@contextmanager
def output_of(command: Sequence[str | Path], *, limit: float) -> Iterator[IO[bytes]]:
    """Yield the standard output of a program, which is ended where its reader stops early.

    Raises:
        CommandFailed: It could not be started, failed, or did not end in time.
    """
    with _started(command, limit, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.stdout


def feed(command: Sequence[str | Path], pieces: Iterable[bytes], *, limit: float) -> None:
    """Write pieces to the standard input of a program and wait for its end; see output_of()."""
    with _started(command, limit, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        # What ends before it has read all says itself why.
        with suppress(BrokenPipeError):
            for piece in pieces:
                process.stdin.write(piece)
        with suppress(BrokenPipeError):
            process.stdin.close()


@contextmanager
def _started(
    command: Sequence[str | Path], limit: float, *, stdin: int | None = None, stdout: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    words = [str(word) for word in command]
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                words,
                stdin=stdin or subprocess.DEVNULL,
                stdout=stdout or subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as error:
            raise CommandFailed(f"{words[0]} can't be started: {error}") from error
        too_late = threading.Timer(limit, process.kill)
        too_late.start()
        try:
            with process:
                try:
                    yield process
                except BaseException:
                    process.kill()
                    raise
        finally:
            in_time = too_late.is_alive()
            too_late.cancel()
        if process.returncode != 0:
            how = f"ended with exit code {process.returncode}"
            errors.seek(0)
            said = last_lines(errors.read().decode(errors="replace"))
            how = how if in_time else f"did not end within {limit:g} s"
            raise CommandFailed(f"{' '.join(words)} {how}" + (f":\n{said}" if said else ""))
