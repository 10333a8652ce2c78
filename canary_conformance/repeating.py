"""Work that goes on beside a block, in a thread of its own.

Apart from canary_conformance.waiting, whose library the static tier does not load.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeating(work: Callable[[], object], every: float, name: str) -> Iterator[None]:
    """Work again and again until the block ends, in a thread of this name."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(every):
            work()

    thread = threading.Thread(target=go_on, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
