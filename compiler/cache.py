"""The cache: files by digest, and results by the key of what they were made from.

Shared by processes without locks. Everything is written to a temporary name and renamed,
and checked when it is read: what a crash, a full disk or another program left broken is
dropped, and the caller makes it again. `docs/adr/0004-cache-layout.md` gives the layout.

Reading an entry is the warm path of every compile, so only cheap modules are imported.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, final

from .files import ABANDONED
from .host import Host
from .machine import cache_dir, tool_stamp

if TYPE_CHECKING:
    from ..ir.dist import Hashes

PAGE: Final = "page"
METADATA: Final = "metadata"
INVENTORY: Final = "inventory"
INTERPRETER: Final = "interpreter"
PAGE_TTL: Final = 600.0
"""How long a page of an index is taken as current, in seconds."""

_DIGESTS: Final = "digests"
# Results that follow from their key alone and whose format is versioned in the key;
# every other kind also depends on the tool that made it.
_STABLE: Final = frozenset({PAGE, METADATA, INVENTORY, INTERPRETER, _DIGESTS})
_MAGIC: Final = b"mochic-entry-1"
_PATIENCE: Final = 60.0
_TAG: Final = b"Signature: 8a477f597d28d172789f06886806bc55\n# Cache of mochic-py; safe to delete.\n"


class Blob(NamedTuple):
    """A file of the cache with its digests (lower-case hex)."""

    path: Path
    sha256: str
    blake3: str
    size: int

    @property
    def hashes(self) -> Hashes:
        """Both digests as the value of the IR."""
        from ..ir.dist import Hashes  # attrs is not needed to read an entry

        return Hashes(self.sha256, self.blake3)


class CacheSize(NamedTuple):
    """What the cache holds: number of files and bytes."""

    files: int
    bytes: int


class Verified(NamedTuple):
    """What `Cache.verify` did: how many files it read, and the damaged ones it removed, by path."""

    files: int
    removed: tuple[str, ...]


class HashMismatchError(Exception):
    """The content added as a blob does not have the digest it was to have."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"expected sha256 {expected}, found {found}")
        self.expected = expected
        self.found = found


