"""Private classes whose instances a program gets: it calls their methods without naming them.

class DataFrame: property iloc: @m._Indexer         class _Indexer: fun __getitem__(self, key: int): any
"""

from __future__ import annotations

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
        paths = dict.fromkeys([ty.path for ty in given if type(ty) is Ref])
        pending = []
        for cls in map(names.find_class, paths):
            if cls is None or cls.path in found or surface.is_public(cls.path):
                continue
            found[cls.path] = PublicName(module_of(cls), cls.name)
            pending.append(cls)
    return found


def is_private(path: str) -> bool:
    """Tell whether `path` is none by which a program may name something."""
    return any(part.startswith("_") for part in path.split("."))


def _given(item: Item) -> list[BridgeType]:
    """Return the types of what `item` and its public members give."""
    match item:
        case Function():
            return [signature.result for signature in item.signatures]
        case Constant():
            return [item.type]
        case Class():
            types: list[BridgeType] = []
            for method in item.methods:
                if not is_private_member(method.name) and method.name not in CONSTRUCTORS:
                    types += [signature.result for signature in method.signatures]
            types += [each.type for each in item.properties if not is_private_member(each.name)]
            types += [each.type for each in item.fields if not is_private_member(each.name)]
            return types
        case _:
            return []
