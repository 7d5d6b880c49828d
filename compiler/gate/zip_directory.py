"""The structure of a ZIP archive, read so that no two readers can see different archives.

The standard reader believes the end of the file and looks at little else. Here the file must be
exactly one archive: entries from the first byte on, one after the other without gaps, then
the directory, then the end record, and nothing more; and each file described alike in both
places. Source: APPNOTE.TXT 6.3, sections 4.3 and 4.4.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import IO, Final, final

from attrs import frozen

from ...ir import codes
from ..frontends.wheel import MAX_ENTRIES
from .findings import Findings, FormatError

STORED: Final = 0
DEFLATED: Final = 8

_END: Final = struct.Struct("<4s4H2LH")
_END_SIGN: Final = b"PK\x05\x06"
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_END64_SIGN: Final = b"PK\x06\x06"
_LOCATOR: Final = struct.Struct("<4sLQL")
_LOCATOR_SIGN: Final = b"PK\x06\x07"
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_CENTRAL_SIGN: Final = b"PK\x01\x02"
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_LOCAL_SIGN: Final = b"PK\x03\x04"

_MAX_VERSION: Final = 63
_MAX_COMMENT: Final = 0xFFFF
_MAX_DIRECTORY: Final = 128 * 1024**2
_UNKNOWN16: Final = 0xFFFF
_UNKNOWN: Final = 0xFFFFFFFF
_ENCRYPTED, _STREAMED, _UTF8 = 0x1, 0x8, 0x800
# Strong encryption, patched data, and a directory that is itself encrypted.
_UNSUPPORTED: Final = _ENCRYPTED | 0x20 | 0x40 | 0x2000
_ZIP64_EXTRA: Final = 0x0001
_UNICODE_PATH_EXTRA: Final = 0x7075


@final
@frozen
class Entry:
    """A file as the directory describes it. `mode` is the Unix mode, 0 where there is none."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    offset: int
    mode: int


@final
@frozen
class Directory:
    """The directory of an archive: where the archive and the directory start, and the entries."""

    origin: int
    start: int
    entries: tuple[Entry, ...]


@final
@frozen
class _End:
    """The end record: where it starts, and what it says of the directory."""

    position: int
    count: int
    size: int
    offset: int


def read_directory(file: IO[bytes], end: int) -> Directory:
    """Return the directory of the archive that ends at byte `end` of `file`.

    `origin` is where its offsets count from: not 0 where something stands before it. Raises
    `FormatError`.
    """
    found = _read_end(file, end)
    if found.count > MAX_ENTRIES:
        raise FormatError(codes.WHEEL_TOO_LARGE, f"holds more than {MAX_ENTRIES} files")
    if found.size > _MAX_DIRECTORY:
        raise FormatError(codes.WHEEL_TOO_LARGE, "has a directory of more than 128 MiB")
    start = found.position - found.size
    origin = start - found.offset
    if start < 0 or origin < 0:
        raise _broken("its directory lies outside the file")
    content = _read_at(file, start, found.size)
    entries: list[Entry] = []
    position = 0
    while position < len(content):
        entry, position = _read_central(content, position)
        entries.append(entry)
        if len(entries) > MAX_ENTRIES:
            raise FormatError(codes.WHEEL_TOO_LARGE, f"holds more than {MAX_ENTRIES} files")
    if len(entries) != found.count:
        text = f"gives {found.count} as the number of its files and has {len(entries)}"
        raise FormatError(codes.ENTRY_COUNT_WRONG, text)
    return Directory(origin, start, tuple(entries))


def locate_data(file: IO[bytes], directory: Directory, findings: Findings) -> dict[str, int]:
    """Check every local header, and that entries fill the file; return where data start, by name.

    Raises `FormatError` where the layout is broken; differences between the two
    descriptions are added to `findings`.
    """
    starts: dict[str, int] = {}
    position = 0
    for entry in sorted(directory.entries, key=lambda entry: entry.offset):
        if entry.offset != position:
            _refuse_layout(entry.name, entry.offset - position)
        start = starts[entry.name] = _check_local(file, entry, findings)
        position = start + entry.compressed
        if entry.flags & _STREAMED:
            position += _check_descriptor(_read_at(file, position, 24, short=True), entry)
    if position != directory.start:
        _refuse_layout("its directory", directory.start - position)
    return starts


