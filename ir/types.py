"""Bridge types: the closed set of shapes a value may take on its way to Mochi.

Types are trees, never strings. Code that consumes a type matches on every shape and
ends in `assert_never`, so that a new shape fails the type check wherever it still has
to be handled. Early IR may hold every shape; what a pass removes, `verifier` rejects
from then on.
"""

from __future__ import annotations

import enum
from typing import Any, Final, Self, TypeAlias, final

from attrs import field, frozen

from .refusals import SkipReason
from .source import Span


@final
class ScalarKind(enum.Enum):
    """The scalars of the type table. The value is the spelling in IR text."""

    BOOL = "bool"
    INT = "int"
    BIGINT = "bigint"
    FLOAT = "float"
    STRING = "string"
    BYTES = "bytes"
    NONE = "none"
    ANY = "any"
    NEVER = "never"

    # Members are compared by identity; hashing their names is what costs in unions.
    __hash__ = object.__hash__


@final
@frozen(eq=False)
class Scalar:
    """A value without parts. `none` is Mochi's `unit`, `any` a value without a type.

    There is one object of each kind, so that `ty is ANY` asks whether a type is `any`.
    """

    kind: ScalarKind

    def __new__(cls, kind: ScalarKind) -> Self:
        """Return the scalar of `kind`."""
        known = _SCALARS.get(kind)
        if known is None:
            known = _SCALARS[kind] = super().__new__(cls)
        return known

    def __reduce__(self) -> tuple[object, ...]:
        return (Scalar, (self.kind,))


_SCALARS: Final[dict[ScalarKind, Any]] = {}


@final
@frozen(cache_hash=True)
class ListOf:
    """`list<T>`: any Python iterable that is materialised at the boundary."""

    element: BridgeType


@final
@frozen(cache_hash=True)
class SetOf:
    """`set<T>`."""

    element: BridgeType


@final
@frozen(cache_hash=True)
class MapOf:
    """`map<K, V>`. Legal only where `key` is `string` or `int`."""

    key: BridgeType
    value: BridgeType


@final
@frozen(cache_hash=True)
class TupleOf:
    """`tuple<A, B>`: a Python tuple of fixed length, possibly empty."""

    elements: tuple[BridgeType, ...]


@final
@frozen(cache_hash=True)
class OptionOf:
    """`T?`: a value or none. Invariant: `inner` is neither none, `any`, nor an option."""

    inner: BridgeType


@final
@frozen(cache_hash=True)
class UnionOf:
    """`A | B`: one of two or more members. After flatten-unions no member is a union.

    After legalize-types also `union<@p.C>`, of what goes in: a value of a class that no program can
    name, or one that looks like it.
    """

    members: tuple[BridgeType, ...]


LiteralValue: TypeAlias = bool | int | str | bytes
ConstantValue: TypeAlias = LiteralValue | float
"""What a constant may hold: a number with a fraction is no type (PEP 586), but a value."""


@final
@frozen
class EnumMember:
    """A member of an enum inside `Literal[...]`, by its qualified name."""

    path: str


@final
@frozen(cache_hash=True)
class LiteralOf:
    """`literal<"r", "w">`: one of these values. `Literal[None]` is none, not a literal.

    Equality tells `True` from `1`, as PEP 586 does.
    """

    values: tuple[LiteralValue | EnumMember, ...] = field(eq=lambda vs: tuple((type(v), v) for v in vs))


@final
@frozen(cache_hash=True)
class FunOf:
    """`fun(A, B): R`. `params` is None for `Callable[..., R]`."""

    params: tuple[BridgeType, ...] | None
    result: BridgeType


@final
@frozen(cache_hash=True)
class AsyncOf:
    """`async<T>`: an awaitable that yields one `T`."""

    inner: BridgeType


@final
@frozen(cache_hash=True)
class StreamOf:
    """`stream<T>`: an asynchronous iterator."""

    element: BridgeType


@final
@frozen(cache_hash=True)
class IteratorOf:
    """`iterator<T>`: a synchronous iterator or generator, consumed once."""

    element: BridgeType


@final
@frozen(cache_hash=True)
class Ref:
    """`@a.b.C<T>`: a named type by its Python qualified name.

    From the frontend: the name qualified by what its own file says. After bind-names:
    the path at which the thing is defined, or an external path. After select-public:
    the canonical public path of an item of the package.
    """

    path: str
    arguments: tuple[BridgeType, ...] = ()


@final
@frozen(cache_hash=True)
class TypeVarRef:
    """`'T`: a use of a type variable, ParamSpec or TypeVarTuple by its short name."""

    name: str


@final
@frozen
class SelfType:
    """`self`: the class of the receiver (PEP 673)."""


@final
@frozen(cache_hash=True)
class TypeObject:
    """`type<T>`: a class as a value."""

    inner: BridgeType


@final
@frozen(cache_hash=True)
class Unsupported:
    """What a frontend met but the type table does not know, with its source text.

    A missing annotation is `Unsupported(UNTYPED_PACKAGE, "")`, so that inference may
    replace it and legalization records it.
    """

    reason: SkipReason
    text: str
    span: Span | None = field(default=None, eq=False, repr=False)


BridgeType: TypeAlias = (
    Scalar
    | ListOf
    | SetOf
    | MapOf
    | TupleOf
    | OptionOf
    | UnionOf
    | LiteralOf
    | FunOf
    | AsyncOf
    | StreamOf
    | IteratorOf
    | Ref
    | TypeVarRef
    | SelfType
    | TypeObject
    | Unsupported
)

BOOL = Scalar(ScalarKind.BOOL)
INT = Scalar(ScalarKind.INT)
BIGINT = Scalar(ScalarKind.BIGINT)
FLOAT = Scalar(ScalarKind.FLOAT)
STRING = Scalar(ScalarKind.STRING)
BYTES = Scalar(ScalarKind.BYTES)
NONE = Scalar(ScalarKind.NONE)
ANY = Scalar(ScalarKind.ANY)
NEVER = Scalar(ScalarKind.NEVER)
UNANNOTATED = Unsupported(SkipReason.UNTYPED_PACKAGE, "")


def has_one_value(ty: BridgeType) -> bool:
    """Tell whether `ty` leaves no choice: none, or one literal that is a bool, an int or a string."""
    match ty:
        case LiteralOf((value,)):
            return not isinstance(value, EnumMember | bytes)
        case _:
            return ty == NONE
