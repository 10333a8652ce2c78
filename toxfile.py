"""A plugin that tox loads beside tox.ini: one sentence where the machine has no Python that is new enough.

tox itself would end with exit code 1, which is the suite's for a requirement that failed.
"""

from __future__ import annotations

import shutil
import sys

OLDEST = 11
NEWEST = 20
BAD_INPUT = 4

if sys.version_info < (3, OLDEST) and not any(
    shutil.which(f"python3.{minor}") for minor in range(OLDEST, NEWEST)
):
    sys.stderr.write(
        f"ERROR: the suite needs Python 3.{OLDEST} or later; tox runs on {sys.version_info[0]}."
        f"{sys.version_info[1]}, and the PATH has no later one\n"
    )
    raise SystemExit(BAD_INPUT)
