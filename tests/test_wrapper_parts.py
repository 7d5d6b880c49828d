"""Wrappers of large packages: a module, and parts of it that are loaded when they are needed."""

from __future__ import annotations

import ast
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from boundpkg import imported_wrapper, lower_folder
from hypothesis import given
from hypothesis import strategies as st

from mochic_py.backends import wrapper
from mochic_py.backends.declarations import declare
from mochic_py.backends.entries import Entry, EntryKind, ReadConstant
from mochic_py.backends.wrapper import emit_wrapper, emit_wrapper_files
from mochic_py.backends.wrapper_parts import split_entries
from mochic_py.ir.items import Package
from mochic_py.ir.types import STRING

SOURCE = """
from __future__ import annotations
from dataclasses import dataclass
import enum

@dataclass(frozen=True)
class Place:
    row: int
    name: str

class Color(enum.Enum):
    RED = 1
    BLUE = 2

class Shop:
    def __init__(self, name: str) -> None:
        self.name = name
    def places(self) -> list[Place]:
        return [Place(1, self.name)]
    def move(self, place: Place) -> Place:
        return place

def find(name: str) -> Place:
    return Place(2, name)
def paint(color: Color) -> Color:
    return color
def either(x: int | str) -> int | str:
    return x
def fail() -> int:
    raise RuntimeError("closed")
async def later() -> int:
    return 5
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Package]:
    folder = tmp_path_factory.mktemp("parts") / "stalls"
    folder.mkdir()
    (folder / "__init__.py").write_text(SOURCE, "utf-8")
    sys.path.insert(0, str(folder.parent))
    yield lower_folder(folder)
    sys.path.remove(str(folder.parent))
    sys.modules.pop("stalls", None)


@pytest.fixture
def w(package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.setattr(wrapper, "LARGEST", 3)
    with imported_wrapper(package, tmp_path) as found:
        yield found


def _parts() -> list[str]:
    return sorted(name for name in sys.modules if name.startswith("python_wrap.stalls.stalls_externs_"))


def test_a_part_is_loaded_with_the_first_of_its_names(w: ModuleType) -> None:
    assert _parts() == []
    assert w.Color_RED is not None
    (types,) = _parts()
    assert w.find("a") == w.Place(2, "a")
    (loaded,) = set(_parts()) - {types}
    assert vars(w)["find"] is vars(sys.modules[loaded])["find"]
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        getattr(w, "nothing")  # noqa: B009 -- it is not there
    assert w.Shop.__name__ == "Shop"
    from python_wrap.stalls.stalls_externs import later_sync

    assert later_sync() == 5
    assert callable(w.later_async)


def test_values_are_of_the_same_classes_in_every_part(w: ModuleType) -> None:
    shop = w.Shop_new("a")
    (place,) = w.Shop_places(shop)
    assert type(place) is w.Place is type(w.find("b"))
    assert w.Shop_move(shop, place) == place
    assert w.paint(w.Color_BLUE()) == w.Color_BLUE()
    assert type(w.either(1)).__name__ == "IntOrString_Int"
    assert type(w.either("")) is w.IntOrString_String
    assert len(_parts()) > 2


def test_a_trace_through_a_part_shows_the_declaration(w: ModuleType) -> None:
    with pytest.raises(RuntimeError) as caught:
        w.fail()
    frames = __import__("_mochi_wrap.errors").errors.describe_error(caught.value).frames
    assert tuple(frames[1]) == ("stalls/__init__.py", 29, "stalls.fail", "declaration")


def test_the_parts_define_what_one_file_would(package: Package) -> None:
    whole = _functions(emit_wrapper(package, "stalls"))
    files = emit_wrapper_files(package, "stalls", "stalls", largest=3)
    assert list(files) == ["stalls_externs.py", *(f"stalls_externs_{n}.py" for n in range(len(files) - 1))]
    found = [_functions(text) for text in files.values()]
    assert found[0] == {}
    assert {name: text for each in found for name, text in each.items()} == whole
    assert emit_wrapper_files(package, "stalls", "stalls", largest=10_000).keys() == {"stalls_externs.py"}


def _functions(text: str) -> dict[str, str]:
    nodes = [n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {node.name: ast.unparse(node) for node in nodes if node.name != "__getattr__"}


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["", "C", "D"])), max_size=40),
    st.integers(1, 9),
)
def test_parts_are_in_order_and_keep_classes_together(places: list[tuple[str, str]], largest: int) -> None:
    entries = [
        Entry(f"f{n}", f"f{n}", EntryKind.CONSTANT, (), STRING, ReadConstant(), module=module, owner=owner)
        for n, (module, owner) in enumerate(places)
    ]
    parts = split_entries(entries, largest)
    assert [entry for part in parts for entry in part] == entries
    assert len(parts) == 1 or all(parts)
    for before, after in itertools.pairwise(parts):
        assert len(before) >= largest
        last, first = before[-1], after[0]
        assert not first.owner or (last.module, last.owner) != (first.module, first.owner)


def test_declared_names_are_all_in_the_table(package: Package) -> None:
    files = emit_wrapper_files(package, "stalls", "stalls", largest=3)
    (table,) = (
        node.value
        for node in ast.parse(files["stalls_externs.py"]).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_parts"
    )
    names = {name for text in ast.literal_eval(table).values() for name in text.split()}
    classes = {"Place", "Color", "Color_RED", "Color_BLUE"}
    classes |= {"IntOrString", "IntOrString_Int", "IntOrString_String"}
    assert names == {entry.name for entry in declare(package).entries} | {"later_async"} | classes
