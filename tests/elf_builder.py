"""Small shared objects made by hand: Python modules of any word size, byte order and kind of relocation.

The whole file is one segment at address 0, so that an offset in the file is an address in memory.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import final

from attrs import define, field, frozen

RELATIVE = {62: 8, 183: 1027, 3: 8, 22: 12, 21: 22}
"""The number of the relative relocation by `e_machine`."""


@final
@frozen
class Module:
    """A module with its definition. Without `slots` it is made in one phase."""

    name: str
    slots: tuple[tuple[int, int], ...] | None = ()
    init: str = ""

    @property
    def function(self) -> str:
        return self.init or f"PyInit_{self.name.rpartition('.')[2]}"


@final
@frozen
class Needed:
    """A library, and symbols of it by version."""

    name: str
    symbols: tuple[tuple[str, str], ...] = ()


@final
@define
class Elf:
    """Options of a file; `build` makes it."""

    modules: Sequence[Module] = ()
    needed: Sequence[Needed] = ()
    imports: Sequence[str] = ()
    bits: int = 64
    order: str = "<"
    machine: int = 62
    relocation: str = "rela"
    hashing: str = "gnu"
    soname: str = ""
    runpath: str = ""
    code: bytes = b"\xc3"
    _data: bytearray = field(factory=bytearray, init=False)
    _strings: bytearray = field(factory=lambda: bytearray(b"\0"), init=False)
    _pointers: dict[int, int] = field(factory=dict, init=False)

    def build(self) -> bytes:
        self._data = bytearray(4096 // 8)
        code = self._add(self.code, 16)
        for module in self.modules:
            self._add_definition(module)
        names = [name for need in self.needed for name, _ in need.symbols]
        undefined = [*names, *self.imports]
        symbols = [("", 0, 0), *((name, 0, 0) for name in undefined)]
        symbols += [(module.function, code, 1) for module in self.modules]
        tags = [(1, self._string(need.name)) for need in self.needed]
        tags += [(14, self._string(self.soname))] if self.soname else []
        tags += [(29, self._string(self.runpath))] if self.runpath else []
        tags.append((6, self._add(b"".join(self._symbol(*each) for each in symbols), 8)))
        tags += self._versions(len(symbols))
        tags.append(self._hash(len(symbols), len(undefined) + 1))
        tags += self._relocations()
        tags += [(5, self._add(bytes(self._strings), 1)), (10, len(self._strings)), (0, 0)]
        dynamic = b"".join(self._pack("QQ", "II", tag, value) for tag, value in tags)
        return self._finish(self._add(dynamic, 8), len(dynamic))

    # --- pieces -------------------------------------------------------------------------

    def _pack(self, wide: str, narrow: str, *values: int) -> bytes:
        return struct.pack(self.order + (wide if self.bits == 64 else narrow), *values)

    def _word(self, value: int) -> bytes:
        return self._pack("Q", "I", value)

    def _add(self, content: bytes, align: int) -> int:
        self._data += b"\0" * (-len(self._data) % align)
        address = len(self._data)
        self._data += content
        return address

    def _string(self, text: str) -> int:
        place = len(self._strings)
        self._strings += text.encode() + b"\0"
        return place

    def _add_definition(self, module: Module) -> None:
        word = self.bits // 8
        name = self._add(module.name.encode() + b"\0", 1)
        start = self._add(b"\0" * 9 * word, 2 * word) + 3 * word
        self._pointers[start] = name
        if module.slots is None:
            return
        content = b"".join(self._pack("i4xQ", "iI", *slot) for slot in (*module.slots, (0, 0)))
        self._pointers[start + 4 * word] = self._add(content, 2 * word)

    def _symbol(self, name: str, value: int, section: int) -> bytes:
        place = self._string(name) if name else 0
        if self.bits == 64:
            return struct.pack(f"{self.order}IBBHQQ", place, 0x12, 0, section, value, 0)
        return struct.pack(f"{self.order}IIIBBH", place, value, 0, 0x12, 0, section)

    def _versions(self, count: int) -> list[tuple[int, int]]:
        wanted = [(need, sorted({version for _, version in need.symbols})) for need in self.needed]
        wanted = [(need, versions) for need, versions in wanted if versions]
        if not wanted:
            return []
        numbers: dict[tuple[str, str], int] = {}
        content = b""
        for place, (need, versions) in enumerate(wanted):
            last = place == len(wanted) - 1
            size = 16 * (1 + len(versions))
            head = (1, len(versions), self._string(need.name), 16, 0 if last else size)
            content += struct.pack(f"{self.order}HHIII", *head)
            for index, version in enumerate(versions):
                number = numbers[need.name, version] = len(numbers) + 2
                step = 0 if index == len(versions) - 1 else 16
                entry = (0, 0, number, self._string(version), step)
                content += struct.pack(f"{self.order}IHHII", *entry)
        of_symbols = [
            0,
            *(numbers[need.name, version] for need in self.needed for _, version in need.symbols),
        ]
        of_symbols += [1] * (count - len(of_symbols))
        table = struct.pack(f"{self.order}{count}H", *of_symbols)
        return [
            (0x6FFFFFFE, self._add(content, 8)),
            (0x6FFFFFFF, len(wanted)),
            (0x6FFFFFF0, self._add(table, 8)),
        ]

    def _hash(self, count: int, first: int) -> tuple[int, int]:
        if self.hashing == "sysv":
            return 4, self._add(struct.pack(f"{self.order}II{count + 1}I", 1, count, *[0] * (count + 1)), 8)
        hashed = count - first
        table = struct.pack(f"{self.order}IIII", 1, first, 1, 0) + self._word(0)
        table += struct.pack(f"{self.order}I", first if hashed else 0)
        table += struct.pack(f"{self.order}{hashed}I", *[2 * i for i in range(hashed - 1)], *[1][:hashed])
        return 0x6FFFFEF5, self._add(table, 8)

    def _relocations(self) -> list[tuple[int, int]]:
        kind = RELATIVE[self.machine]
        places = sorted(self._pointers.items())
        if self.relocation == "rela":
            table = b"".join(self._pack("QQq", "IIi", place, kind, target) for place, target in places)
            return [(7, self._add(table, 8)), (8, len(table))]
        word = self.bits // 8
        for place, target in places:
            self._data[place : place + word] = self._word(target)
        if self.relocation == "rel":
            table = b"".join(self._pack("QQ", "II", place, kind) for place, _ in places)
            return [(17, self._add(table, 8)), (18, len(table))]
        table = b"".join(map(self._word, self._packed([place for place, _ in places])))
        return [(36, self._add(table, 8)), (35, len(table))]

    def _packed(self, places: list[int]) -> list[int]:
        word, entries, rest = self.bits // 8, [], list(places)
        while rest:
            start = rest.pop(0)
            entries.append(start)
            following = start + word
            while True:
                inside = [place for place in rest if place < following + (self.bits - 1) * word]
                if not inside:
                    break
                entries.append(sum(1 << ((place - following) // word + 1) for place in inside) | 1)
                rest = rest[len(inside) :]
                following += (self.bits - 1) * word
        return entries

    def _finish(self, dynamic: int, size: int) -> bytes:
        total = len(self._data)
        if self.bits == 64:
            headers = [(1, 7, 0, 0, 0, total, total, 8), (2, 6, dynamic, dynamic, dynamic, size, size, 8)]
            table = b"".join(struct.pack(f"{self.order}IIQQQQQQ", *each) for each in headers)
        else:
            headers = [(1, 0, 0, 0, total, total, 7, 4), (2, dynamic, dynamic, dynamic, size, size, 6, 4)]
            table = b"".join(struct.pack(f"{self.order}IIIIIIII", *each) for each in headers)
        start = 64 if self.bits == 64 else 52
        marks = bytes([self.bits // 32, 1 if self.order == "<" else 2, 1])
        body = (3, self.machine, 1, 0, start, 0, 0, start, len(table) // 2, 2, 0, 0, 0)
        header = b"\x7fELF" + marks.ljust(12, b"\0") + self._pack("HHIQQQIHHHHHH", "HHIIIIIHHHHHH", *body)
        self._data[: len(header)] = header
        self._data[start : start + len(table)] = table
        return bytes(self._data)
