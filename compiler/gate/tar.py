"""The members of a gzip-compressed tar archive, as a stream, read one strict way.

Sources: RFC 1952; POSIX.1-2001 pax and ustar; the long names of GNU tar. Sparse files, further
volumes and other extensions have no place in a source distribution and are not known here.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import IO, Final, final

from attrs import frozen

from ...ir import codes
from ...ir.parts import evolve
from ..frontends.wheel import MAX_ENTRIES, MAX_RATIO, MAX_TOTAL, is_bomb
from .findings import FormatError

BLOCK: Final = 512
_CHUNK: Final = 1 << 18
_MAX_EXTENSION: Final = 1024**2
MAX_CONTENT: Final = 8 * 1024**2
_OCTAL: Final = re.compile(rb" *([0-7]*)[ \0]*")
_RECORD: Final = re.compile(rb"([1-9][0-9]{0,6}) ")
_NUMBER: Final = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?", re.ASCII)

FILE, HARD_LINK, SYMBOLIC_LINK, FOLDER = "0", "1", "2", "5"
SPECIAL: Final = {"3": "a device", "4": "a device", "6": "a pipe"}


@final
@frozen
class Member:
    """A member of a tar archive. `kind` is its type flag; `time` in seconds since 1970."""

    name: str
    kind: str
    mode: int
    size: int
    time: float
    target: str = ""


@final
class TarStream:
    """The members of the archive in `file`; the content of the last one can be read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._packed = file.seek(0, 2)
        file.seek(0)
        self._chunks = self._unpack(file)
        self._chunk = b""
        self._at = 0
        self._left = 0

    def __iter__(self) -> Iterator[Member]:
        """Yield the members; what was not read of one is passed over. Raises `FormatError`."""
        count = 0
        extension: dict[str, str] = {}
        while (block := self._take(BLOCK)).strip(b"\0"):
            count += 1
            if count > MAX_ENTRIES:
                raise FormatError(codes.WHEEL_TOO_LARGE, f"holds more than {MAX_ENTRIES} files")
            member = _read_header(block)
            if member.kind in "xgLK":
                content = self._read_extension(member)
                if member.kind != "g":  # comments of git, which name no member
                    extension |= _read_fields(member.kind, content)
                continue
            member, extension = _find_folder(_extend(member, extension)), {}
            self._left = member.size
            yield member
            self._skip(self._left)
            self._skip(-member.size % BLOCK)
        self._check_end()

    def read(self) -> bytes:
        """Return the content of the member that was yielded last."""
        if self._left > MAX_CONTENT:
            raise FormatError(codes.WHEEL_TOO_LARGE, "has metadata of more than 8 MiB")
        content = self._take(self._left)
        self._left = 0
        return content

    def _read_extension(self, member: Member) -> bytes:
        if member.size > _MAX_EXTENSION:
            raise _broken("a name in it is longer than 1 MiB")
        content = self._take(member.size)
        self._skip(-member.size % BLOCK)
        return content

    def _check_end(self) -> None:
        if self._chunk[self._at :].strip(b"\0") or any(chunk.strip(b"\0") for chunk in self._chunks):
            raise FormatError(codes.TRAILING_DATA, "goes on after its end")

    def _skip(self, length: int) -> None:
        while length:
            length -= len(self._take(min(length, _CHUNK)))

    def _take(self, length: int) -> bytes:
        taken = self._chunk[self._at : self._at + length]
        self._at += len(taken)
        while len(taken) < length:
            self._chunk, self._at = next(self._chunks, b""), 0
            if not self._chunk:
                raise _broken("it is cut off")
            self._at = min(length - len(taken), len(self._chunk))
            taken += self._chunk[: self._at]
        return taken

    def _unpack(self, file: IO[bytes]) -> Iterator[bytes]:
        inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
        total = 0
        try:
            while not inflate.eof:
                packed = inflate.unconsumed_tail or file.read(_CHUNK)
                chunk = inflate.decompress(packed, _CHUNK)
                if not packed and not chunk:
                    raise _broken("it is cut off")
                total += len(chunk)
                if total > MAX_TOTAL or is_bomb(total, self._packed):
                    raise FormatError(
                        codes.WHEEL_TOO_LARGE, f"unpacks to more than {MAX_RATIO} times its size"
                    )
                if chunk:
                    yield chunk
        except zlib.error as error:
            raise _broken(str(error)) from None
        if inflate.unused_data or file.read(1):
            raise FormatError(codes.TRAILING_DATA, "goes on after its end")


