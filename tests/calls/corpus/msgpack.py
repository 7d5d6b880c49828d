"""Calls of msgpack: bytes both ways, callbacks, records, handles with state, errors."""

from __future__ import annotations

import datetime
import io

import msgpack

SPEC = "msgpack@==1.2.4"
NEAR = {"a file"}

DATA = {"a": [1, 2.5, None, True], "b": {"c": "é"}}


def calls(w):
    yield "to bytes", lambda: w.packb(DATA), lambda: msgpack.packb(DATA)
    yield "from bytes", lambda: w.unpackb(w.packb(DATA)), lambda: DATA
    yield (
        "an option",
        lambda: w.unpackb_with(w.packb([1, 2]), {"use_list": False}),
        lambda: msgpack.unpackb(msgpack.packb([1, 2]), use_list=False),
    )
    yield (
        "a callback outward",
        lambda: w.packb_with({"when": {3}}, {"default": sorted}),
        lambda: msgpack.packb({"when": {3}}, default=sorted),
    )
    yield (
        "a callback inward",
        lambda: w.unpackb_with(w.packb({"x": 1}), {"object_hook": lambda found: sorted(found)}),
        lambda: msgpack.unpackb(msgpack.packb({"x": 1}), object_hook=lambda found: sorted(found)),
    )
    yield "a stream", lambda: read_all(w), lambda: [1, "two", [3]]
    yield "a truncated message", lambda: w.unpackb(b"\x93\x01"), lambda: msgpack.unpackb(b"\x93\x01")
    yield (
        "a time stamp",
        lambda: w.Timestamp_to_unix_nano(w.Timestamp_from_unix_nano(12_000_000_007)),
        lambda: msgpack.Timestamp.from_unix_nano(12_000_000_007).to_unix_nano(),
    )
    yield (
        "a date",
        lambda: w.Timestamp_to_datetime(w.Timestamp_new(5)),
        lambda: datetime.datetime.fromtimestamp(5, datetime.UTC),
    )
    yield (
        "a record outward",
        lambda: w.ExtType_new(5, b"xyz"),
        lambda: msgpack.ExtType(5, b"xyz"),
    )
    yield "a file", lambda: w.unpack(io.BytesIO(w.packb(DATA))), lambda: DATA


def read_all(w):
    unpacker = w.Unpacker_new()
    for item in (1, "two", [3]):
        w.Unpacker_feed(unpacker, w.packb(item))
    return [w.Unpacker_unpack(unpacker) for _ in range(3)]
