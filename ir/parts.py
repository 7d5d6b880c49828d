"""Parts of values put anew. What is the same afterwards stays the same object."""

from __future__ import annotations

from collections.abc import Callable
from operator import is_
from typing import Any, TypeVar, cast

from attrs import evolve

_T = TypeVar("_T")
_ArgT = TypeVar("_ArgT")
_NodeT = TypeVar("_NodeT")


def map_all(values: tuple[_T, ...], fn: Callable[[_T], _T]) -> tuple[_T, ...]:
    """Return `values` with `fn` applied to each, the same tuple where all stay what they are."""
    if not values:
        return values
    mapped = tuple(map(fn, values))
    return values if all(map(is_, mapped, values)) else mapped


def map_each(values: tuple[_T, ...], fn: Callable[[_T, _ArgT], _T], argument: _ArgT) -> tuple[_T, ...]:
    """Return `values` with `fn` applied to each beside `argument`, as `map_all` does."""
    if not values:
        return values
    mapped = tuple([fn(value, argument) for value in values])
    return values if all(map(is_, mapped, values)) else mapped


def with_parts(node: _NodeT, **parts: object) -> _NodeT:
    """Return `node` with other values in some fields, `node` itself where it has these very ones."""
    for name, part in parts.items():
        if getattr(node, name) is not part:
            changed: _NodeT = evolve(cast("Any", node), **parts)
            return changed
    return node
