"""Lines of Python in the layout that `ruff format` gives them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import final

WIDTH = 88
_INDENT = "    "
_BODY = ": ..."
_BRACKETS = re.compile(r"[\[\]()]")
_BARS = re.compile(r"[\[\]()]| \| ")
_COMMAS = re.compile(r"[\[\](),]")


@final
class Writer:
    """Collects lines at a current indentation. As a context it indents what is written inside."""

    __slots__ = ("_indent", "_lines")

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._indent = ""

    def line(self, text: str = "") -> None:
        """Write one line; an empty one carries no indentation."""
        self._lines.append(f"{self._indent}{text}" if text else "")

    def separate(self) -> None:
        """Write the two empty lines that come before a definition of a module."""
        self._lines += ("", "")

    def block(self, header: str) -> AbstractContextManager[None]:
        """Write `header` and indent what is written inside."""
        self.line(header)
        return self

    def indented(self) -> AbstractContextManager[None]:
        """Indent what is written inside."""
        return self

    def __enter__(self) -> None:
        self._indent += _INDENT

    def __exit__(self, *_: object) -> None:
        self._indent = self._indent[: -len(_INDENT)]

    def bracketed(self, head: str, items: Sequence[str], tail: str, *, literal: bool = False) -> None:
        """Write `head`, which ends in a bracket, then `items`, then `tail` with the other one.

        What does not fit on a line goes to a line of its own, and then to one line per
        item; a `literal` (a list or dict) skips the second form, as the formatter does.
        """
        body = ", ".join(items)
        line = f"{self._indent}{head}{body}{tail}"
        if len(line) <= WIDTH:
            self._lines.append(line)
            return
        room = WIDTH - len(self._indent)
        if len(head) > room:
            statement, assigned, value = _split_statement(head)
            if assigned and 1 < len(value) <= room - 4:
                self.line(f"{statement}{assigned}(")
                with self.indented():
                    self.bracketed(value, items, tail, literal=literal)
                self.line(")")
                return
        if not items:
            self.line(f"{head}{tail}")
            return
        self.line(head)
        inner = f"{self._indent}{_INDENT}"
        # The formatter ends a lone parameter of a `def` with a comma.
        comma = "," if len(items) == 1 and "def " in head and "->" not in head else ""
        if not literal and len(body) + len(comma) + 4 <= room:
            self._lines.append(f"{inner}{body}{comma}")
        else:
            for item in items:
                if len(item) + 5 <= room:
                    self._lines.append(f"{inner}{item},")
                else:
                    self._lines += [f"{inner}{part}" for part in fold(item, room - 4, ",")]
        if len(tail) > room and tail.endswith(_BODY):
            self._long_result(tail.removesuffix(_BODY))
        else:
            self.line(tail)

    def _long_result(self, text: str) -> None:
        """Write the end of a stub's function whose result does not fit on a line."""
        before, arrow, result = text.partition(" -> ")
        if not result.endswith(" | None"):
            self.folded(text, _BODY)
            return
        self.line(f"{before}{arrow}(")
        with self.indented():
            self.folded(result, "")
        self.line(f"){_BODY}")

    def folded(self, text: str, end: str) -> None:
        """Write `text` and `end` behind it, over several lines where one is too short."""
        whole = f"{self._indent}{text}{end}"
        if len(whole) <= WIDTH:
            self._lines.append(whole)
            return
        for line in fold(text, WIDTH - len(self._indent), end):
            self.line(line)

    def annotated(self, name: str, annotation: str) -> None:
        """Write the field `name: annotation`."""
        text = f"{name}: {annotation}"
        if self.fits(text) or len(split_union(annotation)) == 1:
            self.folded(text, "")
            return
        self.line(f"{name}: (")
        with self.indented():
            self.folded(annotation, "")
        self.line(")")

    def alternatives(self, head: str, cases: Sequence[str]) -> None:
        """Write `head` and the union of `cases`; what does not fit goes into parentheses."""
        body = " | ".join(cases)
        if self.fits(f"{head}{body}") or len(cases) == 1:
            self.line(f"{head}{body}")
            return
        self.line(f"{head}(")
        with self.indented():
            if self.fits(body):
                self.line(body)
            else:
                self.line(cases[0])
                for case in cases[1:]:
                    self.line(f"| {case}")
        self.line(")")

    @property
    def last(self) -> str:
        """The line written last, empty where there is none."""
        return self._lines[-1] if self._lines else ""

    def fits(self, text: str) -> bool:
        """Tell whether `text` fits on a line here."""
        return len(self._indent) + len(text) <= WIDTH

    def text(self) -> str:
        """Return what was written, with a line end behind every line."""
        return "\n".join(self._lines) + "\n" if self._lines else ""


