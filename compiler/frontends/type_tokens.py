"""The tokens of type expressions."""

from __future__ import annotations

import re
from typing import TypeAlias

from .source_text import STRING

Token: TypeAlias = tuple[str, str, int, int]
"""Kind (`string`, `name`, `number`, `op`), text, and the offsets in code points."""

CLOSING = {"(": ")", "[": "]", "{": "}"}

_TOKEN = re.compile(
    rf"\s+|\#[^\n]*|\\\r?\n|(?P<string>{STRING})|(?P<name>[^\W\d]\w*)|(?P<number>\d[\w.]*)|(?P<op>\.\.\.|\*\*|\S)",
    re.DOTALL,
)


def tokenize(text: str) -> list[Token]:
    """Return the tokens of `text`, without spaces and comments; a stray quote is an `op`."""
    tokens = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind is not None:
            tokens.append((kind, match[0], match.start(), match.end()))
    return tokens


def type_param_names(text: str) -> frozenset[str]:
    """Return the names that a PEP 695 list declares."""
    names = []
    depth = 0
    expected = False
    for kind, token, _, _ in tokenize(text):
        if kind == "name" and expected:
            names.append(token)
        # A name stands behind `[` or `,`, with stars between; a star behind `=` belongs to a default.
        expected = (
            (token in ("*", "**") and expected)
            or (token == "," and depth == 1)
            or (token == "[" and depth == 0)
        )
        if token in CLOSING:
            depth += 1
        elif token in (")", "]", "}"):
            depth -= 1
    return frozenset(names)
