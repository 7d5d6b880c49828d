"""The garbage collector of our own processes."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator

import pytest

from mochic_py.compiler.bind import BindSettings, bind_package
from mochic_py.compiler.collector import pause_collector, relax_collector
from mochic_py.compiler.session import read_stub_text
from mochic_py.ir.dist import Target
from mochic_py.ir.source import SourceFile

STUB = """
import enum
from collections.abc import Callable, Iterator
from typing import Generic, Self, TypeAlias, TypedDict, TypeVar, overload

T = TypeVar("T")
Key: TypeAlias = int | str
Tree: TypeAlias = dict[Key, "Tree"] | None
class Color(enum.Enum):
    RED = 1
class Options(TypedDict, total=False):
    size: int
    tree: Tree
class _Base(Generic[T]):
    @property
    def first(self) -> T | None: ...
    def put(self, key: Key, *items: T, color: Color = ...) -> Self: ...
class Box(_Base[list[bytes]]):
    def __init__(self, make: Callable[[Key], Iterator[float]]) -> None: ...
    @overload
    def get(self, key: int) -> str: ...
    @overload
    def get(self, key: str, options: Options) -> bytes: ...
async def fetch(box: Box) -> tuple[Tree, int | str | bytes]: ...
"""
SOURCE = """
class Shape:
    def __init__(self, size=1):
        self.size = size
        self.name = self.label()
    def label(self):
        return f"{self.size}"
    def copy(self):
        return Shape(self.size)
def area(shape, unit="cm"):
    return [shape.size] or {unit: None}
"""


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.enable()
    gc.set_threshold(*before)
    gc.unfreeze()


def test_the_collector_of_another_program_is_left_alone() -> None:
    pause_collector()
    assert gc.isenabled()
    assert not gc.get_freeze_count()


def test_our_own_stays_off_once_a_package_is_bound() -> None:
    relax_collector()
    assert gc.isenabled()
    pause_collector()
    assert not gc.isenabled()


def test_what_one_package_left_is_freed_before_the_next() -> None:
    relax_collector()
    pause_collector()
    circle: list[object] = []
    circle.append(circle)
    circle = []
    freed: list[str] = []

    def note(phase: str, info: dict[str, int]) -> None:
        freed.extend([phase] if info["collected"] else [])

    gc.callbacks.append(note)
    try:
        pause_collector()
        assert freed == ["stop"]
    finally:
        gc.callbacks.remove(note)


@pytest.mark.parametrize(("file", "text"), [("box.pyi", STUB), ("shape.py", SOURCE)])
def test_a_package_leaves_no_cycles(file: str, text: str) -> None:
    """What is read and lowered goes when nothing needs it: to look for cycles in it takes long."""
    bind(file, text)
    gc.collect()
    gc.disable()
    bind(file, text)
    assert gc.collect() == 0


def bind(file: str, text: str) -> None:
    raw, problems = read_stub_text(SourceFile(file, text), file.partition(".")[0], Target())
    assert not problems
    assert bind_package("it", raw, BindSettings(), time.monotonic).names
