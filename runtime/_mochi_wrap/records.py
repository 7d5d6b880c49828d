"""Converters of records and tuples."""

from __future__ import annotations

import operator
from _thread import RLock
from collections.abc import Callable, Collection, Mapping, Sequence

from .failures import ConversionError, fail, inside
from .modules import load_object
from .scalars import Converter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MISSING = object()


class _Fields:
    """Completes a class of records when somebody asks what its fields are."""

    def __get__(self, value: object, cls: type[Record]) -> Any:
        if cls is Record:
            raise AttributeError("__dataclass_fields__")
        _complete(cls)
        return vars(cls)["__dataclass_fields__"]


class Record:
    """The base of records: frozen dataclasses that become so when they are first used.

    A wrapper may declare hundreds, and making a dataclass takes a third of a millisecond.
    """

    __slots__ = ()
    __dataclass_fields__: Any = _Fields()

    def __init__(self, *values: Any, **named: Any) -> None:
        _complete(type(self))
        type(self).__init__(self, *values, **named)

    def __reduce__(self) -> tuple[Any, ...]:
        # Frozen instances take no state.
        names = type(self).__dataclass_fields__
        return type(self), tuple(getattr(self, name) for name in names)


def _complete(cls: type[Record]) -> None:
    """Make `cls` the dataclass that it declares. Its `__init__` is then one of its own."""
    from dataclasses import dataclass  # takes longer to import than most wrappers

    with _completing:
        if "__dataclass_fields__" in vars(cls):
            return
        # Looking for `ClassVar` in texts would need the module, which may be gone by now.
        annotations = cls.__annotations__
        cls.__annotations__ = dict.fromkeys(annotations, object)
        dataclass(frozen=True, init=False)(cls)
        cls.__annotations__ = annotations
        # The `__init__` that dataclasses make for frozen classes is half as fast.
        names = tuple(cls.__dataclass_fields__)
        apart = "_" * (1 + max((len(name) for name in names), default=0))
        setters = {f"{apart}{name}": vars(cls)[name].__set__ for name in names}
        lines = [f"    {apart}{name}({apart}, {name})\n" for name in names]
        header = f"def __init__({', '.join((apart, *names))}):\n"
        exec(f"{header}{''.join(lines) or '    pass'}", setters)
        made = setters["__init__"]
        made.__qualname__ = f"{cls.__qualname__}.__init__"
        cls.__init__ = made  # type: ignore[method-assign]


_completing = RLock()


def record_of(
    cls: Callable[..., Any], fields: Mapping[str, Converter], name: str
) -> Converter:
    """Make the converter of a Python value to the record `cls`.

    `fields` maps Python names to converters in the order of the record. A field is read
    as a key of a mapping, else as an attribute, else by its place in a tuple; an absent key
    is None.
    """
    names, converters = tuple(fields), tuple(fields.values())
    plain = len(names) > 1 and all(map(str.isidentifier, names))
    get = operator.attrgetter(*names) if plain else None

    def as_record(value: Any, where: str) -> Any:
        return cls(*_convert(converters, read(value, where), where, names))

    def read(value: Any, where: str) -> list[Any]:
        kind = type(value)
        if kind is tuple and len(value) == len(names):
            return list(value)
        if kind is dict or isinstance(value, Mapping):
            return [value.get(field) for field in names]
        if get is not None:
            try:
                return list(get(value))
            except AttributeError:
                pass
        found = [getattr(value, field, MISSING) for field in names]
        # `in` would ask for equality, and two arrays have no single answer to that.
        if all(item is not MISSING for item in found):
            return found
        if isinstance(value, (tuple, list)) and len(value) == len(fields):
            return list(value)
        return fail(where, name, value)

    return as_record


def to_record(
    make: Callable[..., Any],
    fields: Mapping[str, Converter],
    name: str,
    renamed: Mapping[str, str] | None = None,
) -> Converter:
    """Make the converter of a Mochi record to the Python value `make(**fields)`.

    `fields` maps Python names to converters, `renamed` those names to the Mochi names that
    differ from them.
    """
    names, converters = tuple(fields), tuple(fields.values())
    mochi_names = [(renamed or {}).get(field, field) for field in names]

    def from_record(value: Any, where: str) -> Any:
        found = [read_field(value, mochi, where, name) for mochi in mochi_names]
        given = _convert(converters, found, where, mochi_names)
        return make(**dict(zip(names, given, strict=True)))

    return from_record


def to_tuple(fields: Mapping[str, Converter], name: str) -> Converter:
    """Make the converter of a Mochi record to a tuple of its fields, by their Mochi names.

    A tuple or list of as many items is taken too.
    """
    names, converters = tuple(fields), tuple(fields.values())

    def from_record(value: Any, where: str) -> tuple[Any, ...]:
        if isinstance(value, (tuple, list)) and len(value) == len(fields):
            found = list(value)
        else:
            found = [read_field(value, mochi, where, name) for mochi in names]
        return tuple(_convert(converters, found, where, names))

    return from_record


def _convert(
    converters: Sequence[Converter],
    values: list[Any],
    where: str,
    names: Sequence[str],
) -> list[Any]:
    rest = iter(values)
    try:
        pairs = zip(converters, rest, strict=True)
        return [convert(item, where) for convert, item in pairs]
    except ConversionError as error:
        field = names[len(values) - operator.length_hint(rest) - 1]
        inside(error, where, f".{field}")
        raise


def make_dict(optional: Collection[str]) -> Callable[..., dict[str, Any]]:
    """Return the maker of a TypedDict: keys in `optional` are left out where the field is None."""

    def make(**fields: Any) -> dict[str, Any]:
        return {
            key: value
            for key, value in fields.items()
            if value is not None or key not in optional
        }

    return make


def make_object(path: str) -> Callable[..., Any]:
    """Return the maker of instances of the class at `path`, found at the first call."""

    def make(**fields: Any) -> Any:
        return load_object(path)(**fields)

    return make


def read_field(value: Any, field: str, where: str, name: str) -> Any:
    """Return `field` of a record of Mochi, which may come as a map."""
    is_map = isinstance(value, Mapping)
    found = value.get(field, MISSING) if is_map else getattr(value, field, MISSING)
    if found is MISSING:
        fail(where, f"{name} with a field {field}", value)
    return found
