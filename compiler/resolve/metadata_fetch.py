"""The metadata of a wheel without the wheel: its sidecar, else the tail of the file, else all of it.

Source: PEP 658 and 714 for the sidecar; the end of a ZIP archive holds its directory, and
wheels put their dist-info last (PEP 427).
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import IO, Final, final

from ...ir import codes
from ...ir.diagnostics import DiagnosticError
from ..cache import METADATA, Cache
from ..frontends.wheel import ZIP_ERRORS
from ..host import Host
from .download import download_blob
from .pages import FileRow

_TAIL: Final = 16 * 1024
_STEP: Final = 32 * 1024
_MAX_METADATA: Final = 16 * 1024 * 1024


class _NoRangesError(Exception):
    """The server does not send parts of this file."""


def fetch_metadata(row: FileRow, host: Host, cache: Cache, *, advertised: bool, offline: bool) -> bytes:
    """Return the content of METADATA of the wheel `row`.

    `advertised` tells that the index says which wheels have a sidecar, so that one is not
    asked for in vain. Cached forever by the digest of the wheel. Raises `DiagnosticError`.
    """
    if row.sha256:
        cached = cache.get(METADATA, row.sha256)
        if cached is not None:
            return cached
        blob = cache.read_blob(row.sha256)
        if blob is not None:
            return _keep(row, cache, read_archive(io.BytesIO(blob), row.filename))
    if offline:
        message = f"the metadata of `{row.filename}` is not in the cache, and the network is off"
        raise DiagnosticError(codes.OFFLINE.at(None, message, help="run once without `--offline`"))
    content = _fetch_sidecar(row, host, advertised)
    if content is None:
        content = _fetch_tail(row, host)
    if content is None:
        blob_path = download_blob(row.url, row.filename, row.sha256, host, cache).path
        with host.open_binary(blob_path) as file:
            content = read_archive(file, row.filename)
    return _keep(row, cache, content)


def _keep(row: FileRow, cache: Cache, content: bytes) -> bytes:
    if row.sha256:
        cache.put(METADATA, row.sha256, content)
    return content


def _fetch_sidecar(row: FileRow, host: Host, advertised: bool) -> bytes | None:
    if advertised and not row.metadata:
        return None
    reply = host.get(f"{row.url}.metadata")
    if reply.status != 200:
        return None
    if row.metadata not in ("", "true") and hashlib.sha256(reply.body).hexdigest() != row.metadata:
        # The wheel itself is checked when it is downloaded, so its own copy is the better witness.
        return None
    # Some servers answer every path with a page.
    return reply.body if reply.body.lstrip()[:9].lower() == b"metadata-" else None


def _fetch_tail(row: FileRow, host: Host) -> bytes | None:
    try:
        with _RemoteFile(row.url, host) as file:
            return read_archive(file, row.filename)
    except (_NoRangesError, DiagnosticError):
        return None


def read_archive(file: io.RawIOBase | IO[bytes], shown: str) -> bytes:
    """Return the content of METADATA of an open wheel; raises PY429 naming it `shown`."""
    try:
        with zipfile.ZipFile(file) as archive:
            suffix = ".dist-info/METADATA"
            names = [info for info in archive.infolist() if info.filename.count("/") == 1]
            found = [info for info in names if info.filename.endswith(suffix)]
            if len(found) == 1 and found[0].file_size <= _MAX_METADATA:
                return archive.read(found[0])
            reason = "it has no single METADATA file"
    except ZIP_ERRORS as error:
        reason = str(error)
    message = f"`{shown}` cannot be read: {reason}"
    raise DiagnosticError(codes.INVALID_METADATA.at(None, message))


@final
class _RemoteFile(io.RawIOBase):
    """A file read by ranges: the tail first, then what is asked for."""

    def __init__(self, url: str, host: Host) -> None:
        super().__init__()
        self._url = url
        self._host = host
        self._position = 0
        reply = host.get_range(url, length=_TAIL)
        total = reply.headers.get("content-range", "").rpartition("/")[2]
        if reply.status != 206 or not total.isdecimal():
            raise _NoRangesError
        self._size = int(total)
        self._parts = [(self._size - len(reply.body), reply.body)]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._size - self._position)
        size = left if size is None or size < 0 else min(size, left)
        content = self._find(self._position, size)
        self._position += len(content)
        return content

    def _find(self, start: int, size: int) -> bytes:
        for offset, part in self._parts:
            if offset <= start and start + size <= offset + len(part):
                return part[start - offset : start - offset + size]
        wanted = min(max(size, _STEP), self._size - start)
        reply = self._host.get_range(self._url, start=start, length=wanted)
        if reply.status != 206 or len(reply.body) != wanted:
            raise _NoRangesError
        self._parts.append((start, reply.body))
        return reply.body[:size]
