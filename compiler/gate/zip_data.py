"""The data of archive entries: streamed, checked, and never more than promised."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import IO, Final

from ...ir import codes
from ..frontends.wheel import is_bomb
from .findings import FormatError
from .zip_directory import DEFLATED, Entry

_CHUNK: Final = 1 << 18


def stream(file: IO[bytes], entry: Entry, start: int) -> Iterator[bytes]:
    """Yield the unpacked data of `entry`, which start at byte `start`.

    Raises `FormatError` as soon as there is more than promised, or when size or CRC-32 are
    wrong at the end.
    """
    assert not is_bomb(entry.size, entry.compressed)
    size, crc = 0, 0
    chunks = _inflate(file, entry, start) if entry.method == DEFLATED else _copy(file, entry, start)
    for chunk in chunks:
        size += len(chunk)
        if size > entry.size:
            raise _damaged(entry, "unpacks to more than it should")
        crc = zlib.crc32(chunk, crc)
        yield chunk
    if size != entry.size:
        raise _damaged(entry, "unpacks to less than it should")
    if crc != entry.crc:
        raise _damaged(entry, "does not have the CRC-32 it should have")


def _copy(file: IO[bytes], entry: Entry, start: int) -> Iterator[bytes]:
    file.seek(start)
    left = entry.compressed
    while left:
        chunk = file.read(min(left, _CHUNK))
        if not chunk:
            raise _damaged(entry, "is cut off")
        left -= len(chunk)
        yield chunk


def _inflate(file: IO[bytes], entry: Entry, start: int) -> Iterator[bytes]:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for packed in _copy(file, entry, start):
            if inflate.eof:
                raise _damaged(entry, "ends before its data do")
            while packed:
                yield inflate.decompress(packed, _CHUNK)
                packed = inflate.unconsumed_tail
        yield from _drain(inflate)
    except zlib.error as error:
        raise _damaged(entry, f"does not unpack ({error})") from None
    if not inflate.eof or inflate.unused_data:
        raise _damaged(entry, "does not end where its data do")


def _drain(inflate: zlib._Decompress) -> Iterator[bytes]:
    while not inflate.eof and (chunk := inflate.decompress(b"", _CHUNK)):
        yield chunk


def _damaged(entry: Entry, text: str) -> FormatError:
    return FormatError(codes.BAD_CHECKSUM, f"is damaged: `{entry.name}` {text}")
