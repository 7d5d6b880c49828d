"""When one type fits another. Mochi asks four different questions, and the answers differ.

`unify` is loose (`any` fits everything) and not symmetric for numbers; `unify_with` also solves
type variables; `is_assignable` is strict about `any`; `is_same` and `is_equal` compare.
"""

from __future__ import annotations

from .types import (
    ANY,
    BIGINT,
    BIGRAT,
    FLOAT,
    INT,
    INT64,
    VALUE,
    Applied,
    Func,
    Scalar,
    Struct,
    Type,
    Union,
    Var,
)

Subst = dict[str, Type]

_UNIFIED_HEADS = frozenset(["list", "map", "chan", "stream", "sub", "future", "option", "group"])
_INVARIANT_HEADS = frozenset(["map", "omap", "chan", "stream", "sub", "group"])
_COVARIANT_HEADS = frozenset(["list", "set", "option"])
_ASSIGNED_HEADS = frozenset(["list", "map", "omap", "chan", "stream", "sub", "option"])
_SAME_HEADS = _INVARIANT_HEADS | _COVARIANT_HEADS
_EQUAL_HEADS = frozenset(["list", "map", "option", "group"])
_UNIFIED_NUMBERS: dict[Scalar, frozenset[Scalar]] = {
    INT: frozenset({INT, BIGINT}),
    INT64: frozenset({INT64, INT}),
    BIGINT: frozenset({BIGINT, INT, INT64}),
    BIGRAT: frozenset({BIGRAT, FLOAT, INT, INT64, BIGINT}),
}
_WIDER: dict[Scalar, frozenset[Scalar]] = {
    INT: frozenset({INT64, BIGINT, BIGRAT}),
    INT64: frozenset({BIGINT, BIGRAT}),
    BIGINT: frozenset({BIGRAT}),
    FLOAT: frozenset({BIGRAT}),
}


def unify(a: Type, b: Type, subst: Subst | None = None) -> bool:
    """Tell whether `a` and `b` can be one type; with `subst`, variables are bound in it."""
    if ANY in (a, b):
        return True
    match a:
        case Var(name):
            if subst is None:
                return isinstance(b, Var) and b.name == name
            if name in subst:
                return unify(subst[name], b, subst)
            subst[name] = b
            return True
        case Func():
            return isinstance(b, Func) and _unify_functions(a, b, subst)
        case Scalar():
            if a == VALUE:
                return b == VALUE
            return isinstance(b, Scalar) and b in _UNIFIED_NUMBERS.get(a, {a})
        case Struct():
            return _unify_struct(a, b, subst)
        case Union(name, variants) if not isinstance(b, Var):
            if isinstance(b, Struct):
                return b.name in variants and unify(variants[b.name], b, subst)
            return isinstance(b, Union) and b.name == name
        case Applied(head, args) if head in _UNIFIED_HEADS and not isinstance(b, Var):
            if not isinstance(b, Applied) or b.head != head:
                return False
            return all(unify(x, y, subst) for x, y in zip(args, b.args, strict=True))
        case _:
            return isinstance(b, Var) and subst is not None and _bind_new(a, b, subst)


def _bind_new(a: Type, b: Var, subst: Subst) -> bool:
    if b.name in subst:
        return unify(a, subst[b.name], subst)
    subst[b.name] = a
    return True


def _unify_struct(a: Struct, b: Type, subst: Subst | None) -> bool:
    if isinstance(b, Union):
        return a.name in b.variants and unify(a, b.variants[a.name], subst)
    if not isinstance(b, Struct):
        return False
    if (a.name and b.name and a.name != b.name) or len(a.fields) != len(b.fields):
        return False
    for name, ty in a.fields:
        other = b.field_type(name)
        if other is None or not unify(ty, other, subst):
            return False
    return True


def _unify_functions(a: Func, b: Func, subst: Subst | None) -> bool:
    if len(a.params) != len(b.params) or (a.variadic is None) != (b.variadic is None):
        return False
    if not all(unify(x, y, subst) for x, y in zip(a.params, b.params, strict=True)):
        return False
    if a.variadic is not None and b.variadic is not None and not unify(a.variadic, b.variadic, subst):
        return False
    return unify(a.result, b.result, subst)


# --- with type variables ------------------------------------------------------------------


def apply(subst: Subst, ty: Type) -> Type:
    """Return `ty` with the variables that `subst` knows replaced."""
    match ty:
        case Var(name):
            return apply(subst, subst[name]) if name in subst else ty
        case Applied(head, args):
            return Applied(head, tuple(apply(subst, each) for each in args))
        case Func(params, result, effects, variadic, type_params):
            new = tuple(apply(subst, each) for each in params)
            rest = apply(subst, variadic) if variadic is not None else None
            return Func(new, apply(subst, result), effects, rest, type_params)
        case Struct(name, fields, methods):
            return Struct(name, tuple((each, apply(subst, kind)) for each, kind in fields), methods)
        case _:
            return ty


def unify_with(a: Type, b: Type, subst: Subst) -> Subst | None:
    """Return `subst` extended so that the two are equal under it, None where nothing does that."""
    found = dict(subst)
    return found if _solve(a, b, found) else None


