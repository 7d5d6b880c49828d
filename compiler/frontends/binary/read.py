"""From the bytes of a file to the facts that `ir/binary.py` names."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Final

from ....ir.binary import Binary, BinaryFormat, GilVerdict, Image, ImportedSymbol, InitFunction, Library
from .elf import MAGIC, ElfFile, Tag, parse_elf
from .elf_tables import NeededVersion, Symbol, load, read_symbols, read_versions
from .gil import read_gil
from .loaded import MalformedError
from .macho import is_macho, read_macho
from .pe import is_pe, read_pe

_PROPERTY_NOTE: Final = 5
_ISA_NEEDED: Final = 0xC0008002
_ISA_LEVELS: Final = ("x86-64-baseline", "x86-64-v2", "x86-64-v3", "x86-64-v4")


def read_binary(content: bytes) -> Binary | None:
    """Return what a compiled file says of itself, None where it is none; raises `MalformedError`."""
    if content.startswith(MAGIC):
        return Binary((read_elf(content),))
    if is_macho(content):
        return Binary(read_macho(content))
    return Binary((read_pe(content),)) if is_pe(content) else None


def read_verdicts(content: bytes) -> Mapping[str, GilVerdict] | None:
    """Return the verdict of each function that makes a module, None for what is no compiled file.

    Where the images of several processors do not agree, nothing is known. Raises `MalformedError`.
    """
    if content.startswith(MAGIC):
        elf = parse_elf(content)
        return _verdicts(elf, read_symbols(elf))
    binary = read_binary(content)
    if binary is None:
        return None
    found: dict[str, GilVerdict] = {}
    for init in (init for image in binary.images for init in image.inits):
        agreed = found.setdefault(init.name, init.gil) is init.gil
        found[init.name] = init.gil if agreed else GilVerdict.UNKNOWN
    return found


def read_elf(content: bytes) -> Image:
    """Return what an ELF file says of itself; raises `MalformedError`."""
    elf = parse_elf(content)
    symbols = read_symbols(elf)
    versions = read_versions(elf)
    return Image(
        BinaryFormat.ELF,
        elf.machine,
        elf.layout.bits,
        _libraries(elf, versions),
        tuple(_import(symbol, versions) for symbol in symbols if symbol.name and not symbol.is_defined),
        tuple(InitFunction(name, gil) for name, gil in _verdicts(elf, symbols).items()),
        tuple(elf.text(offset) for tag in (Tag.RPATH, Tag.RUNPATH) for offset in elf.tags(tag)),
        elf.text(elf.tag(Tag.SONAME)) if elf.tag(Tag.SONAME) else "",
        isa=tuple(_isa(elf)),
    )


def _verdicts(elf: ElfFile, symbols: tuple[Symbol, ...]) -> Mapping[str, GilVerdict]:
    # Relocation is the larger part of the work, and only modules need it.
    makes_modules = any(symbol.is_defined and symbol.name.startswith("Py") for symbol in symbols)
    return read_gil(load(elf, symbols)) if makes_modules else {}


def _libraries(elf: ElfFile, versions: Mapping[int, NeededVersion]) -> tuple[Library, ...]:
    wanted: dict[str, list[str]] = {elf.text(offset): [] for offset in elf.tags(Tag.NEEDED)}
    for each in versions.values():
        wanted.setdefault(each.library, []).append(each.version)
    return tuple(Library(name, tuple(found)) for name, found in wanted.items())


def _import(symbol: Symbol, versions: Mapping[int, NeededVersion]) -> ImportedSymbol:
    needed = versions.get(symbol.version)
    if needed is None:
        return ImportedSymbol(symbol.name, weak=symbol.is_weak)
    return ImportedSymbol(symbol.name, needed.library, needed.version, symbol.is_weak)


def _isa(elf: ElfFile) -> Iterator[str]:
    """Yield the levels of the instruction set that the GNU property notes ask for (x86-64)."""
    if elf.machine != "x86_64":
        return
    needed = 0
    for note in elf.notes:
        for kind, value in _properties(note):
            needed |= value if kind == _ISA_NEEDED else 0
    yield from (name for bit, name in enumerate(_ISA_LEVELS) if needed >> bit & 1)


def _properties(note: memoryview) -> Iterator[tuple[int, int]]:
    """Yield the properties of four bytes in a segment of notes: pairs of kind and value."""
    place = 0
    while place + 16 <= len(note):
        name_size, size, kind = struct.unpack_from("<III", note, place)
        place += 12 + (name_size + 3 & ~3)
        end = place + size
        if end > len(note):
            return
        if kind == _PROPERTY_NOTE and name_size == 4 and bytes(note[place - 4 : place]) == b"GNU\0":
            while place + 12 <= end:
                each, length = struct.unpack_from("<II", note, place)
                if length == 4:
                    yield each, struct.unpack_from("<I", note, place + 8)[0]
                place += 8 + (length + 7 & ~7)
        place = end + 7 & ~7


__all__ = ["MalformedError", "read_binary", "read_elf", "read_verdicts"]
