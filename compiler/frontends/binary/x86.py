"""A few instructions of x86-64, as far as modules must be read: addresses, branches, constants."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final, final

from attrs import frozen

from .loaded import LoadedImage, Segment

_CALL: Final = re.compile(rb"[\xe8\xe9](....)", re.DOTALL)
_CALL_THROUGH: Final = re.compile(rb"\xff[\x15\x25](....)", re.DOTALL)
_JUMP_THROUGH: Final = re.compile(rb"\xff\x25(....)", re.DOTALL)
_BRANCH: Final = re.compile(rb"(?:\xe9|\x0f[\x80-\x8f])(....)", re.DOTALL)
_SHORT_BRANCH: Final = re.compile(rb"[\xeb\x70-\x7f](.)", re.DOTALL)
_BEFORE: Final = 64
"""How many bytes before a call are searched for what goes in."""
_NEAR: Final = 32
"""How many bytes before a jump are searched for what it brings along."""
_STUB_STARTS: Final = (0, 4, 5)
"""How far a stub begins before its jump: at once, or behind a landing pad, with a prefix."""

RSI: Final = 6
"""The second argument, as Linux and macOS pass it."""
RDX: Final = 2
"""The second argument, as Windows passes it."""

# `lea slots(%rip), %rax` or `mov pointer(%rip), %rax` and `ret`, perhaps with a frame and a landing pad.
_RETURNS_ADDRESS: Final = re.compile(
    rb"(?:\xf3\x0f\x1e\xfa)?(?:\x55\x48\x89\xe5)?\x48(?P<load>[\x8d\x8b])\x05(?P<away>....)\x5d?\xc3",
    re.DOTALL,
)


def returned_address(image: LoadedImage, address: int) -> int | None:
    """Return what the function at `address` returns, where it does nothing but return an address."""
    code = image.memory.read(address, 16) or image.memory.read(address, 8)
    match = _RETURNS_ADDRESS.match(code) if code else None
    if match is None:
        return None
    place = address + match.end("away") + int.from_bytes(match["away"], "little", signed=True)
    return place if match["load"] == b"\x8d" else image.pointers.get(place)


def find_stubs(segment: Segment, slots: frozenset[int]) -> frozenset[int]:
    """Return where stubs begin that jump through one of `slots`."""
    starts = [segment.address + start for start in _targets(segment, _JUMP_THROUGH, slots)]
    return frozenset(start - back for start in starts for back in _STUB_STARTS)


def find_calls(segment: Segment, slots: frozenset[int], stubs: frozenset[int]) -> Iterator[int]:
    """Yield where `segment` calls one of `stubs` or through one of `slots`, counted from its start.

    The jump of a stub looks like a call in the last place of a function.
    """
    yield from _targets(segment, _CALL, stubs)
    for start in _targets(segment, _CALL_THROUGH, slots):
        if segment.data[start + 1] == 0x15 or segment.address + start not in stubs:
            yield start


def second_argument(segment: Segment, call: int, register: int) -> int | None:
    """Return the constant in a register at a call, None where it is none or depends on the way there."""
    patterns = _patterns(register)
    found = patterns.constant.search(bytes(segment.data[max(0, call - _BEFORE) : call]))
    if found is None:
        return None
    arrivals = range(segment.address + call - len(found["rest"]), segment.address + call + 1)
    for pattern in (_BRANCH, _SHORT_BRANCH):
        for start in _targets(segment, pattern, arrivals):
            # Any bytes may look like a jump; one that matters comes with a value of its own.
            if patterns.sets.search(bytes(segment.data[max(0, start - _NEAR) : start])):
                return None
    return int.from_bytes(found["value"] or b"\0", "little")


def _targets(segment: Segment, pattern: re.Pattern[bytes], wanted: frozenset[int] | range) -> Iterator[int]:
    """Yield where `pattern` has a distance to one of `wanted`, counted from the start of `segment`."""
    if not wanted:
        return
    for match in pattern.finditer(segment.data):
        if segment.address + match.end() + int.from_bytes(match[1], "little", signed=True) in wanted:
            yield match.start()


# --- patterns ---------------------------------------------------------------------------


@final
@frozen
class _Patterns:
    """Of one register: a constant with harmless instructions up to the end, and whatever sets it."""

    constant: re.Pattern[bytes]
    sets: re.Pattern[bytes]


@cache
def _patterns(register: int) -> _Patterns:
    """Return the patterns of a register, by its number.

    Between a constant and the call only other registers are set: `mov` from a register or the stack, `lea`,
    `mov` to memory beside the code, and constants for `eax`. With the prefixes 41 and 45 the bytes of a
    constant mean another register.
    """

    def mode(byte: int) -> int:
        return byte >> 6

    def target(byte: int) -> int:
        return byte >> 3 & 7

    def operand(byte: int) -> int:
        return byte & 7

    copied_to = _one_of(lambda b: mode(b) == 3 and operand(b) != register)
    copied_from = _one_of(lambda b: mode(b) == 3 and target(b) != register)
    registers = _one_of(lambda b: mode(b) == 3)
    frame = _one_of(lambda b: mode(b) == 1 and operand(b) == 5 and target(b) != register)
    stack = _one_of(lambda b: mode(b) == 1 and operand(b) == 4 and target(b) != register)
    beside = _one_of(lambda b: mode(b) in (0, 2) and operand(b) == 5 and target(b) != register)
    any_beside = _one_of(lambda b: mode(b) in (0, 2) and operand(b) == 5)
    stored_beside = _one_of(lambda b: mode(b) == 0 and operand(b) == 5)
    harmless = (
        rb"[\x48\x4c]\x89" + copied_to,
        rb"[\x49\x4d]\x89" + registers,
        rb"[\x48\x49]\x8b" + copied_from,
        rb"[\x4c\x4d]\x8b" + registers,
        rb"\x48\x8b" + frame + b".",
        rb"\x48\x8b" + stack + rb"\x24.",
        rb"\x48\x8d" + beside + b"....",
        rb"\x4c\x8d" + any_beside + b"....",
        rb"[\x48\x4c]\x89" + stored_beside + b"....",
        rb"[\x31\x33]\xc0",
        rb"\xb8....",
    )
    move, itself = _exactly(0xB8 + register), _exactly(0xC0 | register << 3 | register)
    constant = rb"(?:(?<!\x41)" + move + rb"(?P<value>....)|(?<!\x45)[\x31\x33]" + itself + rb")"
    is_target = _one_of(lambda b: target(b) == register)
    is_operand = _one_of(lambda b: mode(b) == 3 and operand(b) == register)
    sets = (
        move,
        rb"[\x31\x33]" + itself,
        rb"\x89" + is_operand,
        rb"[\x8b\x8d]" + is_target,
        rb"\x0f[\x40-\x4f\xb6]" + is_target,
        rb"\x0f[\x90-\x9f]" + is_operand,
    )
    return _Patterns(
        re.compile(constant + b"(?P<rest>(?:" + b"|".join(harmless) + rb")*)\Z", re.DOTALL),
        re.compile(b"|".join(sets), re.DOTALL),
    )


def _one_of(is_meant: Callable[[int], bool]) -> bytes:
    """Return a class of all bytes that are meant, as a pattern."""
    return b"[" + b"".join(_exactly(byte) for byte in range(256) if is_meant(byte)) + b"]"


def _exactly(byte: int) -> bytes:
    return b"\\x%02x" % byte
