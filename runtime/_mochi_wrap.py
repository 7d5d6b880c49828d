"""What every wrapper shares: lazy modules, checked conversion of values, call options.

This file is copied beside the wrappers and imported by them as `_mochi_wrap`. It needs
nothing but the standard library (Python 3.11 and later).

A *converter* is a function `(value, where) -> value`: it returns what the other side may
have, or raises `ConversionError`, which names `where` (the wrapper function), the expected
and the actual type. `as_*` converters serve both directions, `*_of` converters are built
from others, and `to_*` converters lead from Mochi to Python only.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import operator
import sys
import threading
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Set
from types import ModuleType
from typing import Any, NoReturn

Converter = Callable[[Any, str], Any]

# --- errors -----------------------------------------------------------------------------


class ConversionError(TypeError):
    """A value does not have the declared type. `expected` and `actual` are type names."""

    def __init__(self, where: str, expected: str, actual: str) -> None:
        super().__init__(f"{where}: expected {expected}, got {actual}")
        self.where = where
        self.expected = expected
        self.actual = actual


class OptionError(TypeError):
    """An option of a `…_with` call is unknown, or cannot be given without another one."""


class LoopError(RuntimeError):
    """An asynchronous function was called from inside a running event loop."""


def type_name(value: object) -> str:
    """Return the name of the type of `value` as error messages show it."""
    cls = type(value)
    if cls is type(None):
        return "None"
    return (
        cls.__qualname__
        if cls.__module__ == "builtins"
        else f"{cls.__module__}.{cls.__qualname__}"
    )


def fail(where: str, expected: str, value: object) -> NoReturn:
    """Raise the `ConversionError` for `value`."""
    raise ConversionError(where, expected, type_name(value))


# --- modules ----------------------------------------------------------------------------


class LazyModule:
    """Stands for a module until its first use, then replaces itself in `namespace`."""

    __slots__ = ("_name", "_namespace", "_variable")

    def __init__(self, name: str, namespace: dict[str, Any], variable: str) -> None:
        self._name = name
        self._namespace = namespace
        self._variable = variable

    def _load(self) -> ModuleType:
        module = importlib.import_module(self._name)
        self._namespace[self._variable] = module
        return module

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._load(), attribute)

    def __repr__(self) -> str:
        return f"<module {self._name!r}, not imported yet>"


def lazy_module(name: str, namespace: dict[str, Any], variable: str) -> Any:
    """Return a stand-in for module `name`, to be kept as `variable` in `namespace`.

    A module that is loaded already is returned as it is.
    """
    return sys.modules.get(name) or LazyModule(name, namespace, variable)


def find_loaded(path: str) -> Any:
    """Return the object at the dotted `path`, or None. Imports nothing.

    Where a package has a module and an attribute of one name, the attribute is meant.
    """
    head, tail = path, ""
    while head:
        module = sys.modules.get(head)
        if module is not None:
            if not tail:
                parent, _, last = head.rpartition(".")
                return getattr(sys.modules.get(parent), last, module)
            try:
                return operator.attrgetter(tail)(module)
            except AttributeError:
                return None
        head, _, last = head.rpartition(".")
        tail = f"{last}.{tail}" if tail else last
    return None


def load_object(path: str) -> Any:
    """Return the object at the dotted `path`, importing the modules on the way."""
    found = find_loaded(path)
    if found is not None:
        return found
    parts = path.split(".")
    for end in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[:end])
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not (
                name == error.name or name.startswith(f"{error.name}.")
            ):
                raise
            continue
        return operator.attrgetter(".".join(parts[end:]))(module)
    raise AttributeError(f"nothing is importable at {path}")


# --- scalars ----------------------------------------------------------------------------

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1


def as_any(value: Any, where: str) -> Any:
    """Return `value` as it is."""
    return value


def as_none(value: Any, where: str) -> None:
    """Return None for whatever a function without a result returned."""


def as_bool(value: Any, where: str) -> bool:
    """Convert a bool, or an array scalar of booleans."""
    if type(value) is bool:
        return value
    if _array_scalar_kind(value) == "b":
        return bool(value)
    fail(where, "bool", value)


def as_int(value: Any, where: str) -> int:
    """Convert an int of any size: not a bool, but what has `__index__` (PEP 357)."""
    if type(value) is int:
        return value
    if isinstance(value, bool) or not hasattr(type(value), "__index__"):
        fail(where, "int", value)
    try:
        return int(operator.index(value))
    except TypeError:
        fail(where, "int", value)


def as_int64(value: Any, where: str) -> int:
    """Convert an int of at most 64 bits."""
    number = as_int(value, where)
    if INT64_MIN <= number <= INT64_MAX:
        return number
    raise ConversionError(where, "an int of 64 bits", "a larger one")


def as_float(value: Any, where: str) -> float:
    """Convert a float, an int (PEP 484, the numeric tower), or what has `__float__`."""
    if type(value) is float:
        return value
    cls = type(value)
    if isinstance(value, bool) or not (
        hasattr(cls, "__float__") or hasattr(cls, "__index__")
    ):
        fail(where, "float", value)
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        fail(where, "float", value)


def as_string(value: Any, where: str) -> str:
    """Convert a str; a value of a subclass gives the text it holds."""
    if type(value) is str:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    fail(where, "string", value)


def as_bytes(value: Any, where: str) -> bytes:
    """Convert bytes; a bytearray or memoryview is copied."""
    if type(value) is bytes:
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    fail(where, "bytes", value)


def _array_scalar_kind(value: Any) -> str | None:
    """Return the kind letter of an array scalar (`b` for booleans), by the array interface."""
    interface = getattr(value, "__array_interface__", None)
    if isinstance(interface, dict) and interface.get("shape") == ():
        return str(interface.get("typestr", "  "))[1]
    return None


# --- containers -------------------------------------------------------------------------


def list_of(element: Converter, name: str = "list") -> Converter:
    """Make the converter of an iterable to a list. A string is not taken for a list."""

    def as_list(value: Any, where: str) -> list[Any]:
        if isinstance(value, str):
            fail(where, name, value)
        try:
            items: Iterable[Any] = iter(value)
        except TypeError:
            fail(where, name, value)
        if element is as_any:
            return list(items)
        try:
            return [element(item, where) for item in items]
        except ConversionError as error:
            inside(error, where, name, value)

    return as_list


def set_of(element: Converter, name: str = "set") -> Converter:
    """Make the converter of a set or another iterable to a set."""
    convert = list_of(element, name)

    def as_set(value: Any, where: str) -> set[Any]:
        items = convert(value, where)
        try:
            return set(items)
        except TypeError:
            fail(where, f"{name} of hashable items", value)

    return as_set


def map_of(key: Converter, element: Converter, name: str = "map") -> Converter:
    """Make the converter of a mapping to a dict."""

    def as_map(value: Any, where: str) -> dict[Any, Any]:
        if type(value) is not dict and not isinstance(value, Mapping):
            fail(where, name, value)
        try:
            return {key(k, where): element(v, where) for k, v in value.items()}
        except ConversionError as error:
            inside(error, where, name, value)

    return as_map


def to_list(element: Converter, name: str = "list") -> Converter:
    """Make the converter of a list that flows in: the list itself where its items stay as they are."""
    convert = list_of(element, name)

    def from_list(value: Any, where: str) -> list[Any]:
        items: list[Any] = convert(value, where)
        same = type(value) is list and all(map(operator.is_, items, value))
        return value if same else items

    return from_list


def to_map(key: Converter, element: Converter, name: str = "map") -> Converter:
    """Make the converter of a dict that flows in: the dict itself where its items stay as they are."""
    convert = map_of(key, element, name)

    def from_map(value: Any, where: str) -> dict[Any, Any]:
        items: dict[Any, Any] = convert(value, where)
        pairs = zip((items, items.values()), (value, value.values()), strict=True)
        same = type(value) is dict and all(
            all(map(operator.is_, *pair)) for pair in pairs
        )
        return value if same else items

    return from_map


def entries_of(
    entry: Callable[[Any, Any], Any],
    key: Converter,
    element: Converter,
    name: str = "list",
) -> Converter:
    """Make the converter of a mapping to a list of records `entry(key, value)`.

    For mappings whose keys Mochi's maps cannot have.
    """

    def as_entries(value: Any, where: str) -> list[Any]:
        if not isinstance(value, Mapping):
            fail(where, name, value)
        try:
            return [entry(key(k, where), element(v, where)) for k, v in value.items()]
        except ConversionError as error:
            inside(error, where, name, value)

    return as_entries


def to_entries(key: Converter, element: Converter, name: str = "list") -> Converter:
    """Make the converter of a list of records with `key` and `value` to a dict."""

    def from_entries(value: Any, where: str) -> dict[Any, Any]:
        if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
            fail(where, name, value)
        try:
            return {
                key(_read_field(item, "key", where, name), where): element(
                    _read_field(item, "value", where, name), where
                )
                for item in value
            }
        except ConversionError as error:
            inside(error, where, name, value)

    return from_entries


def option_of(inner: Converter) -> Converter:
    """Make the converter that lets None pass and converts anything else."""

    def as_option(value: Any, where: str) -> Any:
        return None if value is None else inner(value, where)

    return as_option


def inside(
    error: ConversionError, where: str, expected: str, value: object
) -> NoReturn:
    """Raise anew what went wrong with a part of `value`."""
    if error.where != where:
        raise error
    part = f"{type_name(value)} with {error.actual} in place of {error.expected}"
    raise ConversionError(where, expected, part) from None


def function_of(
    parameters: tuple[Converter, ...] | None, result: Converter, name: str = "fun"
) -> Converter:
    """Make the converter of a function: `parameters` lead inward, `result` comes back.

    With `as_any` everywhere the function itself is handed on. Without `parameters` it takes any.
    """
    plain = result is as_any and all(p is as_any for p in parameters or ())

    def as_function(value: Any, where: str) -> Any:
        if not callable(value):
            fail(where, name, value)
        if plain or (_is_coroutine_function(value) and not _waits(result)):
            return value
        if parameters is None:

            def call_with_any(*places: Any, **named: Any) -> Any:
                return result(value(*places, **named), where)

            return _named_like(value, call_with_any)

        def call(*places: Any, **named: Any) -> Any:
            # Mochi's functions have no keywords; Python gives its own in their order.
            arguments = (*places, *named.values())
            if len(arguments) != len(parameters):
                raise ConversionError(
                    where, f"a call of {name}", f"one with {len(arguments)} arguments"
                )
            converted = [
                convert(argument, where)
                for convert, argument in zip(parameters, arguments, strict=True)
            ]
            return result(value(*converted), where)

        return _named_like(value, call)

    return as_function


def _is_coroutine_function(function: Any) -> bool:
    """Tell an `async def` of Python's own, which is handed on as it is, from a function of Mochi."""
    code = getattr(function, "__code__", None)
    return bool(getattr(code, "co_flags", 0) & _CO_COROUTINE)


