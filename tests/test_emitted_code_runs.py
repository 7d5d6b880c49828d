"""Wrappers do what they say: packages on disk go through the whole pipeline, their wrappers are called."""

from __future__ import annotations

import asyncio
import importlib
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import boundpkg
import pytest

from mochic_py.backends.declarations import declare
from mochic_py.backends.linked import link
from mochic_py.backends.linked_externs import emit_linked_externs
from mochic_py.backends.workspace import WorkspaceOptions, read_runtime

SHAPES = """
from __future__ import annotations
import asyncio, enum, typing
from dataclasses import dataclass
from typing import Callable, Iterator, NamedTuple, Optional, TypedDict

class Color(enum.Enum):
    RED = 1
    GREEN = 2

class Unit(enum.Enum):
    METRE = "m"

class Point(NamedTuple):
    x: float
    y: float = 0.0

@dataclass(frozen=True)
class Size:
    width: int
    height: int

class Style(TypedDict, total=False):
    color: Color
    width: int

class Shape:
    sides: typing.ClassVar[int] = 4
    def __init__(self, name: str, origin: Point = Point(0.0), *, style: Style | None = None) -> None:
        self.name: str = name
        self._origin = origin
        self._style = style
        self._items: dict[int, float] = {}
    @property
    def origin(self) -> Point: return self._origin
    @origin.setter
    def origin(self, value: Point) -> None: self._origin = value
    @property
    def style(self) -> Style | None: return self._style
    def move(self, by: Point, times: int = 1) -> Shape:
        x, y = self._origin
        return type(self)(self.name, Point(x + by.x * times, y + by.y * times))
    @classmethod
    def unit(cls) -> Shape: return cls("unit")
    @staticmethod
    def twice(n: int) -> int: return 2 * n
    def __len__(self) -> int: return len(self._items)
    def __getitem__(self, key: int) -> float: return self._items[key]
    def __setitem__(self, key: int, value: float) -> None: self._items[key] = value
    def __delitem__(self, key: int) -> None: del self._items[key]
    def __contains__(self, key: int) -> bool: return key in self._items
    def __iter__(self) -> Iterator[int]: return iter(self._items)
    def __eq__(self, other: object) -> bool: return isinstance(other, Shape) and other.name == self.name
    def __hash__(self) -> int: return 1
    def __add__(self, other: Shape) -> Shape: return Shape(self.name + other.name)
    def __neg__(self) -> Shape: return Shape(self.name[::-1])
    def __call__(self, n: int, /, *more: int, scale: int = 1) -> list[int]:
        return [i * scale for i in (n, *more)]
    def __enter__(self) -> Shape: return self
    def __exit__(self, kind: object, error: object, trace: object) -> None: ...

class Square(Shape):
    def side(self) -> float: return 1.0

ORIGIN: Point = Point(0.0, 0.0)
DEPTH: int = 3

def mix(left: Color, right: Color = Color.GREEN) -> Color | None: return left if left is right else None
def bounds(points: list[Point]) -> tuple[Point, Point]: return min(points), max(points)
def area(size: Size) -> int: return size.width * size.height
def grow(size: Size, by: int) -> Size: return Size(size.width + by, size.height + by)
def paint(style: Style) -> Style: return style
def count(up_to: int) -> Iterator[int]: yield from range(up_to)
def wrong_type() -> int: return "text"
def wrong_list() -> list[int]: return [1, "text"]
def wrong_class() -> Square: return Shape("s")
def maybe(x: int) -> Optional[str]: return str(x) if x else None
def visit(points: list[Point], visitor: Callable[[Point], bool]) -> list[Point]:
    return [point for point in points if visitor(point)]
def adder(n: int) -> Callable[[int], int]: return lambda m: n + m
async def fetch(url: str, *, retries: int = 1) -> list[str]:
    await asyncio.sleep(0)
    return [url] * retries
def encode(text: str) -> bytes: return bytearray(text.encode())
def tail(first: int, second: int = 2, *rest: int, sep: str = " ") -> str:
    return sep.join(map(str, (first, second, *rest)))
def only_positional(a: int, b: int = 2, c: int = 3, /) -> list[int]: return [a, b, c]
def keyword_only(*, key: str) -> str: return key
def open_ended(**settings: int) -> dict[str, int]: return settings
def fails() -> int: raise ValueError("broken")
def big() -> int: return 2**70
def log1p(x: float) -> float: return x
def all(options: int, self: int) -> int: return options + self
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("packages")
    package = folder / "shapes_example"
    package.mkdir()
    (package / "__init__.py").write_text(SHAPES)
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def w(place: Path) -> Iterator[ModuleType]:
    package = boundpkg.lower_folder(place / "shapes_example")
    with boundpkg.imported_wrapper(package, place / "build") as wrapper:
        yield wrapper


def test_records_cross_by_value(w: ModuleType) -> None:
    assert w.area(w.Size(2, 3)) == 6
    assert w.grow(w.Size(2, 3), 1) == w.Size(3, 4)
    pair = w.bounds([w.Point(1.0, 2.0), w.Point(0.0, 5.0)])
    assert (pair.first, pair.second) == (w.Point(0.0, 5.0), w.Point(1.0, 2.0))
    assert w.ORIGIN() == w.Point(0.0, 0.0)
    assert w.paint(w.Style(color=w.Color_RED(), width=None)) == w.Style(w.Color_RED(), None)


def test_records_of_a_mochi_program_are_read_by_attribute(w: ModuleType) -> None:
    class Size:
        width, height = 4, 5

    assert w.area(Size()) == 20
    assert w.area({"width": 4, "height": 5}) == 20


def test_enums(w: ModuleType) -> None:
    assert w.mix(w.Color_GREEN()) == w.Color_GREEN()
    assert w.mix(w.Color_RED()) is None
    assert w.mix_with(w.Color_RED(), {"right": w.Color_RED()}) == w.Color_RED()
    assert w.Color_value(w.Color_GREEN()) == 2
    assert w.Unit_value(w.Unit_METRE(0)) == "m"


def test_handles_methods_and_properties(w: ModuleType) -> None:
    shape = w.Shape_new("a")
    assert isinstance(shape, w.Shape)
    assert w.Shape_name(shape) == "a"
    w.Shape_set_name(shape, "b")
    assert w.Shape_name(shape) == "b"
    w.Shape_set_origin(shape, w.Point(1.0, 1.0))
    moved = w.Shape_move_with(shape, w.Point(1.0, 0.0), {"times": 3})
    assert w.Shape_origin(moved) == w.Point(4.0, 1.0)
    assert w.Shape_name(w.Shape_unit()) == "unit"
    assert w.Shape_twice(4) == 8
    assert w.Shape_sides() == 4


def test_options_of_a_constructor(w: ModuleType) -> None:
    shape = w.Shape_new_with("a", {"origin": w.Point(1.0, 2.0), "style": w.Style(w.Color_RED(), 3)})
    assert w.Shape_origin(shape) == w.Point(1.0, 2.0)
    assert w.Shape_style(shape) == w.Style(w.Color_RED(), 3)


def test_operations(w: ModuleType) -> None:
    shape = w.Shape_new("ab")
    w.Shape_set_item(shape, 1, 2.5)
    w.Shape_set_item(shape, 2, 3.5)
    assert w.Shape_len(shape) == 2
    assert w.Shape_get_item(shape, 1) == 2.5
    assert w.Shape_contains(shape, 1)
    w.Shape_del_item(shape, 1)
    assert w.Shape_to_list(shape) == [2]
    assert w.Shape_equals(shape, w.Shape_new("ab"))
    assert w.Shape_name(w.Shape_add(shape, shape)) == "abab"
    assert w.Shape_name(w.Shape_neg(shape)) == "ba"
    assert w.Shape_call(shape, 1) == [1]
    assert w.Shape_call_with(shape, 1, {"args": [2, 3], "scale": 2}) == [2, 4, 6]
    assert w.Shape_enter(shape) is shape


def test_casts_are_checked(w: ModuleType) -> None:
    shape = w.Shape_new("a")
    with pytest.raises(
        TypeError, match=r"^Shape_as_Square: parameter value: expected Square, got shapes_example.Shape$"
    ):
        w.Shape_as_Square(shape)
    square = w.Square_new("s")
    assert w.Square_as_Shape(square) is square
    assert w.Square_side(w.Shape_as_Square(square)) == 1.0


def test_results_are_checked(w: ModuleType) -> None:
    for name, message in [
        ("wrong_type", "wrong_type: result: expected int, got str 'text'"),
        ("wrong_list", "wrong_list: result[1]: expected int, got str 'text'"),
        ("wrong_class", "wrong_class: result: expected Square, got shapes_example.Shape"),
    ]:
        with pytest.raises(TypeError) as caught:
            getattr(w, name)()
        assert str(caught.value) == message


def test_results_are_not_checked_when_asked(place: Path) -> None:
    package = boundpkg.lower_folder(place / "shapes_example")
    options = WorkspaceOptions(strict_return_types=False)
    with boundpkg.imported_wrapper(package, place / "loose", options) as loose:
        assert loose.wrong_type() == "text"
        assert loose.grow(loose.Size(1, 1), 1) == loose.Size(2, 2)
        assert loose.count_(3) == [0, 1, 2]


def test_integers_of_64_bits(w: ModuleType, place: Path) -> None:
    assert w.big() == 2**70
    package = boundpkg.lower_folder(place / "shapes_example")
    options = WorkspaceOptions(int_mode="int64-only")
    with boundpkg.imported_wrapper(package, place / "int64", options) as small:
        with pytest.raises(TypeError, match=r"^big: result: expected an int of 64 bits, got int 11805916"):
            small.big()
        assert small.count_(2) == [0, 1]
        with pytest.raises(TypeError, match=r"^count_: parameter up_to: expected an int of 64 bits, got int"):
            small.count_(2**63)
        with pytest.raises(TypeError, match=r"^open_ended_with: option n: expected an int of 64 bits"):
            small.open_ended_with({"n": -(2**63) - 1})
        assert small.maybe(-(2**63)) == str(-(2**63))


def test_iterators_options_and_callbacks(w: ModuleType) -> None:
    assert w.count_(3) == [0, 1, 2]
    assert w.maybe(0) is None
    assert w.maybe(1) == "1"
    points = [w.Point(1.0, 0.0), w.Point(2.0, 0.0)]
    assert w.visit(points, lambda point: point.x > 1) == [w.Point(2.0, 0.0)]
    assert w.adder(2)(3) == 5


def test_calls_pass_only_what_is_given(w: ModuleType) -> None:
    assert w.tail(1) == "1 2"
    assert w.tail_with(1, {"sep": "-"}) == "1-2"
    assert w.tail_with(1, {"second": 5, "args": [6, 7]}) == "1 5 6 7"
    with pytest.raises(TypeError, match=r"^tail_with: option args needs option second"):
        w.tail_with(1, {"args": [6]})
    assert w.only_positional_with(1, {"b": 5}) == [1, 5, 3]
    with pytest.raises(TypeError, match=r"^only_positional_with: option c needs option b"):
        w.only_positional_with(1, {"c": 5})
    assert w.keyword_only("x") == "x"
    assert w.open_ended_with({"a": 1}) == {"a": 1}
    with pytest.raises(TypeError, match=r"^tail_with: unknown option 'sepp'; did you mean 'sep'\?$"):
        w.tail_with(1, {"sepp": "-"})
    with pytest.raises(TypeError, match=r"^tail_with: option sep: expected string, got int 1$"):
        w.tail_with(1, {"sep": 1})


def test_asynchronous_functions(w: ModuleType) -> None:
    assert w.fetch_sync("u") == ["u"]
    assert w.fetch_sync_with("u", {"retries": 2}) == ["u", "u"]
    assert asyncio.run(w.fetch_async("u")) == ["u"]

    async def inside() -> None:
        w.fetch_sync("u")

    with pytest.raises(RuntimeError, match=r"^fetch_sync: an event loop is already running"):
        asyncio.run(inside())


def test_bytes_stay_in_python(w: ModuleType) -> None:
    data = w.encode("é")
    assert type(data) is bytes
    assert w.bytes_to_list(data) == [0xC3, 0xA9]
    assert w.bytes_to_string(data) == "é"


def test_names_that_mochi_reserves(w: ModuleType) -> None:
    assert w.log_one_p(1.0) == 1.0
    assert w.all_(1, 2) == 3


def test_exceptions_of_the_package_pass(w: ModuleType) -> None:
    with pytest.raises(ValueError, match=r"^broken$"):
        w.fails()


def test_symbols_bind_late(place: Path) -> None:
    """Importing a wrapper imports no package, and a missing symbol breaks only itself."""
    package = boundpkg.lower_folder(place / "shapes_example")
    with boundpkg.imported_wrapper(package, place / "late"):
        pass
    renamed = place / "late" / "lib" / "shapes_example"
    renamed.mkdir(parents=True)
    (renamed / "__init__.py").write_text("print('imported')\ndef maybe(x): return 'ok'\n")
    code = textwrap.dedent(
        """
        from python_wrap.shapes_example import externs
        print("wrapper")
        print(externs.maybe(1))
        try:
            externs.count_(1)
        except AttributeError as error:
            print(error)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{place / 'late' / 'python_workspace'}:{renamed.parent}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "wrapper",
        "imported",
        "ok",
        "module 'shapes_example' has no attribute 'count'",
    ]


