"""Mach-O files, thin and fat, as `dyld` reads them: load commands, the symbol table and what is rebased.

What follows the header is held against the size of the file first, as for ELF.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Final, final

from attrs import frozen

from ....ir.binary import BinaryFormat, Image, ImportedSymbol, InitFunction, Library
from .gil import read_gil
from .loaded import LoadedImage, MalformedError, Memory, Segment
from .macho_fixups import Fixups, read_fixups

FAT: Final = (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")
THIN: Final = (b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xfe\xed\xfa\xce")

_JAVA_VERSIONS: Final = 40
"""A Java class begins like a fat file; what is a count there is its version, from 45 on."""
_MACHINES: Final = {7: "i386", 0x01000007: "x86_64", 0x0100000C: "arm64", 18: "ppc", 0x01000012: "ppc64"}
_MOST_COMMANDS: Final = 10_000
_MOST_SYMBOLS: Final = 1_000_000

_SEGMENT, _SYMBOLS, _LOAD_DYLIB, _ID_DYLIB, _SEGMENT_64 = 0x1, 0x2, 0xC, 0xD, 0x19
_LAZY_DYLIB, _VERSION_MIN, _BUILD_VERSION = 0x20, 0x24, 0x32
_REQUIRED: Final = 0x80000000
_WEAK_DYLIB, _RPATH = 0x18 | _REQUIRED, 0x1C | _REQUIRED
_REEXPORT_DYLIB, _UPWARD_DYLIB = 0x1F | _REQUIRED, 0x23 | _REQUIRED
_LIBRARIES: Final = (_LOAD_DYLIB, _WEAK_DYLIB, _REEXPORT_DYLIB, _LAZY_DYLIB, _UPWARD_DYLIB)
_DYLD_INFO: Final = (0x22, 0x22 | _REQUIRED)
_CHAINED_FIXUPS: Final = 0x34 | _REQUIRED
_MAC: Final = 1
_EXECUTABLE: Final = 0x4
_STAB, _EXTERNAL, _KIND, _UNDEFINED, _ABSOLUTE, _IN_SECTION = 0xE0, 0x01, 0x0E, 0x0, 0x2, 0xE
_WEAK_REFERENCE: Final = 0x40
_TWO_LEVEL: Final = 0x80


@final
@frozen
class _Command:
    """A load command: its number, and its bytes from the beginning."""

    kind: int
    data: memoryview


@final
@frozen
class _File:
    """One architecture: its bytes, how they are packed, and its load commands."""

    content: memoryview
    order: str
    bits: int
    machine: str
    flags: int
    commands: tuple[_Command, ...]

    def unpack(self, form: str, data: memoryview, place: int = 0) -> tuple[int, ...]:
        """Return integers at a place of a command; raises `MalformedError`."""
        try:
            return struct.unpack_from(self.order + form, data, place)
        except struct.error:
            raise MalformedError("a load command is cut off") from None

    def part(self, offset: int, size: int, what: str) -> memoryview:
        """Return a part of the file; raises `MalformedError`."""
        if offset + size > len(self.content):
            raise MalformedError(f"the {what} lies outside of the file")
        return self.content[offset : offset + size]


def is_macho(content: bytes) -> bool:
    """Tell whether a file begins like Mach-O, and is no Java class."""
    if content[:4] in FAT:
        return 0 < int.from_bytes(content[4:8], "big") < _JAVA_VERSIONS
    return content[:4] in THIN


def read_macho(content: bytes) -> tuple[Image, ...]:
    """Return what each architecture of a file says of itself; raises `MalformedError`."""
    return tuple(_read_image(_parse(part)) for part in _slices(content))


def _slices(content: bytes) -> Iterator[memoryview]:
    view = memoryview(content)
    if content[:4] not in FAT:
        yield view
        return
    form = struct.Struct(">5L" if content[:4] == FAT[0] else ">2L2Q2L")
    for index in range(int.from_bytes(content[4:8], "big")):
        place = 8 + index * form.size
        if place + form.size > len(content):
            raise MalformedError("the table of architectures is cut off")
        offset, size = form.unpack_from(content, place)[2:4]
        if offset + size > len(content):
            raise MalformedError("an architecture lies outside of the file")
        yield view[offset : offset + size]


def _parse(content: memoryview) -> _File:
    magic = bytes(content[:4])
    if magic not in THIN:
        raise MalformedError("it does not begin like a Mach-O file")
    order = "<" if magic in THIN[:2] else ">"
    bits = 64 if magic in (THIN[0], THIN[2]) else 32
    size = 32 if bits == 64 else 28
    if len(content) < size:
        raise MalformedError("the Mach-O header is cut off")
    _, machine, _, _, count, _, flags = struct.unpack_from(f"{order}7L", content)
    if count > _MOST_COMMANDS:
        raise MalformedError(f"it has {count} load commands")
    commands = tuple(_commands(content, order, size, count))
    return _File(content, order, bits, _MACHINES.get(machine, ""), flags, commands)


def _commands(content: memoryview, order: str, place: int, count: int) -> Iterator[_Command]:
    for _ in range(count):
        if place + 8 > len(content):
            raise MalformedError("the load commands are cut off")
        kind, size = struct.unpack_from(f"{order}2L", content, place)
        if size < 8 or place + size > len(content):
            raise MalformedError("a load command lies outside of the file")
        yield _Command(kind, content[place : place + size])
        place += size


def _read_image(file: _File) -> Image:
    libraries = [each for each in file.commands if each.kind in _LIBRARIES]
    names = [_string(file, each) for each in libraries]
    symbols = tuple(_symbols(file))
    imports = tuple(_imports(file, symbols, names))
    exports = {symbol.name: symbol.address for symbol in symbols if symbol.is_defined}
    return Image(
        BinaryFormat.MACH_O,
        file.machine,
        file.bits,
        tuple(
            Library(name, required=each.kind != _WEAK_DYLIB)
            for name, each in zip(names, libraries, strict=True)
        ),
        imports,
        tuple(_inits(file, exports, imports)),
        tuple(_string(file, each) for each in file.commands if each.kind == _RPATH),
        next((_string(file, each) for each in file.commands if each.kind == _ID_DYLIB), ""),
        next(filter(None, (_minimum_os(file, each) for each in file.commands)), ""),
    )


def _string(file: _File, command: _Command) -> str:
    """Return the string of a command, whose offset in it stands behind the head."""
    (offset,) = file.unpack("L", command.data, 8)
    if offset >= len(command.data):
        raise MalformedError("a name lies outside of its load command")
    return bytes(command.data[offset:]).partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _minimum_os(file: _File, command: _Command) -> str:
    """Return the deployment target that a command gives for macOS, empty where it is another command."""
    if command.kind == _VERSION_MIN:
        (version,) = file.unpack("L", command.data, 8)
    elif command.kind == _BUILD_VERSION:
        platform, version = file.unpack("2L", command.data, 8)
        if platform != _MAC:
            return ""
    else:
        return ""
    return f"{version >> 16}.{version >> 8 & 0xFF}"


# --- symbols ----------------------------------------------------------------------------


@final
@frozen
class _Symbol:
    name: str
    address: int
    is_defined: bool
    description: int


def _symbols(file: _File) -> Iterator[_Symbol]:
    """Yield the external symbols."""
    command = next((each for each in file.commands if each.kind == _SYMBOLS), None)
    if command is None:
        return
    start, count, names_at, names_size = file.unpack("4L", command.data, 8)
    form = struct.Struct(f"{file.order}LBBH{'Q' if file.bits == 64 else 'L'}")
    if count > _MOST_SYMBOLS:
        raise MalformedError(f"it has {count} symbols")
    table = file.part(start, count * form.size, "symbol table")
    names = bytes(file.part(names_at, names_size, "string table"))
    for name, kind, _, description, address in form.iter_unpack(table):
        if kind & _STAB or not kind & _EXTERNAL:
            continue
        end = names.find(b"\0", name)
        if name >= len(names) or end < 0:
            raise MalformedError("the name of a symbol lies outside of the string table")
        text = names[name:end].decode("utf-8", "surrogateescape").removeprefix("_")
        is_defined = kind & _KIND in (_ABSOLUTE, _IN_SECTION)
        if is_defined or kind & _KIND == _UNDEFINED:
            yield _Symbol(text, address, is_defined, description)


def _imports(file: _File, symbols: tuple[_Symbol, ...], libraries: list[str]) -> Iterator[ImportedSymbol]:
    for symbol in symbols:
        if symbol.is_defined:
            continue
        ordinal = symbol.description >> 8 if file.flags & _TWO_LEVEL else 0
        library = libraries[ordinal - 1] if 0 < ordinal <= len(libraries) else ""
        yield ImportedSymbol(symbol.name, library, weak=bool(symbol.description & _WEAK_REFERENCE))


# --- modules ----------------------------------------------------------------------------


def _inits(
    file: _File, exports: Mapping[str, int], imports: tuple[ImportedSymbol, ...]
) -> Iterator[InitFunction]:
    if not any(name.startswith("Py") for name in exports):
        return
    segments = tuple(_segments(file))
    fixups = _fixups(file, segments)
    image = LoadedImage(
        file.machine,
        file.bits,
        file.order == "<",
        Memory.of(segments),
        fixups.pointers,
        fixups.slots,
        exports,
        frozenset(each.name for each in imports),
    )
    yield from (InitFunction(name, verdict) for name, verdict in read_gil(image).items())


def _segments(file: _File) -> Iterator[Segment]:
    for command in file.commands:
        if command.kind not in (_SEGMENT, _SEGMENT_64):
            continue
        form = "4Q2l" if command.kind == _SEGMENT_64 else "4L2l"
        address, size, offset, length, _, protection = file.unpack(form, command.data, 24)
        data = file.part(offset, length, "content of a segment")
        yield Segment(address, size, data, bool(protection & _EXECUTABLE))


def _fixups(file: _File, segments: tuple[Segment, ...]) -> Fixups:
    """Return the pointers that `dyld` fills in, by either of the two ways to list them."""
    chained = info = None
    for command in file.commands:
        if command.kind == _CHAINED_FIXUPS:
            offset, size = file.unpack("2L", command.data, 8)
            chained = file.part(offset, size, "chained fixups")
        elif command.kind in _DYLD_INFO:
            rebase, rebase_size, bind, bind_size, _, _, lazy, lazy_size = file.unpack("8L", command.data, 8)
            info = (
                file.part(rebase, rebase_size, "list of rebases"),
                file.part(bind, bind_size, "list of bindings"),
                file.part(lazy, lazy_size, "list of lazy bindings"),
            )
    return read_fixups(file.order, file.bits, segments, chained, info)
