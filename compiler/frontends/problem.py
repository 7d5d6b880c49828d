"""Findings inside a short text that stands in a string of a file, or nowhere."""

from __future__ import annotations

from typing import final

from attrs import frozen

from ...ir.diagnostics import Code, Diagnostic
from ...ir.parts import evolve
from ...ir.source import Span


@final
@frozen
class Problem:
    """A finding in the code points `start` to `end` of a text; `end` None is its whole length."""

    code: Code
    message: str
    help: str = ""
    start: int = 0
    end: int | None = None

    def shift(self, offset: int, length: int) -> Problem:
        """Return the problem seen from a text that holds this one, `length` long, at `offset`."""
        end = length if self.end is None else self.end
        return evolve(self, start=self.start + offset, end=end + offset)

    def locate(self, text: str, literal: Span | None) -> Diagnostic:
        """Return the diagnostic for a problem in `text`, the value of the string `literal`.

        `literal` covers the string with its quotes. Its inner places are known only when it
        holds no escape, which shows in its width; otherwise the whole literal is marked.
        """
        return self.code.at(self._narrow(text, literal), self.message, help=self.help)

    def _narrow(self, text: str, literal: Span | None) -> Span | None:
        if literal is None or literal.line != literal.end_line:
            return literal
        if literal.end_column - literal.column != len(text) + 2:
            return literal
        end = len(text) if self.end is None else self.end
        if self.start >= end:
            return literal
        first = literal.column + 1
        return evolve(literal, column=first + self.start, end_column=first + end)
