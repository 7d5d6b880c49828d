"""Python's side of the host programs for any workspace, in C and in Go: lines of JSON to values and back.

The lines are those of the worker (`worker.py`): requests, notices, and answers to the requests that
the host itself makes, to call a function of the other side. Calls run one at a time, in the order
in which they come; the host makes them. Calls cannot be cancelled.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import GeneratorType
from typing import Any, NoReturn

from .aio import Stream
from .bound import FOLDER, ContractError, check_contract, load_wrapper
from .embedded import HostFunction, last
from .errors import describe_error, to_data
from .exports import Table, read_shared
from .far_side import CallbackError, FarIterator, take_items
from .wire import Codec, WireError
from .worker import (
    CONTRACT,
    CONTRACT_BROKEN,
    FAILED,
    MISSING,
    UNENCODABLE,
)

IGNORED, CALL, END, ANSWER, FAILURE = range(5)
"""What a line is, for the host."""

_HERE = __name__
_SPECIAL = {
    "$/call": (_HERE, "call"),
    "$/hello": (_HERE, "hello"),
    "$/next": (_HERE, "take_items"),
    "$/pull": (_HERE, "take_items"),
    "$/close": (_HERE, "close"),
    "$/describe": (_HERE, "describe"),
    "$/statistics": (_HERE, "statistics"),
}

__all__ = [
    "ask",
    "call",
    "close",
    "close_call",
    "close_failure",
    "describe",
    "fail",
    "hello",
    "open_line",
    "read_value",
    "start",
    "statistics",
    "take_items",
]

table = Table()
running: list[str] = []
"""The numbers of the calls that run, the innermost last."""
_asked = 0
_asker: Callable[[str, list[Any]], Any] | None = None
_notices: list[bytes] = []


class _NoFunctionError(LookupError):
    """No function is bound under a name."""


def _export(value: Any) -> dict[str, Any]:
    if isinstance(value, HostFunction):
        return {"$callback": value.id}
    if isinstance(value, Stream) or hasattr(type(value), "__anext__"):
        return {"$stream": table.add(value)}
    if isinstance(value, GeneratorType) or type(value).__module__ == "itertools":
        return {"$iter": table.add(value)}
    return {"$handle": table.add(value)}


def _ask(method: str, params: list[Any]) -> Any:
    """Have the host send a request, and return its result."""
    assert _asker is not None, "the host has called `start`"
    return _asker(method, params)


def _forget(kind: str, number: int) -> None:
    # Called from destructors: it goes with the next line.
    _notices.append(
        b'{"jsonrpc":"2.0","method":"$/forget","params":["%b",%d]}\n'
        % (kind.encode(), number)
    )


def _read_iterator(number: int) -> FarIterator:
    return FarIterator(number, _ask, _forget)


codec = Codec(
    export=_export,
    readers={
        "$handle": table.get,
        "$callback": HostFunction,
        "$iter": _read_iterator,
        "$stream": _read_iterator,
        "$shm": read_shared,
    },
)


def start(asker: Callable[[str, list[Any]], Any]) -> None:
    """Get function 0 of the host, which sends any request."""
    global _asker
    _asker = asker


# --- lines that come --------------------------------------------------------------------

Line = tuple[int, str, str, str, Any]
"""What a line is, the text of its number, the module and name of the function to call, and the values:
a list of arguments, what an answer gives, or the message of a failure."""


def open_line(line: bytes) -> Line:
    """Take a line apart."""
    last.keeps = True
    number = "null"
    try:
        message = codec.load(line)
        number = codec.encode(message.get("id")).decode()
        method = message.get("method")
        if method is None:
            return _open_answer(message, number)
        values = codec.untag(message.get("params", []))
        if "id" not in message:
            return _take_notice(method, values)
        module, name, values = _find(method, values)
    except Exception as error:
        last.error = error
        module, name, values = _HERE, "fail", []
    running.append(number)
    return CALL, number, module, name, values


def _open_answer(message: dict[str, Any], number: str) -> Line:
    if "error" not in message:
        return ANSWER, number, "", "", codec.untag(message.get("result"))
    last.number = message["error"].get("callback", 0)
    return FAILURE, number, "", "", str(message["error"].get("message", ""))


def _take_notice(method: str, values: list[Any]) -> Line:
    if method == "$/release":
        for number, count in values:
            table.release(number, count)
    return END if method == "$/shutdown" else IGNORED, "", "", "", None


def _find(method: str, values: list[Any]) -> tuple[str, str, list[Any]]:
    if method in _SPECIAL:
        return *_SPECIAL[method], values
    alias, _, name = method.partition(".")
    try:
        found = getattr(load_wrapper(alias), name, None)
    except LookupError as error:
        raise _NoFunctionError(str(error)) from None
    if found is None or name.startswith("_"):
        raise _NoFunctionError(f"{alias} binds no function {name}")
    if not callable(found):
        return _HERE, "read_value", [alias, name]
    return f"{FOLDER}.{alias}", f"externs.{name}", values


# --- lines that go ----------------------------------------------------------------------


def close_call(number: str, result: Any) -> bytes:
    """Return the answer to a call."""
    try:
        text = codec.encode(result)
    except WireError as error:
        error.add_note("unencodable")
        raise
    running.pop()
    return _line(b'{"jsonrpc":"2.0","id":%b,"result":%b}\n' % (number.encode(), text))


def close_failure(number: str, *told: Any) -> bytes:
    """Return the answer to the innermost call, which failed with what `describe` was told last."""
    number = running.pop() if running else number or "null"
    error, last.error = last.error, None
    if error is None:
        error = RuntimeError(told[1] if len(told) > 1 else "the host failed")
    fault: dict[str, Any] = {"code": _code_of(error), "message": str(error)}
    if fault["code"] == FAILED:
        fault["data"] = to_data(describe_error(error))
    if isinstance(error, CallbackError):
        fault["callback"] = error.number
    text = codec.dump(codec.tag(fault))
    return _line(b'{"jsonrpc":"2.0","id":%b,"error":%b}\n' % (number.encode(), text))


def _code_of(error: BaseException) -> int:
    match error:
        case _NoFunctionError():
            return MISSING
        case ContractError():
            return CONTRACT_BROKEN
        case WireError(__notes__=_):
            return UNENCODABLE
        case _:
            return FAILED


def ask(function: int, arguments: list[Any]) -> bytes:
    """Return the request to call a function of the other side; function 0 is the request itself."""
    global _asked
    _asked += 1
    method, params = (
        arguments if function == 0 else ("$/callback", [function, arguments])
    )
    request = {
        "jsonrpc": "2.0",
        "id": f"w{_asked}",
        "method": method,
        "params": params,
    }
    text = codec.dump(codec.tag(request))
    within = running[-1] if running else "null"
    return _line(b'%b,"for":%b}\n' % (text.removesuffix(b"}"), within.encode()))


def _line(text: bytes) -> bytes:
    """Return a line behind what else is to be told."""
    told, _notices[:] = b"".join(_notices), []
    return told + text


# --- functions of the protocol ----------------------------------------------------------


def hello(contract: int, functions: dict[str, str]) -> dict[str, Any]:
    """Compare contracts, and say who this is."""
    if contract != CONTRACT:
        raise ContractError(
            f"the caller speaks version {contract} of the protocol, the host {CONTRACT}"
        )
    check_contract(Path(__file__).parent.parent, functions)
    return {
        "contract": CONTRACT,
        "python": sys.version.split()[0],
        "engine": codec.engine,
        "pid": os.getpid(),
    }


def fail() -> NoReturn:
    """Raise what was wrong with a line."""
    raise last.error or RuntimeError("a line cannot be read")


def call(function: Any, arguments: list[Any]) -> Any:
    """Call what a function has returned as a function."""
    return function(*arguments)


def read_value(alias: str, name: str) -> Any:
    """Return what a wrapper has under a name, where that is no function."""
    return getattr(load_wrapper(alias), name)


def close(value: Any) -> None:
    """Close an iterator or a stream."""
    value.close()


def describe(value: Any) -> dict[str, str]:
    """Say what an object is."""
    cls = type(value)
    return {"type": f"{cls.__module__}.{cls.__qualname__}", "text": repr(value)[:2000]}


def statistics() -> dict[str, int]:
    """Return how many objects are given out."""
    return {"handles": len(table), "segments": 0, "threads": threading.active_count()}
