"""What a class of flags has beside its members: every combination of them is a value too (`enum.Flag`)."""

from __future__ import annotations

from ..ir.items import Binding, Class, Field, FieldKind, Function, Param, ParamKind, Property, Signature
from ..ir.parts import evolve
from ..ir.types import BOOL, INT, NONE, STRING, BridgeType, IteratorOf, Ref, UnionOf
from .names import has_member

FLAG_BASES = frozenset({"enum.Flag", "enum.IntFlag"})

_BINARY = ("__or__", "__and__", "__xor__")


def open_flags(cls: Class) -> Class:
    """Return a class of flags with its members as class attributes and the operations of `enum.Flag`."""
    this = Ref(cls.path)
    methods = [_method(cls, name, this, this) for name in _BINARY]
    methods += [
        _method(cls, "__invert__", this),
        _method(cls, "__contains__", BOOL, this),
        _method(cls, "__bool__", BOOL),
        _method(cls, "__eq__", BOOL, this),
        _method(cls, "__len__", INT),
        _method(cls, "__iter__", IteratorOf(this)),
    ]
    properties = (_property(cls, "value", INT), _property(cls, "name", UnionOf((STRING, NONE))))
    return evolve(
        cls,
        fields=tuple(_attribute(member, this) for member in cls.fields),
        properties=(*cls.properties, *(each for each in properties if not has_member(cls, each.name))),
        methods=(*cls.methods, *(each for each in methods if not has_member(cls, each.name))),
    )


def make_flag_constructor(cls: Class) -> Function:
    """Return the constructor that looks a value up: `Mode(3)`."""
    value = Param("value", ParamKind.POSITIONAL_ONLY, INT)
    info = evolve(cls.info, doc="")
    return Function(
        "__init__",
        cls.path,
        (Signature((Param("self", ParamKind.POSITIONAL_ONLY), value)),),
        Binding.METHOD,
        info=info,
    )


def _attribute(member: Field, this: BridgeType) -> Field:
    if member.kind is not FieldKind.MEMBER:
        return member
    return evolve(member, kind=FieldKind.CLASS_VAR, type=this, value=None, writable=False)


def _method(cls: Class, name: str, result: BridgeType, *operand: BridgeType) -> Function:
    params = [
        Param("self", ParamKind.POSITIONAL_ONLY),
        *(Param("other", ParamKind.POSITIONAL_ONLY, ty) for ty in operand),
    ]
    info = evolve(cls.info, doc="")
    return Function(
        name, f"{cls.path}.{name}", (Signature(tuple(params), result),), Binding.METHOD, info=info
    )


def _property(cls: Class, name: str, ty: BridgeType) -> Property:
    return Property(name, f"{cls.path}.{name}", ty, info=evolve(cls.info, doc=""))
