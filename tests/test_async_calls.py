"""Awaitables, streams and functions of the program: what crosses through a wrapper, run."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from types import ModuleType

import boundpkg
import pytest

TASKS = """
from __future__ import annotations
import asyncio, inspect
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

class Point(NamedTuple):
    x: float
    y: float

class _Mover(Protocol):
    def __call__(self, point: Point, by: float) -> Point: ...

async def _soon(value):
    await asyncio.sleep(0)
    return value

def later(n: int) -> list[Awaitable[int]]: return [_soon(i) for i in range(n)]
async def total(numbers: AsyncIterable[int]) -> int: return sum([n async for n in numbers])
async def add(a: Awaitable[int], b: int) -> int: return await a + b
async def handle(handler: Callable[[Point], Awaitable[Point]], at: Point) -> Point:
    assert inspect.iscoroutinefunction(handler)
    return await handler(at)
async def notify(handler: Callable[..., Awaitable[None]]) -> None: await handler(1, 2)
async def tick(up_to: int) -> AsyncIterator[Point]:
    for i in range(up_to):
        await asyncio.sleep(0)
        yield Point(float(i), 0.0)
def move(mover: _Mover, *, points: list[Point]) -> list[Point]: return [mover(p, by=1.0) for p in points]
class App:
    # Calls a program as servers do: with functions to wait for.
    def __init__(self, app: Callable[[dict[str, Any], Callable[[], Awaitable[Point]],
                                      Callable[[Point], Awaitable[None]]], Awaitable[None]]) -> None:
        self._app = app
    async def serve(self, points: list[Point]) -> list[Point]:
        sent: list[Point] = []
        waiting = asyncio.Queue()
        async def send(point: Point) -> None:
            await asyncio.sleep(0)
            sent.append(point)
        task = asyncio.create_task(self._app({"n": len(points)}, waiting.get, send))
        for point in points:
            await asyncio.sleep(0.001)
            await waiting.put(point)
        await task
        return sent
async def read_all(reader: Callable[[AsyncIterator[Point]], Awaitable[int]]) -> int:
    return await reader(tick(3))
def apply(function: Callable[..., int], *args: int) -> int: return function(*args)
def sort(values: list[int], key: Callable[[int], int] | None = None) -> list[int]:
    return sorted(values, key=key)
def near(points: list[Point], test: Callable[[Point], bool] | None) -> list[Point]:
    return [point for point in points if test is None or test(point)]
def traced(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R: return function(*args, **kwargs)
"""


@pytest.fixture(scope="module")
def w(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = tmp_path_factory.mktemp("packages")
    package = folder / "tasks_example"
    package.mkdir()
    (package / "__init__.py").write_text(TASKS)
    sys.path.insert(0, str(folder))
    with boundpkg.imported_wrapper(boundpkg.lower_folder(package), folder / "build") as wrapper:
        yield wrapper
    sys.path.remove(str(folder))


def test_awaitables_inside_of_results_are_waited_for(w: ModuleType) -> None:
    assert w.later(3) == [0, 1, 2]


def test_awaitables_are_made_of_values(w: ModuleType) -> None:
    assert w.add_sync(2, 3) == 5


def test_a_synchronous_function_serves_where_python_awaits(w: ModuleType) -> None:
    turned = w.handle_sync(lambda point: w.Point(point.y, point.x), w.Point(1.0, 2.0))
    assert turned == w.Point(2.0, 1.0)

    async def turn(point: object) -> object:
        return w.Point(0.0, 0.0)

    assert w.handle_sync(turn, w.Point(1.0, 2.0)) == w.Point(0.0, 0.0)
    seen: list[tuple[int, ...]] = []
    w.notify_sync(lambda *given: seen.append(given))
    assert seen == [(1, 2)]


def test_streams_come_out(w: ModuleType) -> None:
    stream = w.tick(2)
    assert next(stream) == w.Point(0.0, 0.0)
    assert list(stream) == [w.Point(1.0, 0.0)]
    assert list(stream) == []


def test_streams_go_in(w: ModuleType) -> None:
    assert w.total_sync([1, 2, 3]) == 6
    with pytest.raises(TypeError, match=r"expected stream<int>, got str"):
        w.total_sync("abc")


def test_a_stream_says_so_inside_of_a_running_loop(w: ModuleType) -> None:
    async def run() -> None:
        next(w.tick(2))

    with pytest.raises(RuntimeError, match="already running"):
        asyncio.run(run())


def test_functions_of_any_parameters_are_checked(w: ModuleType) -> None:
    assert w.apply_with(lambda a, b: a * b, {"args": [6, 7]}) == 42
    assert w.traced_with(lambda a, b: a - b, {"args": [6], "b": 7}) == -1
    with pytest.raises(TypeError, match="expected fun, got int"):
        w.apply(3)


def test_optional_functions_convert_what_they_are_called_with(w: ModuleType) -> None:
    points = [w.Point(1.0, 2.0), w.Point(2.0, 1.0)]
    assert w.near(points, lambda point: point.x > 1.0) == points[1:]
    assert w.near(points, None) == points
    assert w.sort_with([1, 3, 2], {"key": lambda n: -n}) == [3, 2, 1]
    with pytest.raises(TypeError, match="expected fun"):
        w.near(points, 1)


def test_a_function_serves_as_a_callback_protocol(w: ModuleType) -> None:
    moved = w.move(lambda point, by: w.Point(point.x + by, point.y), [w.Point(0.0, 0.0)])
    assert moved == [w.Point(1.0, 0.0)]


def test_a_function_that_python_awaits_can_wait(w: ModuleType) -> None:
    def app(scope: dict[str, int], receive: Callable[[], object], send: Callable[[object], None]) -> None:
        for _ in range(scope["n"]):
            point = receive()
            assert isinstance(point, w.Point)
            send(w.Point(point.y, point.x))

    points = [w.Point(1.0, 2.0), w.Point(3.0, 4.0)]
    assert w.App_serve_sync(w.App_new(app), points) == [w.Point(2.0, 1.0), w.Point(4.0, 3.0)]
    assert w.read_all_sync(lambda stream: len(list(stream))) == 3
