"""The JSON libraries that values are written and read with, and what they write right by themselves."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Set
from itertools import chain
from typing import Any, NamedTuple, NoReturn, cast

from .failures import type_name

ENGINES = ("orjson", "msgspec", "json")
"""What reads and writes JSON, the first choice first; only the last is always there."""
ENGINE_VARIABLE = "MOCHI_WIRE_ENGINE"
MAX_DEPTH = 200
"""How deep lists and objects of an encoded value may be nested; orjson ends at 254."""


class WireError(ValueError):
    """A value has no encoding, or a text is no encoding of a value."""


class Engine(NamedTuple):
    """A JSON library. `dumps` raises where it meets what JSON does not have, or does not notice it."""

    name: str
    dumps: Callable[[Any], bytes]
    loads: Callable[[bytes], Any]


def find_engine(name: str | None = None) -> Engine:
    """Return the engine called `name`, else the one the environment asks for, else the first there is.

    Raises `WireError` for a name that is none, and for one that is not installed.
    """
    asked = name or os.environ.get(ENGINE_VARIABLE)
    if asked and asked not in _MAKERS:
        raise WireError(f"no JSON engine {asked!r}; there are {', '.join(ENGINES)}")
    for each in (asked,) if asked else ENGINES:
        try:
            return _MAKERS[each]()
        except ImportError:
            continue
    raise WireError(f"the JSON engine {asked!r} is not installed")


def _open_json() -> Engine:
    def refuse(value: object) -> NoReturn:
        raise WireError(f"{type_name(value)} is not JSON")

    # What `JSONEncoder.encode` and `JSONDecoder.decode` make anew at every call is made once.
    make = cast(Any, json.encoder).c_make_encoder
    scan = cast(Any, json.JSONDecoder(parse_constant=_refuse_constant)).scan_once
    slow = json.JSONEncoder(
        ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=refuse
    )
    write = json.encoder.encode_basestring
    encode = make and make(None, refuse, write, None, ":", ",", False, False, False)

    def dumps(value: Any) -> bytes:
        if encode is None:
            return slow.encode(value).encode()
        if type(value) is str:
            return write(value).encode()
        return "".join(encode(value, 0)).encode()

    def loads(data: bytes) -> Any:
        text = data.decode()
        try:
            value, end = scan(text, 0)
        except StopIteration:
            end = -1
        if end == len(text):
            return value
        return load_json(data)

    return Engine("json", dumps, loads)


def _refuse_constant(text: str) -> NoReturn:
    raise WireError(f"{text} is not JSON")


def _open_orjson() -> Engine:
    orjson = importlib.import_module("orjson")
    return Engine("orjson", orjson.dumps, orjson.loads)


def _open_msgspec() -> Engine:
    library = importlib.import_module("msgspec.json")
    return Engine("msgspec", library.Encoder().encode, library.Decoder().decode)


_MAKERS = {"json": _open_json, "orjson": _open_orjson, "msgspec": _open_msgspec}


# --- what is plain ----------------------------------------------------------------------

SCALARS: Set[type] = frozenset({type(None), bool, int, float, str})
_PLAIN: Set[type] = SCALARS | {list, dict}
_KEYS: Set[type] = frozenset({str})
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LONG = b"0" * 19


def survey(value: Any) -> Set[type] | None:
    """Return the types in `value`, all of them plain, or None.

    Whether integers and floats are in range, keys have no `$` and strings no surrogates
    is not looked at. Goes by levels, so that the loops over values run in C.
    """
    kind = type(value)
    if kind in SCALARS:
        return {kind}
    if kind is list:
        found = set(map(type, value))
        if found <= SCALARS:
            return found
    found = set[type]()
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH + 1):
        kinds = set(map(type, level))
        if not kinds <= _PLAIN:
            return None
        found |= kinds
        below: list[Any] = []
        if dict in kinds:
            maps = level
            if len(kinds) > 1:
                maps = [each for each in level if type(each) is dict]
            if not set(map(type, chain.from_iterable(maps))) <= _KEYS:
                return None
            if _is_repeated(maps):
                return None
            below.extend(chain.from_iterable(map(dict.values, maps)))
        if list in kinds:
            lists = level
            if len(kinds) > 1:
                lists = [each for each in level if type(each) is list]
            if _is_repeated(lists):
                return None
            below.extend(chain.from_iterable(lists))
        if kinds <= SCALARS:
            return found
        level = below
    return None


def _is_repeated(values: list[Any]) -> bool:
    """Tell whether many of `values` are one object: lists that hold themselves grow with every level."""
    return len(values) > 1000 and 2 * len(set(map(id, values))) < len(values)


def has_long_digits(text: bytes) -> bool:
    """Tell whether there are digits in a row of which an integer of 64 bits has no more."""
    return len(text) > 18 and _LONG in text.translate(_ZEROS)


def load_json(data: bytes) -> Any:
    """Return the JSON value of `data`, read by the standard library."""
    return json.loads(data.decode(), parse_constant=_refuse_constant)
