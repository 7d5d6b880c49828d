"""The garbage collector, set for programs that build large trees and then end."""

from __future__ import annotations

import gc
from typing import Final

# The default of 700 spends a quarter of a large compile on looking for cycles in IR, which has none.
_THRESHOLD: Final = 50_000


def relax_collector() -> None:
    """Let the process allocate more before it looks for cycles. For processes of our own only."""
    gc.set_threshold(_THRESHOLD)
