"""What the call on the right of a field says: `field(init=False)`, `attr.ib(alias="x")` (PEP 681)."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final, final

from attrs import Factory, frozen

from ..ir.items import Class, Default, DefaultKind, Function, Signature
from ..ir.types import ANY, BYTES, FLOAT, INT, NONE, STRING, UNANNOTATED, BridgeType, UnionOf
from .names import Definition, External, Names

_DEFAULTS: Final = ("default", "default_factory", "factory")
_MISSING: Final = frozenset({"MISSING", "NOTHING"})


@final
@frozen
class Arguments:
    """The arguments of a call in a class body or of a decorator, as syntax."""

    positional: tuple[ast.expr, ...] = ()
    named: Mapping[str, ast.expr] = Factory(dict)

    def flag(self, name: str) -> bool | None:
        """Return the truth value that is given for `name`, None where none is."""
        match self.named.get(name):
            case ast.Constant(value=bool() as value):
                return value
            case _:
                return None

    def text(self, name: str) -> str | None:
        """Return the string that is given for `name`, None where none is."""
        match self.named.get(name):
            case ast.Constant(value=str() as value):
                return value
            case _:
                return None

    def names(self, name: str) -> tuple[str, ...]:
        """Return the dotted names in the display that is given for `name`."""
        match self.named.get(name):
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                return tuple(found for each in elements if (found := _dotted(each)) is not None)
            case _:
                return ()


@cache
def read_arguments(text: str) -> Arguments:
    """Return the arguments in `text`; none where it is no Python."""
    try:
        call = ast.parse(f"_({text})", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Arguments()
    if not isinstance(call, ast.Call):
        return Arguments()
    named = {each.arg: each.value for each in call.keywords if each.arg is not None}
    return Arguments(tuple(call.args), named)


def find_default(arguments: Arguments) -> Default | None:
    """Return the default that a field specifier gives, None where the field has none.

    A default without name comes first, as in `attr.ib(0)` and `Field(...)`, the latter being none.
    """
    for name in _DEFAULTS:
        if name in arguments.named:
            return _make_default(arguments.named[name], is_value=name == "default")
    return _make_default(arguments.positional[0], is_value=True) if arguments.positional else None


def _make_default(node: ast.expr, is_value: bool) -> Default | None:
    match node:
        case ast.Constant(value=value) if value is ... and is_value:
            return None
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in _MISSING:
            return None
        case ast.Constant(value=bool() | int() | float() | str() | bytes() | None as value) if is_value:
            return Default(DefaultKind.LITERAL, repr(value))
        case _:
            return Default(DefaultKind.UNKNOWN, "...")


def implied_flag(path: str, name: str, names: Names) -> bool | None:
    """Return what the specifier at `path` takes for `name` by default, where all its overloads agree."""
    defaults = [
        {param.name: param.default for param in signature.params}.get(name)
        for signature in _signatures(path, names)
    ]
    texts = {default.text if default is not None else "" for default in defaults}
    return texts == {"True"} if texts in ({"True"}, {"False"}) else None


def _signatures(path: str, names: Names) -> tuple[Signature, ...]:
    match names.find(path):
        case Definition(Function() as function):
            return function.signatures
        case Definition(Class() as cls):
            return next((each.signatures for each in cls.methods if each.name == "__init__"), ())
        case _:
            return ()


def _dotted(node: ast.expr) -> str | None:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=owner, attr=name):
            outer = _dotted(owner)
            return None if outer is None else f"{outer}.{name}"
        case _:
            return None


# --- converters -----------------------------------------------------------------------------

_CONVERTED: Final[Mapping[str, BridgeType]] = {
    "builtins.int": UnionOf((INT, FLOAT, STRING, BYTES)),
    "builtins.float": UnionOf((FLOAT, STRING, BYTES)),
    "builtins.str": ANY,
    "builtins.bool": ANY,
}
_CONTAINERS: Final = frozenset(f"builtins.{name}" for name in ("list", "tuple", "set", "frozenset", "dict"))


def converted_type(converter: ast.expr, ty: BridgeType, module: str, names: Names) -> BridgeType:
    """Return what may be given where `converter`, written in `module`, makes a `ty` of it."""
    match converter:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=arguments):
            inner = converted_type(arguments[0], ty, module, names) if arguments else UNANNOTATED
            match name:
                case "optional":
                    return UnionOf((inner, NONE))
                case "default_if_none":
                    return UnionOf((ty, NONE))
                case "pipe" | "Converter":
                    return inner
                case _:
                    return UNANNOTATED
        case ast.List(elts=[first, *_]):
            return converted_type(first, ty, module, names)
        case _:
            name_given = _dotted(converter)
            return UNANNOTATED if name_given is None else _first_parameter(name_given, ty, module, names)


def _first_parameter(name: str, ty: BridgeType, module: str, names: Names) -> BridgeType:
    path = f"builtins.{name}"
    match names.find(f"{module}.{name}"):
        case Definition(Function() as function):
            return _join(_parameters(function, 0))
        case Definition(Class() as cls):
            made = next((each for each in cls.methods if each.name in ("__init__", "__new__")), None)
            return UNANNOTATED if made is None else _join(_parameters(made, 1))
        case External(found):
            path = found
        case _:
            pass
    return ty if path in _CONTAINERS else _CONVERTED.get(path, UNANNOTATED)


def _parameters(function: Function, index: int) -> Iterator[BridgeType]:
    for signature in function.signatures:
        yield from (param.type for param in signature.params[index : index + 1])


def _join(types: Iterator[BridgeType]) -> BridgeType:
    found = tuple(dict.fromkeys(types))
    return UnionOf(found) if len(found) > 1 else found[0] if found else UNANNOTATED
