"""The messages between a client and one worker process.

No thread is there only to read. Of the threads that wait for answers one leads: it reads, and
hands out what has come, until it has its own answer; then the next one leads. So a call in a
single thread costs no switch of threads. Where somebody is to be told who does not wait, a thread
in the background waits for them.
"""

from __future__ import annotations

import contextlib
import contextvars
import itertools
import os
import select
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

from .._mochi_wrap.errors import describe_error, to_data
from .._mochi_wrap.patience import Watch
from .._mochi_wrap.wire import Codec, WireError
from .errors import (
    CallTimeoutError,
    WorkerCrashError,
    WorkerError,
    WorkerGoneError,
    make_error,
)
from .process import Process
from .replies import Reply
from .services import Services
from .turns import Turns

CHUNK = 1 << 16
WINDOW = 256
"""How many calls of `call_many` are sent at once; twice as many are under way at most."""

_within: contextvars.ContextVar[str | None] = contextvars.ContextVar(
    "within", default=None
)
"""The request of the worker that this thread answers: calls made meanwhile belong to it."""


class Channel:
    """Sends calls to `process`, and takes its answers and requests."""

    def __init__(self, process: Process, engine: str | None = None) -> None:
        self.process = process
        self.services = Services(self)
        self.codec = Codec(
            engine, self.services.export, self.services.readers, self.services.large
        )
        self.dead: WorkerError | None = None
        os.set_blocking(process.inbox, False)
        self._watch = Watch(process.outbox)
        self._is_closing = False
        self._pending: dict[int, Reply] = {}
        self._numbers = itertools.count(1)
        self._heads: dict[str, bytes] = {}
        self._tail: list[bytes] = []
        self.turns = Turns()
        self._write_lock = threading.Lock()
        self._notices: deque[bytes] = deque()
        self._dropped: deque[tuple[int, int]] = deque()
        self._reader: threading.Thread | None = None
        self._reader_wanted = threading.Event()

    # --- calls

    def call(
        self, method: str, params: Sequence[Any], timeout: float | None = None
    ) -> Any:
        """Call a function and return its result."""
        reply = self.submit(method, params)
        try:
            if not reply.is_done:
                self.wait(reply, timeout)
        except BaseException:
            self.cancel(reply)
            raise
        if self.services.is_needed():
            self.keep_reading()
        return reply.take()

    def submit(self, method: str, params: Sequence[Any], aside: bool = False) -> Reply:
        """Send a call and return the reply to come."""
        if self.dead is not None:
            raise self.dead
        reply, line = self._prepare(method, params, b',"thread":true' if aside else b"")
        self._send(line)
        self._check_alive()
        return reply

    def call_many(
        self, method: str, params: Iterable[Sequence[Any]], timeout: float | None = None
    ) -> list[Reply]:
        """Call a function with each of `params` and return the replies, which are done."""
        if self.dead is not None:
            raise self.dead
        end = None if timeout is None else time.monotonic() + timeout
        replies: list[Reply] = []
        waited = 0
        rest = iter(params)
        while block := list(itertools.islice(rest, WINDOW)):
            lines = []
            for each in block:
                reply, line = self._prepare(method, each)
                replies.append(reply)
                lines.append(line)
            self._send(b"".join(lines))
            self._check_alive()
            while waited < len(replies) - len(block):
                waited = self._wait_on(replies, waited, end)
        while waited < len(replies):
            waited = self._wait_on(replies, waited, end)
        return replies

    def _wait_on(self, replies: list[Reply], at: int, end: float | None) -> int:
        reply = replies[at]
        if not reply.is_done:
            try:
                self.wait(reply, None if end is None else end - time.monotonic())
            except BaseException:
                for each in replies[at:]:
                    self.cancel(each)
                raise
        return at + 1

    async def call_async(
        self, method: str, params: Sequence[Any], timeout: float | None = None
    ) -> Any:
        """Call a function, and wait for its result on the running loop."""
        import asyncio  # slow to import

        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()

        def settle() -> None:
            if not future.done():
                future.set_result(None)

        def tell(_: Reply) -> None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle)

        reply = self.submit(method, params)
        reply.add_done_callback(tell)
        try:
            await asyncio.wait_for(future, timeout)
        except TimeoutError:
            self.cancel(reply)
            raise CallTimeoutError(f"{method} took longer than {timeout} s") from None
        except BaseException:
            self.cancel(reply)
            raise
        return reply.take()

    def _prepare(
        self, method: str, params: Sequence[Any], extra: bytes = b""
    ) -> tuple[Reply, bytes]:
        head = self._heads.get(method)
        if head is None:
            shown = self.codec.encode(method)
            head = self._heads[method] = b',"method":%b,"params":' % shown
        try:
            text = self.codec.encode(list(params))
        except WireError as error:
            raise WorkerError(f"{method}: an argument cannot cross: {error}") from None
        if (within := _within.get()) is not None:
            extra += b',"within":' + self.codec.encode(within)
        number = next(self._numbers)
        reply = self._pending[number] = Reply(self, number, method)
        return reply, b'{"jsonrpc":"2.0","id":%d%b%b%b}\n' % (number, head, text, extra)

    def cancel(self, reply: Reply) -> None:
        """Ask the worker to give up a call."""
        if not reply.is_done and self.dead is None:
            self._send(
                b'{"jsonrpc":"2.0","method":"$/cancel","params":[%d]}\n' % reply.number
            )

    def _check_alive(self) -> None:
        """Settle what was sent after the worker was gone."""
        if self.dead is not None:
            self._fail_all()

    # --- writing

    def drop(self, number: int, count: int) -> None:
        """Have an object of the worker released with whatever is sent next. Safe in destructors."""
        self._dropped.append((number, count))

    def notify(self, method: str, params: Sequence[Any]) -> None:
        """Have a notice sent with whatever is sent next."""
        message = {"jsonrpc": "2.0", "method": method, "params": list(params)}
        self._notices.append(self.codec.dump(message) + b"\n")

    def send_notices(self) -> None:
        """Send the notices and releases that wait."""
        if self.dead is None:
            self._send(b"")

    def _send(self, data: bytes) -> None:
        with self._write_lock:
            if self._dropped or self._notices:
                data += self._take_notices()
            if self._is_closing:
                return
            try:
                written = os.write(self.process.inbox, data)
            except BlockingIOError:
                written = 0
            except OSError:
                # The worker does not read any more; that it is gone is read, too.
                return
            if written < len(data):
                self._push(memoryview(data)[written:])

    def _take_notices(self) -> bytes:
        lines = []
        with contextlib.suppress(IndexError):
            while True:
                lines.append(self._notices.popleft())
        pairs = []
        with contextlib.suppress(IndexError):
            while True:
                pairs.append(b"[%d,%d]" % self._dropped.popleft())
        if pairs:
            lines.append(
                b'{"jsonrpc":"2.0","method":"$/release","params":[%b]}\n'
                % b",".join(pairs)
            )
        return b"".join(lines)

    def _push(self, data: memoryview) -> None:
        """Write what the pipe does not hold, reading meanwhile: the worker may wait for that."""
        while data:
            reads = []
            leads = self.turns.lead()
            if leads and self.dead is None:
                reads = [self.process.outbox]
            try:
                files = select.select(reads, [self.process.inbox], [], 0.05)
                if files[0]:
                    self._read()
            finally:
                if leads:
                    self.turns.step_down()
            try:
                data = data[os.write(self.process.inbox, data) :]
            except BlockingIOError:
                continue
            except OSError:
                return

    # --- reading

    def wait(self, reply: Reply, timeout: float | None = None) -> None:
        """Wait until `reply` is done; serve what the worker asks for meanwhile.

        Raises `CallTimeoutError` where that takes longer than `timeout` seconds.
        """
        end = None if timeout is None else time.monotonic() + timeout
        reply.waiters += 1
        try:
            while not reply.is_done:
                if reply.todo:
                    self._serve(reply.todo.popleft())
                elif self.turns.lead():
                    try:
                        if not reply.is_done and not reply.todo:
                            self._lead_until(end, reply)
                    finally:
                        self.turns.step_down()
                else:
                    self.turns.park(reply, end)
        finally:
            reply.waiters -= 1
            self._serve_left(reply)
            self.turns.leave()

    def _lead_until(self, end: float | None, reply: Reply) -> None:
        if self.dead is None:
            if end is None:
                self._watch.linger()
            elif not self._watch.wait(max(end - time.monotonic(), 0)):
                raise CallTimeoutError(f"{reply.target} did not end in time")
        self._read()

    def poll(self, seconds: float = 0.0) -> None:
        """Take what arrives within `seconds`."""
        if self.dead is None and self.turns.lead():
            try:
                if self._watch.wait(seconds):
                    self._read()
            finally:
                self.turns.step_down()

    def _read(self) -> None:
        """Read what has arrived and hand it out, running nobody's code. This thread leads."""
        if self.dead is not None:
            self._fail_all()
            return
        chunk = os.read(self.process.outbox, CHUNK)
        cut = chunk.rfind(b"\n")
        if cut < 0:
            self._tail.append(chunk)
            return
        self._tail.append(chunk[:cut])
        text, self._tail = b"".join(self._tail), []
        if cut + 1 < len(chunk):
            self._tail.append(chunk[cut + 1 :])
        messages = self._load(text)
        tagged = b'"$' in text
        pending = self._pending
        for message in messages:
            if "method" in message:
                self._take_request(message)
                continue
            reply = pending.pop(message.get("id"), None)
            if reply is not None:
                self._settle(reply, message, tagged)

    def _load(self, text: bytes) -> list[Any]:
        lines = text.split(b"\n")
        try:
            if len(lines) == 1:
                return [self.codec.load(text)]
            messages: list[Any] = self.codec.load(b"[" + b",".join(lines) + b"]")
        except WireError:
            return [each for line in lines for each in self._load_line(line)]
        return messages

    def _load_line(self, line: bytes) -> list[Any]:
        # A worker that is killed leaves a part of a line.
        with contextlib.suppress(WireError):
            message = self.codec.load(line)
            return [message] if type(message) is dict else []
        return []

    def _settle(self, reply: Reply, message: dict[str, Any], tagged: bool) -> None:
        if "error" in message:
            fault = message["error"]
            error = make_error(reply.target, fault)
            error.__cause__ = self.services.take_error(fault.get("callback"))
            reply.settle(None, error)
            return
        value = message.get("result")
        if tagged:
            try:
                value = self.codec.untag(value)
            except (WireError, LookupError, OSError, RecursionError) as problem:
                if str(getattr(problem, "filename", "")).startswith("/proc/"):
                    # What lies beside the text has gone with the worker, whose end settles the call.
                    self._pending[reply.number] = reply
                    return
                said = f"{reply.target}: the result cannot be read: {problem}"
                reply.settle(None, WorkerError(said))
                return
        reply.settle(value, None)

    # --- what the worker asks for

    def _take_request(self, message: dict[str, Any]) -> None:
        method, params = message["method"], message.get("params", [])
        if method == "$/gone":
            self._die(params[0])
        elif method == "$/forget":
            self.services.forget(*params)
        elif method == "$/taken":
            self.services.segments.release(*params)
        else:
            reply = self._pending.get(message.get("for", 0))
            if reply is None or not reply.waiters:
                self._serve_aside(message)
                return
            if reply.todo is None:
                reply.todo = deque()
            reply.todo.append(message)
            self.turns.unpark(reply.parkers)
            self._serve_left(reply)

    def _serve_left(self, reply: Reply) -> None:
        """See to requests that belong to a call for which nobody waits any more."""
        while reply.todo and not reply.waiters:
            with contextlib.suppress(IndexError):
                self._serve_aside(reply.todo.popleft())

    def _serve_aside(self, message: dict[str, Any]) -> None:
        """Answer a request that no waiting thread is to answer, in a thread of its own."""
        name = "worker-request"
        threading.Thread(
            target=self._serve, args=(message,), name=name, daemon=True
        ).start()

    def _serve(self, message: dict[str, Any]) -> None:
        """Answer a request of the worker, in this thread."""
        number = message["id"]
        before = _within.set(number)
        try:
            params = self.codec.untag(message["params"])
            result = self.services.run(message["method"], params)
            answer = {"jsonrpc": "2.0", "id": number, "result": result}
            line = self.codec.encode(answer)
        except BaseException as error:
            fault: dict[str, Any] = {
                "code": -32000,
                "message": f"{type(error).__qualname__}: {error}",
                "data": to_data(describe_error(error)),
                "callback": self.services.keep_error(error),
            }
            line = self.codec.encode({"jsonrpc": "2.0", "id": number, "error": fault})
        finally:
            _within.reset(before)
        self._send(line + b"\n")
        self._check_alive()

    # --- the thread in the background

    def keep_reading(self) -> None:
        """Have a thread read as long as there is somebody to be told who does not wait."""
        if self._reader is None:
            with self._write_lock:
                if self._reader is None:
                    self._reader = threading.Thread(
                        target=self._read_on, name="worker-reader", daemon=True
                    )
                    self._reader.start()
        self._reader_wanted.set()

    def _read_on(self) -> None:
        never = Reply(self, 0, "")
        while self.dead is None:
            if not self._has_watchers():
                # It may have been this thread's turn to lead.
                self.turns.leave()
                self._reader_wanted.wait()
                self._reader_wanted.clear()
            elif self.turns.lead():
                try:
                    if self._has_watchers():
                        self._read()
                finally:
                    self.turns.step_down()
            else:
                self.turns.park(never, None)

    def _has_watchers(self) -> bool:
        return self.services.is_needed() or any(
            reply.is_watched() for reply in list(self._pending.values())
        )

    # --- the end

    def _die(self, status: int) -> None:
        """Note that the worker has ended, and settle everything that was under way."""
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        said = "".join(f"\n    {line}" for line in self.process.last_lines)
        if self._is_closing:
            self.dead = WorkerGoneError("the worker was closed")
        else:
            self.dead = WorkerCrashError(
                f"the worker ended with {how}{said and ':' + said}"
            )
        self._fail_all()
        # Only the leader reads, and that is this thread; who leads next will see that it is over.
        os.close(self.process.outbox)
        self.turns.unpark_all()
        self._reader_wanted.set()

    def _fail_all(self) -> None:
        why = self.dead
        assert why is not None, "only called for a worker that is gone"
        self.services.segments.close()
        for number in list(self._pending):
            reply = self._pending.pop(number, None)
            if reply is not None:
                reply.settle(None, type(why)(f"{reply.target} has no result: {why}"))

    def close(self, grace: float = 2.0) -> None:
        """End the worker: let it finish what it does, for `grace` seconds at most."""
        with self._write_lock:
            if not self._is_closing:
                self._is_closing = True
                os.close(self.process.inbox)
        end = time.monotonic() + grace
        # The worker may have to write before it can read that it is to end.
        while not self.process.wait(0.02) and time.monotonic() < end:
            self.poll()
        if self.process.is_running():
            self.process.kill()
            self.process.wait(grace)
        end = time.monotonic() + grace
        while self.dead is None and time.monotonic() < end:
            self.poll(0.05)
            time.sleep(0)