# --- linked programs --------------------------------------------------------------------


@pytest.fixture(scope="module")
def linked(place: Path) -> Iterator[ModuleType]:
    """The sidecar of a program that links the package, imported as Mochi's Python back end does."""
    package = boundpkg.lower_folder(place / "shapes_example")
    with boundpkg.imported_wrapper(package, place / "linked"):
        sidecar = ModuleType("app_externs")
        functions = [("s", function) for function in link(declare(package), "s")]
        text = emit_linked_externs("app.mochi", functions)
        text = text.replace('"python_wrap.s"', '"python_wrap.shapes_example"')
        (place / "linked" / "python_workspace" / "_mochi_link.py").write_text(read_runtime("_mochi_link.py"))
        exec(compile(text, "app_externs.py", "exec"), vars(sidecar))
        yield sidecar


def test_linked_program_sees_only_scalars(linked: ModuleType) -> None:
    origin = linked.s_Point(1, 2)
    shape = linked.s_Shape_new("a")
    linked.s_Shape_set_origin(shape, origin)
    moved = linked.s_Shape_move(shape, linked.s_Point(1.5, 0.0))
    assert linked.s_Point_x(linked.s_Shape_origin(moved)) == 2.5
    points = linked.s_value_new_list()
    linked.s_value_push(points, origin)
    assert linked.s_value_len(linked.s_visit(points, lambda point: linked.s_Point_x(point) > 0.5)) == 1
    assert linked.s_value_len(linked.s_visit(points, lambda point: linked.s_Point_x(point) > 5.0)) == 0


