"""Files, as `Host` offers them: read, listed, locked, and written so that no half file is ever seen."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, TypeAlias, final

# A warm compile reads one cache entry and ends, so what only errors or downloads need is imported where used.
if TYPE_CHECKING:
    from ..ir.diagnostics import Code, DiagnosticError

StrPath: TypeAlias = str | Path

ABANDONED: Final = 3600.0
"""How old a temporary file is, in seconds, when the process that wrote it is taken to be dead."""


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


class Files:
    """What the compiler may ask of the file system. Failures raise `DiagnosticError` (PY430, PY431)."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ

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
            yield handle
            with _reporting("write", handle.target):
                # The end of what was written may still be in a buffer, so that this can fail as a write can.
                file.close()
                _replace(temporary, handle.target)
        except BaseException:
            with contextlib.suppress(OSError):
                file.close()
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise

    def find_program(self, name: str) -> str | None:
        """Return the path of a program on the search path, or None."""
        import shutil

        return shutil.which(name, path=self.environ.get("PATH", ""))

    def exists(self, path: Path) -> bool:
        """Whether there is a file or folder at `path`."""
        return os.path.exists(path)  # noqa: PTH110  -- unlike `Path.exists`, it takes every path

    def is_folder(self, path: Path) -> bool:
        """Whether `path` is a folder."""
        return os.path.isdir(path)  # noqa: PTH112

    def folders_above(self, path: Path) -> Sequence[Path]:
        """Return the folders that `path` lies in, the nearest first, with links followed."""
        return Path(os.path.realpath(path)).parents

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

    def move(self, source: Path, target: Path) -> None:
        """Give a file another place on the same disk, in one step; what was there is replaced."""
        with _reporting("write", target):
            _replace(source, target)

    def write_report(self, name: str, content: bytes) -> str:
        """Write `content` into a new folder for temporary files and return the path of file `name` there."""
        path = self.make_temporary_folder("mochic-py-report-") / name
        self.write_bytes_atomic(path, content)
        return str(path)


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
        return access_error(codes.DISK_FULL, message, help)
    if doing == "read":
        return access_error(codes.FILE_ACCESS, message, "check that the path exists and that you may read it")
    help = "choose a folder that you may write to; XDG_CACHE_HOME moves the cache"
    return access_error(codes.FILE_ACCESS, message, help)


def access_error(code: Code, message: str, help: str = "") -> DiagnosticError:
    """Return the error of something that the machine did not do."""
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
