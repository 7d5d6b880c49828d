"""Lines of Python in the layout that `ruff format` gives them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import final

_WIDTH = 88


@final
class Writer:
    """Collects lines at a current indentation."""

    __slots__ = ("_indent", "_lines")

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._indent = ""

    def line(self, text: str = "") -> None:
        """Write one line; an empty one carries no indentation."""
        self._lines.append(f"{self._indent}{text}" if text else "")

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """Write `header` and indent what is written inside."""
        self.line(header)
        with self.indented():
            yield

    @contextmanager
    def indented(self) -> Iterator[None]:
        """Indent what is written inside."""
        before = self._indent
        self._indent = f"{before}    "
        yield
        self._indent = before

    def bracketed(self, head: str, items: Sequence[str], tail: str, *, literal: bool = False) -> None:
        """Write `head`, which ends in a bracket, then `items`, then `tail` with the other one.

        What does not fit on a line goes to a line of its own, and then to one line per
        item; a `literal` (a list or dict) skips the second form, as the formatter does.
        """
        body = ", ".join(items)
        room = _WIDTH - len(self._indent)
        if not items or len(head) + len(body) + len(tail) <= room:
            self.line(f"{head}{body}{tail}")
            return
        self.line(head)
        with self.indented():
            if not literal and len(body) + 4 <= room:
                # The formatter ends a lone parameter of a `def` with a comma.
                self.line(f"{body}," if len(items) == 1 and "def " in head and "->" not in head else body)
            else:
                for item in items:
                    self.line(f"{item},")
        self.line(tail)

    @property
    def last(self) -> str:
        """The line written last, empty where there is none."""
        return self._lines[-1] if self._lines else ""

    def fits(self, text: str) -> bool:
        """Tell whether `text` fits on a line here."""
        return len(self._indent) + len(text) <= _WIDTH

    def text(self) -> str:
        """Return what was written, with a line end behind every line."""
        return "\n".join(self._lines) + "\n" if self._lines else ""
