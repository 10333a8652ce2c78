"""A program with too much output or input to hold is read piece by piece, and never outlives its reader."""

import sys
from itertools import repeat

import pytest

from canary_conformance.images.streams import feed, output_of, pieces_of
from canary_conformance.processes import CommandFailed

ENDLESS = [sys.executable, "-c", "while True: print('x' * 10000)"]
SILENT = [sys.executable, "-c", "import time; time.sleep(600)"]
LIMIT = 30


def program(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def test_output_comes_in_pieces_of_one_size_and_a_rest() -> None:
    with output_of(program("print('abcde', end='')"), limit=LIMIT) as stream:
        assert list(pieces_of(stream, 2)) == [b"ab", b"cd", b"e"]


def test_a_program_that_fails_after_its_output_fails() -> None:
    text = "import sys; print('half'); print('no space left', file=sys.stderr); sys.exit(3)"
    failed = pytest.raises(CommandFailed, match=r"(?s)ended with exit code 3.*no space left")
    with failed, output_of(program(text), limit=LIMIT) as stream:
        assert stream.read() == b"half\n"


def test_a_reader_that_gives_up_ends_the_program() -> None:
    def read() -> None:
        with output_of(ENDLESS, limit=LIMIT) as stream:
            assert stream.read(10) == b"x" * 10
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read()


def test_a_program_that_takes_too_long_is_ended() -> None:
    late = pytest.raises(CommandFailed, match=r"did not end within 0\.3 s")
    with late, output_of(SILENT, limit=0.3) as stream:
        assert stream.read() == b""
    with pytest.raises(CommandFailed, match=r"did not end within 0\.3 s"):
        feed(SILENT, repeat(b"x" * 100_000), limit=0.3)


def test_a_program_that_reads_no_further_says_why() -> None:
    text = "import sys; sys.stdin.read(1); sys.exit('invalid tar header')"
    with pytest.raises(CommandFailed, match="invalid tar header"):
        feed(program(text), repeat(b"x" * 100_000, 100), limit=LIMIT)


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandFailed, match="no-such-program can't be started"):
        feed(["no-such-program"], [b""], limit=LIMIT)
