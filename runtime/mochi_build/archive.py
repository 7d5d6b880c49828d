"""Wheels and source archives with the same bytes wherever they are written.

Members are sorted, their times and modes fixed, and nothing of the machine goes in. The bytes of
deflate depend on the zlib that Python was built with, and on nothing else.
"""

from __future__ import annotations

import base64
import calendar
import gzip
import hashlib
import io
import os
import stat
import struct
import tarfile
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

Data = bytes | Path
"""What a member holds: the bytes, or the file to read them from."""

ZIP_BEGINNING: Final = calendar.timegm((1980, 1, 1, 0, 0, 0))
ZIP_END: Final = calendar.timegm((2107, 12, 31, 23, 59, 58))
LEVEL: Final = 6

_CHUNK: Final = 1 << 20
_WIDE: Final = 0xFFFFFFFF
"""Stands for what is told in 64 bits elsewhere."""
_MANY: Final = 0xFFFF
_DEFLATED: Final = 8
_UTF8_NAME: Final = 0x800
_UNIX: Final = 3
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_CENTRAL: Final = struct.Struct("<4s4B4H3L5H2L")
_END: Final = struct.Struct("<4s4H2LH")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64: Final = struct.Struct("<4sLQL")


class Member(NamedTuple):
    """A file of an archive, by its path in it."""

    path: str
    data: Data
    executable: bool = False

    @property
    def mode(self) -> int:
        """The permissions: readable by all, and executable by all or by nobody."""
        return 0o755 if self.executable else 0o644


class _Packed(NamedTuple):
    """A member as it is stored: `chunks` are its deflated bytes, `digest` its SHA-256."""

    member: Member
    chunks: list[bytes]
    size: int
    crc: int
    digest: bytes


def find_epoch(environment: Mapping[str, str]) -> int:
    """Return the seconds since 1970 that files are dated with: `SOURCE_DATE_EPOCH`, else 1980.

    Raises `ValueError` where the variable holds no whole number.
    """
    text = environment.get("SOURCE_DATE_EPOCH", "").strip()
    if not text:
        return ZIP_BEGINNING
    try:
        return int(text)
    except ValueError:
        raise ValueError(
            f"SOURCE_DATE_EPOCH is {text!r}, which is no whole number of seconds"
        ) from None


def write_wheel(
    members: Iterable[Member], dist_info: str, out: BinaryIO, epoch: int, jobs: int = 1
) -> list[str]:
    """Write a wheel to `out`, with the members of the folder `dist_info` last, and return its `RECORD`.

    `RECORD` (binary distribution format, "The .dist-info directory") is written here and comes last. With
    `jobs` over 1, members are compressed in that many threads; the bytes stay the same.
    """
    ordered = sorted(
        members, key=lambda each: (each.path.startswith(f"{dist_info}/"), each.path)
    )
    _refuse_twins(each.path for each in ordered)
    archive = _ZipWriter(out, epoch)
    record = []
    for packed in _pack_all(ordered, jobs):
        archive.add(packed)
        digest = base64.urlsafe_b64encode(packed.digest).rstrip(b"=").decode("ascii")
        record.append(f"{_quote(packed.member.path)},sha256={digest},{packed.size}")
    path = f"{dist_info}/RECORD"
    record.append(f"{_quote(path)},,")
    archive.add(_pack(Member(path, "".join(f"{line}\n" for line in record).encode())))
    archive.close()
    return record