def _read_header(block: bytes) -> Member:
    unsigned = sum(block) - sum(block[148:156]) + 8 * 32
    if _read_number(block[148:156]) != unsigned:
        raise _broken("a header in it has a wrong checksum")
    name = _decode(block[:100])
    kind = chr(block[156]) if block[156] else FILE
    if block[257:263] == b"ustar\0" and (prefix := _decode(block[345:500])):
        name = f"{prefix}/{name}"
    size = 0 if kind in (HARD_LINK, SYMBOLIC_LINK, FOLDER, *SPECIAL) else _read_number(block[124:136])
    time = float(_read_number(block[136:148]))
    return Member(name, kind, _read_number(block[100:108]), size, time, _decode(block[157:257]))


def _read_number(field: bytes) -> int:
    if field[0] in (0x80, 0xFF):  # GNU: binary, for what does not fit
        return int.from_bytes(field[1:], "big", signed=field[0] == 0xFF)
    match = _OCTAL.fullmatch(field)
    if match is None:
        raise _broken("a number in it is garbled")
    return int(match[1] or b"0", 8)


def _read_fields(kind: str, content: bytes) -> dict[str, str]:
    """Return what an extension header says of the next member, by the names of pax."""
    if kind in "LK":
        return {"path" if kind == "L" else "linkpath": _decode(content)}
    fields = {}
    position = 0
    while position < len(content):
        match = _RECORD.match(content, position)
        end = position + int(match[1]) if match else 0
        if match is None or end > len(content) or content[end - 1 : end] != b"\n" or end <= match.end():
            raise _broken("an extended header in it is garbled")
        key, equals, value = content[match.end() : end - 1].partition(b"=")
        if not equals:
            raise _broken("an extended header in it is garbled")
        fields[_decode(key)] = _decode(value) if key in (b"path", b"linkpath") else value.decode("latin-1")
        position = end
    if any(key.startswith("GNU.sparse") for key in fields):
        raise _broken("it holds a sparse file")
    return fields


def _extend(member: Member, fields: dict[str, str]) -> Member:
    numbers = {key: fields[key] for key in ("size", "mtime") if key in fields}
    if not all(_NUMBER.fullmatch(value) for value in numbers.values()):
        raise _broken("a number in it is garbled")
    # Readers that know pax and those that do not must find the same members.
    if "size" in numbers and member.size != float(numbers["size"]):
        raise FormatError(codes.LOCAL_HEADER_DIFFERS, f"gives two sizes for {member.name!r}")
    return evolve(
        member,
        name=fields.get("path", member.name),
        target=fields.get("linkpath", member.target),
        time=float(numbers.get("mtime", member.time)),
    )


def _find_folder(member: Member) -> Member:
    """Return `member` as a folder where its name ends like one, as archives before POSIX wrote them.

    The whole name counts: that of the header may be cut off behind a slash.
    """
    if member.kind != FILE or not member.name.endswith("/"):
        return member
    if member.size:
        raise _broken("a file in it has the name of a folder")
    return evolve(member, kind=FOLDER)


def _decode(field: bytes) -> str:
    try:
        return field.split(b"\0", 1)[0].decode("utf-8")
    except UnicodeDecodeError:
        raise _broken("a file name in it is not UTF-8") from None


def _broken(text: str) -> FormatError:
    return FormatError(codes.INVALID_SDIST, f"is no sound tar archive: {text}")
