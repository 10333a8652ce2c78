"""The library of the suite: context managers and values; it does not import pytest."""

import sys

__version__ = "0.3.0"
"""The only place of the version: pyproject.toml reads it."""

OLDEST = (3, 11)
BAD_INPUT = 4

if sys.version_info < OLDEST:
    sys.stderr.write(
        f"ERROR: the suite needs Python {OLDEST[0]}.{OLDEST[1]} or later, and {sys.executable} is "
        f"{sys.version_info[0]}.{sys.version_info[1]}\n"
    )
    raise SystemExit(BAD_INPUT)
