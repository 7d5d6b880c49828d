"""Which words of a Mach-O image `dyld` fills in, and with what: chained fixups, or lists of opcodes.

Both are described in Apple's headers `mach-o/fixup-chains.h` and `mach-o/loader.h`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, final

from attrs import field, frozen

from .loaded import MalformedError, Segment

_MOST_WORDS: Final = 2_000_000
_PAGE_WITHOUT: Final = 0xFFFF
_PAGE_WITH_SEVERAL: Final = 0x8000
_PTR_64, _PTR_64_OFFSET = 2, 6
"""Formats of pointers in chains: by address, and by offset from the image. Those of arm64e are not read."""


@final
@frozen
class Fixups:
    """Pointers into the image by their place, and places of imported symbols by the symbol's name."""

    pointers: dict[int, int] = field(factory=dict)
    slots: dict[int, str] = field(factory=dict)


def read_fixups(
    order: str,
    bits: int,
    segments: tuple[Segment, ...],
    chained: memoryview | None,
    info: tuple[memoryview, memoryview, memoryview] | None,
) -> Fixups:
    """Return what the loader fills in; raises `MalformedError`."""
    found = Fixups()
    try:
        if chained is not None:
            _follow_chains(order, segments, chained, found)
        elif info is not None:
            _run_rebases(order, bits, segments, info[0], found)
            _run_binds(bits, segments, info[1], found, is_lazy=False)
            _run_binds(bits, segments, info[2], found, is_lazy=True)
    except (struct.error, IndexError):
        raise MalformedError("the list of what the loader fills in is cut off") from None
    return found


# --- chained fixups ---------------------------------------------------------------------


def _follow_chains(order: str, segments: tuple[Segment, ...], data: memoryview, found: Fixups) -> None:
    _, starts_at, imports_at, symbols_at, count, import_form, _ = struct.unpack_from(f"{order}7L", data)
    names = list(_imported_names(order, data, imports_at, symbols_at, count, import_form))
    base = min((segment.address for segment in segments if segment.data), default=0)
    (number,) = struct.unpack_from(f"{order}L", data, starts_at)
    if number > len(segments):
        raise MalformedError("the chains name a segment that is not there")
    for index in range(number):
        (offset,) = struct.unpack_from(f"{order}L", data, starts_at + 4 + 4 * index)
        if offset:
            _follow_segment(order, segments[index], data[starts_at + offset :], base, names, found)


def _imported_names(
    order: str, data: memoryview, start: int, symbols: int, count: int, form: int
) -> Iterator[str]:
    size, shift = {1: (4, 9), 2: (8, 9), 3: (16, 32)}.get(form, (0, 0))
    if not size or start + count * size > len(data):
        raise MalformedError("the imports of the chains lie outside of the file")
    text = bytes(data[symbols:])
    for index in range(count):
        (word,) = struct.unpack_from(f"{order}{'Q' if form == 3 else 'L'}", data, start + index * size)
        name = word >> shift
        end = text.find(b"\0", name)
        yield text[name : max(end, name)].decode("utf-8", "surrogateescape").removeprefix("_")


def _follow_segment(
    order: str, segment: Segment, starts: memoryview, base: int, names: list[str], found: Fixups
) -> None:
    _, page_size, form, _, _, pages = struct.unpack_from(f"{order}LHHQLH", starts)
    if form not in (_PTR_64, _PTR_64_OFFSET):
        return
    for page in range(pages):
        (first,) = struct.unpack_from(f"{order}H", starts, 22 + 2 * page)
        if first == _PAGE_WITHOUT or first & _PAGE_WITH_SEVERAL:
            continue
        place = page * page_size + first
        while len(found.pointers) + len(found.slots) < _MOST_WORDS:
            (word,) = struct.unpack_from(f"{order}Q", segment.data, place)
            address = segment.address + place
            if word >> 63:
                found.slots[address] = names[word & 0xFFFFFF]
            else:
                target = (word & 0xFFFFFFFFF) | (word >> 36 & 0xFF) << 56
                found.pointers[address] = target + (base if form == _PTR_64_OFFSET else 0)
            step = 4 * (word >> 51 & 0xFFF)
            if not step:
                break
            place += step


# --- opcodes ----------------------------------------------------------------------------


@final
class _Opcodes:
    """Reads the bytes of a list of opcodes."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._place = 0

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield opcode and immediate."""
        while self._place < len(self._data):
            byte = self._data[self._place]
            self._place += 1
            yield byte & 0xF0, byte & 0x0F

    def number(self) -> int:
        """Return an unsigned LEB128."""
        value = shift = 0
        while shift < 70:
            byte = self._data[self._place]
            self._place += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & (1 << 64) - 1
            shift += 7
        raise MalformedError("a number of the loader's list has no end")

    def string(self) -> str:
        """Return a string up to its zero."""
        start = self._place
        while self._data[self._place]:
            self._place += 1
        self._place += 1
        return bytes(self._data[start : self._place - 1]).decode("utf-8", "surrogateescape")


def _run_rebases(
    order: str, bits: int, segments: tuple[Segment, ...], data: memoryview, found: Fixups
) -> None:
    word, segment, place = bits // 8, segments[0], 0
    form = struct.Struct(f"{order}{'Q' if bits == 64 else 'L'}")
    opcodes = _Opcodes(data)

    def fill(count: int, skip: int) -> None:
        nonlocal place
        if count + len(found.pointers) > _MOST_WORDS:
            raise MalformedError("the list of rebases is endless")
        for _ in range(count):
            (found.pointers[segment.address + place],) = form.unpack_from(segment.data, place)
            place = place + word + skip & (1 << 64) - 1

    for opcode, value in opcodes:
        match opcode:
            case 0x00:
                return
            case 0x20:
                segment, place = segments[value], opcodes.number()
            case 0x30:
                place += opcodes.number()
            case 0x40:
                place += value * word
            case 0x50:
                fill(value, 0)
            case 0x60:
                fill(opcodes.number(), 0)
            case 0x70:
                fill(1, opcodes.number())
            case 0x80:
                count = opcodes.number()
                fill(count, opcodes.number())
            case _:
                pass


def _run_binds(
    bits: int, segments: tuple[Segment, ...], data: memoryview, found: Fixups, *, is_lazy: bool
) -> None:
    """Add the places that a list of bindings fills in. In a lazy one each binding has an end of its own."""
    word, segment, place, name = bits // 8, segments[0], 0, ""
    opcodes = _Opcodes(data)

    def fill(count: int, skip: int) -> None:
        nonlocal place
        if count + len(found.slots) > _MOST_WORDS:
            raise MalformedError("the list of bindings is endless")
        for _ in range(count):
            found.slots[segment.address + place] = name.removeprefix("_")
            place = place + word + skip & (1 << 64) - 1

    for opcode, value in opcodes:
        match opcode:
            case 0x00:
                if not is_lazy:
                    return
            case 0x20 | 0x60:
                opcodes.number()
            case 0x40:
                name = opcodes.string()
            case 0x70:
                segment, place = segments[value], opcodes.number()
            case 0x80:
                place = place + opcodes.number() & (1 << 64) - 1
            case 0x90:
                fill(1, 0)
            case 0xA0:
                fill(1, opcodes.number())
            case 0xB0:
                fill(1, value * word)
            case 0xC0:
                count = opcodes.number()
                fill(count, opcodes.number())
            case _:
                pass