def _refuse_layout(name: str, gap: int) -> None:
    if gap < 0:
        raise _broken(f"`{name}` overlaps what stands before it")
    raise FormatError(codes.PREFIXED_ARCHIVE, f"has {gap} bytes that belong to no file before `{name}`")


def _read_end(file: IO[bytes], end: int) -> _End:
    tail_start = max(0, end - _END.size - _MAX_COMMENT)
    tail = _read_at(file, tail_start, end - tail_start)
    at = tail.rfind(_END_SIGN, 0, len(tail) - _END.size + len(_END_SIGN))
    if at < 0:
        raise _broken("it has no end record")
    _, disk, first_disk, here, count, size, offset, comment = _END.unpack_from(tail, at)
    position = tail_start + at
    if position + _END.size != end:
        text = "ends with a comment" if position + _END.size + comment == end else "goes on after its end"
        raise FormatError(codes.TRAILING_DATA, text)
    if comment:
        raise _broken("its comment is cut off")
    if disk or first_disk:
        raise _broken("it is a part of several")
    if here != count:
        raise FormatError(codes.ENTRY_COUNT_WRONG, f"gives {here} and {count} as the number of its files")
    plain = _End(position, count, size, offset)
    locator = _read_at(file, position - _LOCATOR.size, _LOCATOR.size) if position >= _LOCATOR.size else b""
    return _read_end64(file, plain, locator) if locator.startswith(_LOCATOR_SIGN) else plain


def _read_end64(file: IO[bytes], plain: _End, locator: bytes) -> _End:
    position = plain.position - _LOCATOR.size - _END64.size
    if position < 0:
        raise _broken("its 64-bit end record is cut off")
    sign, length, _, _, disk, first_disk, here, count, size, offset = _END64.unpack(
        _read_at(file, position, _END64.size)
    )
    _, locator_disk, located, disks = _LOCATOR.unpack(locator)
    if sign != _END64_SIGN or length != _END64.size - 12 or disk or first_disk or locator_disk or disks > 1:
        raise _broken("its 64-bit end record is not right before the end")
    if here != count:
        raise FormatError(codes.ENTRY_COUNT_WRONG, f"gives {here} and {count} as the number of its files")
    pairs = (
        (plain.count, _UNKNOWN16, count),
        (plain.size, _UNKNOWN, size),
        (plain.offset, _UNKNOWN, offset),
    )
    if located != offset + size or any(short not in (unknown, long) for short, unknown, long in pairs):
        raise FormatError(codes.LOCAL_HEADER_DIFFERS, "has two end records that differ")
    return _End(position, count, size, offset)


def _read_central(content: bytes, position: int) -> tuple[Entry, int]:
    if len(content) - position < _CENTRAL.size:
        raise _broken("its directory is cut off")
    fields = _CENTRAL.unpack_from(content, position)
    sign, _, needed, flags, method, _, _, crc, compressed, size = fields[:10]
    name_length, extra_length, comment_length, disk, _, attributes, offset = fields[10:]
    if sign != _CENTRAL_SIGN:
        raise _broken("its directory is garbled")
    position += _CENTRAL.size
    end = position + name_length + extra_length + comment_length
    if end > len(content):
        raise _broken("its directory is cut off")
    raw_name = content[position : position + name_length]
    name = _decode_name(raw_name, flags)
    extra = _read_extra(content[position + name_length : position + name_length + extra_length], name)
    size, compressed, offset = _widen(extra, (size, compressed, offset))
    if disk not in (0, _UNKNOWN16):
        raise _broken("it is a part of several")
    if flags & _UNSUPPORTED:
        raise _broken(f"`{name}` is encrypted")
    _check_needed(needed, name)
    if method not in (STORED, DEFLATED):
        raise _broken(f"`{name}` is packed by method {method}")
    return Entry(name, raw_name, flags, method, crc, compressed, size, offset, attributes >> 16), end


