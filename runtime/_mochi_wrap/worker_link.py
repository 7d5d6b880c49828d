"""The two ends of the pipes of a worker: who reads, and what is written when."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

from .patience import Watch
from .wire import Codec, WireError

CHUNK = 1 << 16
TICK = 0.01
"""Seconds after which a call takes long."""
IDLE = 100
"""After how many such times without a message the attendant sleeps."""
GRACE = 1.0
"""Seconds that are left to running calls when the caller is gone."""


class Server(Protocol):
    """Who takes the messages."""

    def take(self, message: Any, tagged: bool) -> None:
        """Take a message, which has tagged values if `tagged`."""

    def refuse(self, reason: str) -> None:
        """Answer a line that is no message."""


class Link:
    """Reads messages from `inbox` for `server`, and writes lines to `outbox`.

    Whatever has arrived is read at once, by the main thread as long as that is idle, else by the
    attendant, once a call has taken long. What there is to write is written at once when
    the main thread has done all that it was asked for, or when the attendant looks.
    """

    def __init__(self, inbox: int, outbox: int, codec: Codec, server: Server) -> None:
        self._inbox = inbox
        self._watch = Watch(inbox)
        self._outbox = outbox
        self._codec = codec
        self._server = server
        self._tail: list[bytes] = []
        self.out: deque[bytes] = deque()
        """The lines to write."""
        self.started = 0
        """How many calls the main thread has begun."""
        self.is_late = False
        """Whether the attendant reads, so that the main thread writes after every call."""
        self.has_ended = False
        self._write_lock = threading.Lock()
        self._duty = threading.Lock()
        """Held by the thread that reads."""
        self._is_wanted = False
        """Whether the main thread waits for the duty."""
        self._reads = 0
        self._sleeps = False
        self._wake = threading.Event()

    def read(self, is_enough: Callable[[], bool]) -> None:
        """Read once in the main thread, unless there is something to do when its turn comes."""
        self._is_wanted = True
        try:
            # Looked at in this order: what the attendant takes from now on ends its duty.
            if is_enough():
                return
            with self._duty:
                self._is_wanted = False
                self.flush()
                if not is_enough() and not self.has_ended:
                    self._watch.linger()
                    self._read()
        finally:
            self._is_wanted = False

    def _read(self) -> None:
        chunk = os.read(self._inbox, CHUNK)
        self._reads += 1
        if self._sleeps:
            self._wake.set()
        if not chunk:
            self.end()
            return
        cut = chunk.rfind(b"\n")
        if cut < 0:
            self._tail.append(chunk)
            return
        self._tail.append(chunk[:cut])
        text, self._tail = b"".join(self._tail), []
        if cut + 1 < len(chunk):
            self._tail.append(chunk[cut + 1 :])
        self._deal(text)

    def _deal(self, text: bytes) -> None:
        messages = self._load(text)
        tagged = b'"$' in text
        take = self._server.take
        for message in messages:
            take(message, tagged)

    def _load(self, text: bytes) -> list[Any]:
        lines = text.split(b"\n")
        if len(lines) == 1:
            return self._load_line(text)
        try:
            messages: list[Any] = self._codec.load(b"[" + b",".join(lines) + b"]")
            if len(messages) == len(lines):
                return messages
        except WireError:
            pass
        # A line is broken, or has more than one message.
        return [each for line in lines for each in self._load_line(line)]

    def _load_line(self, line: bytes) -> list[Any]:
        if not line.strip():
            return []
        try:
            return [self._codec.load(line)]
        except WireError as error:
            self._server.refuse(str(error))
            return []

    def flush(self) -> None:
        """Write the lines that there are."""
        out = self.out
        if not out:
            return
        with self._write_lock:
            parts = []
            with contextlib.suppress(IndexError):
                while True:
                    parts.append(out.popleft())
            data = memoryview(b"".join(parts))
            try:
                while data:
                    data = data[os.write(self._outbox, data) :]
            except OSError:
                # Nobody reads any more; the end of the input says so too.
                out.clear()

    def end(self) -> None:
        """Let the process end, by force where something still runs after a while."""
        if not self.has_ended:
            self.has_ended = True
            threading.Thread(target=_force_exit, daemon=True).start()

    def attend(self) -> None:
        """Read and write in place of the main thread while that is busy with one call for long."""
        seen, idle, reads = -1, 0, -1
        while not self.has_ended:
            time.sleep(TICK)
            if not self._duty.acquire(blocking=False):
                idle = idle + 1 if self._reads == reads else 0
                reads = self._reads
                if idle > IDLE:
                    self._sleep(reads)
                continue
            try:
                self.flush()
                while self.started == seen and not (self._is_wanted or self.has_ended):
                    self.is_late = True
                    self._read()
            finally:
                self.is_late = False
                seen = self.started
                self._duty.release()

    def _sleep(self, reads: int) -> None:
        """Let the attendant sleep until the main thread has read again."""
        self._wake.clear()
        self._sleeps = True
        # Looked at in this order: a read from now on wakes the attendant.
        if self._reads == reads:
            self._wake.wait()
        self._sleeps = False


def _force_exit() -> NoReturn:
    time.sleep(GRACE)
    os._exit(1)