@final
class Cache:
    """The cache in folder `root` (`cache_dir` of the host's environment by default).

    `tool` names the tool version that entries belong to. Safe to share between threads
    and processes.
    """

    def __init__(self, host: Host, root: Path | None = None, tool: str = "") -> None:
        self.root = root or cache_dir(host.environ)
        self._host = host
        self._tool = tool
        self._lock = threading.Lock()
        self._verified: dict[str, Blob] = {}

    @property
    def tool(self) -> str:
        """The tool version that entries belong to."""
        if not self._tool:
            self._tool = tool_stamp()
        return self._tool

    # Entries

    def get(self, kind: str, key: str, max_age: float | None = None) -> bytes | None:
        """Return the entry of `kind` under `key`, or None.

        `max_age` in seconds bounds how long ago it was put. A damaged entry is removed
        and counts as missing.
        """
        path = self._entry_path(kind, key)
        raw = self._host.find_bytes(path)
        if raw is None:
            return None
        entry = _read_entry(raw)
        if entry is None:
            self._host.discard(path)
            return None
        value, written = entry
        if max_age is not None and not 0 <= self._host.now() - written < max_age:
            return None
        return value

    def put(self, kind: str, key: str, value: bytes) -> None:
        """Keep `value` as the entry of `kind` under `key`, replacing an older one.

        Where the cache cannot be written to, it is not kept, and the next run makes it again.
        """
        from ..ir.diagnostics import DiagnosticError  # loaded already wherever something is made

        head = b"%s %s %d\n" % (_MAGIC, _digest(value), int(self._host.now()))
        with contextlib.suppress(DiagnosticError):
            self._host.write_bytes_atomic(self._entry_path(kind, key), head + value)
            self._tag()

    # Blobs

    def find_blob(self, sha256: str) -> Blob | None:
        """Return the blob with this digest, or None.

        The file is read and checked once per process; a damaged one is removed and counts
        as missing.
        """
        known = self._verified.get(sha256)
        if known is not None and self._host.size(known.path) == known.size:
            return known
        path = self._blob_path(sha256)
        file = self._host.find_binary(path)
        if file is None:
            return None
        hasher, size = hashlib.sha256(), 0
        with file:
            while chunk := file.read(1 << 20):
                hasher.update(chunk)
                size += len(chunk)
        if hasher.hexdigest() != sha256:
            self._host.discard(path)
            return None
        self._host.touch(path)
        kept = self.get(_DIGESTS, sha256)
        digest = kept.decode("ascii") if kept is not None else self._digest_again(path, sha256)
        return self._know(Blob(path, sha256, digest, size)) if digest else None

    def _digest_again(self, path: Path, sha256: str) -> str:
        """Return the BLAKE3 digest of a blob whose entry is lost; empty when the blob is gone too.

        A process that dies between writing the two leaves it so.
        """
        from blake3 import blake3  # rarely needed

        content = self._host.find_bytes(path)
        if content is None:
            return ""
        digest = blake3(content).hexdigest()
        self.put(_DIGESTS, sha256, digest.encode("ascii"))
        return digest

    def read_blob(self, sha256: str) -> bytes | None:
        """Return the content of the blob with this digest, checked, or None."""
        content = self._host.find_bytes(self._blob_path(sha256))
        if content is None:
            return None
        if hashlib.sha256(content).hexdigest() != sha256:
            self._host.discard(self._blob_path(sha256))
            return None
        return content

    def making(self, sha256: str) -> AbstractContextManager[None]:
        """While the block runs, others that are to add the same blob wait for it, for some time.

        This only spares downloads: a blob that two add at once comes out whole.
        """
        return self._host.exclusive(self.root / "locks" / sha256, _PATIENCE)

    def add_blob(self, chunks: Iterable[bytes], sha256: str = "") -> Blob:
        """Write `chunks` as a blob, computing SHA-256 and BLAKE3 in one pass.

        With `sha256` given, other content raises `HashMismatchError` and leaves nothing
        behind. An exception of `chunks` passes through, leaving nothing behind either.
        """
        from blake3 import blake3  # only needed when something new arrives

        first, second, size = hashlib.sha256(), blake3(), 0
        # The name is only known when all is read, unless the caller knew it.
        spool = self.root / "blobs" / "incoming"
        with self._host.temporary_file(spool) as file:
            for chunk in chunks:
                file.write(chunk)
                first.update(chunk)
                second.update(chunk)
                size += len(chunk)
            found = first.hexdigest()
            if sha256 and found != sha256:
                raise HashMismatchError(sha256, found)
            file.target = path = self._blob_path(found)
        self._tag()
        digest = second.hexdigest()
        self.put(_DIGESTS, found, digest.encode("ascii"))
        return self._know(Blob(path, found, digest, size))

    # Upkeep

    def measure(self) -> CacheSize:
        """Return how much the cache holds."""
        sizes = [self._host.size(path) or 0 for path in self._host.walk(self.root)]
        return CacheSize(len(sizes), sum(sizes))

    def prune(self, max_age: float = 30 * 86400.0) -> CacheSize:
        """Remove what is of no more use; return what was removed.

        That is what another tool version made, what was not used for `max_age` seconds,
        and what interrupted runs left.
        """
        return self._remove_files(path for path in self._host.walk(self.root) if self._stale(path, max_age))

    def clear(self) -> CacheSize:
        """Remove everything but files that another process is writing; return what was removed."""
        now = self._host.now()
        return self._remove_files(
            path for path in self._host.walk(self.root) if not _is_temporary(path) or self._old(path, now)
        )

    def verify(self) -> Verified:
        """Read everything, compare it with its digests, and remove what differs.

        What another process writes or removes meanwhile is left to it.
        """
        checked, removed = 0, []
        # Entries first: a digest that is found damaged is made again from its blob.
        for folder, is_sound in (("entries", self._is_sound_entry), ("blobs", self._is_sound_blob)):
            for path in list(self._host.walk(self.root / folder)):
                sound = None if _is_temporary(path) else is_sound(path)
                if sound is None:
                    continue
                checked += 1
                if not sound:
                    self._host.remove(path)
                    removed.append(path.relative_to(self.root).as_posix())
        with self._lock:
            self._verified.clear()
        return Verified(checked, tuple(removed))

    def _is_sound_entry(self, path: Path) -> bool | None:
        """Whether the entry at `path` is whole; None when it is gone."""
        raw = self._host.find_bytes(path)
        return None if raw is None else _read_entry(raw) is not None

    def _is_sound_blob(self, path: Path) -> bool | None:
        """Whether the blob at `path` has the digests it is known by; None when it is gone."""
        from blake3 import blake3  # only needed where everything is read

        from ..ir.diagnostics import DiagnosticError

        first, second = hashlib.sha256(), blake3()
        try:
            with self._host.open_binary(path) as file:
                while chunk := file.read(1 << 20):
                    first.update(chunk)
                    second.update(chunk)
        except DiagnosticError:
            if self._host.exists(path):
                raise
            return None
        found, blake = first.hexdigest(), second.hexdigest().encode("ascii")
        if self._blob_path(found) != path:
            return False
        if self.get(_DIGESTS, found) != blake:
            self.put(_DIGESTS, found, blake)
        return True

    def _stale(self, path: Path, max_age: float) -> bool:
        now = self._host.now()
        if _is_temporary(path):
            return self._old(path, now)
        parts = path.relative_to(self.root).parts
        if parts[0] == "locks":
            return self._old(path, now)
        if parts[0] == "entries" and parts[1] not in ("stable", self.tool):
            return True
        modified = self._host.modified(path)
        return parts[0] in ("entries", "blobs") and modified is not None and now - modified > max_age

    def _old(self, path: Path, now: float) -> bool:
        modified = self._host.modified(path)
        return modified is not None and now - modified > ABANDONED

    def _remove_files(self, paths: Iterator[Path]) -> CacheSize:
        files, size = 0, 0
        for path in list(paths):
            size += self._host.size(path) or 0
            files += 1
            self._host.remove(path)
        with self._lock:
            self._verified.clear()
        return CacheSize(files, size)

    # Places

    def _know(self, blob: Blob) -> Blob:
        with self._lock:
            return self._verified.setdefault(blob.sha256, blob)

    def _blob_path(self, sha256: str) -> Path:
        return self.root / "blobs" / "sha256" / sha256[:2] / sha256[2:]

    def _entry_path(self, kind: str, key: str) -> Path:
        name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        owner = "stable" if kind in _STABLE else self.tool
        return self.root / "entries" / owner / kind / name[:2] / name[2:]

    def _tag(self) -> None:
        """Mark the folder so that backup programs leave it out (bford.info/cachedir)."""
        tag = self.root / "CACHEDIR.TAG"
        if not self._host.exists(tag):
            self._host.write_bytes_atomic(tag, _TAG)


def _digest(value: bytes) -> bytes:
    return hashlib.sha256(value).hexdigest().encode("ascii")


def _read_entry(raw: bytes) -> tuple[bytes, int] | None:
    """Return the value of an entry and when it was put, or None when it is damaged."""
    head, newline, value = raw.partition(b"\n")
    fields = head.split(b" ")
    if not newline or len(fields) != 3 or fields[0] != _MAGIC or fields[1] != _digest(value):
        return None
    return (value, int(fields[2])) if fields[2].isdigit() else None


def _is_temporary(path: Path) -> bool:
    return path.name.startswith(".") and path.name.endswith(".tmp")
