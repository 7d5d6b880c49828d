"""Converters of lists, sets, maps and options."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .failures import ConversionError, fail, inside
from .records import read_field
from .scalars import Converter, as_any


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
                key(read_field(item, "key", where, name), where): element(
                    read_field(item, "value", where, name), where
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
