"""The process of a worker, and the threads that watch it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .._mochi_wrap.worker import PARENT

GONE = b'\n{"jsonrpc":"2.0","method":"$/gone","params":[%d]}\n'
PIPE_SIZE = 1 << 20
_HIDDEN = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "__PYVENV_LAUNCHER__")


class Process:
    """A running worker. `inbox` is where it reads, `outbox` what it has written.

    One thread starts it and waits for its end, which it writes into the outbox: so the end is
    told in its place behind everything else, even where children of the worker hold its files.
    As the system may kill a process with the thread that started it, that thread stays.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        show: Callable[[str], None] | None,
    ) -> None:
        kept = {k: v for k, v in os.environ.items() if k not in _HIDDEN}
        self._environment = {**kept, **environment, PARENT: str(os.getpid())}
        self._command = command
        self._show = show or _forward
        self._started = threading.Event()
        self._failure: OSError | None = None
        self._popen: subprocess.Popen[bytes] | None = None
        self.last_lines: deque[str] = deque(maxlen=20)
        self.inbox = self.outbox = -1
        self.status: int | None = None
        """The exit status, or less a signal; None while the process runs."""
        self._watcher = threading.Thread(
            target=self._watch, name="worker-watcher", daemon=True
        )
        self._watcher.start()
        self._started.wait()
        if self._failure is not None:
            raise self._failure

    @property
    def pid(self) -> int:
        """The number of the process."""
        assert self._popen is not None, "it was started in the constructor"
        return self._popen.pid

    def is_running(self) -> bool:
        """Tell whether the process has not ended yet."""
        return self._watcher.is_alive()

    def _watch(self) -> None:
        inbox, self.inbox = os.pipe()
        self.outbox, outbox = os.pipe()
        errors, error_end = os.pipe()
        for file in (inbox, outbox):
            _widen(file)
        try:
            self._popen = popen = subprocess.Popen(
                self._command,
                stdin=inbox,
                stdout=outbox,
                stderr=error_end,
                env=self._environment,
            )
        except OSError as error:
            self._failure = error
            for file in (self.inbox, self.outbox, outbox, errors):
                os.close(file)
            return
        finally:
            os.close(inbox)
            os.close(error_end)
            self._started.set()
        reader = threading.Thread(
            target=self._read_errors, args=(errors,), name="worker-stderr", daemon=True
        )
        reader.start()
        self.status = status = popen.wait()
        reader.join(0.2)
        with contextlib.suppress(OSError):
            os.write(outbox, GONE % status)
        os.close(outbox)

    def _read_errors(self, file: int) -> None:
        with open(file, encoding="utf-8", errors="backslashreplace") as stream:
            for line in stream:
                self.last_lines.append(line.rstrip("\n"))
                with contextlib.suppress(Exception):
                    self._show(line)

    def kill(self) -> None:
        """End the process by force."""
        if self._popen is not None and self.is_running():
            with contextlib.suppress(OSError):
                self._popen.kill()

    def wait(self, seconds: float) -> bool:
        """Wait for the end of the process; tell whether it came."""
        self._watcher.join(seconds)
        return not self._watcher.is_alive()


def find_python(workspace: Path) -> str:
    """Return the Python of the environment of a workspace, else the one that runs this."""
    for path in (".venv/bin/python", ".venv/Scripts/python.exe"):
        if (workspace / path).exists():
            return str(workspace / path)
    return sys.executable


def _forward(line: str) -> None:
    sys.stderr.write(line)


def _widen(file: int) -> None:
    """Make a pipe hold more, where the system can do that."""
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(file, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
