"""The spelling of types, names, literals and spans in IR text; `printer.py` prints items.

Names are printed bare where they look like a name, else between backticks. A name may be
a keyword of the format: where a name stands the grammar allows no keyword.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import assert_never

from .refusals import SkipReason
from .source import Span
from .types import (
    AsyncOf,
    BridgeType,
    ConstantValue,
    EnumMember,
    FunOf,
    IteratorOf,
    ListOf,
    LiteralOf,
    MapOf,
    OptionOf,
    Ref,
    Scalar,
    SelfType,
    SetOf,
    StreamOf,
    TupleOf,
    TypeObject,
    TypeVarRef,
    UnionOf,
    Unsupported,
)

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_WORD = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*(?:-\w+)*")
_SPECIAL = {'"': re.compile(r'["\\]'), "`": re.compile(r"[`\\]")}
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def format_type(ty: BridgeType, file: str = "") -> str:
    """Return `ty` as IR text. `parse_type` is its inverse.

    Spans in `file` are printed without it.
    """
    match ty:
        case Scalar():
            return ty.kind.value
        case Ref():
            return f"@{name_text(ty.path)}{_angle(ty.arguments, file) if ty.arguments else ''}"
        case OptionOf():
            return f"{_member(ty.inner, file)}?"
        case UnionOf():
            if len(ty.members) < 2:
                return f"union{_angle(ty.members, file)}"
            return " | ".join([_member(member, file) for member in ty.members])
        case ListOf():
            return f"list<{format_type(ty.element, file)}>"
        case SetOf():
            return f"set<{format_type(ty.element, file)}>"
        case MapOf():
            return f"map<{format_type(ty.key, file)}, {format_type(ty.value, file)}>"
        case TupleOf():
            return f"tuple{_angle(ty.elements, file)}"
        case LiteralOf():
            return f"literal<{', '.join([format_value(value) for value in ty.values])}>"
        case FunOf():
            params = ["..."] if ty.params is None else [format_type(param, file) for param in ty.params]
            return f"fun({', '.join(params)}): {format_type(ty.result, file)}"
        case AsyncOf():
            return f"async<{format_type(ty.inner, file)}>"
        case StreamOf():
            return f"stream<{format_type(ty.element, file)}>"
        case IteratorOf():
            return f"iterator<{format_type(ty.element, file)}>"
        case TypeVarRef():
            return f"'{name_text(ty.name)}"
        case SelfType():
            return "self"
        case TypeObject():
            return f"type<{format_type(ty.inner, file)}>"
        case Unsupported():
            return _unsupported(ty, file)
        case _:
            assert_never(ty)


def format_value(value: ConstantValue | EnumMember) -> str:
    """Return a literal: `true`, `-1`, `"text"`, `b"bytes"`, `@m.E.A`."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            # Python refuses to convert long decimal text; hexadecimal has no limit.
            return str(value) if value.bit_length() < 1024 else hex(value)
        case float():
            return repr(value)
        case str():
            return quote(value)
        case bytes():
            return 'b"' + "".join(_byte(byte) for byte in value) + '"'
        case EnumMember():
            return f"@{name_text(value.path)}"
        case _:
            assert_never(value)


def quote(text: str, mark: str = '"') -> str:
    """Return `text` between `mark`s, `"` or `` ` ``, in printable characters and without line ends."""
    if text.isprintable() and not _SPECIAL[mark].search(text):
        return mark + text + mark
    return mark + "".join(_escape(char, mark) for char in text) + mark


def name_text(name: str) -> str:
    """Return a name or dotted path bare where it is one, else between backticks."""
    return name if _DOTTED.fullmatch(name) else quote(name, "`")


def word_text(text: str) -> str:
    """Return a name that may hold hyphens, as distributions and passes have them."""
    return text if _WORD.fullmatch(text) else quote(text, "`")


def join_path(prefix: str, name: str) -> str:
    """Return the path that an item called `name` has below `prefix` by default."""
    return f"{prefix}.{name}" if prefix else name


def format_words(texts: Iterable[str]) -> str:
    """Return a list of names that may hold hyphens."""
    return ", ".join([word_text(text) for text in texts])


def format_span(span: Span | None, file: str) -> str:
    """Return ` at line:column-end`, empty for None; the file only where it is not `file`."""
    if span is None:
        return ""
    place = "" if span.file == file else f"{quote(span.file)} "
    end_line = "" if span.end_line == span.line else f"{span.end_line}:"
    return f" at {place}{span.line}:{span.column}-{end_line}{span.end_column}"


def is_bare(ty: BridgeType) -> bool:
    """Say whether `ty` is a missing annotation without a place, which prints as nothing."""
    return (
        isinstance(ty, Unsupported)
        and ty.reason is SkipReason.UNTYPED_PACKAGE
        and not ty.text
        and ty.span is None
    )


def _member(ty: BridgeType, file: str) -> str:
    """Print a type where `|` and the result of a `fun` would run into what follows."""
    text = format_type(ty, file)
    if isinstance(ty, FunOf) or (isinstance(ty, UnionOf) and len(ty.members) > 1):
        return f"({text})"
    return text


def _angle(types: tuple[BridgeType, ...], file: str) -> str:
    return f"<{', '.join([format_type(ty, file) for ty in types])}>"


def _unsupported(ty: Unsupported, file: str) -> str:
    if is_bare(ty):
        return "unannotated"
    return f"unsupported<{ty.reason.value}, {quote(ty.text)}{format_span(ty.span, file)}>"


def _escape(char: str, mark: str) -> str:
    if char in (mark, "\\"):
        return "\\" + char
    if char.isprintable():
        return char
    if short := _ESCAPES.get(char):
        return short
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _byte(byte: int) -> str:
    char = chr(byte)
    if 0x20 <= byte < 0x7F:
        return "\\" + char if char in '"\\' else char
    return _ESCAPES.get(char) or f"\\x{byte:02x}"
