"""A few instructions of AArch64, as far as modules must be read: addresses, branches, constants."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Final

from .loaded import LoadedImage, Segment

_JUMPS: Final = {0xD61F0200: 16, 0xD61F0220: 17}
"""`br x16` and `br x17`, which end a stub."""
_CALL_REGISTER: Final = 0xD63F0000
_LANDING: Final = 0xD503245F
_RETURN: Final = 0xD65F03C0
_ZERO: Final = (0x2A1F03E1, 0xAA1F03E1)
"""`mov w1, wzr` and `mov x1, xzr`."""
_BEFORE: Final = 8
"""How many instructions before a call are read."""
_AROUND: Final = 1 << 14
"""How many instructions to both sides of a call are searched for branches: a function is no longer."""


def words_of(segment: Segment, order: str) -> Sequence[int]:
    """Return the instructions of a segment of code."""
    count = len(segment.data) // 4
    return struct.unpack(f"{order}{count}I", segment.data[: 4 * count])


def find_stubs(words: Sequence[int], start: int, slots: frozenset[int]) -> frozenset[int]:
    """Return where stubs begin that jump through one of `slots`. `start` is the address of the first word."""
    found: set[int] = set()
    for index, word in enumerate(words):
        if (register := _JUMPS.get(word)) is None:
            continue
        for first in range(max(0, index - 3), index - 1):
            if _loaded(words, start, first, register) in slots:
                found |= {start + 4 * first, start + 4 * (first - 1)}
    return frozenset(found)


def find_calls(
    words: Sequence[int], start: int, slots: frozenset[int], stubs: frozenset[int]
) -> Iterator[int]:
    """Yield the index of each `bl` or `b` to one of `stubs`, and of each `blr` through one of `slots`."""
    for index, word in enumerate(words):
        if word >> 26 in (0x25, 0x05):
            if start + 4 * index + _signed(word, 26) * 4 in stubs:
                yield index
        elif word & 0xFFFFFC1F == _CALL_REGISTER:
            register = word >> 5 & 31
            before = range(max(0, index - _BEFORE), index - 1)
            if any(_loaded(words, start, first, register) in slots for first in before):
                yield index


def second_argument(words: Sequence[int], call: int) -> int | None:
    """Return the constant in `w1` at a call, None where it is none or depends on the way there."""
    for index in range(call - 1, max(-1, call - 1 - _BEFORE), -1):
        word = words[index]
        value = _constant(word)
        if value is not None:
            return None if _is_reached_between(words, index + 1, call) else value
        if _is_branch(word) or _writes_second(word):
            return None
    return None


def returned_address(image: LoadedImage, address: int) -> int | None:
    """Return what the function at `address` returns, where it does nothing but return an address."""
    order = "<" if image.little_endian else ">"
    if image.memory.read(address, 4) == struct.pack(f"{order}I", _LANDING):
        address += 4
    raw = image.memory.read(address, 12)
    if raw is None:
        return None
    words: tuple[int, ...] = struct.unpack(f"{order}3I", raw)
    page = _page(words[0], address)
    if page is None or words[0] & 31 or words[2] != _RETURN or words[1] & 0x3FF:
        return None
    if words[1] & 0xFFC00000 == 0x91000000:
        return page + (words[1] >> 10 & 0xFFF)
    if words[1] & 0xFFC00000 == 0xF9400000:
        return image.pointers.get(page + 8 * (words[1] >> 10 & 0xFFF))
    return None


# --- instructions -----------------------------------------------------------------------


def _loaded(words: Sequence[int], start: int, index: int, register: int) -> int | None:
    """Return the address that `adrp` at `index` and `ldr` behind it load a register from."""
    page = _page(words[index], start + 4 * index)
    if page is None:
        return None
    base, load = words[index] & 31, words[index + 1]
    return page + 8 * (load >> 10 & 0xFFF) if load & 0xFFC003FF == 0xF9400000 | base << 5 | register else None


def _page(word: int, address: int) -> int | None:
    """Return the page that `adrp` gives."""
    if word & 0x9F000000 != 0x90000000:
        return None
    pages = _signed((word >> 5 & 0x7FFFF) << 2 | word >> 29 & 3, 21)
    return (address & ~0xFFF) + (pages << 12)


def _constant(word: int) -> int | None:
    if word in _ZERO:
        return 0
    return word >> 5 & 0xFFFF if word & 0x7FE0001F == 0x52800001 else None


def _writes_second(word: int) -> bool:
    """Tell whether an instruction may set `x1`: as its target, or as the other one of a pair."""
    is_pair = word & 0x3A000000 == 0x28000000
    return word & 31 == 1 or (is_pair and word >> 10 & 31 == 1)


def _is_branch(word: int) -> bool:
    return word & 0x1C000000 == 0x14000000


def _is_reached_between(words: Sequence[int], first: int, last: int) -> bool:
    """Tell whether a branch nearby leads to one of the instructions from `first` to `last`."""
    return any(
        first <= index + distance <= last
        for index in range(max(0, last - _AROUND), min(len(words), last + _AROUND))
        if (distance := _distance(words[index])) is not None
    )


def _distance(word: int) -> int | None:
    """Return how many instructions a branch leads away; None for anything else, and for calls."""
    if word >> 26 == 0x05:
        return _signed(word, 26)
    if word & 0xFF000010 == 0x54000000 or word & 0x7E000000 == 0x34000000:
        return _signed(word >> 5, 19)
    if word & 0x7E000000 == 0x36000000:
        return _signed(word >> 5, 14)
    return None


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value
