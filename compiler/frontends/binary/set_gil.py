"""With what `PyUnstable_Module_SetGIL(module, gil)` is called, read from machine code.

On x86-64 the value stands in a constant moved to `esi` (`be 01 00 00 00` for `Py_MOD_GIL_NOT_USED`, `31 f6`
for `Py_MOD_GIL_USED`) right before a call of the function's stub (`e8`) or through its address (`ff 15`),
where no jump leads in between; on AArch64 in one moved to `w1` (`arm64`). Whatever looks otherwise is
computed, and unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from ....ir.binary import GilVerdict
from . import arm64
from .loaded import LoadedImage, Segment

_FUNCTION: Final = "PyUnstable_Module_SetGIL"
_CALL: Final = re.compile(rb"[\xe8\xe9](....)", re.DOTALL)
_CALL_THROUGH: Final = re.compile(rb"\xff\x15(....)", re.DOTALL)
_JUMP_THROUGH: Final = re.compile(rb"\xff\x25(....)", re.DOTALL)
_BEFORE: Final = 64
"""How many bytes before a call are searched for what goes in."""
_STUB_STARTS: Final = (0, 4, 5)
"""How far a stub begins before its jump: at once, or behind a landing pad, with a prefix."""

# Between the constant and the call only other registers are set, in instructions that leave `esi` alone:
# `mov` from a register or the stack, `lea`, `mov` to memory beside the code, and constants for `eax`.
_HARMLESS: Final = (
    rb"[\x48\x4c]\x89[\xc0-\xc5\xc7-\xcd\xcf-\xd5\xd7-\xdd\xdf-\xe5\xe7-\xed\xef-\xf5\xf7-\xfd\xff]",
    rb"[\x49\x4d]\x89[\xc0-\xff]",
    rb"\x48\x8b[\x45\x4d\x55\x5d\x6d\x7d].",
    rb"\x48\x8b[\x44\x4c\x54\x5c\x6c\x7c]\x24.",
    rb"\x48\x8d[\x05\x0d\x15\x1d\x2d\x3d\x85\x8d\x95\x9d\xad\xbd]....",
    rb"\x4c\x8d[\x05\x0d\x15\x1d\x25\x2d\x35\x3d\x85\x8d\x95\x9d\xa5\xad\xb5\xbd]....",
    rb"[\x48\x4c]\x89[\x05\x0d\x15\x1d\x25\x2d\x35\x3d]....",
    rb"\x31\xc0",
    rb"\xb8....",
)
# With the prefixes of the compilers, `41` and `45`, the same bytes set `r14`.
_CONSTANT: Final = re.compile(
    rb"(?:(?<!\x41)\xbe(?P<value>....)|(?<!\x45)\x31\xf6)(?P<rest>(?:" + b"|".join(_HARMLESS) + rb")*)\Z",
    re.DOTALL,
)
_BRANCH: Final = re.compile(rb"(?:\xe9|\x0f[\x80-\x8f])(....)", re.DOTALL)
_SHORT_BRANCH: Final = re.compile(rb"[\xeb\x70-\x7f](.)", re.DOTALL)
# `mov` and `xor` of a constant, `mov` from a register, `cmov`, `movzx`, and `set` of its low byte.
_SETS_ESI: Final = re.compile(
    rb"\xbe|\x31\xf6|\x89[\xc6\xce\xd6\xde\xe6\xee\xf6\xfe]|\x0f[\x40-\x4f][\xf0-\xf7]|\x0f\xb6[\x30-\x37\xf0-\xf7]"
    rb"|\x0f[\x90-\x9f]\xc6|\x8b[\x34-\x37\x74-\x77\xb4-\xb7]"
)
_NEAR: Final = 32
"""How many bytes before a jump are searched for what it brings along in `esi`."""


def find_set_gil(image: LoadedImage) -> GilVerdict:
    """Return what all calls agree on, `UNKNOWN` where one is unlike the others or cannot be read."""
    slots = frozenset(place for place, name in image.slots.items() if name == _FUNCTION)
    code = [segment for segment in image.memory.segments if segment.is_code]
    match image.machine:
        case "x86_64":
            values = _values_x86(code, slots)
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
        for call in arm64.find_calls(words, start, stubs)
    }


def _values_x86(code: Sequence[Segment], slots: frozenset[int]) -> set[int | None]:
    """Return what is passed, None where a call cannot be read (x86-64)."""
    stubs: set[int] = set()
    for segment in code:
        for start in _targets(segment, _JUMP_THROUGH, slots):
            stubs |= {segment.address + start - back for back in _STUB_STARTS}
    values: set[int | None] = set()
    for segment in code:
        for pattern, wanted in ((_CALL_THROUGH, slots), (_CALL, frozenset(stubs))):
            values |= {_second_argument(segment, start) for start in _targets(segment, pattern, wanted)}
    return values


def _targets(segment: Segment, pattern: re.Pattern[bytes], wanted: frozenset[int] | range) -> Iterator[int]:
    """Yield where `pattern` has a distance to one of `wanted`, counted from the start of `segment`."""
    if not wanted:
        return
    for match in pattern.finditer(segment.data):
        if segment.address + match.end() + int.from_bytes(match[1], "little", signed=True) in wanted:
            yield match.start()


def _second_argument(segment: Segment, call: int) -> int | None:
    """Return the constant in `esi` at a call, None where it is none or depends on the way there."""
    found = _CONSTANT.search(bytes(segment.data[max(0, call - _BEFORE) : call]))
    if found is None:
        return None
    arrivals = range(segment.address + call - len(found["rest"]), segment.address + call + 1)
    for pattern in (_BRANCH, _SHORT_BRANCH):
        for start in _targets(segment, pattern, arrivals):
            # Any bytes may look like a jump; one that matters comes with a value of its own.
            if _SETS_ESI.search(bytes(segment.data[max(0, start - _NEAR) : start])):
                return None
    return int.from_bytes(found["value"] or b"\0", "little")
