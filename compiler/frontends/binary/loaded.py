"""A compiled file as a loader lays it out in memory, whatever format it came in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import final

from attrs import field, frozen

LONGEST_NAME = 4096


class MalformedError(Exception):
    """The file is not what its first bytes claim; the message says where."""


@final
@frozen
class Segment:
    """Bytes of the file at an address. What `size` has beyond `data` is zero."""

    address: int
    size: int
    data: memoryview
    is_code: bool = False


@final
@frozen
class Memory:
    """Segments by address. They do not overlap in files that a loader takes; here the later one wins."""

    segments: tuple[Segment, ...]
    _starts: tuple[int, ...] = field(init=False, repr=False)

    @_starts.default
    def _find_starts(self) -> tuple[int, ...]:
        return tuple(segment.address for segment in self.segments)

    @classmethod
    def of(cls, segments: Sequence[Segment]) -> Memory:
        """Return `segments` in order of address."""
        return cls(tuple(sorted(segments, key=lambda segment: segment.address)))

    def read(self, address: int, size: int) -> bytes | None:
        """Return `size` bytes from `address`, or None where they are not all in one segment."""
        place = bisect_right(self._starts, address) - 1
        if place < 0:
            return None
        segment = self.segments[place]
        start = address - segment.address
        if start + size > segment.size:
            return None
        return bytes(segment.data[start : start + size]).ljust(size, b"\0")

    def view(self, address: int, size: int) -> memoryview | None:
        """Return the bytes of the file from `address`, without a copy; None where the file lacks some."""
        place = bisect_right(self._starts, address) - 1
        if place < 0:
            return None
        segment = self.segments[place]
        start = address - segment.address
        return segment.data[start : start + size] if start + size <= len(segment.data) else None

    def starts_with(self, address: int, text: bytes) -> bool:
        """Tell whether `text` stands at `address`."""
        return self.read(address, len(text)) == text

    def string(self, address: int) -> bytes | None:
        """Return the bytes from `address` to the next zero; None where there is none near."""
        place = bisect_right(self._starts, address) - 1
        if place < 0:
            return None
        segment = self.segments[place]
        start = address - segment.address
        if start >= segment.size:
            return None
        found, end, _ = bytes(segment.data[start : start + LONGEST_NAME]).partition(b"\0")
        return found if end or start + len(found) >= len(segment.data) else None


@final
@frozen
class LoadedImage:
    """What the readers of modules need of an image.

    `pointers` are the words that the loader fills in, with what they then hold; `slots` the words that
    receive the address of an imported symbol, with its name. `exports` are the addresses of what the
    file offers.
    """

    machine: str
    bits: int
    little_endian: bool
    memory: Memory
    pointers: Mapping[int, int]
    slots: Mapping[int, str]
    exports: Mapping[str, int]
    imports: frozenset[str]

    @property
    def word(self) -> int:
        """The size of a pointer."""
        return self.bits // 8

    def pointer(self, address: int) -> int | None:
        """Return what the pointer at `address` holds once the image is loaded."""
        if (found := self.pointers.get(address)) is not None:
            return found
        return self.integer(address, self.word)

    def integer(self, address: int, size: int) -> int | None:
        """Return the unsigned integer at `address` as it stands in the file."""
        raw = self.memory.read(address, size)
        return None if raw is None else int.from_bytes(raw, "little" if self.little_endian else "big")
