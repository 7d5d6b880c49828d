"""Classes whose values are scalars, as data. They are named here because no stub says so.

An array scalar (`numpy.float64`) is an object of its own class and means a number: wrappers turn it into
one, and array libraries take the number in its place. A stub lists such classes beside the scalar to
say what a type checker may let through; a Mochi program has the scalar. `optype.Just…` are spellings of a
scalar for type checkers that keep subclasses out.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..ir.types import BOOL, BYTES, FLOAT, INT, STRING, BridgeType, Ref, Scalar

_FLOATS = "floating float16 float32 float64 float96 float128 half single double longdouble"
_INTS = """integer signedinteger unsignedinteger int8 int16 int32 int64 intp int_ byte short intc long
    longlong uint8 uint16 uint32 uint64 uintp uint ubyte ushort uintc ulong ulonglong"""

# What a value of the class is as a scalar.
_VALUES: dict[str, Scalar] = {
    **{f"numpy.{name}": FLOAT for name in _FLOATS.split()},
    **{f"numpy.{name}": INT for name in _INTS.split()},
    "numpy.bool": BOOL,
    "numpy.bool_": BOOL,
    "numpy.str_": STRING,
    "numpy.bytes_": BYTES,
}

# Beside which scalars a class that gives a scalar adds nothing for a caller.
_STAND_INS: dict[Scalar, tuple[Scalar, ...]] = {
    FLOAT: (FLOAT,),
    INT: (INT, FLOAT),
    BOOL: (BOOL, INT, FLOAT),
    STRING: (STRING,),
    BYTES: (BYTES,),
}

# Names that are a scalar wherever they stand, public and where they are defined.
_SPELLINGS: dict[str, Scalar] = {
    f"{module}.{name}": scalar
    for module in ("optype", "optype._core._just")
    for name, scalar in {
        "JustBool": BOOL,
        "JustInt": INT,
        "JustFloat": FLOAT,
        "JustBytes": BYTES,
    }.items()
}


def find_spelling(path: str) -> Scalar | None:
    """Return the scalar that the class at `path` is a spelling of."""
    return _SPELLINGS.get(path)


def scalar_values(members: Iterable[BridgeType]) -> list[BridgeType]:
    """Return the members of a union that flows out with scalars for classes of scalar values."""
    return [_value(member) or member for member in members]


def absorb_scalars(members: Iterable[BridgeType]) -> list[BridgeType]:
    """Return the members of a union that flows in, without classes that a scalar among them stands for."""
    given = list(members)
    return [member for member in given if not any(each in given for each in _stand_ins(member))]


def _stand_ins(ty: BridgeType) -> tuple[Scalar, ...]:
    value = _value(ty)
    return () if value is None else _STAND_INS[value]


def _value(ty: BridgeType) -> Scalar | None:
    return _VALUES.get(ty.path) if isinstance(ty, Ref) else None