_CO_COROUTINE = 0x80


def _waits(convert: Converter) -> bool:
    """Tell whether `convert` was made by `awaited`: then a coroutine function comes out of Python."""
    return getattr(convert, "__qualname__", "") == "awaited.<locals>.wait"


"""`inspect.CO_COROUTINE`, without the time that importing inspect takes."""


def _named_like(function: Any, call: Callable[..., Any]) -> Callable[..., Any]:
    """Give `call` the name and signature of `function`: packages register functions by them."""
    return functools.update_wrapper(call, function)


def async_function_of(
    parameters: tuple[Converter, ...] | None, result: Converter, name: str = "fun"
) -> Converter:
    """Make the converter of a function to a coroutine function, for where Python awaits the call.

    An asynchronous function of Python's own is handed on as it is.
    """
    convert = function_of(parameters, as_any, name)

    def as_function(value: Any, where: str) -> Any:
        function = convert(value, where)
        if _is_coroutine_function(function):
            return function

        async def call(*arguments: Any, **named: Any) -> Any:
            found = function(*arguments, **named)
            return result(await found if isinstance(found, Awaitable) else found, where)

        return _named_like(value, call)

    return as_function


def waiting_function_of(
    parameters: tuple[Converter, ...] | None, result: Converter, name: str = "fun"
) -> Converter:
    """Make the converter of a function that waits for what it is given to a coroutine function.

    It runs in a thread of its own, so that the loop goes on meanwhile and what it waits for can come.
    """
    convert = function_of(parameters, as_any, name)

    def as_function(value: Any, where: str) -> Any:
        function = convert(value, where)
        if _is_coroutine_function(function):
            return function

        async def call(*arguments: Any, **named: Any) -> Any:
            import asyncio

            loop = asyncio.get_running_loop()

            def run() -> Any:
                _loops.outer = loop
                try:
                    return function(*arguments, **named)
                finally:
                    _loops.outer = None

            found = await asyncio.to_thread(run)
            return result(await found if isinstance(found, Awaitable) else found, where)

        return _named_like(value, call)

    return as_function


