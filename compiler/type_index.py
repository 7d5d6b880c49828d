"""Which items of a package mention a path, for steps that look for a few paths or change a few.

    class Box(@abc.ABC): fun put(self, item: @datetime.date)     =>  abc.ABC; in public datetime.date

A step that walked every type of a large package would take as long as a pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import final

from attrs import define, field, frozen

from ..ir.items import Class, Function, Item, Package, TypeVariable
from ..ir.traverse import (
    add_heading_types,
    add_outer_types,
    map_items,
    map_outer_types,
    outer_types,
    walk_items,
)
from ..ir.type_tree import Rewrite, SharedRewrite, children, map_children
from ..ir.types import BridgeType, Ref
from ..passes.forms import find_form

_NOTHING: frozenset[str] = frozenset()


@final
@frozen(eq=False)
class _Mentions:
    """The paths that the types of `item` name: of what its users may see, and all of them."""

    item: Item
    public: frozenset[str]
    all: frozenset[str]


@final
@define(eq=False)
class TypeIndex:
    """What the items of one package mention, while steps put other items in their place.

    An item or a type that stays is looked at once. Items are kept, and so their types, whose ids stay theirs.
    Builtins that have a shape of their own, which most types name, are none of the paths.
    """

    _items: dict[int, _Mentions] = field(init=False, factory=dict)
    _types: dict[int, frozenset[str]] = field(init=False, factory=dict)
    _names: dict[str, frozenset[str]] = field(init=False, factory=dict)

    def find_paths(self, package: Package) -> frozenset[str]:
        """Return the paths that the types of `package` name."""
        return _NOTHING.union(*[self._look_at(item).all for item in walk_items(package)])

    def find_public_paths(self, package: Package) -> frozenset[str]:
        """Return the paths that types of possibly public items and members name."""
        return _NOTHING.union(*[self._look_at(item).public for item in walk_items(package)])

    def rewrite(self, package: Package, paths: Set[str], fn: Rewrite) -> Package:
        """Return `package` with `fn`, which changes references to `paths` only, applied to every type."""

        def rewrite_type(ty: BridgeType, inner: Rewrite) -> BridgeType:
            return ty if paths.isdisjoint(self._types[id(ty)]) else fn(map_children(ty, inner))

        def rewrite_item(item: Item) -> Item:
            return item if paths.isdisjoint(self._look_at(item).all) else map_outer_types(item, rewrite)

        rewrite = SharedRewrite(rewrite_type)
        return map_items(package, rewrite_item) if paths else package

    def _look_at(self, item: Item) -> _Mentions:
        known = self._items.get(id(item))
        if known is None:
            hidden, public = _split_types(item)
            seen = self._paths_in_all(public)
            known = _Mentions(item, seen, seen | self._paths_in_all(hidden))
            self._items[id(item)] = known
        return known

    def _paths_in_all(self, types: Iterable[BridgeType]) -> frozenset[str]:
        known, found = self._types, set[str]()
        for ty in types:
            paths = known.get(id(ty))
            if paths is None:
                paths = self._look_into(ty)
            if paths:
                found |= paths
        return frozenset(found)

    def _look_into(self, ty: BridgeType) -> frozenset[str]:
        if type(ty) is Ref:
            named, inner = self._names.get(ty.path), ty.arguments
            found = self._add_name(ty.path) if named is None else named
        else:
            found, inner = _NOTHING, children(ty)
        for each in inner:
            known = self._types.get(id(each))
            paths = self._look_into(each) if known is None else known
            if not paths <= found:
                found = found | paths
        self._types[id(ty)] = found
        return found

    def _add_name(self, path: str) -> frozenset[str]:
        is_shape = path.startswith("builtins.") and find_form(path) is not None
        found = self._names[path] = _NOTHING if is_shape else frozenset((path,))
        return found


def _split_types(item: Item) -> tuple[list[BridgeType], list[BridgeType]]:
    """Return the outer types of `item`: those that its users do not see, and those that they may see."""
    match item:
        case Class():
            hidden, public = list[BridgeType](), list[BridgeType]()
            add_heading_types(item, hidden)
            for constructor in item.constructors:
                add_outer_types(constructor, hidden)
            for members in (item.fields, item.properties, item.methods):
                for member in members:
                    add_outer_types(member, hidden if _is_private(member.name) else public)
            return hidden, public
        case Function() if _is_private(item.name):
            return outer_types(item), []
        case TypeVariable(param=param):
            return outer_types(item), [param.bound] if param.bound else list(param.constraints)
        case _:
            return [], outer_types(item)


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")
