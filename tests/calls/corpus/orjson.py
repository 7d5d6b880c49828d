"""Calls of orjson, which is one compiled module: options as numbers, callbacks, errors."""

from __future__ import annotations

import datetime
import decimal
import uuid

import orjson

SPEC = "orjson@==3.13.0"
NEAR = {"a callback", "a date", "an identifier"}

DATA = {"b": [1, 2.5, None], "a": {"c": "é"}}


def calls(w):
    yield "to bytes", lambda: w.dumps(DATA), lambda: orjson.dumps(DATA)
    yield "from text", lambda: w.loads('{"a": [1, 2]}'), lambda: orjson.loads('{"a": [1, 2]}')
    yield "from bytes", lambda: w.loads(b"[true]"), lambda: orjson.loads(b"[true]")
    yield (
        "options by number",
        lambda: w.dumps_with(DATA, {"option": w.OPT_SORT_KEYS() | w.OPT_INDENT_2()}),
        lambda: orjson.dumps(DATA, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2),
    )
    yield (
        "a callback",
        lambda: w.dumps_with(decimal.Decimal("0.1"), {"default": str}),
        lambda: orjson.dumps(decimal.Decimal("0.1"), default=str),
    )
    yield (
        "a date",
        lambda: w.dumps(datetime.date(2026, 11, 21)),
        lambda: orjson.dumps(datetime.date(2026, 11, 21)),
    )
    yield "an identifier", lambda: w.dumps(uuid.UUID(int=5)), lambda: orjson.dumps(uuid.UUID(int=5))
    yield "malformed text", lambda: w.loads("[1,"), lambda: orjson.loads("[1,")
    yield "what has no form", lambda: w.dumps({1, 2}), lambda: orjson.dumps({1, 2})
    yield "as text", lambda: w.bytes_to_string(w.dumps([1])), lambda: "[1]"
