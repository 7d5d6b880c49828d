"""The tables of an ELF file: symbols with their versions, and what relocation makes of its words."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Final, final

from attrs import define, field, frozen

from .elf import MOST_ENTRIES, ElfFile, Tag, symbol_count
from .loaded import LoadedImage, MalformedError

_WEAK: Final = 2
_RELATIVE: Final = {
    "i686": 8,
    "x86_64": 8,
    "aarch64": 1027,
    "armv7l": 23,
    "ppc64": 22,
    "ppc64le": 22,
    "s390x": 12,
    "riscv64": 3,
    "loongarch64": 3,
}
"""The relocation that adds the place of the file in memory."""
_MOST_VERSIONS: Final = 4096
_HIDDEN: Final = 0x8000


@final
@frozen
class Symbol:
    """A dynamic symbol. `version` is an index into what `read_versions` gives."""

    name: str
    value: int
    is_defined: bool
    is_weak: bool
    version: int


def read_symbols(elf: ElfFile) -> tuple[Symbol, ...]:
    """Return the dynamic symbols in order; raises `MalformedError`."""
    form = elf.layout.struct("IBBHQQ", "IIIBBH")
    count = symbol_count(elf)
    if count > MOST_ENTRIES:
        raise MalformedError(f"it has {count} symbols")
    raw = elf.table(Tag.SYMBOLS, count * form.size, "symbol table")
    strings = bytes(elf.table(Tag.STRINGS, elf.tag(Tag.STRING_SIZE), "string table"))
    count = len(raw) // form.size
    versions = _symbol_versions(elf, count)
    symbols = []
    for index, values in enumerate(form.iter_unpack(raw)):
        if elf.layout.bits == 64:
            name, info, _, section, value, _ = values
        else:
            name, value, _, info, _, section = values
        if name >= len(strings) and name:
            raise MalformedError("the name of a symbol lies outside of the string table")
        end = strings.find(b"\0", name)
        text = strings[name : end if end >= 0 else None].decode("utf-8", "surrogateescape")
        symbols.append(Symbol(text, value, section != 0, info >> 4 == _WEAK, versions[index]))
    return tuple(symbols)


def _symbol_versions(elf: ElfFile, count: int) -> tuple[int, ...]:
    if not elf.tag(Tag.VERSION_OF_SYMBOL):
        return (0,) * count
    raw = elf.table(Tag.VERSION_OF_SYMBOL, 2 * count, "table of symbol versions")
    order = "<" if elf.layout.little_endian else ">"
    return tuple(each & ~_HIDDEN for each in struct.unpack(f"{order}{count}H", raw))


@final
@frozen
class NeededVersion:
    """A symbol version that a library must have."""

    library: str
    version: str


def read_versions(elf: ElfFile) -> Mapping[int, NeededVersion]:
    """Return the versions that other libraries must have, by their index; raises `MalformedError`."""
    order = "<" if elf.layout.little_endian else ">"
    head, entry = struct.Struct(f"{order}HHIII"), struct.Struct(f"{order}IHHII")
    found: dict[int, NeededVersion] = {}
    address = elf.tag(Tag.VERSIONS_NEEDED)
    for _ in range(min(elf.tag(Tag.VERSIONS_NEEDED_COUNT), _MOST_VERSIONS)):
        _version, count, file, first, following = head.unpack(_structure(elf, address, head.size))
        library, place = elf.text(file), address + first
        for _ in range(count):
            _hash, _flags, index, name, step = entry.unpack(_structure(elf, place, entry.size))
            found[index & ~_HIDDEN] = NeededVersion(library, elf.text(name))
            if len(found) > _MOST_VERSIONS:
                raise MalformedError("it needs too many symbol versions")
            if not step:
                break
            place += step
        if not following:
            break
        address += following
    return found


def _structure(elf: ElfFile, address: int, size: int) -> bytes:
    raw = elf.memory.read(address, size)
    if raw is None:
        raise MalformedError("the table of needed versions lies outside of the file")
    return raw


# --- relocation -------------------------------------------------------------------------


def load(elf: ElfFile, symbols: tuple[Symbol, ...]) -> LoadedImage:
    """Return the image as it is after relocation to address 0; raises `MalformedError`."""
    relocations = _Relocations(elf, symbols)
    relocations.read()
    return LoadedImage(
        elf.machine,
        elf.layout.bits,
        elf.layout.little_endian,
        elf.memory,
        relocations.pointers,
        relocations.slots,
        {symbol.name: symbol.value for symbol in symbols if symbol.is_defined and symbol.name},
        frozenset(symbol.name for symbol in symbols if not symbol.is_defined and symbol.name),
    )


@final
@define
class _Relocations:
    elf: ElfFile
    symbols: tuple[Symbol, ...]
    pointers: dict[int, int] = field(factory=dict)
    slots: dict[int, str] = field(factory=dict)

    def read(self) -> None:
        elf = self.elf
        self._read_table(Tag.RELA, elf.tag(Tag.RELA_SIZE), has_addend=True)
        self._read_table(Tag.REL, elf.tag(Tag.REL_SIZE), has_addend=False)
        self._read_table(Tag.PLT, elf.tag(Tag.PLT_SIZE), has_addend=elf.tag(Tag.PLT_KIND) == Tag.RELA)
        for address in self._packed():
            self.pointers[address] = self._addend(address)
            if len(self.pointers) > MOST_ENTRIES:
                raise MalformedError("it has too many relocations")

    def _read_table(self, tag: int, size: int, *, has_addend: bool) -> None:
        layout = self.elf.layout
        form = layout.struct("QQq", "IIi") if has_addend else layout.struct("QQ", "II")
        if size // form.size > MOST_ENTRIES:
            raise MalformedError("it has too many relocations")
        raw = self.elf.table(tag, size // form.size * form.size, "table of relocations")
        shift, mask = (32, 0xFFFFFFFF) if layout.bits == 64 else (8, 0xFF)
        relative = _RELATIVE.get(self.elf.machine, -1)
        symbols, pointers = self.symbols, self.pointers
        for place, info, *rest in form.iter_unpack(raw):
            if info & mask == relative:
                pointers[place] = rest[0] if has_addend else self._addend(place)
            elif index := info >> shift:
                if index >= len(symbols):
                    raise MalformedError("a relocation names a symbol that there is none of")
                symbol = symbols[index]
                self.slots[place] = symbol.name
                if symbol.is_defined:
                    pointers[place] = symbol.value + (rest[0] if has_addend else 0)

    def _addend(self, address: int) -> int:
        word = self.elf.layout.bits // 8
        raw = self.elf.memory.read(address, word)
        return int.from_bytes(raw or b"", "little" if self.elf.layout.little_endian else "big")

    def _packed(self) -> Iterator[int]:
        """Yield the places of the relative relocations that are packed as a bitmap (`DT_RELR`)."""
        word, bits = self.elf.layout.bits // 8, self.elf.layout.bits
        form = self.elf.layout.struct("Q", "I")
        size = self.elf.tag(Tag.RELR_SIZE) // form.size * form.size
        following = 0
        for (entry,) in form.iter_unpack(self.elf.table(Tag.RELR, size, "table of relocations")):
            if not entry & 1:
                yield entry
                following = entry + word
                continue
            rest = entry >> 1
            place = following
            while rest:
                if rest & 1:
                    yield place
                rest >>= 1
                place += word
            following += (bits - 1) * word
