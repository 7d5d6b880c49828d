"""Iterators, functions and context managers that come out of Python, used through a wrapper."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import boundpkg
import pytest

GIVERS = """
from __future__ import annotations
import asyncio, contextlib
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any, NamedTuple, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

class Point(NamedTuple):
    x: float
    y: float

log: list[str] = []

def said() -> list[str]:
    found = list(log)
    log.clear()
    return found

def walk(n: int, *, step: float = 1.0) -> Iterator[Point]:
    try:
        for i in range(n):
            log.append(f"made {i}")
            yield Point(i * step, 0.0)
    finally:
        log.append("closed")

def forever() -> Generator[int, None, None]:
    n = 0
    while True:
        yield n
        n += 1

class Bag:
    def __init__(self, *items: str) -> None: self._items = items
    def __iter__(self) -> Iterator[str]: return iter(self._items)
    def pairs(self) -> Iterator[tuple[int, str]]: return enumerate(self._items)

def hook(name: str) -> Callable[[Point], Point] | None:
    return (lambda point: Point(point.y, point.x)) if name == "swap" else None
def traced(function: Callable[P, R]) -> Callable[P, R]:
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        log.append(f"{args} {kwargs}")
        return function(*args, **kwargs)
    return call

class Door:
    swallow: bool = False
    def __enter__(self) -> Point:
        log.append("in")
        return Point(1.0, 2.0)
    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        log.append(f"out {kind.__name__ if kind else None}")
        return self.swallow

@contextlib.contextmanager
def opened(name: str) -> Iterator[Point]:
    log.append(f"open {name}")
    try:
        yield Point(0.0, 1.0)
    finally:
        log.append("shut")

class Session:
    loop: Any = None
    async def __aenter__(self) -> Session:
        self.loop = asyncio.get_running_loop()
        return self
    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        assert asyncio.get_running_loop() is self.loop
        log.append(f"left {kind.__name__ if kind else None}")
    async def get(self, n: int) -> int:
        assert asyncio.get_running_loop() is self.loop
        await asyncio.sleep(0)
        return n * 2
    async def stream(self, n: int) -> AsyncIterator[int]:
        for i in range(n):
            assert asyncio.get_running_loop() is self.loop
            yield i

@contextlib.asynccontextmanager
async def connected(n: int) -> AsyncIterator[int]:
    log.append("connect")
    yield n
    log.append("disconnect")
"""


@pytest.fixture(scope="module")
def w(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = tmp_path_factory.mktemp("packages")
    package = folder / "givers_example"
    package.mkdir()
    (package / "__init__.py").write_text(GIVERS)
    sys.path.insert(0, str(folder))
    with boundpkg.imported_wrapper(boundpkg.lower_folder(package), folder / "build") as wrapper:
        yield wrapper
    sys.path.remove(str(folder))


def test_an_iterator_is_read_at_once_or_value_by_value(w: ModuleType) -> None:
    assert w.walk(2) == [w.Point(0.0, 0.0), w.Point(1.0, 0.0)]
    assert w.said() == ["made 0", "made 1", "closed"]
    lazy = w.walk_iter_with(3, {"step": 2.0})
    assert w.said() == []
    assert w.PointIterator_next(lazy) == w.Point(0.0, 0.0)
    assert w.said() == ["made 0"]
    assert w.PointIterator_has_next(lazy)
    assert w.PointIterator_rest(lazy) == [w.Point(2.0, 0.0), w.Point(4.0, 0.0)]
    assert not w.PointIterator_has_next(lazy)
    assert w.PointIterator_next(lazy) is None


def test_an_iterator_without_end_can_be_closed(w: ModuleType) -> None:
    w.said()
    lazy = w.forever_iter()
    assert [w.IntIterator_next(lazy) for _ in range(3)] == [0, 1, 2]
    w.IntIterator_close(lazy)
    assert w.IntIterator_next(lazy) is None
    started = w.walk_iter(2)
    w.PointIterator_next(started)
    w.PointIterator_close(started)
    assert w.said() == ["made 0", "closed"]


def test_what_can_be_iterated_gives_an_iterator_and_a_list(w: ModuleType) -> None:
    bag = w.Bag_new_with({"args": ["a", "b"]})
    assert w.Bag_to_list(bag) == ["a", "b"]
    assert w.StringIterator_next(w.Bag_iter(bag)) == "a"
    pair = w.IntStringPairIterator_next(w.Bag_pairs_iter(bag))
    assert (pair.first, pair.second) == (0, "a")


def test_functions_that_come_out_are_called_by_an_operation(w: ModuleType) -> None:
    swap = w.hook("swap")
    assert w.PointToPointFunction_call(swap, w.Point(1.0, 2.0)) == w.Point(2.0, 1.0)
    assert w.hook("other") is None
    w.said()
    traced = w.traced(lambda a, b: a - b)
    assert w.ToAnyFunction_call_with(traced, {"args": [5], "b": 2}) == 3
    assert w.said() == ["(5,) {'b': 2}"]


def test_a_body_runs_in_a_context_manager(w: ModuleType) -> None:
    w.said()
    door = w.Door_new()
    assert w.Door_with(door, lambda point: point.y) == 2.0
    assert w.said() == ["in", "out None"]


def test_a_context_manager_sees_the_error_of_the_body(w: ModuleType) -> None:
    def fail(value: object) -> object:
        raise KeyError("broken")

    w.said()
    door = w.Door_new()
    with pytest.raises(KeyError, match="broken"):
        w.Door_with(door, fail)
    w.Door_set_swallow(door, True)
    assert w.Door_with(door, fail) is None
    assert w.said() == ["in", "out KeyError", "in", "out KeyError"]
    with pytest.raises(KeyError):
        w.PointContext_with(w.opened("b"), fail)
    assert w.said() == ["open b", "shut"]


def test_a_context_manager_of_a_generator(w: ModuleType) -> None:
    w.said()
    assert w.PointContext_with(w.opened("a"), lambda point: point) == w.Point(0.0, 1.0)
    assert w.said() == ["open a", "shut"]
    context = w.opened("c")
    assert w.PointContext_enter(context) == w.Point(0.0, 1.0)
    w.PointContext_exit(context)
    assert w.said() == ["open c", "shut"]


def test_the_calls_in_an_asynchronous_context_share_its_loop(w: ModuleType) -> None:
    w.said()

    def body(session: object) -> list[int]:
        return [w.Session_get_sync(session, 21), *w.Session_stream(session, 3)]

    assert w.Session_async_with(w.Session_new(), body) == [42, 0, 1, 2]
    assert w.said() == ["left None"]

    def fail(session: object) -> object:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        w.Session_async_with(w.Session_new(), fail)
    assert w.said() == ["left ValueError"]
    assert w.IntAsyncContext_async_with(w.connected(3), lambda n: n + 1) == 4
    assert w.said() == ["connect", "disconnect"]
