"""PE files, `.pyd` and `.dll`, as the loader of Windows reads them: imports, exports and base relocations.

Structures are those of the PE format in Microsoft's documentation. Every table is bounded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Final, final

from attrs import frozen

from ....ir.binary import BinaryFormat, Image, ImportedSymbol, InitFunction, Library
from .gil import read_gil
from .loaded import LoadedImage, MalformedError, Memory, Segment

MAGIC: Final = b"MZ"

_MACHINES: Final = {0x14C: "win32", 0x8664: "amd64", 0xAA64: "arm64", 0x1C4: "arm32"}
_EXPORTS, _IMPORTS, _RELOCATIONS, _DELAYED = 0, 1, 5, 13
_MOST_SECTIONS: Final = 1000
_MOST_LIBRARIES: Final = 10_000
_MOST_SYMBOLS: Final = 1_000_000
_CODE: Final = 0x20000000
_DIR64, _HIGHLOW = 10, 3


@final
@frozen
class _File:
    """The headers of a file; addresses are relative to the image unless `base` is added."""

    memory: Memory
    machine: str
    bits: int
    base: int
    minimum_os: str
    directories: tuple[tuple[int, int], ...]

    def unpack(self, form: str, address: int) -> tuple[int, ...]:
        """Return integers at an address; raises `MalformedError`."""
        raw = self.memory.read(address, struct.calcsize(f"<{form}"))
        if raw is None:
            raise MalformedError("a table lies outside of the sections")
        return struct.unpack(f"<{form}", raw)

    def text(self, address: int) -> str:
        """Return the string at an address; raises `MalformedError`."""
        raw = self.memory.string(address)
        if raw is None:
            raise MalformedError("a name lies outside of the sections")
        return raw.decode("utf-8", "surrogateescape")

    def directory(self, index: int) -> tuple[int, int]:
        """Return address and size of a data directory, zero where there is none."""
        return self.directories[index] if index < len(self.directories) else (0, 0)


def is_pe(content: bytes) -> bool:
    """Tell whether a file begins like PE: a program of DOS that leads to the signature."""
    if content[:2] != MAGIC or len(content) < 64:
        return False
    place = int.from_bytes(content[60:64], "little")
    return content[place : place + 4] == b"PE\0\0"


def read_pe(content: bytes) -> Image:
    """Return what a PE file says of itself; raises `MalformedError`."""
    file = _parse(content)
    libraries = list(_libraries(file))
    imports = tuple(symbol for each in libraries for symbol in _symbols(file, each))
    name, exports = _exports(file)
    return Image(
        BinaryFormat.PE,
        file.machine,
        file.bits,
        tuple(Library(each.name, required=each.required) for each in libraries),
        imports,
        tuple(_inits(file, exports, imports, libraries)),
        own_name=name,
        minimum_os=file.minimum_os,
    )


def _parse(content: bytes) -> _File:
    if not is_pe(content):
        raise MalformedError("it has no PE signature")
    place = int.from_bytes(content[60:64], "little") + 4
    try:
        machine, count, _, _, _, size, _ = struct.unpack_from("<2H3L2H", content, place)
        place += 20
        (magic,) = struct.unpack_from("<H", content, place)
        bits = {0x10B: 32, 0x20B: 64}.get(magic, 0)
        if not bits:
            raise MalformedError("the optional header is of no known kind")
        (base,) = struct.unpack_from(
            "<Q" if bits == 64 else "<L", content, place + (24 if bits == 64 else 28)
        )
        major, minor = struct.unpack_from("<2H", content, place + 48)
        tables = place + (108 if bits == 64 else 92)
        (number,) = struct.unpack_from("<L", content, tables)
        pairs = struct.unpack_from(f"<{2 * min(number, 16)}L", content, tables + 4)
    except struct.error:
        raise MalformedError("the headers are cut off") from None
    if count > _MOST_SECTIONS:
        raise MalformedError(f"it has {count} sections")
    memory = Memory.of(list(_sections(content, place + size, count)))
    directories = tuple(zip(pairs[::2], pairs[1::2], strict=True))
    return _File(memory, _MACHINES.get(machine, ""), bits, base, f"{major}.{minor}", directories)


def _sections(content: bytes, place: int, count: int) -> Iterator[Segment]:
    view = memoryview(content)
    for start in range(place, place + 40 * count, 40):
        try:
            size, address, length, offset = struct.unpack_from("<4L", content, start + 8)
            (flags,) = struct.unpack_from("<L", content, start + 36)
        except struct.error:
            raise MalformedError("the table of sections is cut off") from None
        length = min(length, size) if size else length
        if offset + length > len(content):
            raise MalformedError("a section lies outside of the file")
        yield Segment(address, size or length, view[offset : offset + length], bool(flags & _CODE))


# --- imports ----------------------------------------------------------------------------


@final
@frozen
class _Imported:
    """A library, where the names of its symbols stand and where their addresses go."""

    name: str
    names: int
    slots: int
    required: bool = True


def _libraries(file: _File) -> Iterator[_Imported]:
    address, _ = file.directory(_IMPORTS)
    for place in range(address, address + 20 * _MOST_LIBRARIES, 20) if address else ():
        names, _, _, name, slots = file.unpack("5L", place)
        if not name:
            break
        yield _Imported(file.text(name), names or slots, slots)
    address, _ = file.directory(_DELAYED)
    for place in range(address, address + 32 * _MOST_LIBRARIES, 32) if address else ():
        flags, name, _, slots, names, *_ = file.unpack("8L", place)
        if not name:
            break
        # Old linkers wrote absolute addresses here, and bit 0 tells.
        shift = 0 if flags & 1 else file.base
        yield _Imported(file.text(name - shift), names - shift, slots - shift, required=False)


def _symbols(file: _File, library: _Imported) -> Iterator[ImportedSymbol]:
    for name, _ in _import_table(file, library):
        yield ImportedSymbol(name, library.name, weak=not library.required)


def _import_table(file: _File, library: _Imported) -> Iterator[tuple[str, int]]:
    """Yield the symbols of a library, each with where its address goes."""
    form, word = ("Q", 8) if file.bits == 64 else ("L", 4)
    for index in range(_MOST_SYMBOLS):
        (entry,) = file.unpack(form, library.names + index * word)
        if not entry:
            return
        by_number = entry >> (file.bits - 1)
        name = f"#{entry & 0xFFFF}" if by_number else file.text((entry & 0x7FFFFFFF) + 2)
        yield name, library.slots + index * word


# --- exports ----------------------------------------------------------------------------


def _exports(file: _File) -> tuple[str, Mapping[str, int]]:
    """Return the name of the file in its export table, and the addresses of what it exports by name."""
    address, _ = file.directory(_EXPORTS)
    if not address:
        return "", {}
    _, _, _, _, name, _, functions, count, addresses, names, numbers = file.unpack("2L2H7L", address)
    if max(functions, count) > _MOST_SYMBOLS:
        raise MalformedError(f"it exports {count} names")
    found = {}
    for index in range(count):
        (text,), (number,) = file.unpack("L", names + 4 * index), file.unpack("H", numbers + 2 * index)
        (place,) = file.unpack("L", addresses + 4 * number)
        found[file.text(text)] = file.base + place
    return file.text(name) if name else "", found


# --- modules ----------------------------------------------------------------------------


def _inits(
    file: _File,
    exports: Mapping[str, int],
    imports: tuple[ImportedSymbol, ...],
    libraries: list[_Imported],
) -> Iterator[InitFunction]:
    if not any(name.startswith("Py") for name in exports):
        return
    moved = [
        Segment(each.address + file.base, each.size, each.data, each.is_code) for each in file.memory.segments
    ]
    slots = {file.base + place: name for library in libraries for name, place in _import_table(file, library)}
    image = LoadedImage(
        file.machine,
        file.bits,
        True,
        Memory.of(moved),
        _pointers(file),
        slots,
        exports,
        frozenset(each.name for each in imports),
    )
    yield from (InitFunction(name, verdict) for name, verdict in read_gil(image).items())


def _pointers(file: _File) -> dict[int, int]:
    """Return what the words hold that the loader moves with the image, as if it lay at its own base."""
    address, size = file.directory(_RELOCATIONS)
    found: dict[int, int] = {}
    end = address + size
    while address and address + 8 <= end:
        page, length = file.unpack("2L", address)
        if length < 8 or address + length > end:
            raise MalformedError("the base relocations are cut off")
        for entry in file.unpack(f"{(length - 8) // 2}H", address + 8):
            kind, place = entry >> 12, page + (entry & 0xFFF)
            if kind in (_DIR64, _HIGHLOW):
                (found[file.base + place],) = file.unpack("Q" if kind == _DIR64 else "L", place)
        if len(found) > _MOST_SYMBOLS:
            raise MalformedError("the base relocations are endless")
        address += length
    return found