def test_linked_options_and_containers(linked: ModuleType) -> None:
    assert linked.s_tail_with(1, 0) == "1 2"
    options = linked.s_value_new_map()
    linked.s_value_put_string(options, "sep", "-")
    assert linked.s_tail_with(1, options) == "1-2"
    assert linked.s_value_lookup_string(options, "sep") == "-"
    assert linked.s_value_get_string(linked.s_value_keys(options), 0) == "sep"
    assert linked.s_value_has(options, "sep")
    numbers = linked.s_count_(3)
    assert [linked.s_value_get_int(numbers, i) for i in range(linked.s_value_len(numbers))] == [0, 1, 2]


def test_linked_none_enums_and_release(linked: ModuleType) -> None:
    assert linked.s_value_is_none(linked.s_maybe(0))
    assert linked.s_value_to_string(linked.s_maybe(1)) == "1"
    assert linked.s_value_is_none(linked.s_mix(linked.s_Color_RED()))
    assert linked.s_value_to_int(linked.s_Color_value(linked.s_Color_GREEN())) == 2
    handle = linked.s_value_from_int(5)
    linked.s_value_release(handle)
    with pytest.raises(LookupError, match=rf"^{handle} has been released$"):
        linked.s_value_to_int(handle)
    with pytest.raises(LookupError, match=r"^1000000 is not a handle: value_from_int"):
        linked.s_value_to_int(1000000)


