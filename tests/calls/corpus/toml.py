"""Calls of toml: maps both ways, files, decoders as handles, errors."""

from __future__ import annotations

import io
from pathlib import Path

import toml

SPEC = "toml@==0.10.2"

TEXT = 'a = 1\nb = [1.5, 2.5]\n[c]\nd = "é"\n'
DATA = {"a": 1, "b": [True, False], "c": {"d": "x"}}


def calls(w):
    yield "text to a map", lambda: w.loads(TEXT), lambda: toml.loads(TEXT)
    yield "a map to text", lambda: w.dumps(DATA), lambda: toml.dumps(DATA)
    yield "there and back", lambda: w.loads(w.dumps(DATA)), lambda: DATA
    yield "an error", lambda: w.loads("a = "), lambda: toml.loads("a = ")
    yield "not a string", lambda: w.loads(w.dumps({})), lambda: toml.loads(toml.dumps({}))
    yield (
        "a decoder",
        lambda: w.loads_with(TEXT, {"decoder": w.TomlOrderedDecoder_new()}),
        lambda: toml.loads(TEXT, decoder=toml.decoder.TomlDecoder()),
    )
    yield (
        "an encoder",
        lambda: w.dumps_with(DATA, {"encoder": w.TomlArraySeparatorEncoder_new_with({"separator": ";"})}),
        lambda: toml.dumps(DATA, encoder=toml.TomlArraySeparatorEncoder(separator=";")),
    )
    yield (
        "a tuple that comes back as a record",
        lambda: w.TomlDecoder_load_value(w.TomlDecoder_new(), "[1, 2]"),
        lambda: toml.TomlDecoder().load_value("[1, 2]"),
    )
    yield "a file", lambda: read_with(w.load_), lambda: read_with(toml.load)
    yield "writing", lambda: write_with(w.dump), lambda: write_with(toml.dump)


def read_with(load):
    Path("a.toml").write_text(TEXT, "utf-8")
    return load("a.toml")


def write_with(dump):
    file = io.StringIO()
    dump(DATA, file)
    return file.getvalue()
