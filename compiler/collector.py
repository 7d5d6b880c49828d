"""The garbage collector, set for programs that build large trees and then end."""

from __future__ import annotations

import gc
from typing import Final

# The default of 700 spends a quarter of a large compile on looking for cycles in IR, which has none.
_THRESHOLD: Final = 50_000


def relax_collector() -> None:
    """Let the process allocate more before it looks for cycles. For processes of our own only."""
    gc.set_threshold(_THRESHOLD)


def pause_collector() -> None:
    """Look for cycles that the package before has left, and for no more until the next package.

    To look when a package is bound would mean to look through all of it, shortly before most of it
    goes by itself. Does nothing in a process that `relax_collector` was not called in: that one is not ours.
    """
    if gc.get_threshold()[0] != _THRESHOLD:
        return
    if gc.get_freeze_count():
        gc.collect()
    # What has been loaded so far, modules that packages share among it, stays to the end.
    gc.freeze()
    gc.disable()


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
