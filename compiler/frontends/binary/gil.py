"""What the modules in a compiled file say of the GIL (`Py_mod_gil`, PEP 703), without running them.

    static PyModuleDef_Slot slots[] = {{Py_mod_exec, f}, {Py_mod_gil, Py_MOD_GIL_NOT_USED}, {0, NULL}};
    static PyModuleDef def = {PyModuleDef_HEAD_INIT, "pkg.name", NULL, 0, methods, slots};

A definition is found by its name and shape, and its slots through it. `PyModExport_name` (PEP 793)
returns the slots themselves. A module that is made in one phase calls `PyUnstable_Module_SetGIL` or
leaves the lock on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Final, final

from attrs import field, frozen

from ....ir.binary import GilVerdict, InitFunction
from . import arm64, x86
from .loaded import LoadedImage
from .set_gil import find_set_gil

_INIT: Final = re.compile(r"Py(?:Init|ModExport)U?_(?=.)")
_GIL_SLOTS: Final = (4, 87)
"""`Py_mod_gil`, and how it is numbered when built for 3.15 or later (PEP 820)."""
_SLOTS: Final = frozenset({*range(1, 5), *range(84, 88), 94, 100, *range(101, 107), 109, 110})
"""Every slot that a module may have: words that begin with another number are no slots."""
_MOST_SLOTS: Final = 40
_FROM_DEFINITION: Final = "PyModuleDef_Init"
_ONE_PHASE: Final = frozenset({"PyModule_Create2", "PyModule_FromDefAndSpec2"})
_LONGEST_NAME: Final = 200


def read_gil(image: LoadedImage) -> Mapping[str, GilVerdict]:
    """Return the verdict of each function that makes a module, by its name; sorted."""
    reader = _Reader(image)
    found = {name: address for name, address in image.exports.items() if _INIT.match(name)}
    return {name: reader.verdict(name, found[name]) for name in sorted(found)}


@final
@frozen(slots=False)
class _Reader:
    image: LoadedImage
    _known: dict[int, bytes | None] = field(factory=dict, init=False)

    def verdict(self, function: str, address: int) -> GilVerdict:
        if function.startswith("PyModExport"):
            slots = self._exported_slots(address)
            return _judge(slots) if slots else GilVerdict.UNKNOWN
        name = InitFunction(function, GilVerdict.UNKNOWN).module.encode("utf-8", "surrogateescape")
        found = {_judge(slots) for slots in self._definitions.get(name, ())}
        if len(found) == 1:
            return found.pop()
        if "PyUnstable_Module_SetGIL" in self.image.imports:
            return self._set_gil
        imports = self.image.imports
        is_made_at_once = bool(imports & _ONE_PHASE) and _FROM_DEFINITION not in imports
        return GilVerdict.USED_BY_DEFAULT if is_made_at_once else GilVerdict.UNKNOWN

    @cached_property
    def _set_gil(self) -> GilVerdict:
        return find_set_gil(self.image)

    # --- definitions --------------------------------------------------------------------

    @cached_property
    def _definitions(self) -> Mapping[bytes, tuple[dict[int, int], ...]]:
        """The slots of everything that has the shape of a definition, by the last part of its name."""
        image, word = self.image, self.image.word
        found: dict[bytes, list[dict[int, int]]] = {}
        for place, target in image.pointers.items():
            slots_at = image.pointers.get(place + 4 * word)
            if slots_at is None or not self._follows_empty_head(place):
                continue
            name = self._name(target)
            if not name:
                continue
            slots = self._slots(slots_at)
            if slots:
                found.setdefault(name.rpartition(b".")[2], []).append(slots)
        return {name: tuple(each) for name, each in found.items()}

    def _follows_empty_head(self, place: int) -> bool:
        """Tell whether `m_init`, `m_index` and `m_copy` are empty, which stand before `m_name`."""
        image, word = self.image, self.image.word
        for before in (place - word, place - 2 * word, place - 3 * word):
            if before in image.slots or before in image.pointers or image.pointer(before):
                return False
        return True

    def _name(self, address: int) -> bytes | None:
        if address not in self._known:
            name = self.image.memory.string(address)
            usable = name and len(name) <= _LONGEST_NAME and not re.search(rb"[\x00-\x20()]", name)
            self._known[address] = name if usable else None
        return self._known[address]

    # --- slots --------------------------------------------------------------------------

    def _slots(self, address: int) -> dict[int, int] | None:
        """Return the slots of the array at `address` by number, or None where that is no such array."""
        image, word = self.image, self.image.word
        found: dict[int, int] = {}
        for place in range(address, address + 2 * word * _MOST_SLOTS, 2 * word):
            # From 3.15 on, 16 bits of flags stand behind 16 bits of number; the rest is padding.
            number, rest = image.integer(place, 2), image.integer(place + 2, word - 2)
            if not image.little_endian:
                number, rest = image.integer(place, 4), 0
            if number is None or rest is None or place in image.pointers:
                return None
            if number == 0:
                return found if rest == 0 else None
            value = image.pointer(place + word)
            if number not in _SLOTS or rest >> 16 or value is None:
                return None
            found[number] = value
        return None

    def _exported_slots(self, address: int) -> dict[int, int] | None:
        """Return the slots that the function at `address` returns, where it does nothing else."""
        match self.image.machine:
            case "x86_64" | "amd64":
                target = x86.returned_address(self.image, address)
            case "aarch64" | "arm64":
                target = arm64.returned_address(self.image, address)
            case _:
                target = None
        return None if target is None else self._slots(target)


def _judge(slots: Mapping[int, int]) -> GilVerdict:
    """Return what an array of slots says: the lock is used unless the value is `Py_MOD_GIL_NOT_USED`, 1."""
    values = [slots[number] for number in _GIL_SLOTS if number in slots]
    if not values:
        return GilVerdict.USED_BY_DEFAULT
    return GilVerdict.NOT_USED if values[0] == 1 else GilVerdict.USED
