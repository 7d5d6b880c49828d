# ruff: noqa: ANN401
"""A package with one function for each way in which a value crosses."""

from __future__ import annotations

import enum
import gc
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypedDict


class Color(enum.Enum):
    """Has three members."""

    RED = 1
    GREEN = 2
    BLUE = 3


class Only(enum.Enum):
    """Has one member."""

    ONE = "one"


@dataclass(frozen=True)
class Point:
    """A record."""

    x: float
    y: float
    name: str | None = None


class Pair(NamedTuple):
    """A tuple with names."""

    first: int
    second: list[str]


class Options(TypedDict, total=False):
    """A map with known keys."""

    deep: bool
    size: int


class OutOfStockError(LookupError):
    """An error of the package's own."""


class Cart:
    """Stays in Python."""

    alive = 0
    _lock = threading.RLock()

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.items: list[str] = []
        with Cart._lock:
            Cart.alive += 1

    def __del__(self) -> None:
        with Cart._lock:
            Cart.alive -= 1

    def add(self, item: str, count: int = 1) -> int:
        """Add an item so often; return how many there are."""
        if item == "nothing":
            raise OutOfStockError(f"no {item}")
        self.items += [item] * count
        return len(self.items)

    def twin(self) -> Cart:
        """Return another one."""
        return Cart(self.owner)


def live_carts() -> int:
    """Return how many carts there are.

    Without the GIL an object that one thread made and another gave up goes when the first one calls
    again, or with the next collection.
    """
    gc.collect()
    return Cart.alive


def same_int(value: int) -> int:
    """Return the value."""
    return value


def same_float(value: float) -> float:
    """Return the value."""
    return value


def same_string(value: str) -> str:
    """Return the value."""
    return value


def same_bool(value: bool) -> bool:
    """Return the value."""
    return value


def same_bytes(value: bytes) -> bytes:
    """Return the value."""
    return value


def same_any(value: Any) -> Any:
    """Return the value."""
    return value


def nothing(value: int) -> None:
    """Return nothing."""


def power(base: int, exponent: int) -> int:
    """Return an integer of any size."""
    return base**exponent


def parts(text: str, sep: str | None = None) -> list[str]:
    """Return a list."""
    return text.split(sep)


def lengths(words: list[str]) -> dict[str, int]:
    """Return a map."""
    return {word: len(word) for word in words}


def distinct(values: list[int]) -> set[int]:
    """Return a set."""
    return set(values)


def grid(rows: int) -> dict[str, list[list[float]]]:
    """Return something nested."""
    return {str(row): [[row / 2, float(column)] for column in range(2)] for row in range(rows)}


def find(words: list[str], wanted: str) -> int | None:
    """Return a place, or nothing."""
    return words.index(wanted) if wanted in words else None


def moved(point: Point, by: float) -> Point:
    """Take a record and return one."""
    return Point(point.x + by, point.y + by, point.name)


def pair(first: int, second: list[str]) -> Pair:
    """Return a named tuple."""
    return Pair(first, second)


def options(options: Options) -> Options:
    """Take a typed map and return one."""
    return options


def number_or_text(text: str) -> int | str:
    """Return one of two."""
    return int(text) if text.isdigit() else text


def shown(value: int | str | Point) -> str:
    """Take one of three."""
    return f"{type(value).__name__} {value}"


def opposite(color: Color) -> Color:
    """Take a case and return one."""
    return {Color.RED: Color.GREEN, Color.GREEN: Color.RED}.get(color, Color.BLUE)


def only(one: Only) -> Only:
    """Take the only case."""
    return one


def chosen(mode: Literal["a", "b"]) -> Literal["a", "b"]:
    """Take one of two strings."""
    return mode


def each(values: list[int], function: Callable[[int], int]) -> list[int]:
    """Call a function for each value."""
    return [function(value) for value in values]


def each_point(count: int, function: Callable[[Point], Color]) -> list[Color]:
    """Call a function that takes a record and returns a case."""
    return [function(Point(float(index), 0.0)) for index in range(count)]


def adder(by: int) -> Callable[[int], int]:
    """Return a function."""
    return lambda value: value + by


def elsewhere(function: Callable[[int], int], value: int) -> int:
    """Call a function in a thread that Python makes."""
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(function(value)))
    thread.start()
    thread.join()
    return found[0]


def fails(message: str) -> int:
    """Raise one error because of another."""
    try:
        raise KeyError(message)
    except KeyError as error:
        raise OutOfStockError(f"no {message}") from error


def wrong() -> int:
    """Return what was not declared."""
    return "text"  # type: ignore[return-value]


def total(numbers: Iterable[int]) -> int:
    """Add what an iterable gives."""
    return sum(numbers)


def count_to(end: int) -> Iterator[int]:
    """Yield numbers."""
    yield from range(1, end + 1)


async def later(value: int) -> int:
    """Return the value, when awaited."""
    return value


async def ticks(end: int) -> AsyncIterator[int]:
    """Yield numbers asynchronously."""
    for number in range(1, end + 1):
        yield number


def nested(depth: int) -> Any:
    """Return lists in lists."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


def circle() -> Any:
    """Return a list that holds itself."""
    value: list[Any] = []
    value.append(value)
    return value


def say(text: str) -> None:
    """Print without a flush."""
    print(text, end="")
