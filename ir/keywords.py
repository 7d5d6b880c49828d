"""Reserved words of Mochi, Python and WIT, and how a Python name becomes a Mochi name.

The Mochi facts are measured on its real lexer, parser and checker; `tests/data/mochi-names.json`
holds the measurements that `tests/test_keywords.py` compares with this file.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from functools import lru_cache


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MOCHI_KEYWORDS = _words(
    """
    agent all async await break catch close continue else emit expect export extern fact false fetch for fun
    generate if import in intent let load match none not omap on package return rule save set spawn stream
    test then true try type var when while
    """
)
"""Words that Mochi's lexer takes whole: unusable as any name, also after a dot."""

MOCHI_BUILTINS = _words(
    """
    abs add append appendFile avg await_all ceil collect concat contains count denom distinct eval exists
    filter first floor has indexOf input int join json json_decode keys len lines loadCSV lower make_chan
    make_stream map max min now num padStart panic parseIntStr print push range readFile recv recv_sub reduce
    repeat reverse round saveCSV send sha256 split str subscribe subscribe_limit substr substring sum to_json
    trim upper values writeFile
    """
)
"""Functions whose calls the checker takes over: unusable as unqualified externs and as variants."""

MOCHI_SCALARS = _words("int int64 float bigint bigrat string bool unit any value")
"""Types without arguments that the checker knows."""

MOCHI_GENERICS = {"list": 1, "map": 2, "set": 1, "omap": 2, "chan": 1, "stream": 1, "sub": 1, "future": 1}
"""Generic types that the checker knows, with the number of their arguments."""

SHIM_NAMES = _words(
    "bytes BytesRef bytes_from_string bytes_to_string bytes_len bytes_from_list bytes_to_list"
)
"""Names that every shim may declare for itself."""

PYTHON_KEYWORDS = frozenset(keyword.kwlist)
"""Hard keywords; soft ones (`match`, `type`) are legal names."""

WIT_KEYWORDS = _words(
    """
    as async bool borrow char constructor enum error-context export f32 f64 flags float32 float64 from func
    future import include interface list map option own package record resource result s16 s32 s64 s8 static
    stream string tuple type u16 u32 u64 u8 union use variant with world
    """
)
"""Words that must be written `%word` as a WIT identifier (wit-parser's lexer, old and new)."""

_RESERVED = frozenset(
    MOCHI_KEYWORDS | MOCHI_BUILTINS | MOCHI_SCALARS | MOCHI_GENERICS.keys() | SHIM_NAMES | PYTHON_KEYWORDS
)
_DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_PLAIN = re.compile(r"[A-Za-z_]+[0-9]*", re.ASCII)
_TRAPPED_DIGITS = re.compile(r"[0-9]+(?=[^0-9])")
_LEADING_DIGITS = re.compile(r"[0-9]+")
_ASCII_PREFIX = re.compile(r"[A-Za-z0-9_]+(?=[^\x00-\x7f])")


def is_mochi_identifier(name: str) -> bool:
    """Tell whether `name` can be written as a field, parameter, type or dotted name.

    Stricter than the lexer in one point: an ASCII digit may only stand in the final run
    of digits, though a few number-shaped names such as `a1e5` would pass.
    """
    if name in MOCHI_KEYWORDS:
        return False
    if _PLAIN.fullmatch(name):
        return True
    if not name or not _may_start(name[0]) or not all(map(_may_continue, name)):
        return False
    return not _TRAPPED_DIGITS.search(name) and not _split_by_keyword(name)


def is_legal_mochi_name(name: str) -> bool:
    """Tell whether `name` may be declared unqualified: an identifier and nothing built in."""
    return is_mochi_identifier(name) and name not in _RESERVED


def is_legal_mochi_alias(name: str) -> bool:
    """Tell whether `name` may stand behind `as` in an import."""
    return is_mochi_identifier(name) and name != "print"


def mochi_name(python_name: str) -> str:
    """Return the Mochi name of an item called `python_name`; legal in Mochi and in Python.

    Total over all texts, and the identity on legal names in NFKC that are Python
    identifiers. In order: NFKC (as Python reads identifiers), characters that one of the two
    languages rejects become `_`, a keyword before a non-ASCII letter is cut off by `_`
    (`seté` is `set_é`), reserved words get a trailing `_`, and digits that do not end the name
    are spelled one by one (`log1p` is `log_one_p`, `Vector2D` is `Vector_two_D`).
    """
    # Nearly all are plain, each another one: in a cache they would drive out what is respelled.
    if _PLAIN.fullmatch(python_name) and python_name not in _RESERVED:
        return python_name
    return _respell(python_name, _RESERVED)


def mochi_local_name(python_name: str) -> str:
    """Return the Mochi name of a parameter, option or record field called `python_name`.

    Like `mochi_name`, but builtins and type names stay, since they are free there.
    """
    return _respell(python_name, _LOCAL_RESERVED)


def handle_case(type_name: str) -> str:
    """Return the name of the one variant of handle type `type_name`: `Response` is `ResponseRef`."""
    return mochi_name(f"{type_name}Ref")


_LOCAL_RESERVED = MOCHI_KEYWORDS | PYTHON_KEYWORDS


@lru_cache(maxsize=4096)
def _respell(name: str, reserved: frozenset[str]) -> str:
    if _PLAIN.fullmatch(name):
        return _spell_digits(f"{name}_") if name in reserved else name
    if not (name.isascii() and name.isidentifier()):
        name = _replace_foreign(unicodedata.normalize("NFKC", name))
        if _split_by_keyword(name):
            prefix = _ASCII_PREFIX.match(name)
            end = prefix.end() if prefix else 0
            name = f"{name[:end]}_{name[end:]}"
    if name in reserved:
        name += "_"
    return _spell_digits(name)


def _replace_foreign(name: str) -> str:
    kept = "".join(ch if _may_continue(ch) and f"a{ch}".isidentifier() else "_" for ch in name)
    if not kept:
        return "_"
    # A digit at the start is spelled out later; other numbers cannot start a name.
    starts = _may_start(kept[0]) and kept[0].isidentifier()
    return kept if starts or kept[0] in "0123456789" else f"_{kept}"


def _spell_digits(name: str) -> str:
    """Spell digit runs that lead the name or have something behind them, words parted by `_`."""
    leading = _LEADING_DIGITS.match(name)
    pieces: list[str] = []
    position = 0
    for run in _TRAPPED_DIGITS.finditer(name):
        pieces.append(name[position : run.start()])
        pieces.append(_digit_words(name, run.start(), run.end()))
        position = run.end()
    if leading and leading.end() == len(name):
        return _digit_words(name, 0, len(name))
    return "".join(pieces) + name[position:]


def _digit_words(name: str, start: int, end: int) -> str:
    words = "_".join(_DIGIT_WORDS[int(digit)] for digit in name[start:end])
    before = "_" if start and name[start - 1] != "_" else ""
    after = "_" if end < len(name) and name[end] != "_" else ""
    return f"{before}{words}{after}"


def _split_by_keyword(name: str) -> bool:
    """Tell whether the lexer's ASCII word boundary cuts a keyword off the front of `name`."""
    prefix = _ASCII_PREFIX.match(name)
    return prefix is not None and prefix[0] in MOCHI_KEYWORDS


def _may_start(ch: str) -> bool:
    category = unicodedata.category(ch)
    return ch == "_" or category[0] == "L" or category == "So"


def _may_continue(ch: str) -> bool:
    category = unicodedata.category(ch)
    return ch == "_" or category[0] in "LN" or category == "So"
