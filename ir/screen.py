"""Text on a terminal: what a character looks like there, and how wide it is.

Control characters, bidirectional overrides and other invisible characters are replaced by
something visible, so that text from a package can neither command a terminal nor hide.
"""

from __future__ import annotations

import unicodedata
from typing import final

from attrs import frozen

_TAB = 4


def clean(text: str) -> str:
    """Return `text` on one line, every unprintable character replaced by a visible one."""
    if text.isprintable():
        return text
    return "".join(" " if char == "\t" else _show(char) for char in text)


@final
@frozen
class Layout:
    """A line as it is shown: a text per code point, and the screen column where each starts, from 0.

    `columns` has one entry more than `cells`: where the line ends.
    """

    cells: tuple[str, ...]
    columns: tuple[int, ...]

    def column(self, index: int) -> int:
        """Return the screen column of the code point at `index`; past the end, that of the end."""
        return self.columns[max(0, min(index, len(self.cells)))]


def lay_out(line: str) -> Layout:
    """Return the layout of `line`, a source line without its end."""
    if line.isascii() and line.isprintable():
        return Layout(tuple(line), tuple(range(len(line) + 1)))
    cells: list[str] = []
    columns = [0]
    for char in line:
        cell = " " * (_TAB - columns[-1] % _TAB) if char == "\t" else _show(char)
        cells.append(cell)
        columns.append(columns[-1] + sum(map(_width, cell)))
    return Layout(tuple(cells), tuple(columns))


def _show(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)  # the pictures of the control characters
    if code == 0x7F:
        return "␡"
    if unicodedata.category(char) == "Zs":
        return " " * _width(char)
    return f"<U+{code:04X}>"


def _width(char: str) -> int:
    """Return the cells that a printable character takes (UAX #11; marks take none)."""
    if char.isascii():
        return 1
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
