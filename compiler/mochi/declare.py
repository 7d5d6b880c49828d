"""Types as declarations make them known."""

from __future__ import annotations

from . import tree
from .environment import Scope
from .types import Func, Struct, Union


def bind_stub(decl: tree.TypeDecl, scope: Scope) -> None:
    """Make the name of a record or union known before its parts are."""
    if decl.members:
        stub = Struct(decl.name)
        scope.structs[decl.name] = stub
        scope.types[decl.name] = stub
    elif decl.variants:
        variants = {variant.name: Struct(variant.name) for variant in decl.variants}
        scope.structs.update(variants)
        union = Union(decl.name, variants)
        scope.unions[decl.name] = union
        scope.types[decl.name] = union


def bind_struct(struct: Struct, scope: Scope) -> None:
    """Make a record known as a type."""
    scope.structs[struct.name] = struct
    scope.types[struct.name] = struct


def bind_union(decl: tree.TypeDecl, scope: Scope) -> None:
    """Declare a union. Its variants see it while they are read, but not those that follow."""
    order = tuple(variant.name for variant in decl.variants)
    union = Union(decl.name, {}, order)
    scope.unions.pop(decl.name, None)
    scope.unions[decl.name] = union
    scope.types[decl.name] = union
    for variant in decl.variants:
        fields = tuple((each.name, scope.resolve(each.type)) for each in variant.fields)
        struct = Struct(variant.name, fields)
        union.variants[variant.name] = struct
        scope.structs[variant.name] = struct
        built = Union(decl.name, {})
        scope.types[variant.name] = Func(tuple(ty for _, ty in fields), built)
        if not fields:
            scope.bind(variant.name, built)
    scope.types[decl.name] = union


def declare_record(decl: tree.TypeDecl, scope: Scope) -> None:
    """Declare a record without methods."""
    fields = [(each.name, scope.resolve(each.type)) for each in decl.members if isinstance(each, tree.Field)]
    bind_struct(Struct(decl.name, tuple(fields)), scope)
