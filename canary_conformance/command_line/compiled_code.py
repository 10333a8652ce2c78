"""Where Python keeps the code that it compiles: never beside the modules of an installation.

pip compiles what it installs, and that is used. uv does not; Python then would add to the installation at the
first run, or compile at every run what it may not write (Python: sys.pycache_prefix).
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from canary_conformance.paths import IS_A_CLONE, PACKAGE, store

# Not imported before this is asked.
_ONE_OF_ALL = PACKAGE / "settings.py"


def compile_into_the_store() -> None:
    """Let this process and its workers keep compiled code in the store, if the installation has none."""
    compiled = Path(importlib.util.cache_from_source(str(_ONE_OF_ALL)))
    if not IS_A_CLONE and not compiled.exists() and sys.pycache_prefix is None:
        sys.pycache_prefix = str(store() / "bytecode")
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
