"""Unions and literals through a real wrapper: tagged on the way out, checked on the way in."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import boundpkg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mochic_py.backends.declarations import ShimStyle, declare
from mochic_py.backends.linked import link
from mochic_py.backends.linked_externs import emit_linked_externs
from mochic_py.backends.shim import emit_shim
from mochic_py.backends.workspace import read_runtime
from mochic_py.ir.items import Package

UNITED = """
from __future__ import annotations
import enum
from dataclasses import dataclass
from typing import Callable, Iterator, Literal, NamedTuple, Optional, Protocol, TypedDict, overload

class Url:
    def __init__(self, text: str) -> None: self.text = text
class Secure(Url): ...
class Point(NamedTuple):
    x: int
    y: int
class Style(TypedDict):
    width: int
@dataclass(frozen=True)
class Low:
    text: str
@dataclass(frozen=True)
class High:
    text: str
    level: int = 0
@dataclass(frozen=True)
class Also:
    text: str
class Color(enum.Enum):
    RED = 1
    BLUE = 2
class Sized(Protocol):
    def size(self) -> int: ...

def get(url: Url | str, timeout: float | tuple[float, float] | None = None) -> int | str:
    return url if isinstance(url, str) else len(url.text)
def kind(x: int | str | bytes | list[int] | dict[str, int] | Url | Point | Color | None) -> str:
    return type(x).__name__
def echo(
    x: bool | str | list[int] | list[str] | Url | Point | Style | Color | None,
) -> bool | str | list[int] | list[str] | Url | Point | Style | Color | None:
    return x
def same(x: Low | High | Also) -> Low | High | Also: return x
def of_kind(x: Low | High | Also) -> str: return type(x).__name__
def secure(text: str) -> Url | Secure | int: return Secure(text) if text else 0
def mode(m: Literal["read", "write"], n: Literal[1, "auto"] = 1) -> Literal["read", "write"]: return m
def each(f: Callable[[int | str], int | str]) -> list[int | str]: return [f(1), f("a")]
def many(xs: list[Url | str]) -> list[Url | str]: return xs
def pairs() -> Iterator[tuple[int, str | Url]]: yield 1, Url("a")
def opt(f: Optional[Callable[[int], int]] = None) -> float | complex:
    return 1j if f is None else float(f(2))
def sized(x: Sized | str) -> bool: return isinstance(x, str)
def number(x: int | float | complex) -> complex: return x + 0j
@overload
def pick(x: int | str) -> int: ...
@overload
def pick(y: Url, z: int) -> str: ...
def pick(x: object, z: int = 0) -> int | str: return z if isinstance(x, Url) else str(x)
class Box:
    value: int | str
    def __init__(self, value: int | str) -> None:
        self.value = value
        self._kind: Url | bool = True
    @property
    def kind(self) -> Url | bool: return self._kind
    @kind.setter
    def kind(self, v: Url | bool) -> None: self._kind = v
