"""Lines of Go in the layout that gofmt gives them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import final


@final
class Tabbed:
    """Collects lines at a current indentation."""

    __slots__ = ("_indent", "_lines")

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._indent = ""

    def line(self, text: str = "") -> None:
        """Write one line; an empty one carries no indentation."""
        self._lines.append(f"{self._indent}{text}" if text else "")

    @contextmanager
    def block(self, header: str, end: str = "}") -> Iterator[None]:
        """Write `header`, what is written inside one step deeper, and `end`."""
        self.line(header)
        self._indent += "\t"
        yield
        self._indent = self._indent[:-1]
        self.line(end)

    @contextmanager
    def function(self, signature: str, doc: str = "") -> Iterator[None]:
        """Write a function behind an empty line."""
        self.line()
        self.comment(doc)
        with self.block(f"func {signature} {{"):
            yield

    def comment(self, text: str) -> None:
        """Write a comment of one line, whatever characters `text` has."""
        if text:
            self.line(f"// {' '.join(''.join(ch if ch.isprintable() else ' ' for ch in text).split())}")

    def struct(self, head: str, fields: Sequence[tuple[str, str]]) -> None:
        """Write a struct type whose fields have their types in a column."""
        if not fields:
            self.line(f"{head} struct{{}}")
            return
        width = max(len(name) for name, _ in fields)
        with self.block(f"{head} struct {{"):
            for name, text in fields:
                self.line(f"{name:{width}} {text}")

    def text(self) -> str:
        """Return what was written."""
        return "".join(f"{line}\n" for line in self._lines)
