"""Converters of lists, sets, maps and options."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping

from .failures import ConversionError, fail, inside, literal
from .records import read_field
from .scalars import PLAIN, Converter, as_any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def list_of(element: Converter, name: str = "list") -> Converter:
    """Make the converter of an iterable to a list. A string is not taken for a list."""
    plain = {PLAIN[element]} if element in PLAIN else None

    def as_list(value: Any, where: str) -> list[Any]:
        items = _items(value, where, name)
        # Most lists hold what they say, and asking for the types of all items at once is fast.
        if element is as_any or (plain is not None and {*map(type, items)} <= plain):
            return items
        rest = iter(items)
        try:
            return [element(item, where) for item in rest]
        except ConversionError as error:
            index = len(items) - operator.length_hint(rest) - 1
            inside(error, where, f"[{index}]")
            raise

    return as_list


def _items(value: Any, where: str, name: str) -> list[Any]:
    """Return the items of an iterable in a new list."""
    if isinstance(value, str):
        fail(where, name, value)
    try:
        items: Iterable[Any] = iter(value)
    except TypeError:
        fail(where, name, value)
    return list(items)


def set_of(element: Converter, name: str = "set") -> Converter:
    """Make the converter of a set or another iterable to a set."""

    def as_set(value: Any, where: str) -> set[Any]:
        items = _items(value, where, name)
        try:
            return {element(item, where) for item in items}
        except ConversionError as error:
            inside(error, where, "[…]")
            raise
        except TypeError:
            fail(where, f"{name} of hashable items", value)

    return as_set


def map_of(key: Converter, element: Converter, name: str = "map") -> Converter:
    """Make the converter of a mapping to a dict."""

    def as_map(value: Any, where: str) -> dict[Any, Any]:
        pairs = _pairs(value, where, name)
        rest = iter(pairs)
        try:
            return {key(k, where): element(v, where) for k, v in rest}
        except ConversionError as error:
            _inside_pair(error, where, pairs, rest, key)
            raise

    return as_map


def _pairs(value: Any, where: str, name: str) -> Any:
    """Return the items of a mapping, with a length."""
    if type(value) is dict:
        return value.items()
    if not isinstance(value, Mapping):
        fail(where, name, value)
    return list(value.items())


def _inside_pair(
    error: ConversionError, where: str, pairs: Any, rest: Any, key: Converter
) -> None:
    """Tell which of `pairs` the error is about: the one before what is left in `rest`."""
    found, _ = list(pairs)[len(pairs) - operator.length_hint(rest) - 1]
    try:
        key(found, where)
    except ConversionError:
        inside(error, where, ", a key")
    else:
        inside(error, where, f"[{literal(found) or '…'}]")


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
        pairs = _pairs(value, where, name)
        rest = iter(pairs)
        try:
            return [entry(key(k, where), element(v, where)) for k, v in rest]
        except ConversionError as error:
            _inside_pair(error, where, pairs, rest, key)
            raise

    return as_entries


def to_entries(key: Converter, element: Converter, name: str = "list") -> Converter:
    """Make the converter of a list of records with `key` and `value` to a dict."""

    def from_entries(value: Any, where: str) -> dict[Any, Any]:
        if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
            fail(where, name, value)
        found: dict[Any, Any] = {}
        for index, item in enumerate(value):
            step = f"[{index}]"
            try:
                k = read_field(item, "key", where, "an entry")
                v = read_field(item, "value", where, "an entry")
                step = f"[{index}].key"
                k = key(k, where)
                step = f"[{index}].value"
                found[k] = element(v, where)
            except ConversionError as error:
                inside(error, where, step)
                raise
        return found

    return from_entries


def option_of(inner: Converter) -> Converter:
    """Make the converter that lets None pass and converts anything else."""

    def as_option(value: Any, where: str) -> Any:
        return None if value is None else inner(value, where)

    return as_option
