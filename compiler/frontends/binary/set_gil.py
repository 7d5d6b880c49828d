"""With what `PyUnstable_Module_SetGIL(module, gil)` is called, read from machine code.

The value counts where it is a constant that is put into the register of the second argument right before a
call, and no jump leads in between. Whatever looks otherwise is computed, and unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ....ir.binary import GilVerdict
from . import arm64, x86
from .loaded import LoadedImage, Segment

_FUNCTION: Final = "PyUnstable_Module_SetGIL"


def find_set_gil(image: LoadedImage) -> GilVerdict:
    """Return what all calls agree on, `UNKNOWN` where one is unlike the others or cannot be read."""
    slots = frozenset(place for place, name in image.slots.items() if name == _FUNCTION)
    code = [segment for segment in image.memory.segments if segment.is_code]
    match image.machine:
        case "x86_64":
            values = _values_x86(code, slots, x86.RSI)
        case "amd64":
            values = _values_x86(code, slots, x86.RDX)
        case "aarch64" | "arm64":
            values = _values_arm(code, slots, "<" if image.little_endian else ">")
        case _:
            values = set()
    if values == {1}:
        return GilVerdict.NOT_USED
    return GilVerdict.USED if values == {0} else GilVerdict.UNKNOWN


def _values_arm(code: Sequence[Segment], slots: frozenset[int], order: str) -> set[int | None]:
    """Return what is passed, None where a call cannot be read (AArch64)."""
    read = [(segment.address, arm64.words_of(segment, order)) for segment in code]
    stubs: frozenset[int] = frozenset()
    for start, words in read:
        stubs |= arm64.find_stubs(words, start, slots)
    return {
        arm64.second_argument(words, call)
        for start, words in read
        for call in arm64.find_calls(words, start, slots, stubs)
    }


def _values_x86(code: Sequence[Segment], slots: frozenset[int], register: int) -> set[int | None]:
    """Return what is passed, None where a call cannot be read (x86-64)."""
    stubs: frozenset[int] = frozenset()
    for segment in code:
        stubs |= x86.find_stubs(segment, slots)
    return {
        x86.second_argument(segment, call, register)
        for segment in code
        for call in x86.find_calls(segment, slots, stubs)
    }