def write_sdist(
    members: Iterable[Member], root: str, out: BinaryIO, epoch: int
) -> None:
    """Write a source archive to `out`, all of whose members stand under the folder `root` (PEP 625)."""
    ordered = sorted(members, key=lambda each: each.path)
    _refuse_twins(each.path for each in ordered)
    moment = max(epoch, 0)
    with (
        gzip.GzipFile("", "wb", LEVEL, out, moment & _WIDE) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for member in ordered:
            info = tarfile.TarInfo(f"{root}/{member.path}")
            info.mode, info.mtime = member.mode, moment
            if isinstance(member.data, Path):
                info.size = member.data.stat().st_size
                with member.data.open("rb") as file:
                    archive.addfile(info, file)
            else:
                info.size = len(member.data)
                archive.addfile(info, io.BytesIO(member.data))


def is_executable(path: Path) -> bool:
    """Tell whether the owner of a file may execute it; nothing else of its mode counts."""
    return os.name == "posix" and bool(path.stat().st_mode & stat.S_IXUSR)


def _refuse_twins(paths: Iterable[str]) -> None:
    """Raise `ValueError` where two paths are the same file on some file system, or no path in an archive."""
    known: dict[str, str] = {}
    for path in paths:
        parts = path.split("/")
        if (
            not path
            or "\\" in path
            or "\0" in path
            or any(part in ("", ".", "..") for part in parts)
        ):
            raise ValueError(f"{path!r} is no path in an archive")
        folded = path.casefold()
        if folded in known:
            raise ValueError(
                f"{path!r} and {known[folded]!r} are the same file where case does not count"
            )
        known[folded] = path


def _quote(path: str) -> str:
    """Return a field of a CSV line."""
    return (
        '"' + path.replace('"', '""') + '"'
        if any(char in path for char in ',"\n\r')
        else path
    )


def _pack_all(members: Iterable[Member], jobs: int) -> Iterator[_Packed]:
    """Yield `members` packed, in their order; few are held at a time."""
    if jobs <= 1:
        yield from map(_pack, members)
        return
    with ThreadPoolExecutor(jobs) as pool:
        waiting: deque[Future[_Packed]] = deque()
        for member in members:
            waiting.append(pool.submit(_pack, member))
            if len(waiting) > 4 * jobs:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _pack(member: Member) -> _Packed:
    digest, crc, size = hashlib.sha256(), 0, 0
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    chunks = []
    for chunk in _read(member.data):
        digest.update(chunk)
        crc = zlib.crc32(chunk, crc)
        size += len(chunk)
        chunks.append(deflate.compress(chunk))
    chunks.append(deflate.flush())
    return _Packed(member, chunks, size, crc, digest.digest())


def _read(data: Data) -> Iterator[bytes]:
    if isinstance(data, bytes):
        yield data
        return
    with data.open("rb") as file:
        yield from iter(lambda: file.read(_CHUNK), b"")


class _ZipWriter:
    """Writes a ZIP file in one pass, as ZIP64 where `limit` is reached (APPNOTE 4.3, 4.5.3)."""

    def __init__(self, out: BinaryIO, epoch: int, limit: int = _WIDE) -> None:
        self._limit = limit
        self._write: Callable[[bytes], object] = out.write
        self._place = 0
        self._directory: list[bytes] = []
        year, month, day, hour, minute, second, *_ = time.gmtime(
            min(max(epoch, ZIP_BEGINNING), ZIP_END)
        )
        self._date = (year - 1980) << 9 | month << 5 | day
        self._time = hour << 11 | minute << 5 | second // 2

    def add(self, packed: _Packed) -> None:
        """Write one member."""
        name = packed.member.path.encode()
        flags = 0 if name.isascii() else _UTF8_NAME
        stored, size, start = sum(map(len, packed.chunks)), packed.size, self._place
        is_big = max(stored, size) >= self._limit
        extra = struct.pack("<2H2Q", 1, 16, size, stored) if is_big else b""
        needed = 45 if is_big else 20
        sizes = (_WIDE, _WIDE) if is_big else (stored, size)
        common = (
            flags,
            _DEFLATED,
            self._time,
            self._date,
            packed.crc,
            *sizes,
            len(name),
        )
        self._put(
            _LOCAL.pack(b"PK\3\4", needed, *common, len(extra)),
            name,
            extra,
            *packed.chunks,
        )
        self._directory.append(self._describe(packed, name, needed, common, start))

    def _describe(
        self,
        packed: _Packed,
        name: bytes,
        needed: int,
        common: tuple[int, ...],
        start: int,
    ) -> bytes:
        """Return the entry of the central directory; `common` is what the local header says too."""
        *facts, stored, size, length = common
        wide = [packed.size, sum(map(len, packed.chunks))] if size == _WIDE else []
        is_far = start >= self._limit
        if is_far:
            wide.append(start)
            needed = 45
        extra = (
            struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
        )
        mode = (stat.S_IFREG | packed.member.mode) << 16
        place = _WIDE if is_far else start
        head = (b"PK\1\2", needed, _UNIX, needed, 0, *facts, stored, size, length)
        return _CENTRAL.pack(*head, len(extra), 0, 0, 0, mode, place) + name + extra

    def close(self) -> None:
        """Write the central directory."""
        start, count = self._place, len(self._directory)
        self._put(*self._directory)
        length = self._place - start
        if max(start, length) >= self._limit or count >= _MANY:
            end = self._place
            self._put(
                _END_64.pack(
                    b"PK\6\6",
                    44,
                    45 | _UNIX << 8,
                    45,
                    0,
                    0,
                    count,
                    count,
                    length,
                    start,
                ),
                _LOCATOR_64.pack(b"PK\6\7", 0, end, 1),
            )
            count, length, start = _MANY, _WIDE, _WIDE
        self._put(_END.pack(b"PK\5\6", 0, 0, count, count, length, start, 0))

    def _put(self, *parts: bytes) -> None:
        for part in parts:
            self._write(part)
            self._place += len(part)
