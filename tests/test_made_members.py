"""What passes add beside Python's own functions: class objects, and calls of them through a wrapper."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import boundpkg
import pytest

from mochic_py.backends.declarations import declare
from mochic_py.compiler.lower import LowerSettings, lower_package
from mochic_py.ir.parser import parse_package
from mochic_py.ir.source import SourceFile
from mochic_py.ir.types import ANY, INT
from mochic_py.passes.context import PassOptions

MAKERS = """
from __future__ import annotations
from typing import Any, TypeVar, AnyStr

class Base:
    def name(self) -> str: return type(self).__name__

class Sub(Base):
    class Inner(Base): ...

class Other: ...

class Broken(ValueError): ...

T = TypeVar("T", bound=Base)
V = TypeVar("V")

def make(cls: type[T], times: int = 1) -> T: return cls()
def is_instance(value: object, *, of: type[Any]) -> bool: return isinstance(value, of)
def class_of(value: Base) -> type[Base]: return type(value)
def expected(error: type[BaseException] | tuple[type[BaseException], ...]) -> str:
    return error.__name__ if isinstance(error, type) else ",".join(each.__name__ for each in error)
def same(value: V) -> V: return value
def twice(text: AnyStr) -> AnyStr: return text + text
"""


@pytest.fixture(scope="module")
def w(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = tmp_path_factory.mktemp("packages")
    package = folder / "makers_example"
    package.mkdir()
    (package / "__init__.py").write_text(MAKERS)
    sys.path.insert(0, str(folder))
    with boundpkg.imported_wrapper(boundpkg.lower_folder(package), folder / "build") as wrapper:
        yield wrapper
    sys.path.remove(str(folder))


def test_classes_are_values(w: ModuleType) -> None:
    assert w.Base_name(w.make(w.Sub_type())) == "Sub"
    assert w.Type_name(w.class_of(w.make(w.Sub_Inner_type()))) == "Sub.Inner"
    assert w.expected(w.Broken_type()) == "Broken"


def test_builtin_classes_and_classes_by_path(w: ModuleType) -> None:
    assert w.is_instance(3, w.Type_int())
    assert not w.is_instance("3", w.Type_int())
    assert w.is_instance({}, w.Type_map())
    assert w.is_instance([], w.Type_named("collections.abc.Sequence"))
    with pytest.raises(AttributeError):
        w.Type_named("collections.abc.Missing")


def test_type_variables_take_any_value(w: ModuleType) -> None:
    assert w.same(3) == 3
    assert w.same("x") == "x"


def test_an_instance_of_a_generic_function_has_a_name_of_its_own() -> None:
    source = """mochic-ir 1
package m "1.0"
imports m
tier inline
target linux-x86_64 3.13 cpython

module m "m.pyi" {
  fun head<T>(xs: list<'T>): 'T at 1:5-10
}
"""
    raw, problems = parse_package(SourceFile("m.ir", source))
    assert raw is not None, problems
    options = PassOptions(monomorphise=(("m.head", (("T", "int"),)),))
    lowered = lower_package(raw, LowerSettings(options=options), lambda: 0.0).package
    entries = {entry.name: entry.result for entry in declare(lowered).entries}
    assert entries == {"head": ANY, "head_int": INT}