def _solve(a: Type, b: Type, subst: Subst) -> bool:
    a, b = apply(subst, a), apply(subst, b)
    if isinstance(a, Var):
        return (isinstance(b, Var) and a.name == b.name) or _bind(a.name, b, subst)
    if isinstance(b, Var):
        return _bind(b.name, a, subst)
    if ANY in (a, b):
        return True
    match a:
        case Applied(head, args):
            if not isinstance(b, Applied) or b.head != head:
                return False
            return all(_solve(x, y, subst) for x, y in zip(args, b.args, strict=True))
        case Func():
            if not isinstance(b, Func) or len(a.params) != len(b.params):
                return False
            if (a.variadic is None) != (b.variadic is None):
                return False
            pairs = [*zip(a.params, b.params, strict=True)]
            if a.variadic is not None and b.variadic is not None:
                pairs.append((a.variadic, b.variadic))
            return all(_solve(x, y, subst) for x, y in pairs) and _solve(a.result, b.result, subst)
        case Struct(name):
            return isinstance(b, Struct) and b.name == name
        case Union(name):
            return isinstance(b, Union) and b.name == name
        case Scalar():
            return a == b and a != VALUE


def _bind(name: str, ty: Type, subst: Subst) -> bool:
    if _occurs(name, ty, subst):
        return False
    subst[name] = ty
    return True


def _occurs(name: str, ty: Type, subst: Subst) -> bool:
    match ty:
        case Var(other):
            return other == name or (other in subst and _occurs(name, subst[other], subst))
        case Applied(head, args) if head not in ("chan", "stream", "sub", "future"):
            return any(_occurs(name, each, subst) for each in args)
        case Func(params, result, _, variadic):
            every = (*params, result, *((variadic,) if variadic is not None else ()))
            return any(_occurs(name, each, subst) for each in every)
        case Struct(_, fields):
            return any(_occurs(name, each, subst) for _, each in fields)
        case _:
            return False


# --- strict -------------------------------------------------------------------------------


def is_assignable(source: Type, target: Type, within: bool = False) -> bool:
    """Tell whether a value of `source` may be bound to a `target`.

    `within` is set for elements of collections, where `any` stands for what an empty literal
    has not said.
    """
    if target == ANY or (within and source == ANY):
        return True
    match source, target:
        case Applied(head, args), Applied(other, wanted) if head == other and head in _ASSIGNED_HEADS:
            return all(is_assignable(x, y, within=True) for x, y in zip(args, wanted, strict=True))
        case _, Applied("option", (inner,)):
            return is_assignable(source, inner, within)
        case _:
            return _is_subtype(source, target)


def _is_subtype(a: Type, b: Type) -> bool:
    if is_same(a, b) or b == ANY:
        return True
    match a:
        case Scalar():
            return isinstance(b, Scalar) and b in _WIDER.get(a, ())
        case Applied(head, args) if isinstance(b, Applied) and b.head == head:
            return head in _COVARIANT_HEADS and _is_subtype(args[0], b.args[0])
        case Struct(name):
            if isinstance(b, Union):
                return name in b.variants
            return isinstance(b, Struct) and name != "" and name == b.name
        case Union(name):
            return isinstance(b, Union) and name == b.name
        case Func():
            return isinstance(b, Func) and _is_subfunction(a, b)
        case _:
            return False


def _is_subfunction(a: Func, b: Func) -> bool:
    if len(a.params) != len(b.params) or (a.variadic is None) != (b.variadic is None):
        return False
    if not all(_is_subtype(y, x) for x, y in zip(a.params, b.params, strict=True)):
        return False
    if a.variadic is not None and b.variadic is not None and not _is_subtype(b.variadic, a.variadic):
        return False
    return _is_subtype(a.result, b.result)


def is_same(a: Type, b: Type) -> bool:
    """Tell whether two types say the same; records and unions by their names."""
    match a:
        case Scalar():
            return a == b
        case Applied(head, args):
            if not isinstance(b, Applied) or b.head != head or head not in _SAME_HEADS:
                return False
            return all(is_same(x, y) for x, y in zip(args, b.args, strict=True))
        case Struct(name, fields):
            if not isinstance(b, Struct) or name or b.name:
                return isinstance(b, Struct) and name == b.name
            return len(fields) == len(b.fields) and all(
                x[0] == y[0] and is_same(x[1], y[1]) for x, y in zip(fields, b.fields, strict=True)
            )
        case Union(name):
            return isinstance(b, Union) and b.name == name
        case Func():
            return isinstance(b, Func) and _same_functions(a, b)
        case Var(name):
            return isinstance(b, Var) and b.name == name


def _same_functions(a: Func, b: Func) -> bool:
    if len(a.params) != len(b.params) or (a.variadic is None) != (b.variadic is None):
        return False
    pairs = [*zip(a.params, b.params, strict=True), (a.result, b.result)]
    if a.variadic is not None and b.variadic is not None:
        pairs.append((a.variadic, b.variadic))
    return all(is_same(x, y) for x, y in pairs)


def is_equal(a: Type, b: Type) -> bool:
    """Tell whether a cast between the two is one of a type to itself.

    A variant counts as equal to its union.
    """
    match a:
        case Scalar():
            return a == b
        case Applied(head, args):
            if not isinstance(b, Applied) or b.head != head or head not in _EQUAL_HEADS:
                return False
            return all(is_equal(x, y) for x, y in zip(args, b.args, strict=True))
        case Struct(name):
            return name in b.variants if isinstance(b, Union) else isinstance(b, Struct) and b.name == name
        case Union(name, variants):
            return b.name in variants if isinstance(b, Struct) else isinstance(b, Union) and b.name == name
        case Func():
            if not isinstance(b, Func) or len(a.params) != len(b.params):
                return False
            same = all(is_equal(x, y) for x, y in zip(a.params, b.params, strict=True))
            return same and (a.variadic is None) == (b.variadic is None) and is_equal(a.result, b.result)
        case Var():
            return a is b
