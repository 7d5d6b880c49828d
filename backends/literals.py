"""Text of other languages made from text of a package: quoted, or escaped for a comment.

Everything that comes from a package goes through here or through `names`, so that no
name, docstring or default can end a literal or a comment and start code.
"""

from __future__ import annotations

import json
import keyword
import unicodedata
from collections.abc import Sequence

from ..ir.types import BridgeType, ConstantValue, LiteralOf

_SHORT_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def python_string(text: str) -> str:
    """Return the Python literal of `text`, with the quotes that ruff would choose."""
    if '"' not in text and "\\" not in text and text.isprintable():
        return f'"{text}"'
    quote = "'" if text.count('"') > text.count("'") else '"'
    return f"{quote}{''.join(_escape(ch, quote) for ch in text)}{quote}"


def python_literal(value: ConstantValue) -> str:
    """Return the Python literal of `value`, with the quotes that ruff would choose."""
    match value:
        case str():
            return python_string(value)
        case bytes():
            text = repr(value)
            return text if '"' in text else f'b"{text[2:-1]}"'
        case _:
            return repr(value)


def python_tuple(items: Sequence[str]) -> str:
    """Return the Python tuple of `items`, which are expressions already."""
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def python_value(ty: BridgeType) -> str:
    """Return the Python literal of the one value of `ty`; see `has_one_value`."""
    match ty:
        case LiteralOf((bool() | int() | str() as value,)):
            return python_literal(value)
        case _:
            return "None"


def _escape(ch: str, quote: str) -> str:
    if ch == quote:
        return f"\\{ch}"
    if ch in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[ch]
    if ch.isprintable():
        return ch
    code = ord(ch)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def is_python_name(name: str) -> bool:
    """Tell whether `name` can be written as an attribute or argument and is read back as it is."""
    if not name.isidentifier() or keyword.iskeyword(name):
        return False
    return name.isascii() or unicodedata.normalize("NFKC", name) == name


def python_docstring(text: str) -> str:
    """Return `text` as a one-line docstring: what could end or escape it becomes `?`."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        kept = text
    else:
        kept = "".join(ch if ch.isprintable() and ch not in '"\\' else "?" for ch in text)
    return f'"""{kept.strip() or "?"}"""'


def python_docstring_lines(text: str) -> list[str]:
    """Return `text` as the lines of a docstring that reads back as `text`, but for blanks at line ends."""
    shown = text.strip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    escaped = "".join(ch if ch.isprintable() or ch == "\n" else _escape(ch, "") for ch in shown)
    lines = [line.rstrip() for line in escaped.split("\n")]
    if lines[-1].endswith('"'):
        lines[-1] = f'{lines[-1][:-1]}\\"'
    if len(lines) == 1:
        return [f'"""{lines[0]}"""']
    return [f'"""{lines[0]}', *lines[1:], '"""']


def comment(text: str) -> str:
    """Return `text` on one line, for a comment of any language: no control characters."""
    if text.isprintable():
        return text
    return "".join(
        ch if ch.isprintable() else " " if ch in "\n\r\t" else _escape(ch, "") for ch in text
    ).rstrip()


def toml_string(text: str) -> str:
    """Return the basic string of TOML 1.0 that holds `text`."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
