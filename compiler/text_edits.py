"""Replacements in a text, and where a place of the new text was in the old one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import final

from attrs import field, frozen


@final
@frozen
class Edit:
    """`text` instead of what stands from `start` to `end`, in code points."""

    start: int
    end: int
    text: str


@final
@frozen
class Edited:
    """A text after its edits. Where two insert at one place, the first given comes first."""

    text: str
    _starts: tuple[int, ...] = field(repr=False)
    _origins: tuple[tuple[int, bool], ...] = field(repr=False)

    def origin(self, offset: int) -> tuple[int, bool]:
        """Return the old offset of a new one, and whether the text there is an edit's own."""
        at = bisect_right(self._starts, offset) - 1
        start, own = self._origins[at]
        return (start, True) if own else (start + offset - self._starts[at], False)


def apply_edits(text: str, edits: Iterable[Edit]) -> Edited:
    """Return `text` with `edits`, which must not overlap."""
    parts: list[str] = []
    starts: list[int] = []
    origins: list[tuple[int, bool]] = []
    length = 0

    def add(part: str, origin: int, own: bool) -> None:
        nonlocal length
        starts.append(length)
        origins.append((origin, own))
        parts.append(part)
        length += len(part)

    position = 0
    for edit in sorted(edits, key=lambda each: (each.start, each.end)):
        assert edit.start >= position, "edits overlap"
        if edit.start > position:
            add(text[position : edit.start], position, False)
        if edit.text:
            add(edit.text, edit.start, True)
        position = edit.end
    add(text[position:], position, False)
    return Edited("".join(parts), tuple(starts), tuple(origins))