# --- awaitables and streams -------------------------------------------------------------


def awaited(inner: Converter) -> Converter:
    """Make the converter of an awaitable to what it yields; the wrapper waits for it."""

    def wait(value: Any, where: str) -> Any:
        if not isinstance(value, Awaitable):
            fail(where, "an awaitable", value)
        return inner(run_async(value, where), where)

    return wait


def to_awaitable(inner: Converter) -> Converter:
    """Make the converter of a value to an awaitable of it; an awaitable is handed on."""

    def give(value: Any, where: str) -> Any:
        if isinstance(value, Awaitable):
            return value
        found = inner(value, where)

        async def yield_value() -> Any:
            return found

        return yield_value()

    return give


class Stream:
    """An asynchronous iterator as Mochi reads it: `next(stream)` drives it to its next value.

    Python code may go on with it asynchronously.
    """

    __slots__ = ("_convert", "_loop", "_owned", "_source", "_where")

    def __init__(self, source: Any, convert: Converter, where: str) -> None:
        self._source = source
        self._convert = convert
        self._where = where
        self._loop: Any = None
        self._owned = False

    def __aiter__(self) -> Any:
        return self._source

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Any:
        if self._loop is None:
            self._loop, self._owned = own_loop()
        try:
            found = drive(self._loop, self._source.__anext__(), self._where)
        except StopAsyncIteration:
            self.close()
            raise StopIteration from None
        return self._convert(found, self._where)

    def close(self) -> None:
        """Give up the loop in which the values are made; a new one is made where that is needed."""
        loop, self._loop = self._loop, None
        if self._owned and loop is not None and not loop.is_closed():
            close_loop(loop)

    def __del__(self) -> None:
        if self._owned and self._loop is not None and not is_loop_running():
            self.close()


