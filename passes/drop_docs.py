"""Drop the sentences that a package's authors wrote; names and types stay.

    fun get() { doc "Send a request." }    =>    fun get()

Not part of the standard pipeline: package goldens use it, as they may hold a package's
facts and not its prose.
"""

from __future__ import annotations

from typing import ClassVar, TypeVar, final

from attrs import frozen

from ..ir.items import Class, Field, Function, Item, Package, Property
from ..ir.parts import evolve
from .context import PassContext

_Part = TypeVar("_Part", Item, Field, Property, Function)


@final
@frozen
class DropDocs:
    """Empty every summary; a deprecation keeps its mark and loses its message."""

    name: ClassVar[str] = "drop-docs"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` without prose."""
        modules = tuple(
            evolve(module, doc="", items=tuple(map(_drop, module.items))) for module in package.modules
        )
        return evolve(package, modules=modules, generated=tuple(map(_drop, package.generated)))


def _drop(item: Item) -> Item:
    if isinstance(item, Class):
        item = evolve(
            item,
            fields=tuple(map(_strip, item.fields)),
            properties=tuple(map(_strip, item.properties)),
            constructors=tuple(map(_strip, item.constructors)),
            methods=tuple(map(_strip, item.methods)),
        )
    return _strip(item)


def _strip(part: _Part) -> _Part:
    info = part.info
    if not info.doc and not info.deprecated:
        return part
    return evolve(part, info=evolve(info, doc="", deprecated=None if info.deprecated is None else ""))
