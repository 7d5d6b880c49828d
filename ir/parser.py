"""Read IR text back into values; the inverse of `ir/printer.py`. The grammar is `ir/ir.lark`."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import cast

from lark import Lark
from lark.exceptions import UnexpectedInput, UnexpectedToken
from lark.lexer import PatternStr

from . import codes
from .build_items import Builder
from .diagnostics import Diagnostic
from .items import Package
from .printer import FORMAT_VERSION
from .source import SourceFile, Span
from .types import BridgeType

_MAGIC = re.compile(r"(?:[ \t\r\n]+|//[^\n]*)*mochic-ir[ \t]+([0-9]{1,9})")
_MAX_EXPECTED = 6
_SPOKEN = {
    "NAME": "a name",
    "WORD": "a name",
    "SKIP_REASON": "a reason `SkipUnknown`",
    "STRING": "a string",
    "BYTES": "bytes",
    "INT": "a number",
    "VERSION": "a version `3.13`",
    "AT": "a place `at 1:1-5`",
    "DEFAULT": "a default",
    "PARAM": "a parameter",
    "BARE_PARAM": "a parameter",
    "MAGIC": f"`mochic-ir {FORMAT_VERSION}`",
    "$END": "the end",
    "<END-OF-FILE>": "the end",
}
_TYPE_TOKENS = frozenset({"NAMED_TYPE", "REF", "REF_OPEN", "TYPE_VAR", "GENERIC"})

# The grammar's callbacks are bound to one builder, so one text is read at a time.
_LOCK = threading.Lock()


class TypeSyntaxError(ValueError):
    """The text given to `parse_type` is not a type."""


def parse_package(source: SourceFile) -> tuple[Package | None, tuple[Diagnostic, ...]]:
    """Return the package that `source` holds, or None and what is wrong with the text."""
    if (magic := _MAGIC.match(source.text)) and int(magic[1]) != FORMAT_VERSION:
        span = source.span(magic.start(1), magic.end(1))
        return None, (codes.UNKNOWN_IR_VERSION.at(span, f"IR format version {magic[1]} is not known"),)
    try:
        package = _parse(source.text, "package")
    except UnexpectedInput as error:
        return None, (_explain(error, source),)
    assert isinstance(package, Package)
    return package, ()


def parse_type(text: str) -> BridgeType:
    """Return the type that `text` spells. Raises `TypeSyntaxError` where it spells none."""
    try:
        ty = cast(BridgeType, _parse(text, "type"))
    except UnexpectedInput as error:
        diagnostic = _explain(error, SourceFile("", text))
        raise TypeSyntaxError(f"{diagnostic.message}: {text!r}") from error
    return ty


def _parse(text: str, start: str) -> object:
    with _LOCK:
        lark, builder = _load()
        builder.begin("")
        return lark.parse(text, start=start)


@cache
def _load() -> tuple[Lark, Builder]:
    builder = Builder()
    grammar = files(__package__).joinpath("ir.lark").read_text("utf-8")
    # Lark asks for a Transformer but calls nothing of it except the methods named like rules.
    lark = Lark(
        grammar,
        start=["package", "type"],
        parser="lalr",
        lexer="contextual",
        transformer=builder,
        maybe_placeholders=True,
    )
    return lark, builder


def _explain(error: UnexpectedInput, source: SourceFile) -> Diagnostic:
    start = (
        len(source.text) if error.pos_in_stream is None or error.pos_in_stream < 0 else error.pos_in_stream
    )
    found = str(error.token) if isinstance(error, UnexpectedToken) else source.text[start : start + 1]
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        start, found = len(source.text), ""
    what = f"`{_shorten(found)}`" if found else "the end of the text"
    expected = _name_terminals(getattr(error, "allowed", None) or getattr(error, "expected", None) or ())
    span: Span = source.span(start, start + len(found))
    return codes.INVALID_IR.at(span, f"{what} is not expected here", label=expected)


def _name_terminals(names: Iterable[str]) -> str:
    """Return `expected a, b or c` for the names of terminals; empty where that would be long."""
    lark, _ = _load()
    spoken = set()
    for name in names:
        if name in _TYPE_TOKENS:
            spoken.add("a type")
        elif name in _SPOKEN:
            spoken.add(_SPOKEN[name])
        else:
            pattern = lark.get_terminal(name).pattern
            spoken.add(f"`{pattern.value}`" if isinstance(pattern, PatternStr) else name.lower())
    if "a type" in spoken:
        spoken = {text for text in spoken if text[0] != "`" or not text.endswith(("<`", "(`"))}
    ordered = sorted(spoken, key=lambda text: (text[0] == "`", text))
    if not ordered or len(ordered) > _MAX_EXPECTED:
        return ""
    return "expected " + " or ".join(filter(None, [", ".join(ordered[:-1]), ordered[-1]]))


def _shorten(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= 40 else f"{line[:40]}…"