def stream_of(element: Converter, name: str = "stream") -> Converter:
    """Make the converter of an asynchronous iterable to a `Stream`."""

    def as_stream(value: Any, where: str) -> Any:
        if not hasattr(type(value), "__aiter__"):
            fail(where, name, value)
        return Stream(value.__aiter__(), element, where)

    return as_stream


def to_stream(element: Converter, name: str = "stream") -> Converter:
    """Make the converter of a stream, or of any iterable, to an asynchronous iterator."""

    def from_stream(value: Any, where: str) -> Any:
        if isinstance(value, Stream) or hasattr(type(value), "__aiter__"):
            return value.__aiter__()
        if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
            fail(where, name, value)

        async def give() -> Any:
            for item in value:
                yield element(item, where)

        return give()

    return from_stream


# --- iterators --------------------------------------------------------------------------

_END = object()


class LazyIterator:
    """An iterator as a handle. The wrapper converts what its methods return."""

    __slots__ = ("_ahead", "_source")

    def __init__(self, source: Any) -> None:
        self._source = source
        self._ahead: Any = _END

    def __iter__(self) -> LazyIterator:
        return self

    def __next__(self) -> Any:
        if self._ahead is _END:
            return next(self._source)
        found, self._ahead = self._ahead, _END
        return found

    def next(self) -> Any:
        """Return the next value, or None at the end."""
        return next(self, None)

    def has_next(self) -> bool:
        """Tell whether there is another value, which is made if need be."""
        if self._ahead is _END:
            self._ahead = next(self._source, _END)
        return self._ahead is not _END

    def rest(self) -> list[Any]:
        """Return the values that are left."""
        return list(self)

    def close(self) -> None:
        """Let a generator clean up; there are no more values then."""
        close = getattr(self._source, "close", None)
        if close is not None:
            close()
        self._source, self._ahead = iter(()), _END


def iterator_of(name: str) -> Converter:
    """Make the converter of an iterable to a `LazyIterator`."""

    def as_iterator(value: Any, where: str) -> Any:
        if isinstance(value, LazyIterator):
            return value
        if isinstance(value, str) or not isinstance(value, Iterable):
            fail(where, name, value)
        return LazyIterator(iter(value))

    return as_iterator


def having(method: str, name: str) -> Converter:
    """Make the converter of a handle whose values are known by a special method."""

    def as_handle(value: Any, where: str) -> Any:
        return value if hasattr(type(value), method) else fail(where, name, value)

    return as_handle


# --- context managers -------------------------------------------------------------------


def run_with(manager: Any, body: Any) -> Any:
    """Return what `body` makes of the value of `manager`, which is left whatever happens.

    None where the manager swallows an error of the body.
    """
    with manager as value:
        return body(value)


def run_async_with(manager: Any, body: Any, where: str) -> Any:
    """Do `run_with` for an asynchronous manager; `body` is synchronous, and shares its loop."""
    if is_loop_running():
        raise LoopError(_LOOP_MESSAGE.format(where))
    loop, owned = own_loop()
    outer, _loops.current = getattr(_loops, "current", None), loop
    cls = type(manager)
    try:
        value = drive(loop, cls.__aenter__(manager), where)
        try:
            result = body(value)
        except BaseException as error:
            if not drive(
                loop,
                cls.__aexit__(manager, type(error), error, error.__traceback__),
                where,
            ):
                raise
            return None
        drive(loop, cls.__aexit__(manager, None, None, None), where)
        return result
    finally:
        _loops.current = outer
        if owned:
            close_loop(loop)


# --- handles ----------------------------------------------------------------------------


def handle_of(path: str, name: str) -> Converter:
    """Make the converter of a handle: the object itself, checked to be of the class at `path`.

    The class is looked up among the loaded modules. One that is not found there, that is a
    protocol, or that only type checkers know the instances of (`typing.IO`), is not checked.
    A class that looks like an enum may have members of another class.
    """
    known: list[type] = []

    def as_handle(value: Any, where: str) -> Any:
        if known:
            if isinstance(value, known[0]):
                return value
        else:
            cls = find_loaded(path)
            if not _is_checkable(cls):
                return value
            known.append(cls)
            if isinstance(value, cls):
                return value
        if not _is_named_by(known[0], value):
            fail(where, name, value)
        return value

    return as_handle


def _is_named_by(cls: type, value: Any) -> bool:
    return type(value).__module__ != "builtins" and any(
        member is value for member in vars(cls).values()
    )


def _is_checkable(cls: Any) -> bool:
    return (
        isinstance(cls, type)
        and cls.__module__ != "typing"
        and not getattr(cls, "_is_protocol", False)
    )


def cast_down(value: Any, cls: Any, where: str) -> Any:
    """Return `value`, which must be an instance of `cls`."""
    if _is_checkable(cls) and not isinstance(value, cls):
        fail(where, cls.__qualname__, value)
    return value


def find_type(module: str, types: Mapping[str, str], name: str) -> Any:
    """Return the class behind handle type `name` of wrapper `module`, as `module.__getattr__`."""
    if name in types:
        return load_object(types[name])
    raise AttributeError(f"module {module!r} has no attribute {name!r}")


