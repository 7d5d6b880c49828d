"""The bytes of a Python file as tree-sitter sees them, and the text of literals.

tree-sitter counts UTF-8 bytes, spans count code points; the conversion lives here. So
does the reading of string and number literals, which must not depend on the Python
that runs the compiler.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import final

from ...ir.source import SourceFile, Span

STRING = (
    r"(?:[rRbBuUfFtT]{0,2})"
    r"(?:'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\""
    r"|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\")"
)

_PIECE = re.compile(rf"\s*(?:#[^\n]*\s*|\\\n\s*)*({STRING})", re.DOTALL)
_ESCAPE = re.compile(r"\\(\n|[\\'\"abfnrtv]|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})")
_SIMPLE = {"\n": "", "\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b"}
_SIMPLE |= {"f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_SENTENCE_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\betc)(?<!\bvs)[.!?](?=\s|$)")
_SPACES = re.compile(r"\s+")
# More digits than any literal worth keeping; `int()` itself refuses 4,300.
_MAX_DIGITS = 1000


@final
class SourceText:
    """A file with its UTF-8 bytes and the offsets at which its lines start."""

    __slots__ = ("_lines", "_starts", "ascii", "data", "path")

    def __init__(self, source: SourceFile) -> None:
        self.path = source.path
        # A lone surrogate has no UTF-8 form; one byte stands in for it so that columns stay right.
        self.data = source.text.encode("utf-8", "replace")
        self.ascii = len(self.data) == len(source.text)
        self._lines = self.data.split(b"\n")
        starts = [0]
        position = 0
        for line in self._lines:
            position += len(line) + 1
            starts.append(position)
        starts.pop()
        self._starts = starts

    def slice(self, start: int, end: int) -> str:
        """Return the text between two byte offsets."""
        return self.data[start:end].decode("utf-8", "replace")

    def span(self, start: int, end: int) -> Span:
        """Return the span between two byte offsets."""
        starts = self._starts
        line = bisect_right(starts, start)
        column = start - starts[line - 1]
        end_line = line
        if end_line < len(starts) and end >= starts[end_line]:
            end_line = bisect_right(starts, end)
        end_column = end - starts[end_line - 1]
        if not self.ascii:
            column = len(self._lines[line - 1][:column].decode("utf-8", "replace"))
            end_column = len(self._lines[end_line - 1][:end_column].decode("utf-8", "replace"))
        return Span(self.path, line, column + 1, end_line, end_column + 1)


def one_line(text: str) -> str:
    """Return source `text` on one line: line ends and their indents become a space."""
    return _SPACES.sub(" ", text).strip() if "\n" in text else text


def decode_string(text: str) -> str | bytes | None:
    r"""Return the value of a string literal, adjacent pieces joined.

    None where `text` is no plain string literal: f-strings and template strings have no
    value before run time (PEP 498, 750). An unknown escape stands for itself, as in
    Python; so does `\N{…}`, whose table differs between Python versions.
    """
    text = text.strip()
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    pieces: list[str] = []
    is_bytes = False
    position = 0
    while match := _PIECE.match(text, position):
        position = match.end()
        literal = match[1]
        body = literal.lstrip("rRbBuUfFtT")
        prefix = literal[: len(literal) - len(body)].lower()
        if "f" in prefix or "t" in prefix:
            return None
        is_bytes = "b" in prefix
        quote = 3 if body[:3] in ("'''", '"""') else 1
        inner = body[quote:-quote]
        pieces.append(inner if "r" in prefix else unescape(inner))
    if not pieces or text[position:].strip():
        return None
    value = "".join(pieces)
    if not is_bytes:
        return value
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return None


def unescape(text: str) -> str:
    """Replace the escape sequences of a string literal."""
    return _ESCAPE.sub(_unescape_one, text) if "\\" in text else text


def _unescape_one(match: re.Match[str]) -> str:
    body = match[1]
    simple = _SIMPLE.get(body)
    if simple is not None:
        return simple
    number = int(body[1:], 16) if body[0] in "xuU" else int(body, 8)
    return chr(number) if number < 0xD800 or 0xDFFF < number <= 0x10FFFF else match[0]


def decode_int(text: str) -> int | None:
    """Return the value of an integer literal, or None where `text` is none."""
    if len(text) > _MAX_DIGITS:
        return None
    try:
        return int(text.replace("_", ""), 0)
    except ValueError:
        return None


def first_sentence(literal: str) -> str:
    """Return the first sentence of a docstring literal, on one line.

    A sentence ends at a full stop before a space, or at an empty line.
    """
    body = literal.lstrip("rRuU")
    raw = body is not literal and "r" in literal[: len(literal) - len(body)].lower()
    quote = 3 if body[:3] in ("'''", '"""') else 1
    text = body[quote:-quote].lstrip()
    paragraph = re.split(r"\n[ \t]*\n", text, maxsplit=1)[0]
    if not raw:
        paragraph = unescape(paragraph)
    paragraph = _SPACES.sub(" ", paragraph).strip()
    end = _SENTENCE_END.search(paragraph)
    return paragraph[: end.end()] if end else paragraph