def fold(text: str, room: int, end: str = "") -> list[str]:
    """Break an expression and `end` at each `|`, else at its last bracket, where they need more than `room`.

    So does the formatter.
    """
    if len(text) + len(end) <= room:
        return [f"{text}{end}"]
    first, *others = split_union(text)
    if others:
        parts = [first, *(f"| {each}" for each in others)]
        return [line for part in parts[:-1] for line in fold(part, room)] + fold(parts[-1], room, end)
    if not text.endswith(("]", ")")):
        return [f"{text}{end}"]
    start = _find_opening(text)
    inside, bracket = text[start + 1 : -1], text[-1]
    items = _split_items(inside)
    if bracket == "]" and len(inside) + 4 <= room:
        body = [inside]
    elif bracket == "]" and len(items) == 1:
        body = fold(inside, room - 4)
    else:
        body = [line for item in items for line in fold(item, room - 4, ",")]
    return [text[: start + 1], *(f"    {line}" for line in body), f"{bracket}{end}"]


def wrap(line: str, width: int, indent: str) -> list[str]:
    """Break `line` at blanks into lines of at most `width`; those below the first begin with `indent`.

    So does `textwrap` with text that has no other white space. A long word is not broken.
    """
    line = line.rstrip(" ")
    lines: list[str] = []
    start, room = 0, width
    while len(line) - start > room:
        end = line.rfind(" ", start, start + max(room, 0) + 1)
        if end < 0:
            end = line.find(" ", start)
        if end < 0:
            break
        if part := line[start:end].rstrip(" "):
            lines.append(f"{indent}{part}" if lines else part)
            room = width - len(indent)
        while line[end] == " ":
            end += 1
        start = end
    lines.append(f"{indent}{line[start:]}" if lines else line[start:])
    return lines


def split_union(text: str) -> list[str]:
    """Return the operands of the `|` outside of brackets; a string is one operand."""
    if " | " not in text or text.startswith(('"', "'")):
        return [text]
    depth, start, parts = 0, 0, []
    for found in _BARS.finditer(text):
        if found[0] != " | ":
            depth += 1 if found[0] in "[(" else -1
        elif not depth:
            parts.append(text[start : found.start()])
            start = found.end()
    return [*parts, text[start:]]


def _split_statement(head: str) -> tuple[str, str, str]:
    """Split `x = value` or `return value`; the middle is empty where it is neither."""
    if head.startswith("return "):
        return "", "return ", head.removeprefix("return ")
    name, equals, value = head.partition(" = ")
    return (name, equals, value) if name.isidentifier() else ("", "", head)


def _find_opening(text: str) -> int:
    """Return where the bracket opens that the end of `text` closes."""
    depth = 0
    for found in reversed(list(_BRACKETS.finditer(text))):
        depth += 1 if found[0] in "])" else -1
        if not depth:
            return found.start()
    return 0


def _split_items(text: str) -> list[str]:
    """Split at the commas outside of brackets."""
    items, depth, start = [], 0, 0
    for found in _COMMAS.finditer(text):
        if found[0] != ",":
            depth += 1 if found[0] in "[(" else -1
        elif not depth:
            items.append(text[start : found.start()])
            start = found.start() + 2
    # Behind the comma of a tuple of one there is nothing.
    return [*items, text[start:]] if start < len(text) else items
