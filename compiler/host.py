"""The outside world: files, network, clock, environment, subprocesses. All I/O goes through `Host`.

Everything else takes values and returns values, so a test or an embedding program
replaces the world by passing a `Host` of its own. `tests/test_layering.py` lists the
modules that may do I/O: this one, `files.py` for its files, `http.py`, which holds the
sockets, and `machine.py` for what does not change while a program runs.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .files import Files, StrPath, access_error
from .machine import available_cpus

# A warm compile reads one cache entry and ends, so what only errors or downloads need
# (attrs, subprocess, tempfile, the HTTP library) is imported where it is used.
if TYPE_CHECKING:
    from .http import HttpClient, Reply, Stream


class Completed(NamedTuple):
    """A finished subprocess: its exit status and what it wrote, read as UTF-8."""

    returncode: int
    stdout: str
    stderr: str


class Host(Files):
    """What the compiler may ask of the machine. Safe to share between threads.

    `environ` is the environment read for settings, `base` the folder relative paths
    start from, `cpu_count` the number of jobs worth running at once. Failures raise
    `DiagnosticError` with codes PY420, PY430, PY431 and PY432.
    """

    def __init__(
        self,
        *,
        environ: Mapping[str, str] | None = None,
        base: Path | None = None,
        cpu_count: int | None = None,
        http: HttpClient | None = None,
    ) -> None:
        super().__init__(dict(os.environ if environ is None else environ))
        self.base = base if base is not None else Path.cwd()
        self.cpu_count = cpu_count or available_cpus()
        self._http = http
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return time.time()

    def clock(self) -> float:
        """Return seconds from an arbitrary moment, for measuring."""
        return time.perf_counter()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def read_stdin(self) -> bytes:
        """Return all that comes on standard input."""
        return sys.stdin.buffer.read()

    def venv_python(self, environment: StrPath) -> str:
        """Return the path of the interpreter in the virtual environment `environment`."""
        parts = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
        return str(Path(environment, *parts))

    # Network

    @property
    def http(self) -> HttpClient:
        """The HTTP client; made when first used, as loading its library takes 0.1 s."""
        with self._lock:
            if self._http is None:
                from .http import HttpClient

                self._http = HttpClient(self)
            return self._http

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Fetch `url` whole; see `HttpClient.get`."""
        return self.http.get(url, headers)

    def get_range(self, url: str, *, start: int | None = None, length: int) -> Reply:
        """Fetch a part of `url`; see `HttpClient.get_range`."""
        return self.http.get_range(url, start=start, length=length)

    def stream(self, url: str) -> contextlib.AbstractContextManager[Stream]:
        """Open `url` for reading in chunks; see `HttpClient.stream`."""
        return self.http.stream(url)

    def close(self) -> None:
        """Give back connections. The host can be used again afterwards."""
        with self._lock:
            http, self._http = self._http, None
        if http is not None:
            http.close()

    # Subprocesses

    def run(
        self,
        arguments: Sequence[str],
        *,
        folder: Path | None = None,
        environ: Mapping[str, str] | None = None,
        input: bytes = b"",
        timeout: float | None = None,
    ) -> Completed:
        """Run a program to its end and return what it wrote.

        Any exit status is returned; a program that cannot be started or that outlives
        `timeout` is an error (PY432).
        """
        import subprocess

        from ..ir import codes

        try:
            done = subprocess.run(
                list(arguments),
                cwd=folder,
                env=dict(self.environ if environ is None else environ),
                input=input,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            message = f"`{arguments[0]}` was stopped after {timeout:g} seconds"
            raise access_error(codes.SUBPROCESS_FAILED, message) from None
        except OSError as error:
            message = f"`{arguments[0]}` could not be started: {os.strerror(error.errno or errno.ENOENT)}"
            raise access_error(codes.SUBPROCESS_FAILED, message) from None
        stdout, stderr = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
        return Completed(done.returncode, stdout, stderr)
