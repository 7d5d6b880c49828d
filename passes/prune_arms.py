"""Leave out the overload arms that declare that a call fails.

fun f(x: int): int, overload (x: string): never   =>   fun f(x: int): int
"""

from __future__ import annotations

from typing import ClassVar, final

from attrs import frozen

from ..ir.items import Class, Function, Item, Package
from ..ir.parts import evolve
from ..ir.traverse import map_items
from ..ir.types import NEVER, AsyncOf
from .context import PassContext


@final
@frozen
class PruneArms:
    """Arms whose result is `never` are gone, but where a function has no other.

    Nothing is lost with them: they are there for type checkers, which know no other way to forbid a call.
    """

    name: ClassVar[str] = "prune-arms"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` without arms that never return. Reports nothing."""
        return map_items(package, _prune_item)


def _prune_item(item: Item) -> Item:
    match item:
        case Function():
            return _prune(item)
        case Class():
            constructors = tuple(map(_prune, item.constructors))
            methods = tuple(map(_prune, item.methods))
            if constructors == item.constructors and methods == item.methods:
                return item
            return evolve(item, constructors=constructors, methods=methods)
        case _:
            return item


def _prune(function: Function) -> Function:
    if len(function.signatures) < 2:
        return function
    kept = tuple(arm for arm in function.signatures if arm.result not in (NEVER, AsyncOf(NEVER)))
    return evolve(function, signatures=kept) if kept and len(kept) < len(function.signatures) else function
