"""ELF files as the dynamic loader reads them: program headers and the dynamic section, no sections.

A reader of our own, since what is asked is little, files may be hostile and thousands are read: every table
is held against the size of the file first. The tests compare it with pyelftools.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Final, final

from attrs import frozen

from .loaded import MalformedError, Memory, Segment

MAGIC: Final = b"\x7fELF"

MACHINES: Final = {
    3: "i686",
    20: "ppc",
    21: "ppc64",
    22: "s390x",
    40: "armv7l",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
    258: "loongarch64",
}
"""`e_machine` as platform tags spell it. 21 is `ppc64le` in its usual byte order."""

_LOAD, _DYNAMIC, _NOTE, _PROPERTY = 1, 2, 4, 0x6474E553
_EXECUTE = 1
_MOST_SEGMENTS: Final = 512
_MOST_TAGS: Final = 4096
MOST_ENTRIES: Final = 1_000_000
"""The most symbols or relocations of a file: no module comes near, and memory stays bounded."""


@final
@frozen
class Layout:
    """How the structures of a file are packed."""

    bits: int
    little_endian: bool

    def struct(self, wide: str, narrow: str) -> struct.Struct:
        """Return a structure by its form in 64 and in 32 bits."""
        return struct.Struct(("<" if self.little_endian else ">") + (wide if self.bits == 64 else narrow))


@final
@frozen
class ElfFile:
    """A dynamically linked file: its memory, and the dynamic section as pairs of tag and value."""

    machine: str
    layout: Layout
    memory: Memory
    dynamic: tuple[tuple[int, int], ...]
    notes: tuple[memoryview, ...]

    def tag(self, tag: int) -> int:
        """Return the last value of a tag of the dynamic section, 0 where there is none."""
        return next((value for key, value in reversed(self.dynamic) if key == tag), 0)

    def tags(self, tag: int) -> list[int]:
        """Return all values of a tag, in order."""
        return [value for key, value in self.dynamic if key == tag]

    def text(self, offset: int) -> str:
        """Return the string at `offset` of the dynamic string table; raises `MalformedError`."""
        size, start = self.tag(Tag.STRING_SIZE), self.tag(Tag.STRINGS)
        raw = self.memory.string(start + offset) if offset < size else None
        if raw is None:
            raise MalformedError("a name lies outside of the string table")
        return raw.decode("utf-8", "surrogateescape")

    def table(self, tag: int, size: int, what: str) -> memoryview:
        """Return `size` bytes of the table that a tag points at; raises `MalformedError`."""
        address = self.tag(tag)
        if not address or not size:
            return memoryview(b"")
        view = self.memory.view(address, size)
        if view is None:
            raise MalformedError(f"the {what} lies outside of the file")
        return view


@final
class Tag:
    """The tags of the dynamic section that are read."""

    NEEDED: Final = 1
    PLT_SIZE: Final = 2
    HASH: Final = 4
    STRINGS: Final = 5
    SYMBOLS: Final = 6
    RELA: Final = 7
    RELA_SIZE: Final = 8
    STRING_SIZE: Final = 10
    SONAME: Final = 14
    RPATH: Final = 15
    REL: Final = 17
    REL_SIZE: Final = 18
    PLT_KIND: Final = 20
    PLT: Final = 23
    RUNPATH: Final = 29
    RELR_SIZE: Final = 35
    RELR: Final = 36
    GNU_HASH: Final = 0x6FFFFEF5
    VERSION_OF_SYMBOL: Final = 0x6FFFFFF0
    VERSIONS_NEEDED: Final = 0x6FFFFFFE
    VERSIONS_NEEDED_COUNT: Final = 0x6FFFFFFF


def parse_elf(content: bytes) -> ElfFile:
    """Return what `content` holds; raises `MalformedError`."""
    if content[:4] != MAGIC:
        raise MalformedError("it does not begin like an ELF file")
    if len(content) < 52 or content[4] not in (1, 2) or content[5] not in (1, 2):
        raise MalformedError("the ELF header is cut off or of no known class")
    layout = Layout(32 * content[4], content[5] == 1)
    header = layout.struct("HHIQQQIHHH", "HHIIIIIHHH")
    if len(content) < 16 + header.size:
        raise MalformedError("the ELF header is cut off")
    _type, machine, _version, _entry, offset, _, _flags, _size, entry_size, count = header.unpack_from(
        content, 16
    )
    headers = list(_program_headers(content, layout, offset, entry_size, count))
    memory = Memory.of([_segment(content, each) for each in headers if each.kind == _LOAD])
    name = MACHINES.get(machine, "")
    if machine == 21 and layout.little_endian:
        name = "ppc64le"
    dynamic = next((each for each in headers if each.kind == _DYNAMIC), None)
    tags = () if dynamic is None else tuple(_dynamic(content, layout, dynamic))
    view = memoryview(content)
    notes = [each for each in headers if each.kind in (_NOTE, _PROPERTY)]
    return ElfFile(
        name,
        layout,
        memory,
        tags,
        tuple(view[each.offset : each.offset + each.file_size] for each in notes),
    )


# --- headers ----------------------------------------------------------------------------


@final
@frozen
class _Header:
    kind: int
    flags: int
    offset: int
    address: int
    file_size: int
    memory_size: int


def _program_headers(
    content: bytes, layout: Layout, offset: int, entry_size: int, count: int
) -> Iterator[_Header]:
    form = layout.struct("IIQQQQQQ", "IIIIIIII")
    if count > _MOST_SEGMENTS:
        raise MalformedError(f"it has {count} program headers")
    if count and (entry_size < form.size or offset + entry_size * count > len(content)):
        raise MalformedError("the program headers lie outside of the file")
    for index in range(count):
        values = form.unpack_from(content, offset + index * entry_size)
        if layout.bits == 64:
            kind, flags, start, address, _, file_size, memory_size, _ = values
        else:
            kind, start, address, _, file_size, memory_size, flags, _ = values
        yield _Header(kind, flags, start, address, file_size, memory_size)


def _segment(content: bytes, header: _Header) -> Segment:
    if header.offset + header.file_size > len(content):
        raise MalformedError("a segment lies outside of the file")
    data = memoryview(content)[header.offset : header.offset + header.file_size]
    return Segment(header.address, header.memory_size, data, bool(header.flags & _EXECUTE))


def _dynamic(content: bytes, layout: Layout, header: _Header) -> Iterator[tuple[int, int]]:
    """Yield the tags up to the null one."""
    form = layout.struct("QQ", "II")
    size = min(header.file_size, form.size * _MOST_TAGS)
    if header.offset + size > len(content):
        raise MalformedError("the dynamic section lies outside of the file")
    for place in range(header.offset, header.offset + size - form.size + 1, form.size):
        tag, value = form.unpack_from(content, place)
        if tag == 0:
            return
        yield tag, value


def symbol_count(elf: ElfFile) -> int:
    """Return how many symbols there are, which only the hash tables tell; raises `MalformedError`."""
    order = "<" if elf.layout.little_endian else ">"
    if address := elf.tag(Tag.GNU_HASH):
        return _count_hashed(elf, address, order)
    if address := elf.tag(Tag.HASH):
        raw = elf.memory.read(address, 8)
        if raw is None:
            raise MalformedError("the hash table lies outside of the file")
        return int(struct.unpack(f"{order}II", raw)[1])
    return 0


def _count_hashed(elf: ElfFile, address: int, order: str) -> int:
    """Return the number of symbols by the GNU hash table: one more than the last of the longest chain."""
    raw = elf.memory.read(address, 16)
    if raw is None:
        raise MalformedError("the hash table lies outside of the file")
    buckets, first, blooms, _ = struct.unpack(f"{order}IIII", raw)
    start = address + 16 + blooms * elf.layout.bits // 8
    view = elf.memory.view(start, 4 * buckets)
    if view is None:
        raise MalformedError("the hash table lies outside of the file")
    last = max(_words(view, order), default=0)
    if last < first:
        return int(first)
    chain = start + 4 * buckets + 4 * (last - first)
    while (word := elf.memory.view(chain, 4)) is not None and last < MOST_ENTRIES:
        last += 1
        chain += 4
        if struct.unpack(f"{order}I", word)[0] & 1:
            return int(last)
    raise MalformedError("the hash table has no end")


def _words(view: memoryview, order: str) -> Sequence[int]:
    return struct.unpack(f"{order}{len(view) // 4}I", view)
