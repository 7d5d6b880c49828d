"""Questions about the classes of a package: which contain themselves, are used, can be had."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..ir.items import Class, ClassKind, Constant, Item, Module, Package, Refusal
from ..ir.parts import evolve
from ..ir.traverse import distinct_types, walk_functions, walk_items, walk_type
from ..ir.type_tree import inner_types
from ..ir.types import BridgeType, FunOf, Ref


def find_recursive_records(items: Iterable[Item]) -> frozenset[str]:
    """Return the paths of the classes that are records and contain themselves.

    A record contains what its fields mention, at any depth. Of a circle of records every
    class of Python is returned; the records generated for tuples are not: without the
    classes they are no longer on a circle.
    """
    records = {item.path: item for item in items if isinstance(item, Class) and item.kind is ClassKind.RECORD}
    inside = {
        path: [other for other in _mentioned(item) if other in records] for path, item in records.items()
    }
    return frozenset(path for path in _find_circles(inside) if not path.startswith("mochi."))


def find_obtainable(package: Package) -> frozenset[str]:
    """Return the paths of the classes whose values a program may come to hold.

    Values come out of results, attributes and constants, and into functions that the program
    passes on.
    """
    outputs: list[BridgeType] = []
    inputs: list[BridgeType] = []
    for item in walk_items(package):
        match item:
            case Constant():
                outputs.append(item.type)
            case Class():
                outputs += [member.type for member in item.fields]
                outputs += [member.type for member in item.properties]
        for function in walk_functions(item):
            for signature in function.signatures:
                outputs.append(signature.result)
                inputs += [param.type for param in signature.params]
    for ty in inner_types(inputs):
        if isinstance(ty, FunOf):
            outputs += ty.params or ()
    return frozenset([ty.path for ty in inner_types(outputs) if isinstance(ty, Ref)])


def drop_unused(modules: Iterable[Module], generated: tuple[Item, ...]) -> tuple[Item, ...]:
    """Return the items of `generated` that `modules` mention, directly or through each other."""
    by_path = {item.path: item for item in generated}
    types = distinct_types(item for module in modules for item in module.items)
    pending = [ty.path for ty in types if isinstance(ty, Ref)]
    used: set[str] = set()
    while pending:
        path = pending.pop()
        if path in by_path and path not in used:
            used.add(path)
            pending += [ty.path for ty in distinct_types((by_path[path],)) if isinstance(ty, Ref)]
    return tuple(_drop_casts(item, used) for item in generated if _owner(item) in used)


def _owner(item: Item) -> str:
    """Return the path of the class that `item` is, or was refused a member of."""
    return item.path.rpartition(".")[0] if isinstance(item, Refusal) else item.path


def _drop_casts(item: Item, used: set[str]) -> Item:
    """Return `item` without casts to classes that are not used."""
    if not isinstance(item, Class) or all(cast.base in used for cast in item.casts):
        return item
    return evolve(item, casts=tuple(cast for cast in item.casts if cast.base in used))


def _mentioned(record: Class) -> Iterator[str]:
    for member in record.fields:
        for ty in walk_type(member.type):
            if isinstance(ty, Ref):
                yield ty.path


def _find_circles(inside: dict[str, list[str]]) -> set[str]:
    """Return the nodes from which edges lead back to them (Tarjan's algorithm, without recursion)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    component: dict[str, None] = {}
    found: set[str] = set()
    for root in inside:
        pending = [] if root in number else [(root, iter(inside[root]))]
        while pending:
            node, others = pending[-1]
            if node not in number:
                number[node] = lowest[node] = len(number)
                component[node] = None
            other = next(others, None)
            if other is None:
                pending.pop()
                if pending:
                    lowest[pending[-1][0]] = min(lowest[pending[-1][0]], lowest[node])
                if lowest[node] == number[node]:
                    found.update(_close(component, node, inside))
            elif other not in number:
                pending.append((other, iter(inside[other])))
            elif other in component:
                lowest[node] = min(lowest[node], number[other])
    return found


def _close(component: dict[str, None], root: str, inside: dict[str, list[str]]) -> list[str]:
    """Take what was met since `root` out of `component`; return it if it is a circle."""
    members: list[str] = []
    while root in component:
        members.append(component.popitem()[0])
    return members if len(members) > 1 or root in inside[root] else []