def _check_needed(version: int, name: str) -> None:
    # Readers refuse what asks for a version they do not know; the upper byte is a system.
    if version & 0xFF > _MAX_VERSION:
        raise _broken(f"`{name}` asks for version {version & 0xFF} of the format")


def _check_local(file: IO[bytes], entry: Entry, findings: Findings) -> int:
    """Compare the local header with `entry` and return where the data start."""
    head = _read_at(file, entry.offset, _LOCAL.size)
    sign, needed, flags, method, _, _, crc, compressed, size, name_length, extra_length = _LOCAL.unpack(head)
    if sign != _LOCAL_SIGN:
        raise _broken(f"there is no file where `{entry.name}` should be")
    _check_needed(needed, entry.name)
    rest = _read_at(file, entry.offset + _LOCAL.size, name_length + extra_length)
    raw_name = rest[:name_length]
    if raw_name != entry.raw_name:
        text = f"calls {entry.name!r} {raw_name.decode('utf-8', 'replace')!r} beside its data"
        findings.add(codes.LOCAL_HEADER_DIFFERS, text)
        return entry.offset + _LOCAL.size + len(rest)
    size, compressed = _widen(_read_extra(rest[name_length:], entry.name), (size, compressed))
    told = (flags, method, crc, compressed, size)
    expected = (entry.flags, entry.method, entry.crc, entry.compressed, entry.size)
    # Where the data came as a stream, their sizes follow them and may be left open here.
    streamed = flags & _STREAMED and all(
        a in (0, b, _UNKNOWN) for a, b in zip(told[2:], expected[2:], strict=True)
    )
    if told != expected and not (told[:2] == expected[:2] and streamed):
        findings.add(codes.LOCAL_HEADER_DIFFERS, f"describes {entry.name!r} in two ways")
    return entry.offset + _LOCAL.size + len(rest)


def _check_descriptor(content: bytes, entry: Entry) -> int:
    """Return the length of the record after streamed data: with or without sign, 32 or 64 bits."""
    for form in ("<LLL", "<LQQ"):
        for sign in (b"PK\x07\x08", b""):
            record = sign + struct.pack(form, entry.crc, *_fit(form, entry))
            if content.startswith(record):
                return len(record)
    raise FormatError(codes.LOCAL_HEADER_DIFFERS, f"describes {entry.name!r} in two ways")


def _fit(form: str, entry: Entry) -> Sequence[int]:
    limit = _UNKNOWN if form == "<LLL" else (1 << 64) - 1
    return min(entry.compressed, limit), min(entry.size, limit)


def _read_extra(content: bytes, name: str) -> bytes:
    """Return the 64-bit extra field, and refuse another name in a field for one."""
    wide = b""
    position = 0
    while position + 4 <= len(content):
        kind, length = struct.unpack_from("<HH", content, position)
        value = content[position + 4 : position + 4 + length]
        if len(value) != length:
            raise _broken(f"the fields of `{name}` are cut off")
        position += 4 + length
        if kind == _ZIP64_EXTRA:
            wide = value
        elif kind == _UNICODE_PATH_EXTRA and value[5:].decode("utf-8", "replace") != name:
            raise FormatError(codes.LOCAL_HEADER_DIFFERS, f"has a second name for {name!r}")
    return wide


def _widen(extra: bytes, values: tuple[int, ...]) -> tuple[int, ...]:
    """Replace the values that do not fit 32 bits by those of the 64-bit extra field, in order."""
    result, position = [], 0
    for value in values:
        if value == _UNKNOWN and position + 8 <= len(extra):
            (value,) = struct.unpack_from("<Q", extra, position)
            position += 8
        result.append(value)
    return tuple(result)


def _decode_name(raw: bytes, flags: int) -> str:
    try:
        return raw.decode("utf-8" if flags & _UTF8 else "cp437")
    except UnicodeDecodeError:
        raise _broken("a file name in it is not UTF-8") from None


def _read_at(file: IO[bytes], position: int, length: int, *, short: bool = False) -> bytes:
    file.seek(position)
    content = file.read(length)
    if len(content) != length and not short:
        raise _broken("it is cut off")
    return content


def _broken(text: str) -> FormatError:
    return FormatError(codes.INVALID_WHEEL, f"is no sound ZIP archive: {text}")
