"""Mark the constructor of a class that Python refuses to instantiate.

    class Base(@abc.ABC): abstract fun size(self): int; fun __init__(self)
        =>  class Base(@abc.ABC): abstract fun size(self): int; abstract fun __init__(self)

A class is abstract when its metaclass is `ABCMeta` and the first definition of some member, in method
resolution order, is abstract (`abc`, "abc.abstractmethod"). Private members count: so this comes before
they are dropped. An abstract class without constructor of its own gets a copy of the one it inherits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, final

from attrs import define, frozen

from ..ir.items import Binding, Class, Function, Item, Package, Param, Signature
from ..ir.parts import evolve
from ..ir.traverse import map_items
from ..ir.types import NONE, Ref
from .context import PassContext
from .forms import GENERIC, PROTOCOL, canonical_path
from .names import Names, has_member
from .operations import CONSTRUCTORS
from .resolution_order import ResolutionOrders
from .substitution import substitute_member

_META = "ABCMeta"
_ABSTRACT_BASES = frozenset({"abc.ABC", PROTOCOL})
_ABSTRACT_MODULES = ("collections.abc.", "typing.", "numbers.")
_PLAIN = frozenset({"builtins.object", GENERIC, *_ABSTRACT_BASES})


@final
@frozen
class MarkAbstract:
    """Classes that cannot be instantiated have an abstract constructor."""

    name: ClassVar[str] = "mark-abstract"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with the constructors of abstract classes marked."""
        names = Names(package)
        marker = _Marker(names, ResolutionOrders(names))
        return map_items(package, marker.rewrite)


@final
@define(eq=False)
class _Marker:
    names: Names
    orders: ResolutionOrders

    def rewrite(self, item: Item) -> Item:
        """Return `item`, with an abstract constructor if it is an abstract class."""
        if not isinstance(item, Class):
            return item
        if not item.bases and not item.keywords:
            return item
        order = self.orders.find(item)
        # The metaclass first: bases are few, members many.
        if not any(map(_has_abstract_metaclass, order)) or not _has_abstract_member(order):
            return item
        if not any(has_member(item, name) for name in CONSTRUCTORS):
            inherited = _inherited_constructor(order, self.names)
            return item if inherited is None else evolve(item, methods=(inherited, *item.methods))
        methods = tuple(
            evolve(method, abstract=True) if method.name in CONSTRUCTORS else method
            for method in item.methods
        )
        return evolve(item, methods=methods)


def _has_abstract_member(order: tuple[Class, ...]) -> bool:
    seen: set[str] = set(CONSTRUCTORS)
    for cls in order:
        members = list(_members(cls))
        if any(abstract and name not in seen for name, abstract in members):
            return True
        seen.update([name for name, _ in members])
    return False


def _members(cls: Class) -> Iterator[tuple[str, bool]]:
    for method in cls.methods:
        yield method.name, method.abstract
    for prop in cls.properties:
        yield prop.name, prop.abstract
    for member in cls.fields:
        # An annotation alone defines nothing.
        if member.has_default:
            yield member.name, False


def _has_abstract_metaclass(cls: Class) -> bool:
    for base in cls.bases:
        path = canonical_path(base.path) if isinstance(base, Ref) else ""
        if path in _ABSTRACT_BASES or (path.startswith(_ABSTRACT_MODULES) and path not in _PLAIN):
            return True
    return any(
        keyword.path == "metaclass" and keyword.arguments.rpartition(".")[2] == _META
        for keyword in cls.keywords
    )


def _inherited_constructor(order: tuple[Class, ...], names: Names) -> Function | None:
    """Return a marked copy of the constructor that the first of `order` inherits, None for a foreign one."""
    cls = order[0]
    for name in ("__init__", "__new__"):
        for ref in cls.bases:
            found = names.find_method(ref, name) if isinstance(ref, Ref) else None
            if found is not None:
                return evolve(substitute_member(*found), path=f"{cls.path}.{name}", abstract=True)
    known = {base.path for base in order}
    for ref in (ref for each in order for ref in each.bases):
        if not isinstance(ref, Ref) or (ref.path not in known and canonical_path(ref.path) not in _PLAIN):
            return None
    signature = Signature((Param("self"),), NONE)
    return Function("__init__", f"{cls.path}.__init__", (signature,), Binding.METHOD, abstract=True)
