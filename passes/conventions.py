"""What parameters of one name are throughout a package.

    fun a(url: string)  fun b(url: string?)  … four times     =>  url: string?

Where nearly all annotated parameters of a name agree, but for None, an unannotated one is taken to
mean the same. That most packages keep to this is measured by `benchmarks/inference.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ..ir.items import Package, ParamKind
from ..ir.sharing import memoised
from ..ir.traverse import walk_functions, walk_items, walk_type
from ..ir.types import ANY, NONE, UNANNOTATED, BridgeType, TypeVarRef, UnionOf, Unsupported
from .unions import union_of

_LEAST = 4
_SHARE = 0.8
_VARIADIC = (ParamKind.VAR_POSITIONAL, ParamKind.VAR_KEYWORD)


def find_conventions(package: Package) -> Mapping[str, BridgeType]:
    """Return the type that the name of an unannotated parameter stands for, where it stands for one."""
    signatures = [
        signature
        for item in walk_items(package)
        for function in walk_functions(item)
        for signature in function.signatures
    ]
    asked = {param.name for signature in signatures for param in signature.params if is_missing(param.type)}
    given: dict[str, list[BridgeType]] = {name: [] for name in asked}
    for signature in signatures if asked else ():
        for param in signature.params:
            if param.name in asked and param.kind not in _VARIADIC and not is_missing(param.type):
                given[param.name].append(param.type)
    without_none = memoised(_without_none)
    found: dict[str, BridgeType] = {}
    for name, types in given.items():
        if len(types) < _LEAST:
            continue
        counts = Counter(map(without_none, types))
        ty, count = counts.most_common(1)[0]
        if count >= _LEAST and count >= _SHARE * counts.total() and _is_definite(ty):
            is_optional = any(each != ty and without_none(each) == ty for each in types)
            found[name] = union_of((ty, NONE)) if is_optional else ty
    return found


def is_missing(ty: BridgeType) -> bool:
    """Tell whether `ty` says that there is no annotation."""
    return ty is UNANNOTATED or (type(ty) is Unsupported and ty == UNANNOTATED)


def _without_none(ty: BridgeType) -> BridgeType:
    union = union_of((ty,))
    if not isinstance(union, UnionOf) or NONE not in union.members:
        return union
    return union_of(member for member in union.members if member is not NONE)


def _is_definite(ty: BridgeType) -> bool:
    return ty not in (ANY, NONE) and not any(
        isinstance(inner, TypeVarRef | Unsupported) for inner in walk_type(ty)
    )
