"""Python's side of the host programs for any workspace, in C and in Go: lines of JSON to values and back.

A line is a request, as for the worker, or the answer to one that the host has made for a function
of the other side. The host itself makes the calls.
"""

from __future__ import annotations

from types import GeneratorType
from typing import Any

from .aio import Stream
from .bound import FOLDER
from .embedded import HostFunction
from .exports import Table
from .far_side import take_items
from .wire import Codec

IGNORED, CALL, END, ANSWER, FAILURE = range(5)

FAILED = -32000

_SPECIAL = {
    "$/call": ("_mochi_wrap.embedded", "apply"),
    "$/next": (__name__, "take_items"),
    "$/pull": (__name__, "take_items"),
    "$/close": (__name__, "close"),
    "$/release": (__name__, "release"),
    "$/statistics": (__name__, "statistics"),
}

__all__ = [
    "ask",
    "close",
    "close_call",
    "close_failure",
    "open_line",
    "release",
    "statistics",
    "take_items",
]

table = Table()


def _export(value: Any) -> dict[str, Any]:
    if isinstance(value, HostFunction):
        return {"$callback": value.id}
    if isinstance(value, Stream) or hasattr(type(value), "__anext__"):
        return {"$stream": table.add(value)}
    if isinstance(value, GeneratorType) or type(value).__module__ == "itertools":
        return {"$iter": table.add(value)}
    return {"$handle": table.add(value)}


codec = Codec(export=_export, readers={"$handle": table.get, "$callback": HostFunction})
_asked = 0


def open_line(line: bytes) -> tuple[int, str, str, str, Any]:
    """Return what a line is, the text of its number, the function that it asks for, and the values.

    The values are a list of parameters, what an answer gives, or the message of a failure.
    """
    try:
        message = codec.load(line)
        number = codec.encode(message.get("id")).decode()
        method = message.get("method")
        if method is None:
            if "error" in message:
                return FAILURE, number, "", "", str(message["error"].get("message", ""))
            return ANSWER, number, "", "", codec.untag(message.get("result"))
        if method == "$/shutdown":
            return END, number, "", "", None
        values = codec.untag(message.get("params", []))
    except Exception as error:
        # A function that raises it gives the answer.
        return CALL, "null", __name__, "fail", [f"{type(error).__name__}: {error}"]
    if method in _SPECIAL:
        return CALL, number, *_SPECIAL[method], values
    alias, _, name = method.partition(".")
    return CALL, number, f"{FOLDER}.{alias}", f"externs.{name}", values


def close_call(number: str, result: Any) -> bytes:
    """Return the answer to a call."""
    text = codec.encode(result)
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (number.encode(), text)


def close_failure(
    number: str, type: str, message: str, trace: str = "", classes: Any = ()
) -> bytes:
    """Return the answer to a call that raised an exception."""
    data = {"type": type, "message": message, "classes": list(classes) or [type]}
    fault = {"code": FAILED, "message": message, "data": data, "trace": trace}
    text = codec.dump(codec.tag(fault))
    return b'{"jsonrpc":"2.0","id":%b,"error":%b}' % (number.encode(), text)


def ask(function: int, arguments: list[Any]) -> bytes:
    """Return the request to call a function of the other side."""
    global _asked
    _asked += 1
    request = {
        "jsonrpc": "2.0",
        "id": f"w{_asked}",
        "method": "$/callback",
        "params": [function, arguments],
    }
    return codec.dump(codec.tag(request))


def fail(message: str) -> None:
    """Raise for a line that is no request."""
    raise ValueError(message)


def close(value: Any) -> None:
    """Close an iterator or a stream."""
    value.close()


def release(*pairs: list[int]) -> None:
    """Take back what was given out, so often."""
    for number, count in pairs:
        table.release(number, count)


def statistics() -> dict[str, int]:
    """Return how many objects are given out."""
    return {"handles": len(table)}
