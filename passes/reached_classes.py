"""Private classes whose instances a program gets: it calls their methods without naming them.

class DataFrame: property iloc: @m._Indexer         class _Indexer: fun __getitem__(self, key: int): any
"""

from __future__ import annotations

from collections.abc import Iterator

from ..ir.items import Class, Constant, Function, Item, Package
from ..ir.traverse import walk_items
from ..ir.type_tree import inner_types
from ..ir.types import BridgeType, Ref
from .names import Names, module_of
from .operations import CONSTRUCTORS, is_private_member
from .surface import PublicName, Surface


def find_reached(package: Package, names: Names, surface: Surface) -> dict[str, PublicName]:
    """Return the place of every private class of `package` that public items give, directly or by another."""
    pending = [item for item in walk_items(package) if surface.is_public(item.path)]
    found: dict[str, PublicName] = {}
    while pending:
        given = inner_types(ty for item in pending for ty in _given(item))
        classes = (names.find_class(ty.path) for ty in given if isinstance(ty, Ref))
        pending = []
        for cls in classes:
            if cls is None or cls.path in found or surface.is_public(cls.path):
                continue
            found[cls.path] = PublicName(module_of(cls), cls.name)
            pending.append(cls)
    return found


def is_private(path: str) -> bool:
    """Tell whether `path` is none by which a program may name something."""
    return any(part.startswith("_") for part in path.split("."))


def _given(item: Item) -> Iterator[BridgeType]:
    """Yield the types of what `item` and its public members give."""
    match item:
        case Function():
            yield from (signature.result for signature in item.signatures)
        case Constant():
            yield item.type
        case Class():
            for method in item.methods:
                if not is_private_member(method.name) and method.name not in CONSTRUCTORS:
                    yield from _given(method)
            yield from (each.type for each in item.properties if not is_private_member(each.name))
            yield from (each.type for each in item.fields if not is_private_member(each.name))
        case _:
            return