# --- records ----------------------------------------------------------------------------

_MISSING = object()


def record_of(
    cls: Callable[..., Any], fields: Mapping[str, Converter], name: str
) -> Converter:
    """Make the converter of a Python value to the record `cls`.

    `fields` maps Python names to converters in the order of the record. A field is read
    as a key of a mapping, else as an attribute, else by its place in a tuple; an absent key
    is None.
    """

    def as_record(value: Any, where: str) -> Any:
        try:
            found = zip(fields.values(), read(value, where), strict=True)
            return cls(*[convert(item, where) for convert, item in found])
        except ConversionError as error:
            inside(error, where, name, value)

    def read(value: Any, where: str) -> list[Any]:
        if isinstance(value, Mapping):
            return [value.get(field) for field in fields]
        found = [getattr(value, field, _MISSING) for field in fields]
        # `in` would ask for equality, and two arrays have no single answer to that.
        if all(item is not _MISSING for item in found):
            return found
        if isinstance(value, (tuple, list)) and len(value) == len(fields):
            return list(value)
        fail(where, name, value)

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
    mochi_names = [(renamed or {}).get(field, field) for field in fields]

    def from_record(value: Any, where: str) -> Any:
        found = [_read_field(value, mochi, where, name) for mochi in mochi_names]
        try:
            pairs = zip(fields.items(), found, strict=True)
            return make(
                **{field: convert(item, where) for (field, convert), item in pairs}
            )
        except ConversionError as error:
            inside(error, where, name, value)

    return from_record


def to_tuple(fields: Mapping[str, Converter], name: str) -> Converter:
    """Make the converter of a Mochi record to a tuple of its fields, by their Mochi names.

    A tuple or list of as many items is taken too.
    """

    def from_record(value: Any, where: str) -> tuple[Any, ...]:
        if isinstance(value, (tuple, list)) and len(value) == len(fields):
            found = list(value)
        else:
            found = [_read_field(value, mochi, where, name) for mochi in fields]
        try:
            pairs = zip(fields.values(), found, strict=True)
            return tuple(convert(item, where) for convert, item in pairs)
        except ConversionError as error:
            inside(error, where, name, value)

    return from_record


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


def _read_field(value: Any, field: str, where: str, name: str) -> Any:
    is_map = isinstance(value, Mapping)
    found = value.get(field, _MISSING) if is_map else getattr(value, field, _MISSING)
    if found is _MISSING:
        fail(where, f"{name} with a field {field}", value)
    return found


# --- enums ----------------------------------------------------------------------------