def test_linked_errors_become_panics_in_a_program(
    linked: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=r"^broken$"):
        linked.s_fails()

    class MochiPanic(Exception):  # noqa: N818 -- Mochi's own name
        pass

    runtime = ModuleType("mochi_runtime.except_")
    vars(runtime)["MochiPanic"] = MochiPanic
    monkeypatch.setitem(sys.modules, "mochi_runtime", ModuleType("mochi_runtime"))
    monkeypatch.setitem(sys.modules, "mochi_runtime.except_", runtime)
    with pytest.raises(MochiPanic) as caught:
        linked.s_fails()
    assert caught.value.args == (7, "ValueError: broken")


# --- packages that are installed with the tests -------------------------------------------


@pytest.fixture
def wrap(tmp_path: Path) -> Iterator[Callable[[str], ModuleType]]:
    managers = []

    def bind(name: str) -> ModuleType:
        file = importlib.import_module(name).__file__
        assert file is not None
        package = boundpkg.lower_folder(Path(file).parent)
        managers.append(boundpkg.imported_wrapper(package, tmp_path))
        return managers[-1].__enter__()

    yield bind
    for manager in managers:
        manager.__exit__(None, None, None)


def test_packaging(wrap: Callable[[str], ModuleType]) -> None:
    w = wrap("packaging")
    version = w.version_parse("1.10.2rc1")
    assert w.Version_major(version) == 1
    assert w.Version_is_prerelease(version)
    specifier = w.SpecifierSet_new_with({"specifiers": ">=1.0,<2"})
    assert w.SpecifierSet_contains_with(specifier, version, {"prereleases": True})
    assert not w.SpecifierSet_contains(specifier, w.Version_new("2.1"))
    with pytest.raises(Exception, match=r"Invalid version: 'x'"):
        w.Version_new("x")


def test_click(wrap: Callable[[str], ModuleType]) -> None:
    w = wrap("click")
    assert w.style_with("hi", {"fg": "red"}) == "\x1b[31mhi\x1b[0m"
    assert w.unstyle("\x1b[31mhi\x1b[0m") == "hi"
    with pytest.raises(TypeError, match=r"^style_with: unknown option 'fgg'; did you mean 'fg'"):
        w.style_with("hi", {"fgg": "red"})
