"""Types as Mochi's checker knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, final

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator


@final
@frozen
class Scalar:
    """A type without parts; `any` is one."""

    name: str


@final
@frozen
class Applied:
    """A type with type arguments: `list<T>`, `T?` (as `option`), a `group` of a query, …"""

    head: str
    args: tuple[Type, ...]


@final
@frozen
class Struct:
    """A record, a variant or, without a name, an inline record type."""

    name: str
    fields: tuple[tuple[str, Type], ...] = ()
    methods: dict[str, Func] = field(factory=dict, eq=False, hash=False)

    def field_type(self, name: str) -> Type | None:
        """Return the type of the first field of that name."""
        return next((ty for known, ty in self.fields if known == name), None)


@final
@frozen(eq=False)
class Union:
    """A union. `variants` is filled while its declaration is read, so recursive uses see all."""

    name: str
    variants: dict[str, Struct]
    order: tuple[str, ...] = ()


@final
@frozen
class Func:
    """A function type. `variadic` types what follows `params`; `effects` is a set of bits."""

    params: tuple[Type, ...]
    result: Type
    effects: int = 0
    variadic: Type | None = None
    type_params: tuple[str, ...] = ()


@final
@frozen
class Var:
    """A type variable; two of one name are the same."""

    name: str


Type: TypeAlias = Scalar | Applied | Struct | Union | Func | Var

INT, INT64, FLOAT = Scalar("int"), Scalar("int64"), Scalar("float")
BIGINT, BIGRAT = Scalar("bigint"), Scalar("bigrat")
STRING, BOOL, UNIT, ANY, VALUE = (
    Scalar("string"),
    Scalar("bool"),
    Scalar("unit"),
    Scalar("any"),
    Scalar("value"),
)
SCALARS: dict[str, Type] = {
    scalar.name: scalar for scalar in (INT, INT64, FLOAT, BIGINT, BIGRAT, STRING, BOOL, UNIT, ANY, VALUE)
}
_RANKS: dict[Type, int] = {INT: 0, INT64: 1, BIGINT: 2, FLOAT: 3, BIGRAT: 4}


def list_of(element: Type) -> Applied:
    """Return `list<element>`."""
    return Applied("list", (element,))


def map_of(key: Type, value: Type) -> Applied:
    """Return `map<key, value>`."""
    return Applied("map", (key, value))


def option_of(inner: Type) -> Applied:
    """Return `inner?`."""
    return Applied("option", (inner,))


def is_(ty: Type, *heads: str) -> bool:
    """Tell whether `ty` is applied to arguments and has one of `heads`."""
    return isinstance(ty, Applied) and ty.head in heads


def inner(ty: Type) -> Type:
    """Return the last type argument: the element, or the value of a map."""
    assert isinstance(ty, Applied)
    return ty.args[-1]


def key_of(ty: Type) -> Type:
    """Return the first type argument."""
    assert isinstance(ty, Applied)
    return ty.args[0]


def is_numeric(ty: Type) -> bool:
    """Tell whether arithmetic takes `ty`."""
    return isinstance(ty, Scalar) and ty in _RANKS


def numeric_join(left: Type, right: Type) -> Type | None:
    """Return the type of arithmetic between the two, None unless both are numbers."""
    if not (is_numeric(left) and is_numeric(right)):
        return None
    if FLOAT in (left, right):
        return BIGRAT if {left, right} & {BIGINT, BIGRAT} else FLOAT
    return max((left, right), key=lambda ty: _RANKS[ty])


def is_ordered(ty: Type) -> bool:
    """Tell whether `sort by` takes `ty`."""
    if isinstance(ty, Applied) and ty.head == "list":
        return ty.args[0] == ANY or is_ordered(ty.args[0])
    return is_numeric(ty) or ty in (STRING, BOOL)


class EndlessTypeError(Exception):
    """A walk over a recursive union that never ends; Mochi's checker dies of it."""


def contains_any(ty: Type, within: tuple[Union, ...] = ()) -> bool:
    """Tell whether `any` occurs in `ty`; raises EndlessTypeError where Mochi overflows its stack."""
    match ty:
        case Scalar():
            return ty == ANY
        case Applied(("list" | "map" | "option" | "group"), args):
            return any(contains_any(each, within) for each in args)
        case Struct(_, fields):
            return any(contains_any(each, within) for _, each in fields)
        case Union(_, variants):
            if any(ty is each for each in within):
                raise EndlessTypeError
            each_field = (each for variant in variants.values() for _, each in variant.fields)
            return any(contains_any(each, (*within, ty)) for each in each_field)
        case _:
            return False


def is_hashable(ty: Type, within: tuple[Union, ...] = ()) -> bool:
    """Tell whether `select distinct` takes `ty`; raises EndlessTypeError as `contains_any` does."""
    match ty:
        case Scalar():
            return ty != VALUE
        case Applied(("list" | "map" | "option"), args):
            return all(is_hashable(each, within) for each in args)
        case Struct(_, fields):
            return all(is_hashable(each, within) for _, each in fields)
        case Union(_, variants):
            if any(ty is each for each in within):
                raise EndlessTypeError
            return all(is_hashable(each, (*within, ty)) for each in variants.values())
        case _:
            return False


def free_vars(ty: Type, known: dict[str, Type]) -> list[str]:
    """Return the names of the variables left in `ty` once `known` is applied, sorted."""
    return sorted(set(_find_vars(ty, known)))


def _find_vars(ty: Type, known: dict[str, Type]) -> Iterator[str]:
    match ty:
        case Var(name) if name in known:
            yield from _find_vars(known[name], known)
        case Var(name):
            yield name
        case Applied(_, args):
            for each in args:
                yield from _find_vars(each, known)
        case Func(params, result, _, variadic):
            for each in (*params, *((variadic,) if variadic else ()), result):
                yield from _find_vars(each, known)
        case Struct(_, fields):
            for _, each in fields:
                yield from _find_vars(each, known)
        case _:
            pass


def show(ty: Type) -> str:
    """Write `ty` as a program would."""
    match ty:
        case Scalar(name) | Union(name):
            return name
        case Var(name):
            return name.partition("#")[0]
        case Applied("option", (what,)):
            return f"{show(what)}?"
        case Applied("group", _):
            return "a group"
        case Applied(head, args):
            return f"{head}<{', '.join(map(show, args))}>"
        case Struct("", fields):
            return f"{{ {', '.join(f'{name}: {show(each)}' for name, each in fields)} }}"
        case Struct(name):
            return name
        case Func(params, result, _, variadic):
            shown = [*map(show, params), *([f"...{show(variadic)}"] if variadic else [])]
            return f"fun({', '.join(shown)})" + ("" if result == UNIT else f": {show(result)}")


def a(ty: Type) -> str:
    """Write `ty` in backquotes behind the article it takes."""
    shown = show(ty)
    return f"an `{shown}`" if shown[0] in "aeio" else f"a `{shown}`"
