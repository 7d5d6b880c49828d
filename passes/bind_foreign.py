"""Keep the foreign classes that the public surface mentions; the compiler offers all it came across.

    generated: class @datetime.date …, class @ssl.SSLContext …
    fun age(born: @datetime.date): int       =>   generated: class @datetime.date …

A class that only members of foreign classes mention is none of them: legalize-types makes a handle of it.
"""

from __future__ import annotations

from typing import ClassVar, final

from attrs import frozen

from ..ir.items import Class, Item, Package
from ..ir.parts import evolve
from ..ir.traverse import distinct_types
from ..ir.types import Ref
from .context import PassContext


@final
@frozen
class BindForeign:
    """Of the classes in `Package.generated` those remain that items of the package mention."""

    name: ClassVar[str] = "bind-foreign"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` without foreign classes that nothing mentions, and casts to them."""
        if not package.generated:
            return package
        mentioned = _find_mentioned(package)
        kept = [item for item in package.generated if not isinstance(item, Class) or item.path in mentioned]
        return evolve(package, generated=tuple(_without_lost_casts(item, mentioned) for item in kept))


def _find_mentioned(package: Package) -> frozenset[str]:
    types = distinct_types(item for module in package.modules for item in module.items)
    return frozenset([ty.path for ty in types if isinstance(ty, Ref)])


def _without_lost_casts(item: Item, mentioned: frozenset[str]) -> Item:
    if not isinstance(item, Class) or all(cast.base in mentioned for cast in item.casts):
        return item
    return evolve(item, casts=tuple(cast for cast in item.casts if cast.base in mentioned))
