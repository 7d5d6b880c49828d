"""Unions in normal form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
    flat = list(dict.fromkeys(_open_unions(members)))
    if ANY in flat:
        return ANY
    flat = _merge_literals(flat)
    if FLOAT in flat:
        flat = [member for member in flat if member != INT]
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


def _open_unions(members: Iterable[BridgeType]) -> Iterator[BridgeType]:
    for member in members:
        match member:
            case UnionOf():
                yield from _open_unions(member.members)
            case OptionOf():
                yield from _open_unions((member.inner, NONE))
            case Scalar() if member == NEVER:
                continue
            case _:
                yield member


def _merge_literals(members: list[BridgeType]) -> list[BridgeType]:
    """Join the literals among `members` where the first one stands."""
    literals = [member for member in members if isinstance(member, LiteralOf)]
    if not literals:
        return members
    scalars = {member for member in members if isinstance(member, Scalar)}
    values: dict[tuple[type, LiteralValue | EnumMember], LiteralValue | EnumMember] = {}
    for literal in literals:
        for value in literal.values:
            if isinstance(value, EnumMember) or literal_scalar(value) not in scalars:
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
