"""Overload arms from a stub to calls that Python answers, and names that stay when arms are added."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import boundpkg
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mochic_py.backends.declarations import ShimStyle
from mochic_py.backends.shim import emit_shim
from mochic_py.ir.items import CallForm, Function, Package
from mochic_py.ir.parser import parse_package
from mochic_py.ir.source import SourceFile
from mochic_py.ir.text import format_type
from mochic_py.ir.traverse import walk_functions, walk_items
from mochic_py.passes.assign_names import AssignNames
from mochic_py.passes.context import PassContext
from mochic_py.passes.expand_overloads import ExpandOverloads
from mochic_py.passes.plan_calls import PlanCalls

READER = """
from __future__ import annotations
from typing import Any, Callable, Generic, Literal, ParamSpec, TypedDict, TypeVar, Unpack, overload
from typing_extensions import deprecated

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

class Reader:
    def __init__(self, text: str) -> None: self.text = text
    def next(self) -> str: return self.text

# by literal
@overload
def read(path: str, *, limit: int = ...) -> str: ...
@overload
def read(path: str, *, lazy: Literal[True], limit: int = ...) -> Reader: ...
@overload
def read(path: str, *, chunk: int) -> list[str]: ...
@overload
@deprecated("say `lazy`")
def read(path: str, *, old: bool) -> Reader: ...
def read(path, *, lazy=False, chunk=None, limit=99, old=False):
    if chunk:
        return [path[i : i + chunk] for i in range(0, len(path), chunk)]
    return Reader(path[:limit]) if lazy or old else path[:limit]

# by a literal in its place
@overload
def decode(path: str, mode: Literal["text"] = ...) -> str: ...
@overload
def decode(path: str, mode: Literal["words"]) -> list[str]: ...
@overload
def decode(path: str, mode: None) -> int: ...
def decode(path, mode="text"):
    return {"text": path, "words": path.split(), None: len(path)}[mode]

# by type, with one result: one form
@overload
def size(value: str) -> int: ...
@overload
def size(value: list[int], start: int) -> int: ...
def size(value, start=0): return len(value) + start

# by type, with several results
@overload
def double(value: int) -> int: ...
@overload
def double(value: str) -> str: ...
@overload
def double(value: None) -> None: ...
def double(value): return value if value is None else value * 2

# by arity
@overload
def span(stop: int, /) -> list[int]: ...
@overload
def span(start: int, stop: int, /, step: int = ...) -> list[int]: ...
def span(*args, step=1): return list(range(*args, step) if len(args) > 1 else range(*args))

# by nothing that Mochi sees
@overload
def pick(values: list[T], first: T) -> T: ...
@overload
def pick(values: Any, first: Any) -> int: ...
def pick(values, first): return first if values == [] else values[0]

class Box(Generic[T]):
    def __init__(self, value: T) -> None: self.value = value
    @overload
    def get(self: Box[int]) -> int: ...
    @overload
    def get(self: Box[str], default: str) -> str: ...
    def get(self, default=None): return self.value

def logged(call: Callable[P, R]) -> Callable[P, R]: return call

@logged
def greet(name: str, *, loud: bool = False) -> str: return name.upper() if loud else name

class Style(TypedDict, total=False):
    color: str
    width: int

def draw(name: str, **style: Unpack[Style]) -> str:
    return name + "".join(f" {key}={value}" for key, value in style.items())
"""


@pytest.fixture(scope="module")
def lowered(tmp_path_factory: pytest.TempPathFactory) -> Package:
    folder = tmp_path_factory.mktemp("overloads") / "reader_example"
    folder.mkdir()
    (folder / "__init__.py").write_text(READER, "utf-8")
    return boundpkg.lower_folder(folder)


@pytest.fixture
def w(lowered: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = next(tmp_path_factory.getbasetemp().glob("overloads*"))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        with boundpkg.imported_wrapper(lowered, tmp_path_factory.mktemp("build")) as wrapper:
            yield wrapper


def test_arms_by_literal(w: ModuleType) -> None:
    assert w.read("abc") == "abc"
    assert w.read_with("abc", {"limit": 2}) == "ab"
    assert w.Reader_next(w.read_lazy("abc")) == "abc"
    assert w.Reader_next(w.read_lazy_with("abc", {"limit": 1})) == "a"
    assert w.read_chunk("abcd", 3) == ["abc", "d"]
    assert w.Reader_next(w.read_old("abc", True)) == "abc"


def test_a_literal_in_its_place_is_sent_there(w: ModuleType) -> None:
    assert w.decode("a b") == "a b"
    assert w.decode_words("a b") == ["a", "b"]
    assert w.decode_no_mode("a b") == 3


def test_arms_by_type(w: ModuleType) -> None:
    assert w.size("abc") == 3
    assert w.size([1, 2]) == 2
    assert w.size_with([1, 2], {"start": 5}) == 7
    assert w.double(2) == 4
    assert w.double_string("a") == "aa"
    assert w.double_no_value() is None


def test_arguments_of_joined_arms_are_checked(w: ModuleType) -> None:
    with pytest.raises(Exception, match="size"):
        w.size(2.5)
    with pytest.raises(Exception, match="start"):
        w.size_with("a", {"start": "b"})


def test_arms_by_arity(w: ModuleType) -> None:
    assert w.span(2) == [0, 1]
    assert w.span_start(1, 3) == [1, 2]
    assert w.span_start_with(1, 6, {"step": 2}) == [1, 3, 5]


def test_what_mochi_cannot_tell_apart_is_any(w: ModuleType) -> None:
    assert w.pick(["a"], "b") == "a"
    assert w.pick([2], 1) == 2


def test_the_receiver_is_the_class(w: ModuleType) -> None:
    assert w.Box_get(w.Box_new(3)) == 3
    assert w.Box_get_default(w.Box_new("x"), "y") == "x"


def test_decorators_and_keywords_of_a_typed_dict(w: ModuleType) -> None:
    assert w.greet("ann") == "ann"
    assert w.greet_with("ann", {"loud": True}) == "ANN"
    assert w.draw_with("box", {"width": 2}) == "box width=2"
    with pytest.raises(Exception, match=r"widht.*width"):
        w.draw_with("box", {"widht": 2})


def test_nothing_is_degraded(lowered: Package) -> None:
    for item in walk_items(lowered):
        for function in walk_functions(item):
            assert function.info.degradations == (), function.path


def test_comments_name_the_other_arms_and_mark_deprecated_ones(lowered: Package) -> None:
    shim = emit_shim(lowered, "reader", ShimStyle.MODULE)
    groups = [group for group in shim.split("\n\n") if "extern python fun read" in group]
    assert "\n\n".join(groups) == READ_SHIM


READ_SHIM = """\
// reader_example.read(path: string, *, limit=...) -> string
// reader_example/__init__.py:24
// also: read_lazy, read_chunk, read_old
extern python fun read(path: string): string