"""


@pytest.fixture(scope="module")
def united_package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Package]:
    folder = tmp_path_factory.mktemp("united_source")
    (folder / "united").mkdir()
    (folder / "united" / "__init__.py").write_text(textwrap.dedent(UNITED))
    sys.path.insert(0, str(folder))
    try:
        yield boundpkg.lower_folder(folder / "united")
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("united", None)


@pytest.fixture(scope="module")
def united(united_package: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    with boundpkg.imported_wrapper(united_package, tmp_path_factory.mktemp("united")) as wrapper:
        yield wrapper


def test_results_are_tagged(united: ModuleType) -> None:
    assert united.get("a") == united.IntOrString_String("a")
    assert united.get(united.Url_new("abc")) == united.IntOrString_Int(3)
    assert united.many(["a"]) == [united.UrlOrString_String("a")]
    (pair,) = united.pairs()
    assert (pair.first, type(pair.second)) == (1, united.UrlOrString_Url)


def test_a_subclass_is_of_the_case_of_its_base(united: ModuleType) -> None:
    assert type(united.secure("a")) is united.UrlOrInt_Url
    assert united.secure("") == united.UrlOrInt_Int(0)


values = st.one_of(
    st.booleans(), st.text(), st.none(), st.lists(st.integers(), min_size=1), st.lists(st.text(), min_size=1)
)


@given(values)
def test_what_went_out_comes_in_again(united: ModuleType, value: object) -> None:
    out = united.echo(value)
    assert (out if out is None else out.value) == value
    assert united.echo(out) == out


def test_records_enums_and_objects_come_in_tagged_and_bare(united: ModuleType) -> None:
    url = united.Url_new("a")
    for value in (united.Point(1, 2), united.Style(3), united.Color_RED(), url, {"width": 1}):
        out = united.echo(value)
        assert united.echo(out) == out
    assert united.echo(url).value is url
    assert united.echo([]).value == []
    assert united.kind(united.Point(1, 2)) == "Point"
    assert united.kind(united.Color_BLUE()) == "Color"
    assert united.kind({"a": 1}) == "dict"
    assert united.kind(None) == "NoneType"


def test_a_record_goes_in_as_the_one_that_it_is(united: ModuleType) -> None:
    """Not as one before it that has the same fields, or fewer."""
    import united as package  # type: ignore[import-not-found]

    records = (united.Low("a"), united.High("a", 1), united.Also("a"))
    for value in records:
        out = united.same(value)
        assert out.value == value
        assert united.same(out) == out
    assert [united.of_kind(value) for value in records] == ["Low", "High", "Also"]
    objects = (package.Low("a"), package.High("a", 1), package.Also("a"))
    assert [united.of_kind(value) for value in objects] == ["Low", "High", "Also"]
    assert united.of_kind({"text": "a", "level": 1}) == "High"
    assert united.of_kind({"text": "a"}) in ("Low", "Also")


def test_callbacks_take_variants_and_give_members(united: ModuleType) -> None:
    seen: list[object] = []

    def turn(value: object) -> object:
        seen.append(value)
        return "b" if len(seen) == 1 else united.IntOrString_Int(2)

    assert united.each(turn) == [united.IntOrString_String("b"), united.IntOrString_Int(2)]
    assert seen == [united.IntOrString_Int(1), united.IntOrString_String("a")]
    with pytest.raises(TypeError, match=r"each: parameter f, its result: expected int \| string, got float"):
        united.each(lambda value: 1.5)


def test_optional_functions_pass(united: ModuleType) -> None:
    assert united.opt() == united.ComplexOrFloat_Complex(1j)
    assert united.opt_with({"f": lambda n: n + 1}) == united.ComplexOrFloat_Float(3.0)


def test_attributes(united: ModuleType) -> None:
    box = united.Box_new("v")
    assert united.Box_value(box) == united.IntOrString_String("v")
    united.Box_set_value(box, united.IntOrString_Int(7))
    assert box.value == 7
    united.Box_set_value(box, "bare")
    assert united.Box_value(box) == united.IntOrString_String("bare")
    united.Box_set_kind(box, united.Url_new("a"))
    assert type(united.Box_kind(box)) is united.UrlOrBool_Url
    with pytest.raises(TypeError, match=r"Box_set_kind: parameter value: expected Url \| bool, got str"):
        united.Box_set_kind(box, "no")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w: w.get(5), r"get: parameter url: expected Url \| string, got int"),
        (
            lambda w: w.get_with("a", {"timeout": "x"}),
            r"get_with: option timeout: expected float \| \w+, got str",
        ),
        (lambda w: w.many(["a", 3]), r"many: parameter xs\[1\]: expected Url \| string, got int 3"),
        (
            lambda w: w.mode("reed"),
            r"""mode: parameter m: expected "read" \| "write", got str 'reed'; did you mean 'read'""",
        ),
        (lambda w: w.mode(5), r"""mode: parameter m: expected "read" \| "write", got int 5"""),
        (lambda w: w.mode_with("read", {"n": 2}), r"""option n: expected 1 \| "auto", got int 2"""),
        (lambda w: w.mode_with("read", {"n": True}), r"expected 1 \| \"auto\", got bool True"),
        (lambda w: w.number("1"), r"number: parameter x: expected .*complex.*, got str"),
    ],
)
def test_errors_name_what_was_expected(
    united: ModuleType, call: Callable[[ModuleType], object], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        call(united)


def test_what_another_arm_takes_passes(united: ModuleType) -> None:
    with pytest.raises(TypeError, match=r"pick: result: expected int, got str"):
        united.pick("a")
    assert united.pick(united.Url_new("a")) == 0
    with pytest.raises(TypeError, match=r"pick: parameter x: expected int \| string \| Url, got float"):
        united.pick(1.5)


def test_what_cannot_be_tested_passes(united: ModuleType) -> None:
    assert united.sized("a") is True
    assert united.sized(object()) is False


def test_mochi_declares_any_and_the_comment_tells(united_package: Package) -> None:
    shim = emit_shim(united_package, "united", ShimStyle.MODULE)
    assert "extern python fun get(url: any): IntOrString\n" in shim
    assert "extern python fun many(xs: list<any>): list<UrlOrString>\n" in shim
    assert "extern python fun mode(m: string): string\n" in shim
    assert '// united.mode(m: "read" | "write", n=1) -> string\n' in shim
    assert '//   n: 1 | "auto" = 1\n' in shim
    assert "// united.get(url: Url | string, timeout=None) -> IntOrString\n" in shim


def test_linked_unions_are_handles(united_package: Package, united: ModuleType, tmp_path: Path) -> None:
    """The sidecar takes a union as a handle, and gives the name of the case and what it holds."""
    functions = [("united", function) for function in link(declare(united_package), "united")]
    sidecar = ModuleType("prog_externs")
    (tmp_path / "_mochi_link.py").write_text(read_runtime("_mochi_link.py"))
    sys.path.insert(0, str(tmp_path))
    try:
        exec(emit_linked_externs("prog.mochi", functions), vars(sidecar))
        result = sidecar.united_get(sidecar.united_value_from_string("abc"))
        assert sidecar.united_value_tag(result) == "IntOrString_String"
        assert sidecar.united_value_to_string(sidecar.united_value_untag(result)) == "abc"
        assert sidecar.united_get(result)
        assert sidecar.united_mode("read") == "read"
        with pytest.raises(TypeError, match="parameter url"):
            sidecar.united_get(sidecar.united_value_from_int(5))
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("_mochi_link", None)
