"""The outside world: files, network, clock, environment, subprocesses. All I/O goes through `Host`.

Everything else takes values and returns values, so a test or an embedding program
replaces the world by passing a `Host` of its own. `tests/test_layering.py` lists the
modules that may do I/O: this one, `machine.py` for what does not change while a program
runs, and `http.py`, which holds the sockets.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, NamedTuple, TypeAlias, final

from .machine import available_cpus

# A warm compile reads one cache entry and ends, so what only errors or downloads need
# (attrs, subprocess, tempfile, the HTTP library) is imported where it is used.
if TYPE_CHECKING:
    from ..ir.diagnostics import Code, DiagnosticError
    from .http import HttpClient, Reply, Stream


StrPath: TypeAlias = str | Path

ABANDONED: Final = 3600.0
"""How old a temporary file is, in seconds, when the process that wrote it is taken to be dead."""


class Completed(NamedTuple):
    """A finished subprocess: its exit status and what it wrote, read as UTF-8."""

    returncode: int
    stdout: str
    stderr: str


@final
class TemporaryFile:
    """A file being written, and the path it will have when it is complete."""

    def __init__(self, file: IO[bytes], target: Path) -> None:
        self._file = file
        self.target = target

    def write(self, content: bytes) -> None:
        """Append `content`."""
        with _reporting("write", self.target):
            self._file.write(content)

    def sync(self) -> None:
        """Wait until what was written would survive a power failure."""
        with _reporting("write", self.target):
            self._file.flush()
            os.fsync(self._file.fileno())


class Host:
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
        self.environ: Mapping[str, str] = dict(os.environ if environ is None else environ)
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

    # Files

    def find_bytes(self, path: Path) -> bytes | None:
        """Return the content of `path`, or None when there is no such file."""
        try:
            with path.open("rb", buffering=0) as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _file_error("read", path, error) from None

    def read_bytes(self, path: StrPath) -> bytes:
        """Return the content of `path`; a missing file is an error (PY430)."""
        path = Path(path)
        with _reporting("read", path):
            return path.read_bytes()

    def read_stdin(self) -> bytes:
        """Return all that comes on standard input."""
        return sys.stdin.buffer.read()

    def read_inside(self, folder: Path, name: str, limit: int) -> bytes | None:
        """Return the content of the file `name` below `folder`, which somebody else filled.

        None when it is missing, larger than `limit`, or leads outside by a link.
        """
        try:
            path = (folder / name).resolve(strict=True)
            if not path.is_relative_to(folder.resolve()) or not path.is_file() or path.stat().st_size > limit:
                return None
            with path.open("rb") as file:
                return file.read(limit)
        except (OSError, ValueError):
            return None

    def find_binary(self, path: Path) -> IO[bytes] | None:
        """Open `path` for reading, or return None when there is no such file."""
        try:
            return path.open("rb")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _file_error("read", path, error) from None

    def open_binary(self, path: Path) -> IO[bytes]:
        """Open `path` for reading."""
        with _reporting("read", path):
            return path.open("rb")

    def write_bytes_atomic(self, path: StrPath, content: bytes, *, durable: bool = False) -> None:
        """Write `content` so that others see either the old file or the whole new one.

        A `durable` one is so even after a power failure: for files that cannot be made again.
        """
        with self.temporary_file(Path(path)) as file:
            file.write(content)
            if durable:
                file.sync()

    @contextlib.contextmanager
    def temporary_file(self, path: Path) -> Iterator[TemporaryFile]:
        """Yield a new file beside `path` that becomes `path` when the block ends well.

        The block may set another `target` on the same disk. When it raises, nothing is
        left behind. Folders are made as needed.
        """
        temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}.tmp")
        with _reporting("write", path):
            try:
                file = temporary.open("xb")
            except FileNotFoundError:
                path.parent.mkdir(parents=True, exist_ok=True)
                file = temporary.open("xb")
        handle = TemporaryFile(file, path)
        try:
            with file:
                yield handle
            with _reporting("write", handle.target):
                _replace(temporary, handle.target)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise

    def exists(self, path: Path) -> bool:
        """Whether there is a file or folder at `path`."""
        return path.exists()

    def is_folder(self, path: Path) -> bool:
        """Whether `path` is a folder."""
        return path.is_dir()

    def size(self, path: Path) -> int | None:
        """Return the size of the file at `path`, or None when there is none."""
        try:
            return path.stat().st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _file_error("read", path, error) from None

    def touch(self, path: Path) -> None:
        """Mark `path` as used now; one that is gone or not ours is left alone."""
        with contextlib.suppress(OSError):
            os.utime(path)

    def modified(self, path: Path) -> float | None:
        """Return when `path` was last written, or None when it does not exist."""
        try:
            return path.stat().st_mtime
        except OSError:
            return None

    def list(self, path: Path) -> list[str]:
        """Return the names in folder `path`, sorted; none when there is no such folder."""
        try:
            return sorted(child.name for child in path.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise _file_error("list", path, error) from None

    def walk(self, path: Path) -> Iterator[Path]:
        """Yield every file below `path`, in name order."""
        for name in self.list(path):
            child = path / name
            if self.is_folder(child) and not child.is_symlink():
                yield from self.walk(child)
            else:
                yield child

    def makedirs(self, path: StrPath) -> None:
        """Make folder `path` and those above it; an existing one is fine."""
        path = Path(path)
        with _reporting("create", path):
            path.mkdir(parents=True, exist_ok=True)

    def remove(self, path: Path) -> None:
        """Remove the file or empty folder `path`; one that is already gone is fine."""
        with _reporting("remove", path), contextlib.suppress(FileNotFoundError):
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink()

    def is_own_file(self, path: Path, folder: Path) -> bool:
        """Whether `path` is a file that lies in `folder`, not one reached over a linked folder."""
        try:
            inside = path.parent.resolve().is_relative_to(folder.resolve())
        except (OSError, RuntimeError):  # a loop of links
            return False
        return inside and (path.is_symlink() or path.is_file())

    def remove_empty_folders(self, path: Path, top: Path) -> None:
        """Remove `path` and the folders above it, below `top`, as far as they are empty."""
        while path != top and path.is_relative_to(top):
            try:
                path.rmdir()
            except FileNotFoundError:
                pass
            except OSError:
                return
            path = path.parent

    def discard(self, path: Path) -> None:
        """Remove the file `path` if that can be done."""
        with contextlib.suppress(OSError):
            path.unlink()

    @contextlib.contextmanager
    def exclusive(self, path: Path, patience: float) -> Iterator[None]:
        """Run the block while no other process or thread does, as far as the lock file `path` can tell.

        After `patience` seconds, or where nothing can be locked, the block runs anyway. The system
        takes the lock back from a process that dies. The file is removed at the end.
        """
        import filelock  # deferred: only downloads need it

        lock = filelock.FileLock(path, timeout=patience, is_singleton=False, thread_local=False)
        try:
            self.makedirs(path.parent)
            lock.acquire(poll_interval=0.02)
        except Exception:  # too long, a full disk, a disk without locks: all the same here
            yield
            return
        try:
            yield
        finally:
            self.discard(path)
            lock.release()

    def remove_tree(self, path: Path) -> None:
        """Remove folder `path` and all below it; one that is already gone is fine."""
        import shutil

        with _reporting("remove", path), contextlib.suppress(FileNotFoundError):
            shutil.rmtree(path)

    def make_temporary_folder(self, prefix: str) -> Path:
        """Make a new folder whose name starts with `prefix`; the caller removes it."""
        import tempfile

        parent = Path(self.environ.get("TMPDIR") or tempfile.gettempdir())
        with _reporting("create", parent):
            return Path(tempfile.mkdtemp(prefix=prefix, dir=parent))

    @contextlib.contextmanager
    def temporary_folder(self) -> Iterator[str]:
        """Yield the path of a new folder that is removed when the block ends."""
        folder = self.make_temporary_folder("mochic-py-")
        try:
            yield str(folder)
        finally:
            self.remove_tree(folder)

    def link_or_copy(self, source: StrPath, target: StrPath) -> None:
        """Make `target` have the content of `source`: a hard link where the disk allows it."""
        with _reporting("write", Path(target)):
            try:
                os.link(source, target)
            except OSError:
                import shutil

                shutil.copyfile(source, target)

    def write_report(self, name: str, content: bytes) -> str:
        """Write `content` into a new folder for temporary files and return the path of file `name` there."""
        path = self.make_temporary_folder("mochic-py-report-") / name
        self.write_bytes_atomic(path, content)
        return str(path)

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
            raise _error(codes.SUBPROCESS_FAILED, message) from None
        except OSError as error:
            message = f"`{arguments[0]}` could not be started: {os.strerror(error.errno or errno.ENOENT)}"
            raise _error(codes.SUBPROCESS_FAILED, message) from None
        stdout, stderr = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
        return Completed(done.returncode, stdout, stderr)


@contextlib.contextmanager
def _reporting(doing: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _file_error(doing, path, error) from None


def _file_error(doing: str, path: Path, error: OSError) -> DiagnosticError:
    from ..ir import codes

    message = f"cannot {doing} `{path}`: {error.strerror or error}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        help = "free some space, run `mochic-py cache prune`, or set XDG_CACHE_HOME to another disk"
        return _error(codes.DISK_FULL, message, help)
    if doing == "read":
        return _error(codes.FILE_ACCESS, message, "check that the path exists and that you may read it")
    help = "choose a folder that you may write to; XDG_CACHE_HOME moves the cache"
    return _error(codes.FILE_ACCESS, message, help)


def _error(code: Code, message: str, help: str = "") -> DiagnosticError:
    from ..ir.diagnostics import DiagnosticError

    return DiagnosticError(code.at(None, message, help=help))


def _replace(temporary: Path, path: Path) -> None:
    try:
        temporary.replace(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(path)
    except PermissionError:
        # Windows refuses to replace a file that someone reads; that one is complete.
        if os.name != "nt" or not path.exists():
            raise
        temporary.unlink(missing_ok=True)