// options:
//   limit: int = ...
extern python fun read_with(path: string, options: map<string, any>): string

// reader_example.read(path: string, *, lazy: true, limit=...) -> Reader
// reader_example/__init__.py:24
extern python fun read_lazy(path: string): Reader

// options:
//   limit: int = ...
extern python fun read_lazy_with(path: string, options: map<string, any>): Reader

// reader_example.read(path: string, *, chunk: int) -> list<string>
// reader_example/__init__.py:24
extern python fun read_chunk(path: string, chunk: int): list<string>

// reader_example.read(path: string, *, old: bool) -> Reader
// reader_example/__init__.py:24
// deprecated: say `lazy`
extern python fun read_old(path: string, old: bool): Reader"""


# --- names stay --------------------------------------------------------------------------

HEAD = 'mochic-ir 1\npackage m "1.0"\nimports m\ntier inline\ntarget linux-x86_64 3.13 cpython\n\n'


def named(*functions: str) -> dict[str, dict[tuple[int, str], str]]:
    """Return the names of the arms of each function, by the line of the arm, its result and what it sends."""
    lines = "\n".join(f"  {line}" for function in functions for line in function.splitlines())
    source = SourceFile("m.ir", f'{HEAD}module m "m.pyi" {{\n{lines}\n}}\n')
    package, problems = parse_package(source)
    assert package is not None, problems
    for each in (ExpandOverloads(cap=100), PlanCalls(), AssignNames()):
        package = each.run(package, PassContext())
    found: dict[str, dict[tuple[int, str], str]] = {}
    for item in walk_items(package):
        assert isinstance(item, Function)
        for call in item.calls:
            if call.form is CallForm.REQUIRED:
                place = item.signatures[call.arm].span
                assert place is not None
                fixed = [format_type(each.type) for each in call.arguments if each.fixed]
                key = place.line, " ".join([format_type(call.result), *fixed])
                found.setdefault(item.name, {})[key] = call.exported or ""
    return found


def function(name: str, arms: list[str]) -> str:
    """Write a function whose arms are at the lines 1, 2, …."""
    first = f"fun {name}{arms[0]} at 1:1-2"
    rest = [f"  overload {arm} at {line}:1-2" for line, arm in enumerate(arms[1:], 2)]
    return "\n".join([f"{first} {{", *rest, "}"]) if rest else first


TYPES = st.sampled_from(
    ["int", "string", "bytes", "list<int>", "list<string>", "any", 'literal<"r">', "literal<true>"]
)
RESULTS = st.sampled_from(["int", "string", "bytes", "list<int>", "bool", "none"])
PARAMS = st.lists(st.tuples(st.sampled_from("abc"), TYPES), max_size=3, unique_by=lambda pair: pair[0])


@st.composite
def arms(draw: st.DrawFn) -> str:
    params = ", ".join(f"kw {name}: {ty}" for name, ty in draw(PARAMS))
    return f"({params}): {draw(RESULTS)}"


# A first run imports and builds the parser.
unhurried = settings(deadline=None)


@unhurried
@given(st.lists(arms(), min_size=1, max_size=6), arms())
def test_an_arm_behind_the_others_changes_no_name(before: list[str], added: str) -> None:
    few, more = named(function("f", before))["f"], named(function("f", [*before, added]))["f"]
    # The new arm may be the plainest, or be one with others, which then take more.
    assume(next(iter(more)) == next(iter(few)) and few.keys() <= more.keys())
    assert {key: name for key, name in more.items() if key in few} == few


@unhurried
@given(st.lists(arms(), min_size=1, max_size=5), st.lists(arms(), min_size=1, max_size=3))
def test_an_unrelated_function_changes_no_name(before: list[str], other: list[str]) -> None:
    few = named(function("f", before))
    assert named(function("f", before), function("zebra", other))["f"] == few["f"]


@unhurried
@given(st.lists(arms(), min_size=2, max_size=6))
def test_a_function_keeps_its_name_beside_an_arm_that_wants_it(before: list[str]) -> None:
    names = named(function("f", before))["f"]
    for key, name in list(names.items())[1:]:
        crowded = named(function("f", before), function(name, ["(): int"]))
        assert crowded[name] == {(1, "int"): name}
        others = {each: crowded["f"][each] for each in names if each != key}
        assert others == {each: names[each] for each in others}


@unhurried
@given(st.lists(arms(), min_size=1, max_size=8))
def test_names_of_arms_are_unique(before: list[str]) -> None:
    names = list(named(function("f", before))["f"].values())
    assert len(set(names)) == len(names)
    assert "f" in names
