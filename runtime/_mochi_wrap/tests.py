"""Tests that tell which type a value is of."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Set

from .modules import load_object
from .scalars import array_scalar_kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Test: TypeAlias = Callable[[Any], bool | None]
    """Tells whether a value is of a type; None where that cannot be told from the value."""
else:
    Test = Callable


_LOOK = 8
"""How many items of a container are looked at to tell its type."""


def is_bool(value: Any) -> bool:
    """Tell whether `value` is a bool or an array scalar of booleans."""
    return type(value) is bool or array_scalar_kind(value) == "b"


def is_int(value: Any) -> bool:
    """Tell whether `value` is an int or an array scalar of integers, but no bool."""
    if isinstance(value, int):
        return not isinstance(value, bool)
    return array_scalar_kind(value) in ("i", "u")


def is_float(value: Any) -> bool:
    """Tell whether `value` is a number that is no bool: every int is a float too (PEP 484)."""
    if isinstance(value, (float, int)):
        return not isinstance(value, bool)
    return array_scalar_kind(value) in ("f", "i", "u")


def is_complex(value: Any) -> bool:
    """Tell whether `value` is a complex number or an array scalar of these."""
    return isinstance(value, complex) or array_scalar_kind(value) == "c"


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
        return all_of(map(element, itertools.islice(value, _LOOK)))

    return is_list_of


def is_set(element: Test | None = None) -> Test:
    """Make the test for a set; `element` tests the first of its items."""

    def is_set_of(value: Any) -> bool | None:
        if not isinstance(value, Set):
            return False
        return element is None or all_of(map(element, itertools.islice(value, _LOOK)))

    return is_set_of


def is_map(key: Test | None = None, element: Test | None = None) -> Test:
    """Make the test for a mapping; `key` and `element` test the first of its items."""

    def is_map_of(value: Any) -> bool | None:
        if not isinstance(value, Mapping):
            return False
        first = list(itertools.islice(value.items(), _LOOK))
        answers = [key(k) for k, _ in first] if key else []
        return all_of([*answers, *([element(v) for _, v in first] if element else [])])

    return is_map_of


def is_tuple(elements: tuple[Test, ...], kinds: tuple[type, ...] = (tuple,)) -> Test:
    """Make the test for a tuple with these items, or for another one of `kinds`."""

    def is_tuple_of(value: Any) -> bool | None:
        if not isinstance(value, kinds):
            return False
        items: Any = value
        if len(items) != len(elements):
            return False
        return all_of([test(item) for test, item in zip(elements, items, strict=True)])

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
    return RecordTest(name, fields)


class RecordTest:
    """The test for a record of Mochi.

    An object of a class `name`, or of one below it, is one. Another one is, if it has all `fields` and its
    class declares no more: what has more is of a record with more, and would lose them.
    """

    __slots__ = ("fields", "name")

    def __init__(self, name: str, fields: Collection[str]) -> None:
        self.name = name
        self.fields = fields

    def __call__(self, value: Any) -> bool:
        """Tell whether `value` is such a record."""
        if any(cls.__name__ == self.name for cls in type(value).__mro__):
            return True
        if isinstance(value, Mapping):
            return all(field in value for field in self.fields)
        declared = getattr(type(value), "__match_args__", ())
        return all(name in self.fields for name in declared) and all(
            hasattr(value, field) for field in self.fields
        )


def is_case(names: Collection[str]) -> Test:
    """Make the test for a variant of Mochi, by the names of its cases."""
    return lambda value: type(value).__name__ in names


def is_awaitable(value: Any) -> bool:
    """Tell whether `value` can be awaited."""
    return hasattr(type(value), "__await__")


def is_stream(value: Any) -> bool:
    """Tell whether `value` is iterated asynchronously."""
    return hasattr(type(value), "__aiter__")


def is_having(names: tuple[str, ...]) -> Test:
    """Make the test for a value with all these attributes."""
    return lambda value: all(hasattr(value, name) for name in names)


def is_literal(values: tuple[Any, ...]) -> Test:
    """Make the test for one of these values."""
    allowed = {(type(value), value) for value in values}
    kinds = tuple({type(value) for value in values})
    return lambda value: isinstance(value, kinds) and (type(value), value) in allowed


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
        """Tell whether `value` is an instance."""
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


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """Return False for one False, None for one that is not told, else True."""
    unsure = False
    for answer in answers:
        if answer is None:
            unsure = True
        elif not answer:
            return False
    return None if unsure else True


# What the tests of scalars take without looking: a value of exactly this type.
EXACT: dict[Test, tuple[type, ...]] = {
    is_bool: (bool,),
    is_int: (int,),
    is_float: (float, int),
    is_string: (str,),
    is_bytes: (bytes,),
}
