"""The worker: bound functions of a workspace over JSON-RPC 2.0 on stdin and stdout.

A message stands on a line. Whatever has arrived is read at once, and what it gives is written
at once. Synchronous functions run one after the other in the main thread, which also reads;
where one takes long, the attendant reads in its place, so that calls can be cancelled and
those that are awaited go on. These run on a loop in a thread of its own.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import GeneratorType
from typing import Any

from .aio import Stream
from .background import Background, current_call, read_on_loop
from .bound import ContractError, check_contract, find_function
from .errors import describe_error, to_data
from .exports import HandleError, Segments, Table, is_buffer, read_shared
from .far_side import CallbackError, FarFunction, FarIterator, take_items
from .wire import Codec, WireError
from .worker_link import Link

CONTRACT = 1
"""The version of the protocol; both sides must have the same."""
LARGE = 1 << 16
"""How many bytes cross beside the text, as the least."""
PARENT = "MOCHI_WORKER_PARENT"
"""The variable with the number of the process that the worker is not to outlive."""

PARSE, INVALID, MISSING, PARAMETERS = -32700, -32600, -32601, -32602
FAILED, UNENCODABLE, CONTRACT_BROKEN, CANCELLED = -32000, -32001, -32010, -32800

Message = dict[str, Any]


class CallCancelled(BaseException):
    """The caller does not wait for this call any more."""


class Worker:
    """Reads requests from `inbox` and writes answers to `outbox`, both file descriptors."""

    def __init__(self, workspace: Path, inbox: int, outbox: int) -> None:
        self.workspace = workspace
        self.codec = Codec(
            export=self._export,
            readers={
                "$handle": lambda number: self.table.get(number),
                "$callback": lambda n: FarFunction(n, self.ask, self._forget),
                "$iter": lambda n: FarIterator(n, self.ask, self._forget),
                "$stream": lambda n: FarIterator(n, self.ask, self._forget),
                "$shm": self._read_shared,
            },
            large=LARGE,
        )
        self.table = Table()
        self.segments = Segments()
        self._functions: dict[str, tuple[Callable[..., Any], bool]] = {
            "$/hello": (self._hello, False),
            "$/call": (lambda function, args: function(*args), False),
            "$/next": (take_items, False),
            "$/pull": (_pull, False),
            "$/buffer": (_Buffer, False),
            "$/describe": (_describe, False),
            "$/close": (lambda value: value.close(), False),
            "$/statistics": (self._statistics, False),
        }
        self._notices: dict[str, Callable[..., None]] = {
            "$/cancel": self._cancel,
            "$/release": self._release,
            "$/taken": self.segments.release,
            "$/shutdown": self._shut_down,
        }
        self.link = Link(inbox, outbox, self.codec, self)
        self._out = self.link.out
        self._waiting: deque[Message] = deque()
        self._main = threading.get_ident()
        self._current: Any = None
        """The number of the call that runs in the main thread."""
        self._cancelled: Any = None
        self._asked = 0
        self._inboxes: dict[str, queue.SimpleQueue[Message]] = {}
        self._background = Background(self)

    # --- the main thread

    def run(self) -> None:
        """Serve until the caller closes its end."""
        signal.signal(signal.SIGINT, self._on_interrupt)
        threading.Thread(target=self._attend, name="attendant", daemon=True).start()
        while True:
            try:
                while self._waiting:
                    self.run_call(self._waiting.popleft())
            except CallCancelled:
                # It came when the call had been answered.
                self._current = None
            self.link.flush()
            if self.link.has_ended:
                break
            self.link.read(lambda: bool(self._waiting))
        self._background.stop()
        self.link.flush()
        self.segments.close()

    def take(self, message: Any, tagged: bool) -> None:
        """Put a message where it belongs: references in it are resolved now, in the order of arrival."""
        if type(message) is not dict:
            self._answer_error(
                None, INVALID, "a message is an object on a line of its own"
            )
            return
        method = message.get("method")
        if type(method) is not str:
            inbox = self._inboxes.get(message.get("id", ""))
            if inbox is not None:
                inbox.put(message)
            elif method is not None or not ("result" in message or "error" in message):
                self._answer_error(message.get("id"), INVALID, "a request has a method")
            return
        try:
            params = message.get("params", [])
            if tagged and params:
                message["params"] = params = self.codec.untag(params)
            if method in self._notices:
                self._notices[method](*params)
                return
            if type(params) is not list and type(params) is not dict:
                raise WireError("parameters are a list or an object")
        except (WireError, HandleError, TypeError, OSError) as error:
            self._answer_error(
                message.get("id"), PARAMETERS, f"{method}: {error}", error
            )
            return
        within = message.get("within")
        found = self._functions.get(method)
        if within is not None and within in self._inboxes:
            self._inboxes[within].put(message)
        elif found is not None and found[1]:
            self._background.start(message, found[0])
        elif "thread" in message:
            self._background.run_in_thread(message)
        else:
            self._waiting.append(message)

    def run_call(self, message: Message, *, aside: bool = False) -> None:
        """Call what a request asks for, in this thread, and answer. `aside` is not in the main one."""
        method, number = message["method"], message.get("id")
        outer = self._current
        try:
            if aside:
                current_call.set(number)
            else:
                self._current = number
                self.link.started += 1
            found = self._functions.get(method) or self._find(method)
            if found[1]:
                self._background.start({**message}, found[0])
                return
            params = message.get("params", ())
            call = found[0]
            result = call(**params) if type(params) is dict else call(*params)
            params = None
            self.answer(number, result, message)
        except CallCancelled:
            self.answer_cancelled(message)
        except BaseException as error:
            self.answer_exception(number, error, method)
        finally:
            if not aside:
                self._current = outer
            message.clear()
        if self.link.is_late:
            self.link.flush()

    def refuse(self, reason: str) -> None:
        """Answer a line that is no message."""
        self._answer_error(None, PARSE, reason)

    def _find(self, method: str) -> tuple[Callable[..., Any], bool]:
        try:
            found = self._functions[method] = find_function(method)
        except LookupError as error:
            raise _NoFunctionError(str(error)) from None
        return found

    def _attend(self) -> None:
        die_with_parent()
        self.link.attend()

    # --- answers

    def answer(self, number: Any, result: Any, message: Message) -> None:
        if "id" not in message:
            return
        try:
            text = self.codec.encode(result)
        except WireError as error:
            self._answer_error(
                number,
                UNENCODABLE,
                f"{message['method']}: the result cannot cross: {error}",
            )
            return
        shown = b"%d" % number if type(number) is int else self.codec.encode(number)
        self._out.append(b'{"jsonrpc":"2.0","id":%b,"result":%b}\n' % (shown, text))

    def answer_exception(self, number: Any, error: BaseException, method: str) -> None:
        if isinstance(error, _NoFunctionError):
            self._answer_error(number, MISSING, str(error))
        elif isinstance(error, ContractError):
            self._answer_error(number, CONTRACT_BROKEN, str(error))
        else:
            self._answer_error(number, FAILED, f"{method} failed", error)

    def answer_cancelled(self, message: Message) -> None:
        """Add the answer to a call that was cancelled."""
        self._answer_error(
            message.get("id"), CANCELLED, f"{message.get('method')} was cancelled"
        )

    def _answer_error(
        self, number: Any, code: int, message: str, error: BaseException | None = None
    ) -> None:
        fault: dict[str, Any] = {"code": code, "message": message}
        if error is not None:
            fault["data"] = to_data(describe_error(error))
            if isinstance(error, CallbackError):
                fault["callback"] = error.number
        answer = {"jsonrpc": "2.0", "id": number, "error": fault}
        self._out.append(self.codec.dump(self.codec.tag(answer)) + b"\n")

    # --- requests to the caller

    def ask(self, method: str, params: list[Any]) -> Any:
        """Send the caller a request, and wait for its result in this thread.

        Calls that the caller makes meanwhile for this request run in this thread, too.
        """
        self._asked += 1
        number = f"w{self._asked}-{threading.get_ident()}"
        inbox = self._inboxes[number] = queue.SimpleQueue()
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        is_main = threading.get_ident() == self._main
        call = self._current if is_main else current_call.get()
        if call is not None:
            request["for"] = call
        try:
            self._out.append(self.codec.encode(request) + b"\n")
            while True:
                message = self._wait(inbox)
                if "method" not in message:
                    return self._read_answer(message)
                self.run_call(message, aside=not is_main)
        finally:
            del self._inboxes[number]

    def _wait(self, inbox: queue.SimpleQueue[Message]) -> Message:
        self.link.flush()
        while threading.get_ident() == self._main and inbox.empty():
            if self.link.has_ended:
                raise CallbackError("the caller is gone")
            self.link.read(lambda: not inbox.empty())
        while True:
            try:
                return inbox.get(timeout=1.0)
            except queue.Empty:
                if self.link.has_ended:
                    raise CallbackError("the caller is gone") from None

    def _read_answer(self, message: Message) -> Any:
        if "error" not in message:
            return self.codec.untag(message.get("result"))
        fault = message["error"]
        raise CallbackError(fault.get("message", ""), fault.get("callback", 0))

    def _forget(self, kind: str, number: int) -> None:
        # Called from destructors: only appending is safe in any thread.
        self._out.append(
            b'{"jsonrpc":"2.0","method":"$/forget","params":["%b",%d]}\n'
            % (kind.encode(), number)
        )

    # --- notices of the caller

    def _cancel(self, number: Any) -> None:
        for message in list(self._waiting):
            if message.get("id") == number:
                with contextlib.suppress(ValueError):
                    self._waiting.remove(message)
                    self.answer_cancelled(message)
                return
        if self._background.cancel(number):
            return
        self._cancelled = number
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(self._main, signal.SIGINT)
        else:
            import _thread  # the portable way does not end system calls

            _thread.interrupt_main()

    def _on_interrupt(self, *_: object) -> None:
        number, self._cancelled = self._cancelled, None
        # An interrupt from the terminal is meant for the caller, which ends this process.
        if number is not None and self._current == number:
            raise CallCancelled

    def _release(self, *pairs: list[int]) -> None:
        for number, count in pairs:
            self.table.release(number, count)

    def _shut_down(self) -> None:
        self.link.end()

    # --- values

    def _export(self, value: Any) -> dict[str, Any]:
        if isinstance(value, (bytes, bytearray, memoryview)):
            return {"$shm": self.segments.share(value)}
        if isinstance(value, _Buffer):
            return {"$shm": self.segments.share(value.value)}
        if isinstance(value, FarFunction):
            return {"$callback": value.number}
        if isinstance(value, Stream) or hasattr(type(value), "__anext__"):
            return {"$stream": self.table.add(value)}
        if isinstance(value, GeneratorType) or type(value).__module__ == "itertools":
            return {"$iter": self.table.add(value)}
        return {"$handle": self.table.add(value)}

    def _read_shared(self, content: Any) -> Any:
        value = read_shared(content)
        self._out.append(
            b'{"jsonrpc":"2.0","method":"$/taken","params":[%d]}\n' % content["number"]
        )
        return value

    # --- functions of the protocol

    def _hello(self, contract: int, functions: dict[str, str]) -> dict[str, Any]:
        if contract != CONTRACT:
            raise ContractError(
                f"the caller speaks version {contract} of the protocol, the worker {CONTRACT}"
            )
        check_contract(self.workspace, functions)
        return {
            "contract": CONTRACT,
            "python": sys.version.split()[0],
            "engine": self.codec.engine,
            "pid": os.getpid(),
        }

    def _statistics(self) -> dict[str, int]:
        return {
            "handles": len(self.table),
            "segments": len(self.segments),
            "threads": threading.active_count(),
        }


def _pull(stream: Any, count: int) -> list[Any]:
    if hasattr(type(stream), "__next__"):
        return take_items(stream, count)
    return read_on_loop(stream, count)


class _NoFunctionError(LookupError):
    """No function is bound under a name."""


class _Buffer:
    """Marks an array that is to cross by value."""

    def __init__(self, value: Any) -> None:
        if not isinstance(value, (bytes, bytearray)) and not is_buffer(value):
            raise BufferError(
                f"{type(value).__qualname__} is no contiguous array of numbers"
            )
        self.value = value


def _describe(value: Any) -> dict[str, str]:
    cls = type(value)
    return {"type": f"{cls.__module__}.{cls.__qualname__}", "text": repr(value)[:2000]}


# --- the process ------------------------------------------------------------------------


def die_with_parent() -> None:
    """Have this process killed when the one that made it is gone, where the system can do that."""
    if sys.platform != "linux":
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
    # It may have ended before. A parent of another number may be a launcher between the two.
    with contextlib.suppress(ValueError, PermissionError):
        try:
            os.kill(int(os.environ.get(PARENT, "")), 0)
        except ProcessLookupError:
            os._exit(1)


def main(workspace: str) -> None:
    """Serve the functions of `workspace` on what were stdin and stdout; prints go to stderr."""
    inbox, outbox = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt

        for file in (inbox, outbox):
            msvcrt.setmode(file, os.O_BINARY)
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(line_buffering=True, errors="backslashreplace")
    Worker(Path(workspace), inbox, outbox).run()
