"""The named types of Python that have a shape of their own.

    @typing.Optional<T>          =>  T | none
    @collections.abc.Mapping<K, V>  =>  map<K, V>

The table holds the types of `builtins`, `typing`, `collections`, `collections.abc` and `types`
whose values cross the boundary as data. Every other name stays a `Ref`. A missing type argument
is `Any`, as the typing specification says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from ..ir.items import Class, TypeParam
from ..ir.refusals import SkipReason
from ..ir.types import (
    ANY,
    BOOL,
    BYTES,
    FLOAT,
    INT,
    NEVER,
    NONE,
    STRING,
    AsyncOf,
    BridgeType,
    FunOf,
    IteratorOf,
    ListOf,
    MapOf,
    Ref,
    SelfType,
    SetOf,
    StreamOf,
    TupleOf,
    TypeObject,
    TypeVarRef,
    UnionOf,
    Unsupported,
)

Arguments: TypeAlias = tuple[BridgeType, ...]
Form: TypeAlias = Callable[[Arguments], BridgeType]


def find_form(path: str) -> Form | None:
    """Return what makes a shape of the type arguments of `path`, or None for a plain name."""
    return _FORMS.get(canonical_path(path))


def canonical_path(path: str) -> str:
    """Return the path under which the standard library documents the name `path`.

    `typing_extensions` repeats `typing`; `typing.Pattern` is `re.Pattern` (PEP 585).
    """
    if path.startswith("typing_extensions."):
        path = "typing." + path.removeprefix("typing_extensions.")
    return _HOMES.get(path, path) if path.startswith(("typing.", "builtins.")) else path


def find_known_variable(path: str) -> TypeParam | None:
    """Return the type variable that the standard library defines at `path`."""
    return TypeParam("AnyStr", constraints=(STRING, BYTES)) if path == "typing.AnyStr" else None


# Special bases that mean something to a class itself and never occur as the type of a value.
GENERIC = "typing.Generic"
PROTOCOL = "typing.Protocol"
NAMED_TUPLE = "typing.NamedTuple"
TYPED_DICT = "typing.TypedDict"


def is_protocol(cls: Class) -> bool:
    """Tell whether `cls`, bound by bind-names, is a protocol: only by naming `Protocol` itself (PEP 544)."""
    return any(isinstance(base, Ref) and base.path == PROTOCOL for base in cls.bases)


UNPACK = "typing.Unpack"


def _constant(ty: BridgeType) -> Form:
    return lambda arguments: ty


def _first(arguments: Arguments) -> BridgeType:
    return arguments[0] if arguments else ANY


def _last(arguments: Arguments) -> BridgeType:
    return arguments[-1] if arguments else ANY


def _list(arguments: Arguments) -> BridgeType:
    return ListOf(_first(arguments))


def _set(arguments: Arguments) -> BridgeType:
    return SetOf(_first(arguments))


def _map(arguments: Arguments) -> BridgeType:
    match arguments:
        case (key, value):
            return MapOf(key, value)
        case _:
            return MapOf(ANY, ANY)


def _counter(arguments: Arguments) -> BridgeType:
    return MapOf(_first(arguments), INT)


def _pairs(arguments: Arguments) -> BridgeType:
    return ListOf(TupleOf(arguments if len(arguments) == 2 else (ANY, ANY)))


def _iterator(arguments: Arguments) -> BridgeType:
    return IteratorOf(_first(arguments))


def _indexed_iterator(arguments: Arguments) -> BridgeType:
    return IteratorOf(TupleOf((INT, _first(arguments))))


def _stream(arguments: Arguments) -> BridgeType:
    return StreamOf(_first(arguments))


def _awaitable(arguments: Arguments) -> BridgeType:
    """`Awaitable[T]` has one argument, `Coroutine[Y, S, T]` three; the last is what it yields."""
    return AsyncOf(_last(arguments))


def _tuple(arguments: Arguments) -> BridgeType:
    return TupleOf(arguments) if arguments else ListOf(ANY)


def _optional(arguments: Arguments) -> BridgeType:
    return UnionOf((_first(arguments), NONE))


def _union(arguments: Arguments) -> BridgeType:
    return UnionOf(arguments) if len(arguments) > 1 else _first(arguments)


def _type_object(arguments: Arguments) -> BridgeType:
    return TypeObject(_first(arguments))


def _callable(arguments: Arguments) -> BridgeType:
    return FunOf(None, _last(arguments))


def _unpack(arguments: Arguments) -> BridgeType:
    """`Unpack[Ts]` is the variable itself; `Unpack` of a class is left to unpack-keywords (PEP 692)."""
    match arguments:
        case (TypeVarRef() as variable,):
            return variable
        case (TupleOf((only,)),):
            return only
        case (Ref(),):
            return Ref(UNPACK, arguments)
        case _:
            return ANY


def _concatenate(arguments: Arguments) -> BridgeType:
    return Unsupported(SkipReason.PARAM_SPEC, "Concatenate")


_ABSTRACT: Mapping[str, Form] = {
    "Iterable": _list,
    "Sequence": _list,
    "MutableSequence": _list,
    "Collection": _list,
    "Container": _list,
    "Reversible": _list,
    "KeysView": _list,
    "ValuesView": _list,
    "ItemsView": _pairs,
    "MappingView": _list,
    "MutableSet": _set,
    "Mapping": _map,
    "MutableMapping": _map,
    "Iterator": _iterator,
    "Generator": _iterator,
    "AsyncIterable": _stream,
    "AsyncIterator": _stream,
    "AsyncGenerator": _stream,
    "Awaitable": _awaitable,
    "Coroutine": _awaitable,
    "ByteString": _constant(BYTES),
    "Hashable": _constant(ANY),
    "Sized": _constant(ANY),
    "Callable": _callable,
}

_HOMES: Mapping[str, str] = {
    **{f"typing.{name}": f"collections.abc.{name}" for name in _ABSTRACT},
    "typing.AbstractSet": "collections.abc.Set",
    "typing.Pattern": "re.Pattern",
    "typing.Match": "re.Match",
    "typing.ContextManager": "contextlib.AbstractContextManager",
    "typing.AsyncContextManager": "contextlib.AbstractAsyncContextManager",
    "typing.OrderedDict": "collections.OrderedDict",
    "typing.DefaultDict": "collections.defaultdict",
    "typing.Counter": "collections.Counter",
    "typing.ChainMap": "collections.ChainMap",
    "typing.Deque": "collections.deque",
    "typing.Buffer": "collections.abc.Buffer",
    "builtins.IOError": "builtins.OSError",
    "builtins.EnvironmentError": "builtins.OSError",
}

_BUILTINS: Mapping[str, Form] = {
    "bool": _constant(BOOL),
    "int": _constant(INT),
    "float": _constant(FLOAT),
    "str": _constant(STRING),
    "bytes": _constant(BYTES),
    "object": _constant(ANY),
    "list": _list,
    "set": _set,
    "frozenset": _set,
    "dict": _map,
    "tuple": _tuple,
    "type": _type_object,
    "range": _constant(ListOf(INT)),
    "map": _iterator,
    "filter": _iterator,
    "reversed": _iterator,
    "enumerate": _indexed_iterator,
    "zip": _iterator,
    # Functions that are written where `typing.Callable` and `typing.Any` are meant.
    "callable": _callable,
    "any": _constant(ANY),
    "function": _callable,
}

_COLLECTIONS: Mapping[str, Form] = {
    "OrderedDict": _map,
    "defaultdict": _map,
    "Counter": _counter,
    "ChainMap": _map,
    "deque": _list,
}

_TYPING: Mapping[str, Form] = {
    "Any": _constant(ANY),
    "AnyStr": _constant(TypeVarRef("AnyStr")),
    "Optional": _optional,
    "Union": _union,
    "List": _list,
    "Set": _set,
    "FrozenSet": _set,
    "Dict": _map,
    "Tuple": _tuple,
    "Type": _type_object,
    "Text": _constant(STRING),
    "LiteralString": _constant(STRING),
    "Self": _constant(SelfType()),
    "TypeGuard": _constant(BOOL),
    "TypeIs": _constant(BOOL),
    "NoReturn": _constant(NEVER),
    "Never": _constant(NEVER),
    "Annotated": _first,
    "Final": _first,
    "ClassVar": _first,
    "Required": _first,
    "NotRequired": _first,
    "ReadOnly": _first,
    "Unpack": _unpack,
    "Concatenate": _concatenate,
    "SupportsInt": _constant(INT),
    "SupportsIndex": _constant(INT),
    "SupportsFloat": _constant(FLOAT),
    "SupportsBytes": _constant(BYTES),
}

_PATHS = UnionOf((STRING, Ref("os.PathLike")))

# `_typeshed` exists only for type checkers; stubs import its names (typeshed, stdlib/_typeshed).
_TYPESHED: Mapping[str, Form] = {
    "Incomplete": _constant(ANY),
    "Unused": _constant(ANY),
    "MaybeNone": _constant(ANY),
    "StrPath": _constant(_PATHS),
    "BytesPath": _constant(UnionOf((BYTES, Ref("os.PathLike")))),
    "StrOrBytesPath": _constant(UnionOf((STRING, BYTES, Ref("os.PathLike")))),
    "GenericPath": _constant(_PATHS),
    "FileDescriptor": _constant(INT),
    "FileDescriptorOrPath": _constant(UnionOf((INT, STRING, BYTES, Ref("os.PathLike")))),
    "ReadableBuffer": _constant(BYTES),
    "WriteableBuffer": _constant(Ref("builtins.bytearray")),
    "ConvertibleToInt": _constant(UnionOf((INT, FLOAT, STRING, BYTES))),
    "ConvertibleToFloat": _constant(UnionOf((FLOAT, STRING, BYTES))),
}

_FORMS: Mapping[str, Form] = {
    **{f"builtins.{name}": form for name, form in _BUILTINS.items()},
    **{f"collections.{name}": form for name, form in _COLLECTIONS.items()},
    **{f"collections.abc.{name}": form for name, form in _ABSTRACT.items()},
    **{f"typing.{name}": form for name, form in _TYPING.items()},
    **{f"_typeshed.{name}": form for name, form in _TYPESHED.items()},
    "collections.abc.Set": _set,
    "collections.abc.Buffer": _constant(BYTES),
    "types.NoneType": _constant(NONE),
    "types.MappingProxyType": _map,
    "types.GeneratorType": _iterator,
    "types.CoroutineType": _awaitable,
    "types.AsyncGeneratorType": _stream,
    "types.FunctionType": _callable,
    "types.MethodType": _callable,
    "types.BuiltinFunctionType": _callable,
}
