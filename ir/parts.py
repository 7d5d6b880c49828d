"""Parts of values put anew. What is the same afterwards stays the same object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter, is_
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, cast

import attrs

_T = TypeVar("_T")
_ArgT = TypeVar("_ArgT")
_NodeT = TypeVar("_NodeT")
_Layout: TypeAlias = tuple[Callable[[Any], tuple[object, ...]], Mapping[str, int]]

# One entry for each class of nodes: what reads its fields, and where each stands among the arguments.
_LAYOUTS: Final[dict[type, _Layout]] = {}


if TYPE_CHECKING:
    from attrs import evolve as evolve
else:

    def evolve(node: _NodeT, **changes: object) -> _NodeT:
        """Return `node` with other values in some fields: `attrs.evolve` at half its price.

        All fields must be positional arguments, as those of nodes are.
        """
        cls = type(node)
        read, places = _LAYOUTS.get(cls) or _lay_out(cls)
        values = [*read(node)]
        for name, value in changes.items():
            values[places[name]] = value
        return cls(*values)


def _lay_out(cls: type[attrs.AttrsInstance]) -> _Layout:
    """Note and return the layout of a class of nodes."""
    fields = [field for field in attrs.fields(cls) if field.init]
    names = [field.name for field in fields]
    read = attrgetter(*names) if len(names) > 1 else lambda node: (getattr(node, names[0]),)
    layout = _LAYOUTS[cls] = (read, {field.alias: place for place, field in enumerate(fields)})
    return layout


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
