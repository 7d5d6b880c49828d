"""The order in which Python looks a member up: the classes of the package among a class's bases."""

from __future__ import annotations

from typing import final

from attrs import define, field

from ..ir.items import Class
from ..ir.types import Ref
from .names import Names


@final
@define(eq=False)
class ResolutionOrders:
    """Method resolution orders, each computed once."""

    names: Names
    _known: dict[str, tuple[Class, ...]] = field(factory=dict)

    def find(self, cls: Class) -> tuple[Class, ...]:
        """Return the classes of the package in method resolution order, `cls` first."""
        if cls.path not in self._known:
            self._known[cls.path] = (cls,)  # a class that is its own base has no further order
            bases = [
                base
                for ref in cls.bases
                if isinstance(ref, Ref) and (base := self.names.find_class(ref.path)) is not None
            ]
            lines = [list(self.find(base)) for base in bases]
            self._known[cls.path] = (cls, *_merge([*lines, bases]))
        return self._known[cls.path]


def _merge(lines: list[list[Class]]) -> list[Class]:
    """Merge linearisations (C3, as `type.mro` does); where they contradict each other, first come first."""
    merged: list[Class] = []
    lines = [line for line in lines if line]
    while lines:
        tails = {cls.path for line in lines for cls in line[1:]}
        head = next((line[0] for line in lines if line[0].path not in tails), lines[0][0])
        merged.append(head)
        lines = [rest for line in lines if (rest := [cls for cls in line if cls.path != head.path])]
    return merged