class Case:
    """A variant without fields. Two cases are equal when they are of one class."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def enum_of(cases: Mapping[str, Callable[[], Any]], name: str) -> Converter:
    """Make the converter of an enum member to its variant, by the name of the member."""
    made: dict[str, Any] = {}

    def as_variant(value: Any, where: str) -> Any:
        member = getattr(value, "name", None)
        if not isinstance(member, str) or member not in cases:
            fail(where, name, value)
        if member not in made:
            made[member] = cases[member]()
        return made[member]

    return as_variant


def to_enum(path: str, cases: Mapping[str, str], name: str) -> Converter:
    """Make the converter of a variant to the member of the enum at `path`.

    `cases` maps names of variants to names of members. A variant is known by the name of
    its class, so that the ones of a Mochi program are taken too.
    """

    def from_variant(value: Any, where: str) -> Any:
        cls = load_object(path)
        if isinstance(value, cls):
            return value
        member = cases.get(type(value).__name__)
        if member is None:
            fail(where, name, value)
        return getattr(cls, member)

    return from_variant


# --- which type a value is of -----------------------------------------------------------

Test = Callable[[Any], "bool | None"]
"""Tells whether a value is of a type; None where that cannot be told from the value."""

_LOOK = 8
"""How many items of a container are looked at to tell its type."""


def is_bool(value: Any) -> bool:
    """Tell whether `value` is a bool or an array scalar of booleans."""
    return type(value) is bool or _array_scalar_kind(value) == "b"


def is_int(value: Any) -> bool:
    """Tell whether `value` is an int or an array scalar of integers, but no bool."""
    if isinstance(value, int):
        return not isinstance(value, bool)
    return _array_scalar_kind(value) in ("i", "u")


def is_float(value: Any) -> bool:
    """Tell whether `value` is a number that is no bool: every int is a float too (PEP 484)."""
    if isinstance(value, (float, int)):
        return not isinstance(value, bool)
    return _array_scalar_kind(value) in ("f", "i", "u")


def is_complex(value: Any) -> bool:
    """Tell whether `value` is a complex number or an array scalar of these."""
    return isinstance(value, complex) or _array_scalar_kind(value) == "c"


def is_string(value: Any) -> bool:
    """Tell whether `value` is a str."""
    return isinstance(value, str)


def is_bytes(value: Any) -> bool:
    """Tell whether `value` holds bytes."""
    return isinstance(value, (bytes, bytearray, memoryview))


def is_anything(value: Any) -> None:
    """Tell nothing."""


def is_option(inner: Test) -> Test:
    """Make the test for None, and for what `inner` takes."""
    return lambda value: True if value is None else inner(value)


def is_any_of(tests: tuple[Test, ...]) -> Test:
    """Make the test for what one of `tests` takes."""

    def is_one(value: Any) -> bool | None:
        answers = [test(value) for test in tests]
        return True if any(answers) else None if None in answers else False

    return is_one


def is_list(element: Test | None = None) -> Test:
    """Make the test for what crosses as a list; `element` tests the first of its items."""

    def is_list_of(value: Any) -> bool | None:
        if isinstance(value, (str, bytes, bytearray, Mapping)):
            return False
        if not isinstance(value, Iterable):
            return False
        if element is None or iter(value) is value:
            return True
        return _all(map(element, itertools.islice(value, _LOOK)))

    return is_list_of


def is_set(element: Test | None = None) -> Test:
    """Make the test for a set; `element` tests the first of its items."""

    def is_set_of(value: Any) -> bool | None:
        if not isinstance(value, Set):
            return False
        return element is None or _all(map(element, itertools.islice(value, _LOOK)))

    return is_set_of


def is_map(key: Test | None = None, element: Test | None = None) -> Test:
    """Make the test for a mapping; `key` and `element` test the first of its items."""

    def is_map_of(value: Any) -> bool | None:
        if not isinstance(value, Mapping):
            return False
        first = list(itertools.islice(value.items(), _LOOK))
        answers = [key(k) for k, _ in first] if key else []
        return _all([*answers, *([element(v) for _, v in first] if element else [])])

    return is_map_of


def is_tuple(elements: tuple[Test, ...], kinds: tuple[type, ...] = (tuple,)) -> Test:
    """Make the test for a tuple with these items, or for another one of `kinds`."""

    def is_tuple_of(value: Any) -> bool | None:
        if not isinstance(value, kinds) or len(value) != len(elements):
            return False
        return _all([test(item) for test, item in zip(elements, value, strict=True)])

    return is_tuple_of


def is_dict(required: Collection[str], known: Collection[str]) -> Test:
    """Make the test for a TypedDict: it has all `required` keys and only `known` ones."""
    return lambda value: (
        isinstance(value, Mapping)
        and all(key in value for key in required)
        and all(key in known for key in value)
    )


def is_record(name: str, fields: Collection[str]) -> Test:
    """Make the test for a record of Mochi: an object of class `name`, or with these fields."""

    def is_record_of(value: Any) -> bool:
        if type(value).__name__ == name:
            return True
        if isinstance(value, Mapping):
            return all(field in value for field in fields)
        return all(hasattr(value, field) for field in fields)

    return is_record_of


def is_case(names: Collection[str]) -> Test:
    """Make the test for a variant of Mochi, by the names of its cases."""
    return lambda value: type(value).__name__ in names


def is_awaitable(value: Any) -> bool:
    """Tell whether `value` can be awaited."""
    return hasattr(type(value), "__await__")


def is_stream(value: Any) -> bool:
    """Tell whether `value` is iterated asynchronously."""
    return hasattr(type(value), "__aiter__")


def is_instance(path: str) -> Test:
    """Make the test for an instance of the class at `path`."""
    return InstanceTest(path)


class InstanceTest:
    """The test for an instance of the class at `path`.

    Where no module of its package is loaded there can be none, but of a private name, which
    may be a protocol. Nothing is told for a class that is not there, or of which only type
    checkers know the instances.
    """

    __slots__ = ("_cls", "_path")

    def __init__(self, path: str) -> None:
        self._path = path
        self._cls: Any = None

    def __call__(self, value: Any) -> bool | None:
        if self._cls is None:
            self._cls = _find_class(self._path)
            if self._cls is None:
                return None if "._" in self._path else False
        try:
            return None if self._cls is _UNKNOWN else isinstance(value, self._cls)
        except TypeError:
            return None

    def narrows(self, other: InstanceTest) -> bool:
        """Tell whether this class is a subclass of that of `other`; a value is of both."""
        return issubclass(self._cls, other._cls)


_UNKNOWN = object()


def _find_class(path: str) -> Any:
    """Return the class at `path` to test with, or None where its package is not loaded yet.

    Returns `_UNKNOWN` for what is not there and for what is no class to test with.
    """
    top = path.partition(".")[0]
    if top not in sys.modules and _is_installed(top):
        return None
    try:
        cls = load_object(path)
    except Exception:
        return _UNKNOWN
    protocol = getattr(cls, "_is_protocol", False)
    if not isinstance(cls, type) or cls.__module__ == "typing":
        return _UNKNOWN
    return (
        cls if not protocol or getattr(cls, "_is_runtime_protocol", False) else _UNKNOWN
    )


def _is_installed(top: str) -> bool:
    import importlib.util

    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False


def _all(answers: Iterable[bool | None]) -> bool | None:
    """Return False for one False, None for one that is not told, else True."""
    unsure = False
    for answer in answers:
        if answer is None:
            unsure = True
        elif not answer:
            return False
    return None if unsure else True


# What the tests of scalars take without looking: a value of exactly this type.
_EXACT: dict[Test, tuple[type, ...]] = {
    is_bool: (bool,),
    is_int: (int,),
    is_float: (float, int),
    is_string: (str,),
    is_bytes: (bytes,),
}

# --- unions and literals ----------------------------------------------------------------


def variant_of(
    cases: tuple[tuple[Callable[[Any], Any], Test, Converter], ...], name: str
) -> Converter:
    """Make the converter of a value to the variant of its type.

    Of several classes that a value is an instance of, the most derived one is meant; they
    stand first. What no test takes for sure belongs to the one case whose test could not tell.
    """
    exact = {
        cls: (make, convert)
        for make, test, convert in reversed(cases)
        for cls in _EXACT.get(test, ())
    }

    def as_variant(value: Any, where: str) -> Any:
        make, convert = exact.get(type(value)) or find(value, where)
        return make(convert(value, where))

    def find(value: Any, where: str) -> tuple[Callable[[Any], Any], Converter]:
        taken: tuple[Callable[[Any], Any], Converter] | None = None
        taken_by: Test | None = None
        unsure = []
        for make, test, convert in cases:
            if taken_by is not None and not isinstance(test, InstanceTest):
                break
            answer = test(value)
            if answer is None:
                unsure.append((make, convert))
            elif answer and (taken_by is None or _narrows(test, taken_by)):
                taken, taken_by = (make, convert), test
        if taken is None and len(unsure) == 1:
            taken = unsure[0]
        if taken is None:
            fail(where, name, value)
        return taken

    return as_variant


def _narrows(test: Test, other: Test) -> bool:
    if isinstance(test, InstanceTest) and isinstance(other, InstanceTest):
        return test.narrows(other)
    return False


def to_union(
    members: tuple[tuple[Test, Converter], ...], name: str, tags: Collection[str] = ()
) -> Converter:
    """Make the converter of a value that must be of one of `members`, bare or tagged.

    A tagged value is an object of a class that `tags` names; what it holds is meant. `as_any`
    hands a value on as it is.
    """
    exact = {cls for test, _ in members for cls in _EXACT.get(test, ())}

    def from_union(value: Any, where: str) -> Any:
        if type(value) in exact:
            return value
        if type(value).__name__ in tags:
            return from_union(value.value, where)
        unsure = False
        for test, convert in members:
            answer = test(value)
            if answer:
                return convert(value, where)
            unsure = unsure or answer is None
        if unsure:
            return value
        fail(where, name, value)

    return from_union


def to_variant(
    cases: Mapping[str, tuple[Test, Converter]], name: str, tags: Collection[str] = ()
) -> Converter:
    """Make the converter of a variant, known by the name of its class, to the value it holds.

    A bare value is taken too, as by `to_union`.
    """
    bare = to_union(tuple(cases.values()), name, tags)

    def from_variant(value: Any, where: str) -> Any:
        known = cases.get(type(value).__name__)
        if known is None:
            return bare(value, where)
        return known[1](value.value, where)

    return from_variant


def to_literal(values: tuple[Any, ...], name: str) -> Converter:
    """Make the converter that takes these values and no others; `True` is not 1 (PEP 586)."""
    allowed = {(type(value), value) for value in values}

    def from_literal(value: Any, where: str) -> Any:
        try:
            if (type(value), value) in allowed:
                return value
        except TypeError:
            pass
        for each in values:
            # An enum of strings, or a scalar of an array.
            if type(each) is not bool and type(value) is not bool and value == each:
                return each
        raise ConversionError(where, name, _shown_value(value, values))

    return from_literal


def is_having(names: tuple[str, ...]) -> Test:
    """Make the test for a value with all these attributes."""
    return lambda value: all(hasattr(value, name) for name in names)


def is_literal(values: tuple[Any, ...]) -> Test:
    """Make the test for one of these values."""
    allowed = {(type(value), value) for value in values}
    kinds = tuple({type(value) for value in values})
    return lambda value: isinstance(value, kinds) and (type(value), value) in allowed


def _shown_value(value: object, values: tuple[Any, ...]) -> str:
    """Return `value` for a message, with the nearest of `values` where that is a hint."""
    if not isinstance(value, (str, bytes, int, float)):
        return type_name(value)
    shown = repr(value) if len(repr(value)) <= 60 else type_name(value)
    if not isinstance(value, str):
        return shown
    import difflib  # only needed for this message

    texts = [each for each in values if isinstance(each, str)]
    near = difflib.get_close_matches(value, texts, n=1)
    return f"{shown}; did you mean {near[0]!r}?" if near else shown


# --- calls ------------------------------------------------------------------------------


def keywords(
    where: str,
    options: Mapping[str, Any],
    known: Mapping[str, Converter],
    further: Converter | None = None,
) -> dict[str, Any]:
    """Return the keyword arguments that `options` asks for; what is not given is not sent.

    `further` converts names that are not known, where the function takes `**kwargs`.
    """
    if not isinstance(options, Mapping):
        fail(where, "a map of options", options)
    given: dict[str, Any] = {}
    for name, value in options.items():
        convert = known.get(name, further)
        if convert is None:
            raise OptionError(_unknown_option(where, name, known))
        given[name] = convert(value, f"{where}: option {name}")
    return given


def split_options(
    where: str,
    options: Mapping[str, Any],
    known: Mapping[str, Converter],
    *,
    positional: tuple[str, ...] = (),
    further: Converter | None = None,
    splat: str | None = None,
    before_splat: tuple[str, ...] = (),
) -> tuple[list[Any], dict[str, Any]]:
    """Return the positional and keyword arguments that `options` asks for.

    The options in `positional` are passed by place, so one of them needs all before it.
    `splat` names the option that holds the list for `*args`: where that is not empty, those
    in `before_splat` are passed by place too.
    """
    given = keywords(where, options, known, further)
    rest = list(given.pop(splat)) if splat is not None and splat in given else []
    ordered = positional + before_splat if rest else positional
    places: list[Any] = []
    for index, name in enumerate(ordered):
        if name in given:
            places.append(given.pop(name))
            continue
        behind = next((later for later in ordered[index + 1 :] if later in given), None)
        if behind is None and rest:
            behind = splat
        if behind is not None:
            raise OptionError(
                f"{where}: option {behind} needs option {name}, which stands before it"
            )
        break
    return places + rest, given


def _unknown_option(where: str, name: object, known: Mapping[str, Converter]) -> str:
    if not isinstance(name, str):
        return f"{where}: the name of an option is a string, not {type_name(name)}"
    if not known:
        return f"{where}: unknown option {name!r}; there are none"
    import difflib  # only needed for this message

    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    return f"{where}: unknown option {name!r}; did you mean {(near or sorted(known))[0]!r}?"


_LOOP_MESSAGE = "{}: an event loop is already running in this thread; await the asynchronous form instead"

# `current` is the loop that the calls of a thread share while they are inside of `run_async_with`, `outer`
# the loop of another thread, which waits for this one.
_loops = threading.local()


def run_async(awaitable: Awaitable[Any], where: str) -> Any:
    """Drive `awaitable` to its result in an event loop of its own."""
    import asyncio  # slow to import, and most packages have nothing asynchronous

    current = getattr(_loops, "outer", None) or getattr(_loops, "current", None)
    if current is not None:
        return drive(current, awaitable, where)
    if not is_loop_running():
        return asyncio.run(_await(awaitable))
    _close(awaitable)
    raise LoopError(_LOOP_MESSAGE.format(where))


def drive(loop: Any, awaitable: Awaitable[Any], where: str) -> Any:
    """Drive `awaitable` to its result in `loop`, which goes on living."""
    if loop is getattr(_loops, "outer", None):
        import asyncio

        return asyncio.run_coroutine_threadsafe(_await(awaitable), loop).result()
    if not is_loop_running():
        return loop.run_until_complete(_await(awaitable))
    _close(awaitable)
    raise LoopError(_LOOP_MESSAGE.format(where))


def own_loop() -> tuple[Any, bool]:
    """Return the loop that the calls of this thread share, or a new one that the caller has to close."""
    import asyncio

    current = getattr(_loops, "outer", None) or getattr(_loops, "current", None)
    return (asyncio.new_event_loop(), True) if current is None else (current, False)


def close_loop(loop: Any) -> None:
    """Let `loop` finish what it has begun, and close it."""
    try:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


def is_loop_running() -> bool:
    """Tell whether this thread is inside of an event loop."""
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _close(awaitable: Awaitable[Any]) -> None:
    close = getattr(awaitable, "close", None)
    if close is not None:
        close()


async def _await(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


# --- bytes ------------------------------------------------------------------------------


def bytes_from_string(text: str) -> bytes:
    """Return `text` in UTF-8."""
    return as_string(text, "bytes_from_string").encode("utf-8")


def bytes_to_string(data: bytes) -> str:
    """Return the text that `data` holds in UTF-8; raise UnicodeDecodeError where it does not."""
    return as_bytes(data, "bytes_to_string").decode("utf-8")


def bytes_len(data: bytes) -> int:
    """Return the number of bytes."""
    return len(as_bytes(data, "bytes_len"))


def bytes_from_list(values: Iterable[int]) -> bytes:
    """Return the bytes with these values from 0 to 255."""
    try:
        return bytes([as_int(value, "bytes_from_list") for value in values])
    except ValueError:
        raise ConversionError(
            "bytes_from_list", "values from 0 to 255", "a value outside"
        ) from None


def bytes_to_list(data: bytes) -> list[int]:
    """Return the values of the bytes."""
    return list(as_bytes(data, "bytes_to_list"))
