"""Calls of msgpack that cross every kind of plain value, large ones too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

LARGE = bytes(range(256)) * 4096
EDGES = [0, -1, 2**31, 2**63 - 1, -(2**63), 2**64 - 1]


def calls(w: Any) -> Iterator[tuple[str, Any, None]]:  # noqa: ANN401
    yield "whole numbers", lambda: w.unpackb(w.packb(EDGES)), None
    yield "a number too large", lambda: w.packb(2**64), None
    yield "fractions", lambda: w.unpackb(w.packb([0.1, -0.0, 1e308, 5e-324])), None
    yield "no numbers", lambda: [str(each) for each in w.unpackb(w.packb([float("inf"), float("nan")]))], None
    yield "texts", lambda: w.unpackb(w.packb(["", "é", "\0", "𝄞", "$bytes", {"$handle": 1}])), None
    yield "a lone surrogate", lambda: w.packb("\ud800"), None
    yield "truth and nothing", lambda: w.unpackb(w.packb([True, False, None])), None
    yield "nested", lambda: w.unpackb(w.packb({"a": {"b": [{"c": []}, {}]}})), None
    yield "keys of numbers", lambda: w.unpackb_with(w.packb({1: "a"}), {"strict_map_key": False}), None
    yield "bytes", lambda: w.unpackb(w.packb(b"\x00\xff")), None
    yield "a megabyte", lambda: len(w.unpackb(w.packb(LARGE))), None
    yield "ten thousand items", lambda: sum(w.unpackb(w.packb(list(range(10_000))))), None
    yield "a pair", lambda: w.unpackb(w.packb((1, "a"))), None
    yield "a set", lambda: w.packb({1, 2}), None
    yield "a callback that raises", lambda: w.packb_with({1}, {"default": fail}), None
    yield "a callback called often", lambda: w.unpackb_with(w.packb([{}] * 50), {"object_hook": len}), None
    yield "a handle", lambda: stream(w), None
    yield "a wrong option", lambda: w.packb_with(1, {"defualt": len}), None
    yield "an option of another type", lambda: w.unpackb_with(w.packb(1), {"raw": "yes"}), None
    yield "not bytes", lambda: w.unpackb("text"), None


def stream(w: Any) -> list[object]:  # noqa: ANN401
    """Feed a reader by parts and take what is whole."""
    reader = w.Unpacker_new()
    data = w.packb([1, "two"]) + w.packb({"three": 3})
    w.Unpacker_feed(reader, data[:4])
    w.Unpacker_feed(reader, data[4:])
    return [w.Unpacker_unpack(reader), w.Unpacker_unpack(reader), w.Unpacker_tell(reader)]


def fail(value: object) -> object:
    """Refuse what cannot be packed."""
    raise LookupError(f"no form for {value!r}")
