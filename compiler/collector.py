"""The garbage collector, set for programs that build large trees and then end."""

from __future__ import annotations

import gc
from typing import Final

# The default of 700 spends a quarter of a large compile on looking for cycles in IR, which has none.
_THRESHOLD: Final = 50_000


def relax_collector() -> None:
    """Let the process allocate more before it looks for cycles. For processes of our own only."""
    gc.set_threshold(_THRESHOLD)


def start_worker() -> None:
    """Prepare a process that only lowers packages for the one that started it."""
    from .host import end_with_parent  # this module is loaded where nothing else is needed

    relax_collector()
    end_with_parent()
