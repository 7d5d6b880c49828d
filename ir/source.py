"""Source files and spans: where a thing was written.

A span is a place, never a part of a value: every class of the IR that carries one
excludes it from equality, so two declarations that say the same are the same.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import final

from attrs import field, frozen


@final
@frozen
class Span:
    """A region of a file. Lines and columns count from 1, columns in code points.

    `end_column` is the column just behind the last code point. `file` is the path
    shown to people: as the user gave it, or relative to the root of a wheel.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@final
@frozen
class SourceFile:
    """A text with the path it is known by; makes spans from offsets in code points."""

    path: str
    text: str = field(repr=False)
    _starts: tuple[int, ...] = field(init=False, repr=False, eq=False)

    @_starts.default
    def _find_line_starts(self) -> tuple[int, ...]:
        starts = [0]
        position = self.text.find("\n")
        while position >= 0:
            starts.append(position + 1)
            position = self.text.find("\n", position + 1)
        return tuple(starts)

    def position(self, offset: int) -> tuple[int, int]:
        """Return the line and column, from 1, of the code point at `offset`."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        """Return the span of the code points `start` to `end` (exclusive)."""
        line, column = self.position(start)
        end_line, end_column = self.position(end)
        return Span(self.path, line, column, end_line, end_column)

    def line(self, number: int) -> str:
        """Return line `number`, from 1, without its line end; empty past the last one."""
        if not 1 <= number <= len(self._starts):
            return ""
        start = self._starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")
