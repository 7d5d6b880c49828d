"""The garbage collector, set for programs that build large trees and then end."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# The default of 700 spends a quarter of a large compile on looking for cycles in IR, which has none.
_THRESHOLD: Final = 50_000


def relax_collector() -> None:
    """Let the process allocate more before it looks for cycles. For processes of our own only."""
    gc.set_threshold(_THRESHOLD)


@contextmanager
def paused_collector() -> Iterator[None]:
    """Look for no cycles while a package is bound, but for those that the one before left.

    Does nothing in a process that `relax_collector` was not called in: that one is not ours.
    """
    if gc.get_threshold()[0] != _THRESHOLD or not gc.isenabled():
        yield
        return
    if gc.get_freeze_count():
        gc.collect()
    # What has been loaded so far, modules that packages share among it, stays to the end.
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def start_worker() -> None:
    """Prepare a process that only lowers packages for the one that started it."""
    relax_collector()
    _end_with_parent()


def _end_with_parent() -> None:
    """Make this process end when the one that started it is gone.

    A killed parent cannot stop its workers, and each of them keeps the queue they wait at open.
    """
    # This module is loaded where nothing else is needed.
    import multiprocessing
    import signal
    import threading

    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        signal.raise_signal(signal.SIGTERM)

    threading.Thread(target=wait, name="end-with-parent", daemon=True).start()
