"""Bound packages in the eyes of the checker: the declarations of their dotted shims, kept apart.

The text of a program stays as it is. What a package declares is read once, in a scope of its own,
and its items become known under `alias.name`, as `extern fun alias.name(…)` would make them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import final

from attrs import frozen

from ...ir import codes
from . import expressions as e
from . import tree
from .declare import bind_stub, bind_union, declare_record
from .dump import walk
from .environment import RefusedError, Scope
from .import_alias import bound_alias
from .parser import parse
from .problem import ProblemError
from .types import Func, Type


@final
@frozen(eq=False)
class BoundModule:
    """What a package offers under `alias`: its items by name, and the scope of its types."""

    alias: str
    items: Mapping[str, Type]
    types: Scope


class SymbolsError(Exception):
    """The content of a symbols file is not what this program writes."""


def read_symbols(content: bytes) -> BoundModule:
    """Return the module that a `<package>_symbols.json` describes; raises SymbolsError."""
    try:
        found = json.loads(content)
        alias = str(found["alias"])
        types = [str(each["signature"]) for each in found["types"]]
        symbols = [(str(each["kind"]), str(each["signature"])) for each in found["symbols"]]
        program = parse("\n".join((*types, *(signature for _, signature in symbols)))).program
    except (ValueError, KeyError, TypeError, ProblemError) as error:
        raise SymbolsError(str(error)) from None
    scope = Scope()
    _declare_types([each for each in program.statements if isinstance(each, tree.TypeDecl)], scope)
    externs = [each for each in program.statements if isinstance(each, tree.ExternFun)]
    items: dict[str, Type] = {}
    for (kind, _), extern in zip(symbols, externs, strict=True):
        result = scope.resolve_or_any(extern.result)
        params = tuple(scope.resolve_or_any(param.type) for param in extern.params)
        items[extern.name] = result if kind == "constant" else Func(params, result)
    return BoundModule(alias, items, scope)


def _declare_types(decls: list[tree.TypeDecl], scope: Scope) -> None:
    """Declare types twice over: the second time, every record is seen with its fields."""
    for decl in decls:
        bind_stub(decl, scope)
    for decl in decls * 2:
        if decl.alias is not None:
            scope.types[decl.name] = scope.resolve(decl.alias)
        elif decl.members:
            declare_record(decl, scope)
        else:
            bind_union(decl, scope)


def install(modules: Iterable[BoundModule], program: tree.Program, scope: Scope) -> dict[str, frozenset[str]]:
    """Declare in `scope` what `program` imports of `modules`; return the item names by alias."""
    by_alias = {module.alias: module for module in modules}
    bound: dict[str, frozenset[str]] = {}
    for node, _ in walk(program) if by_alias else ():
        if not isinstance(node, tree.Import) or node.language != "python":
            continue
        module = by_alias.get(bound_alias(node))
        if module is None:
            continue
        scope.structs.update(module.types.structs)
        scope.unions.update(module.types.unions)
        scope.types.update(module.types.types)
        for name, ty in module.items.items():
            scope.bind(f"{module.alias}.{name}", ty)
            if node.auto:
                scope.bind(name, ty)
        bound[module.alias] = frozenset(module.items)
    return bound


def unknown_item(alias: str, name: str, items: frozenset[str], node: tree.Node) -> RefusedError:
    """Return the error for `alias.name` where the package has nothing of that name."""
    below = sorted(item for item in items if item.startswith(f"{name}_"))
    near = get_close_matches(name, sorted(items), n=3) or below[:3]
    help = f"did you mean {', '.join(f'`{alias}.{each}`' for each in near)}?" if near else ""
    return RefusedError(codes.UNBOUND_ITEM.code, f"`{alias}` has no item `{name}`", node, help)


def find_missing_arguments(
    postfix: e.Postfix, call: e.CallOp, ty: Type, bound: Mapping[str, frozenset[str]], scope: Scope
) -> RefusedError | None:
    """Return the error for a call of a bound item with too few arguments.

    Mochi's checker takes such a call for a function that waits for the rest; no back end does.
    """
    match postfix.target:
        case e.Selector(root=root, tail=(name,)) if postfix.ops[0] is call and name in bound.get(root, ()):
            if not scope.is_imported(root):
                return None
            if isinstance(ty, Func) and len(call.args) < len(ty.params):
                takes = f"{len(ty.params)} argument{'s' if len(ty.params) != 1 else ''}"
                message = f"`{root}.{name}` takes {takes}, not {len(call.args)}"
                return RefusedError(codes.MISSING_ARGUMENT.code, message, postfix)
        case _:
            pass
    return None
