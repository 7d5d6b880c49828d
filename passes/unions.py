"""Unions in normal form."""

from __future__ import annotations

from collections.abc import Iterable

from ..ir.types import (
    ANY,
    BOOL,
    BYTES,
    FLOAT,
    INT,
    NEVER,
    NONE,
    STRING,
    BridgeType,
    ConstantValue,
    EnumMember,
    LiteralOf,
    LiteralValue,
    OptionOf,
    Scalar,
    UnionOf,
)


def union_of(members: Iterable[BridgeType]) -> BridgeType:
    """Return the union of `members` in normal form.

    Nested unions and options are opened, duplicates merge, `never` adds nothing, `any`
    absorbs. `float` absorbs `int` (typing specification, "Special cases for float and
    complex"). A `bool` that is named stays: beside a number it is nearly always a flag, and
    as a number it would be lost. The members of one `Literal` are merged (PEP 586) and a
    scalar absorbs its own literals.
    """
    found: dict[BridgeType, None] = {}
    _open_unions(members, found)
    if ANY in found:
        return ANY
    flat = _merge_literals([*found])
    if FLOAT in found and INT in found:
        flat = [member for member in flat if member is not INT]
    match flat:
        case []:
            return NEVER
        case [only]:
            return only
        case _:
            return UnionOf(tuple(flat))


def join_bools(ty: LiteralOf) -> BridgeType:
    """Return `ty` with bool for `True` and `False`, which are all of it."""
    bools = [value for value in ty.values if isinstance(value, bool)]
    if len(bools) < 2:
        return ty
    rest = tuple(value for value in ty.values if not isinstance(value, bool))
    return union_of((BOOL, LiteralOf(rest))) if rest else BOOL


def literal_scalar(value: ConstantValue) -> Scalar:
    """Return the scalar that `value` belongs to. A bool is a bool, not an int."""
    match value:
        case bool():
            return BOOL
        case int():
            return INT
        case float():
            return FLOAT
        case str():
            return STRING
        case bytes():
            return BYTES


def _open_unions(members: Iterable[BridgeType], found: dict[BridgeType, None]) -> None:
    """Add `members` to `found`, of unions and options what is in them."""
    for member in members:
        # Unions are opened more often than all else is done, so this asks for the very class.
        if type(member) is UnionOf:
            _open_unions(member.members, found)
        elif type(member) is OptionOf:
            _open_unions((member.inner, NONE), found)
        elif member is not NEVER:
            found[member] = None


def _merge_literals(members: list[BridgeType]) -> list[BridgeType]:
    """Join the literals among `members` where the first one stands."""
    literals = [member for member in members if type(member) is LiteralOf]
    if not literals:
        return members
    scalars = {member for member in members if isinstance(member, Scalar)}
    values: dict[tuple[type, LiteralValue | EnumMember], LiteralValue | EnumMember] = {}
    for literal in literals:
        for value in literal.values:
            if not scalars or isinstance(value, EnumMember) or literal_scalar(value) not in scalars:
                values.setdefault((type(value), value), value)
    merged: list[BridgeType] = []
    joined = LiteralOf(tuple(values.values()))
    for member in members:
        if not isinstance(member, LiteralOf):
            merged.append(member)
        elif values and joined not in merged:
            merged.append(joined)
    if len(literals) == 1 and joined == literals[0]:
        return members
    return merged
