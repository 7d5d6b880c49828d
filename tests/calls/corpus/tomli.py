"""Calls of tomli: text to maps, a callback, errors."""

from __future__ import annotations

import io
from decimal import Decimal

import tomli

SPEC = "tomli@==2.5.0"
NEAR = {"a callback that gives an object", "a binary file", "a file opened as text"}

DOCUMENT = """
title = "répertoire"
ports = [8080, 8081]
ratio = 0.25
big = 9223372036854775807

[owner]
name = "Ada"
active = true

[[fruit]]
name = "apple"
[[fruit]]
name = "pear"
"""


def calls(w):
    yield "a document", lambda: w.loads(DOCUMENT), lambda: tomli.loads(DOCUMENT)
    yield "an empty document", lambda: w.loads(""), lambda: tomli.loads("")
    yield (
        "a callback for floats",
        lambda: w.loads_with("x = 0.1", {"parse_float": lambda text: text + "!"}),
        lambda: tomli.loads("x = 0.1", parse_float=lambda text: text + "!"),
    )
    yield (
        "a callback that gives an object",
        lambda: w.loads_with("x = 0.1", {"parse_float": Decimal}),
        lambda: tomli.loads("x = 0.1", parse_float=Decimal),
    )
    yield "dates", lambda: w.loads("d = 2026-11-21"), lambda: tomli.loads("d = 2026-11-21")
    yield "an error", lambda: w.loads("a = "), lambda: tomli.loads("a = ")
    yield (
        "a binary file",
        lambda: w.load_(io.BytesIO(DOCUMENT.encode())),
        lambda: tomli.load(io.BytesIO(DOCUMENT.encode())),
    )
    yield (
        "an error that is a handle",
        lambda: w.TOMLDecodeError_msg(w.TOMLDecodeError_new_with({"msg": "bad", "doc": "x", "pos": 0})),
        lambda: tomli.TOMLDecodeError("bad", "x", 0).msg,
    )
    yield (
        "a file opened as text",
        lambda: w.load_(io.StringIO("a = 1")),
        lambda: tomli.load(io.StringIO("a = 1")),
    )
