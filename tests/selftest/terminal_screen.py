"""A terminal as programs have it, and what it shows."""

import contextlib
import fcntl
import os
import pty
import re
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager

COLUMNS = 80


class Screen:
    """A terminal: it keeps its text in lines and knows the control sequences that it may be sent."""

    _PART = re.compile(r"\x1b\[\?7([hl])|\x1b(\[K|7|8)|([\r\n])|([^\x1b\r\n]+)")

    def __init__(self, columns: int = COLUMNS) -> None:
        self._columns = columns
        self._lines = [""]
        self._row = self._column = 0
        self._saved = (0, 0)
        self._wraps = True

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._lines)

    def print(self, text: str) -> None:
        at = 0
        while at < len(text):
            part = self._PART.match(text, at)
            assert part, f"no terminal knows {text[at : at + 20]!r}"
            at = part.end()
            wraps, control, moved, letters = part.groups()
            if wraps:
                self._wraps = wraps == "h"
            elif control == "7":
                self._saved = self._row, self._column
            elif control == "8":
                self._row, self._column = self._saved
            elif control == "[K":
                self._lines[self._row] = self._lines[self._row][: self._column]
            elif moved:
                self._move(moved)
            else:
                self._put(letters)

    def _move(self, how: str) -> None:
        if how == "\r":
            self._column = 0
            return
        self._row += 1
        if self._row == len(self._lines):
            self._lines.append("")

    def _put(self, letters: str) -> None:
        for letter in letters:
            if self._column == self._columns:
                if self._wraps:
                    self._move("\n")
                    self._column = 0
                else:
                    self._column -= 1
            line = self._lines[self._row].ljust(self._column)
            self._lines[self._row] = line[: self._column] + letter + line[self._column + 1 :]
            self._column += 1


@contextmanager
def terminal(columns: int = COLUMNS) -> Iterator[tuple[int, int]]:
    """Yield both ends of a pseudo-terminal: the one to read what was printed, the one that programs have."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    try:
        yield ours, theirs
    finally:
        for end in (ours, theirs):
            with contextlib.suppress(OSError):
                os.close(end)
