"""Sum types that are called by the aliases of their unions: their names, and that a wrapper tags by them."""

from __future__ import annotations

import sys
from pathlib import Path

import boundpkg
from hypothesis import given
from hypothesis import strategies as st

from mochic_py.ir.dist import Target, Tier
from mochic_py.ir.items import Alias, Class, ClassKind, Constant, Item, Module, Package, Variant
from mochic_py.ir.types import BOOL, BYTES, INT, STRING, BridgeType, ListOf, MapOf, Ref, UnionOf
from mochic_py.passes.close_unions import CloseUnions
from mochic_py.passes.context import PassContext

ANSWER = UnionOf((INT, STRING))
INSIDE = UnionOf((BOOL, ListOf(UnionOf((STRING, INT)))))
ITEMS: tuple[Item, ...] = (
    Class("Box", "m.Box", kind=ClassKind.HANDLE),
    Alias("Inside", "m.Inside", INSIDE),
    Alias("Answer", "m.Answer", ANSWER),
    Alias("Other", "m.Other", ANSWER),
    Alias("Answer", "m.sub.Answer", UnionOf((BYTES, STRING))),
    Constant("ANSWER", "m.ANSWER", ANSWER),
    Constant("INSIDE", "m.INSIDE", INSIDE),
    Constant("BYTES", "m.BYTES", UnionOf((STRING, BYTES))),
    Constant("NONE", "m.NONE", UnionOf((INT, Ref("m.Box")))),
)
LEAVES: tuple[BridgeType, ...] = (INT, STRING, BYTES, BOOL, Ref("m.Box"))
unrelated = st.lists(
    st.lists(st.sampled_from(LEAVES), min_size=2, max_size=4, unique=True).map(tuple).map(UnionOf), max_size=4
)


def close(items: tuple[Item, ...]) -> dict[str, Item]:
    package = Package(
        "m", "1", ("m",), Tier.INLINE, Target(), (Module("m", "m.py", items),), ("legalize-types",)
    )
    closed = CloseUnions().run(package, PassContext())
    return {item.path: item for item in (*closed.modules[0].items, *closed.generated)}


@given(st.permutations(ITEMS), unrelated)
def test_names_depend_on_nothing_else(items: list[Item], others: list[UnionOf]) -> None:
    expected = close(ITEMS)
    more = tuple(Constant(f"x{n}", f"m.x{n}", MapOf(STRING, ty)) for n, ty in enumerate(others))
    found = close((*more, *items))
    assert {path: found.get(path) for path in expected} == expected
    types = {name: found[f"m.{name}"].type for name in ("ANSWER", "INSIDE", "BYTES", "NONE")}  # type: ignore[union-attr]
    assert types == {
        "ANSWER": Ref("m.Answer"),
        "INSIDE": Ref("m.Inside"),
        "BYTES": Ref("m.sub.Answer"),
        "NONE": Ref("mochi.union.BoxOrInt"),
    }
    inside = found["m.Inside"]
    assert isinstance(inside, Variant)
    assert [case.type for case in inside.cases] == [BOOL, ListOf(Ref("m.Answer"))]


SOURCE = '''
from dataclasses import dataclass
from typing import TypeAlias

@dataclass(frozen=True)
class Plain:
    text: str

@dataclass(frozen=True)
class Warm:
    text: str
    hearts: int

Greeting: TypeAlias = Plain | Warm
"""How somebody is greeted."""
type Answer = int | Greeting
_Hidden = float | str

def greet(hearts: int) -> Greeting:
    return Warm("hi", hearts) if hearts else Plain("hi")
def find(hearts: int) -> Warm | Plain | None:
    return greet(hearts) if hearts >= 0 else None
def answer(count: int) -> Answer:
    return count or Plain("none")
def turn(f: "Callable[[Greeting], Greeting]", greeting: Greeting) -> Greeting:
    return f(greeting)
def hidden() -> _Hidden:
    return "x"
'''


def test_a_wrapper_tags_by_the_alias(tmp_path: Path) -> None:
    folder = tmp_path / "aliased"
    folder.mkdir()
    # Written in the Python of this test, and read in that of the target.
    (folder / "__init__.pyi").write_text("from collections.abc import Callable\n" + SOURCE, "utf-8")
    (folder / "__init__.py").write_text(SOURCE.replace("type Answer =", "Answer ="), "utf-8")
    package = boundpkg.lower_folder(folder)
    sys.path.insert(0, str(tmp_path))
    try:
        with boundpkg.imported_wrapper(package, tmp_path / "out") as wrapper:
            warm = wrapper.Greeting_Warm(wrapper.Warm("hi", 2))
            assert wrapper.greet(2) == warm
            assert wrapper.find(-1) is None
            assert wrapper.find(0) == wrapper.Greeting_Plain(wrapper.Plain("hi"))
            assert wrapper.answer(3) == wrapper.Answer_Int(3)
            assert wrapper.answer(0) == wrapper.Answer_Plain(wrapper.Plain("none"))
            seen: list[object] = []
            assert wrapper.turn(lambda each: seen.append(each) or each, warm) == warm
            assert seen == [warm]
            assert wrapper.hidden() == wrapper.FloatOrString_String("x")
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("aliased", None)
