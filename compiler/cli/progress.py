"""A bar of progress on a terminal."""

from __future__ import annotations

import sys
from typing import final

_WIDTH = 24


@final
class Progress:
    """How many of `total` parts of a job are done, shown on stderr where that is a terminal."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._shown = sys.stderr.isatty()
        self._draw("")

    def step(self, name: str) -> None:
        """Count the part `name` as done."""
        self._done += 1
        self._draw(name)

    def clear(self) -> None:
        """Remove the bar, for what is written next."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _draw(self, name: str) -> None:
        if not self._shown:
            return
        filled = _WIDTH * self._done // max(self._total, 1)
        bar = "█" * filled + "░" * (_WIDTH - filled)
        sys.stderr.write(f"\r\x1b[K{bar} {self._done}/{self._total} {name}")
        sys.stderr.flush()
