"""With what `PyUnstable_Module_SetGIL(module, gil)` is called, read from machine code (x86-64).

The value stands in a constant moved to `esi` (`be 01 00 00 00` for `Py_MOD_GIL_NOT_USED`, `31 f6` for
`Py_MOD_GIL_USED`) before a call of the function's stub (`e8`) or through its address (`ff 15`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ....ir.binary import GilVerdict
from .loaded import LoadedImage, Segment

_FUNCTION: Final = "PyUnstable_Module_SetGIL"
_CALL: Final = re.compile(rb"[\xe8\xe9](....)", re.DOTALL)
_CALL_THROUGH: Final = re.compile(rb"\xff\x15(....)", re.DOTALL)
_JUMP_THROUGH: Final = re.compile(rb"\xff\x25(....)", re.DOTALL)
_ONE: Final = b"\xbe\x01\x00\x00\x00"
_ZERO: Final = b"\x31\xf6"
_BEFORE: Final = 48
"""How many bytes before a call are searched for what goes in."""
_STUB_STARTS: Final = (0, 4, 5)
"""How far a stub begins before its jump: at once, or behind a landing pad, with a prefix."""


def find_set_gil(image: LoadedImage) -> GilVerdict:
    """Return what all calls agree on, `UNKNOWN` where one is unlike the others or cannot be read."""
    if image.machine != "x86_64":
        return GilVerdict.UNKNOWN
    slots = frozenset(place for place, name in image.slots.items() if name == _FUNCTION)
    code = [segment for segment in image.memory.segments if segment.is_code]
    stubs: set[int] = set()
    for segment in code:
        for start in _targets(segment, _JUMP_THROUGH, slots):
            stubs |= {segment.address + start - back for back in _STUB_STARTS}
    values: set[int | None] = set()
    for segment in code:
        for pattern, wanted in ((_CALL_THROUGH, slots), (_CALL, frozenset(stubs))):
            for start in _targets(segment, pattern, wanted):
                values.add(_second_argument(bytes(segment.data[max(0, start - _BEFORE) : start])))
    if values == {1}:
        return GilVerdict.NOT_USED
    return GilVerdict.USED if values == {0} else GilVerdict.UNKNOWN


def _targets(segment: Segment, pattern: re.Pattern[bytes], wanted: frozenset[int]) -> Iterator[int]:
    """Yield where `pattern` has a distance to one of `wanted`, counted from the start of `segment`."""
    if not wanted:
        return
    for match in pattern.finditer(segment.data):
        if segment.address + match.end() + int.from_bytes(match[1], "little", signed=True) in wanted:
            yield match.start()


def _second_argument(before: bytes) -> int | None:
    one, zero = before.rfind(_ONE), before.rfind(_ZERO)
    if one < 0 and zero < 0:
        return None
    return 1 if one > zero else 0
