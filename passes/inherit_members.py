"""Give a class the members of bases that a user cannot reach by a name of their own.

    class a._Base: fun get(self) -> int
    class a.Client(@a._Base)              =>  class a.Client: fun get(self) -> int

    class a.Base: …
    class a.Client(@a.Base): …            =>  class a.Client(@a.Base): …  cast @a.Base

Private bases, and public ones whose canonical path is longer than the class's own, are absorbed:
their members become members of the class, in method resolution order, with type arguments put
in, and their own bases take their place. Every other base of the package becomes a cast.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, TypeVar, final

from attrs import define, frozen

from ..ir.items import Cast, Class, Field, Function, Item, Package, Property
from ..ir.parts import evolve
from ..ir.sharing import memoised
from ..ir.traverse import map_items, map_outer_types
from ..ir.type_tree import Rewrite
from ..ir.types import BridgeType, Ref
from .context import PassContext
from .forms import PROTOCOL
from .names import Names
from .operations import CONSTRUCTORS, is_private_member
from .resolution_order import ResolutionOrders
from .substitution import Substitution, match_arguments, substitute
from .surface import Surface, build_surface

_MemberT = TypeVar("_MemberT", Field, Property, Function)


@final
@frozen
class InheritMembers:
    """Members of unreachable bases become a class's own; other bases become casts.

    With `everything` the members of every base become the class's own, and there are no casts.
    """

    name: ClassVar[str] = "inherit-members"
    everything: bool = False

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with `casts` set on every public class."""
        names = Names(package)
        surface = build_surface(package, names)
        inheritance = _Inheritance(names, surface, ResolutionOrders(names), self.everything)
        return map_items(package, inheritance.rewrite)


@final
@define(eq=False)
class _Inheritance:
    names: Names
    surface: Surface
    orders: ResolutionOrders
    everything: bool

    def rewrite(self, item: Item) -> Item:
        """Return `item`, with the members of absorbed bases if it is a public class with bases."""
        if not isinstance(item, Class) or not item.bases or not self.surface.is_public(item.path):
            return item
        absorbed: dict[str, Substitution] = {}
        casts: dict[str, None] = {}
        self._sort_bases(item, item, {}, absorbed, casts)
        result = item
        if absorbed:
            result = self._absorb(item, absorbed)
        return evolve(result, casts=tuple(map(Cast, casts))) if casts else result

    def _sort_bases(
        self,
        root: Class,
        cls: Class,
        types: Substitution,
        absorbed: dict[str, Substitution],
        casts: dict[str, None],
    ) -> None:
        """Fill `absorbed`, with what the base's parameters stand for in `root`, and `casts`."""
        for base, ref in self._known_bases(cls):
            if base.path == root.path or base.path in absorbed or base.path in casts:
                continue
            if not self._is_absorbed(root, base):
                casts[base.path] = None
                continue
            arguments = tuple(substitute(argument, types) for argument in ref.arguments)
            absorbed[base.path] = match_arguments(base.type_params, arguments)
            self._sort_bases(root, base, absorbed[base.path], absorbed, casts)

    def _is_absorbed(self, cls: Class, base: Class) -> bool:
        if self.everything or not self.surface.is_public(base.path):
            return True
        return self.surface.depth(base.path) > self.surface.depth(cls.path)

    def _known_bases(self, cls: Class) -> Iterator[tuple[Class, Ref]]:
        for ref in cls.bases:
            if isinstance(ref, Ref) and (base := self.names.find_class(ref.path)):
                yield base, ref

    def _absorb(self, cls: Class, absorbed: dict[str, Substitution]) -> Class:
        taken = set(_member_names(cls))
        fields: list[Field] = []
        properties: list[Property] = []
        methods: list[Function] = []
        for base in self.orders.find(cls)[1:]:
            if base.path in absorbed:
                bind = _binder(absorbed[base.path])
                fields += _adopt(cls, base.fields, bind, taken)
                properties += _adopt(cls, base.properties, bind, taken)
                methods += _adopt(cls, base.methods, bind, taken)
            taken.update(_member_names(base))
        return evolve(
            cls,
            bases=tuple(self._remaining_bases(cls, {}, absorbed)),
            fields=(*fields, *cls.fields),
            properties=(*cls.properties, *properties),
            methods=(*cls.methods, *methods),
        )

    def _remaining_bases(
        self, cls: Class, types: Substitution, absorbed: dict[str, Substitution], inherited: bool = False
    ) -> list[BridgeType]:
        """Return the bases of `cls` with each absorbed one replaced by its own bases."""
        remaining: dict[BridgeType, None] = {}
        for ref in cls.bases:
            base = self.names.find_class(ref.path) if isinstance(ref, Ref) else None
            if base is not None and base.path in absorbed and base.path != cls.path:
                rest = {path: kept for path, kept in absorbed.items() if path != base.path}
                inner = self._remaining_bases(base, absorbed[base.path], rest, inherited=True)
                remaining.update(dict.fromkeys(inner))
            # A class is a protocol only by naming `Protocol` itself (PEP 544).
            elif not (inherited and isinstance(ref, Ref) and ref.path == PROTOCOL):
                remaining[substitute(ref, types)] = None
        return list(remaining)


def _member_names(cls: Class) -> Iterator[str]:
    """Yield the names that `cls` declares; one constructor hides every other one."""
    for members in (cls.fields, cls.properties, cls.methods):
        for member in members:
            if member.name in CONSTRUCTORS:
                yield from CONSTRUCTORS
            else:
                yield member.name


def _binder(types: Substitution) -> Rewrite | None:
    """Return what puts `types` in the place of type variables, None where there are none."""
    return memoised(lambda ty: substitute(ty, types)) if types else None


def _adopt(
    cls: Class, members: Iterable[_MemberT], bind: Rewrite | None, taken: set[str]
) -> Iterator[_MemberT]:
    """Yield the public members whose names are free, as members of `cls`."""
    for member in members:
        if member.name in taken or is_private_member(member.name):
            continue
        bound = member if bind is None else map_outer_types(member, bind)
        adopted = evolve(bound, path=f"{cls.path}.{member.name}")
        if isinstance(adopted, Function) and adopted.name in CONSTRUCTORS and adopted.abstract:
            adopted = evolve(adopted, abstract=False)  # it is the base that cannot be instantiated
        yield adopted
