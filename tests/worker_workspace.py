"""A workspace that binds a package made for trying workers, with every shape of value and of failure."""

from __future__ import annotations

from pathlib import Path

from boundpkg import lower_folder

from mochic_py.backends.workspace import WORKSPACE, WorkspaceMember, plan_workspace

SOURCE = '''
"""What can be called far away."""

import array
import asyncio
import enum
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, NamedTuple


class Point(NamedTuple):
    x: int
    y: int


class Color(enum.Enum):
    RED = 1
    GREEN = 2


class Counter:
    """Counts."""

    def __init__(self, start: int = 0) -> None:
        self.value = start

    def add(self, amount: int) -> int:
        self.value += amount
        return self.value


class OddError(ValueError):
    """Something is odd."""


def add(a: int, b: int) -> int:
    return a + b

def echo(value: Any) -> Any:
    return value

def shift(point: Point, by: int) -> Point:
    return Point(point.x + by, point.y + by)

def flip(color: Color) -> Color:
    return Color.GREEN if color is Color.RED else Color.RED

def either(flag: bool) -> int | str:
    return 1 if flag else "one"

def bump(value: int | str) -> int | str:
    return value + 1 if isinstance(value, int) else value + "+"

def invert(data: bytes) -> bytes:
    return bytes(255 - b for b in data[:4]) + data[4:]

def apply(function: Callable[[int], int], value: int) -> int:
    return function(value)

def apply_in_thread(function: Callable[[int], int], value: int) -> int:
    found = []
    thread = threading.Thread(target=lambda: found.append(function(value)))
    thread.start()
    thread.join()
    return found[0]

_kept: list[Any] = []

def keep(function: Callable[[int], int]) -> None:
    _kept.append(function)

def call_kept_soon(value: int) -> None:
    threading.Timer(0.05, lambda: _kept[-1](value)).start()

def forget_kept() -> None:
    _kept.clear()

def adder(amount: int) -> Any:
    return lambda value: value + amount

def total(numbers: Iterator[int]) -> int:
    return sum(numbers)

def count_up(limit: int) -> Any:
    return (n for n in range(limit))

async def later(value: int, seconds: float) -> int:
    await asyncio.sleep(seconds)
    return value

async def ticks(limit: int) -> AsyncIterator[int]:
    for n in range(limit):
        await asyncio.sleep(0)
        yield n

def sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds

def spin(seconds: float) -> int:
    end = time.monotonic() + seconds
    turns = 0
    while time.monotonic() < end:
        turns += 1
    return turns

def fail(number: int) -> int:
    try:
        return 1 // 0
    except ZeroDivisionError as error:
        raise OddError(f"{number} is odd") from error

def leave(status: int) -> None:
    sys.exit(status)

def die(status: int) -> None:
    os._exit(status)

def say(text: str) -> str:
    print(text)
    os.write(1, b"raw\\n")
    return sys.stdin.read()

def fork() -> int:
    child = os.fork()
    if not child:
        time.sleep(30)
        os._exit(0)
    return child

def numbers(count: int) -> Any:
    return array.array("d", range(count))

def thread_name() -> str:
    return threading.current_thread().name
'''


def make_workspace(place: Path) -> Path:
    """Write the workspace below `place` and return its folder."""
    folder = place / "farlib"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(SOURCE, "utf-8")
    package = lower_folder(folder)
    for artifact in plan_workspace([WorkspaceMember(package, "farlib")]):
        path = place / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(artifact.content)
    folder.rename(place / WORKSPACE / "farlib")
    return place / WORKSPACE
