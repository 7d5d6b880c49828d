"""The words of a Mochi program, read as Mochi's lexer reads them.

Two passes, as there. The first looks at raw text for strings and comments without an end and
for numbers that run into a letter, even inside a name. The second cuts the text into tokens;
comments, blanks and `;` are dropped, so nothing after it knows where a line ends.
"""

from __future__ import annotations

import re
import unicodedata
from enum import IntEnum
from typing import final

from attrs import frozen

from ...ir.keywords import MOCHI_KEYWORDS
from .problem import Problem, ProblemError


@final
class Kind(IntEnum):
    """The kinds of tokens that a grammar can name."""

    IDENT = 0
    KEYWORD = 1
    STRING = 2
    INT = 3
    FLOAT = 4
    BOOL = 5
    PUNCT = 6
    END = 7


@final
@frozen
class Tokens:
    """Parallel lists, one entry a token, and an END token last.

    `values` holds the decoded text of strings: to the grammar, the string `"as"` is as good as
    the word. `starts` and `ends` are offsets in code points.
    """

    kinds: list[Kind]
    values: list[str]
    starts: list[int]
    ends: list[int]


_KEYWORDS = "|".join(sorted(MOCHI_KEYWORDS - {"true", "false"}, key=len, reverse=True))
_WORD_END = "(?![0-9A-Za-z_])"
_RULES = (
    ("SKIP", r"//[^\n]*|\#[^\n]*|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/|[ \t\n\r;]+"),
    ("BOOL", rf"(?:true|false){_WORD_END}"),
    ("KEYWORD", rf"(?:{_KEYWORDS}){_WORD_END}"),
    ("IDENT", "[A-Za-z_é][0-9A-Za-z_é٣]*"),
    ("FLOAT", r"[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+"),
    ("INT", "0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|[0-9]+"),
    ("STRING", r'"(?:\\[^\n]|[^"\\])*"'),
    ("PUNCT", r"==|!=|<=|>=|&&|\|\||=>|:-|\.\.|\?\?|[-+*/%=<>!|{}\[\](),.:?]"),
)
_TOKEN = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _RULES))
_KINDS = {name: Kind[name] for name, _ in _RULES if name != "SKIP"}

_RAW = re.compile(r'["0-9\#]|//|/\*')
_RAW_STRING = re.compile(r'"(?:[^"\\]|\\.)*(?P<end>")?', re.DOTALL)
_RAW_NUMBER = re.compile(
    r"0[xX](?P<hex>[0-9a-fA-F]*)|0[bB](?P<bin>[01]*)|0[oO](?P<oct>[0-7]*)"
    r"|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
)
_ESCAPE = re.compile(
    r'\\(?:(?P<plain>[abfnrtv\\"])|x(?P<x>[0-9A-Fa-f]{2})|u(?P<u>[0-9A-Fa-f]{4})'
    r"|U(?P<long>[0-9A-Fa-f]{8})|(?P<octal>[0-7]{3})|(?P<bad>.|\Z))",
    re.DOTALL,
)
_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"'}


def tokenize(text: str) -> Tokens:
    """Return the tokens of `text`.

    Raises ProblemError for the first thing that is no part of the language: P040 to P046. A
    leading byte-order mark is ignored.
    """
    start = 1 if text.startswith("\ufeff") else 0
    _scan_raw(text, start)
    plain = _stand_in(text)
    kinds: list[Kind] = []
    values: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    match, position = _TOKEN.match, start
    while found := match(plain, position):
        end = found.end()
        if (name := found.lastgroup) is not None and name != "SKIP":
            kind = _KINDS[name]
            value = text[position:end]
            if kind is Kind.STRING:
                value = _decode(value, position)
            kinds.append(kind)
            values.append(value)
            starts.append(position)
            ends.append(end)
        position = end
    if position < len(text):
        raise _problem("P040", f"`{text[position]}` is no part of the language", position, position + 1)
    kinds.append(Kind.END)
    values.append("")
    starts.append(len(text))
    ends.append(len(text))
    return Tokens(kinds, values, starts, ends)


def _stand_in(text: str) -> str:
    """Map non-ASCII characters to one that stands for its class, offsets unchanged."""
    if text.isascii():
        return text
    return text.translate({ord(ch): _class_of(ch) for ch in set(text) if not ch.isascii()})


def _class_of(ch: str) -> str:
    category = unicodedata.category(ch)
    if category[0] == "L" or category == "So":
        return "é"
    return "٣" if category[0] == "N" else "\0"


def _scan_raw(text: str, start: int) -> None:
    """Refuse what never ends, and numbers that something is glued to."""
    position = start
    while found := _RAW.search(text, position):
        here, what = found.start(), found[0]
        if what in ("//", "#"):
            end = text.find("\n", here)
            position = len(text) if end < 0 else end
        elif what == "/*":
            end = text.find("*/", here + 2)
            if end < 0:
                raise _problem("P042", "this comment has no end: `*/` is missing", here, here + 2)
            position = end + 2
        elif what == '"':
            string = _RAW_STRING.match(text, here)
            if string is None or not string["end"]:
                raise _problem("P040", 'this string has no end: `"` is missing', here, here + 1)
            position = string.end()
        else:
            position = _scan_number(text, here)


def _scan_number(text: str, here: int) -> int:
    number = _RAW_NUMBER.match(text, here)
    assert number is not None, "the caller saw a digit"
    end = number.end()
    if "" in (number["hex"], number["bin"], number["oct"]):
        raise _problem("P046", f"`{number[0]}` has no digits behind its prefix", here, end)
    if end < len(text) and _continues_word(text[end]):
        message = f"`{number[0]}` is read as a number, and `{text[end]}` cannot follow it"
        raise _problem("P043", message, here, end + 1)
    return end


def _continues_word(ch: str) -> bool:
    category = unicodedata.category(ch)
    return ch == "_" or category[0] == "L" or category in ("So", "Nd")


def _decode(quoted: str, start: int) -> str:
    if "\\" not in quoted:
        return quoted[1:-1]
    parts: list[str] = []
    position, end = 1, len(quoted) - 1
    while position < end:
        escape = quoted.find("\\", position, end)
        if escape < 0:
            parts.append(quoted[position:end])
            break
        parts.append(quoted[position:escape])
        found = _ESCAPE.match(quoted, escape, end)
        assert found is not None, "the last alternative takes anything"
        decoded = _decode_escape(found)
        if decoded is None:
            message = f"`{found[0]}` is no escape sequence of Mochi"
            raise _problem("P041", message, start + escape, start + found.end())
        parts.append(decoded)
        position = found.end()
    return "".join(parts)


def _decode_escape(found: re.Match[str]) -> str | None:
    if plain := found["plain"]:
        return _PLAIN[plain]
    if digits := found["x"] or found["u"] or found["long"]:
        number = int(digits, 16)
    elif octal := found["octal"]:
        number = int(octal, 8)
        return chr(number) if number <= 0xFF else None
    else:
        return None
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else None


def _problem(code: str, message: str, start: int, end: int) -> ProblemError:
    return ProblemError(Problem(code, message, start, end))
