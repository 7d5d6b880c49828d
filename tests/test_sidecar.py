"""Hand-written sidecars are read, and edited without losing a byte around the edit."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mochic_py.compiler.frontends.sidecar import edit_sidecar, read_sidecar
from mochic_py.ir.source import SourceFile
from mochic_py.ir.types import Ref

SIDECAR = """# Externs for the shop.
from __future__ import annotations

import   json   # odd spaces stay


# What a price costs.
def price(item: str, count: int = 1) -> float:
    return   3.5*count


def _private(): ...


@cached
def names() -> list[str]:  # why not
    return ['a',
        'b']

LAST = 1  # no newline behind"""


def source(text: str) -> SourceFile:
    """Return `text` as a sidecar."""
    return SourceFile("shop_externs.py", text)


def test_public_functions_are_read_with_their_signatures():
    functions, diagnostics = read_sidecar(source(SIDECAR))
    assert diagnostics == ()
    assert [f.path for f in functions] == ["shop_externs.price", "shop_externs.names"]
    price = functions[0].signatures[0]
    assert [(p.name, p.type) for p in price.params] == [
        ("item", Ref("builtins.str")),
        ("count", Ref("builtins.int")),
    ]
    assert price.result == Ref("builtins.float")


def test_nothing_to_do_changes_nothing():
    assert edit_sidecar(source(SIDECAR), {}) == (SIDECAR, ())
    assert edit_sidecar(source(SIDECAR), {}, ["absent"]) == (SIDECAR, ())


def test_a_function_is_removed_with_its_decorators():
    removed = SIDECAR.replace(
        "\n\n@cached\ndef names() -> list[str]:  # why not\n    return ['a',\n        'b']\n", ""
    )
    assert edit_sidecar(source(SIDECAR), {}, ["names"]) == (removed, ())


def test_a_function_is_replaced_in_place():
    text, diagnostics = edit_sidecar(
        source(SIDECAR), {"price": "def price(item: str) -> int:\n    return 4\n"}
    )
    assert diagnostics == ()
    old = "def price(item: str, count: int = 1) -> float:\n    return   3.5*count\n"
    assert text == SIDECAR.replace(old, "def price(item: str) -> int:\n    return 4\n")


def test_a_function_is_added_at_the_end():
    text, _ = edit_sidecar(source("A = 1\n"), {"f": "def f() -> int:\n    return A\n"})
    assert text == "A = 1\n\n\ndef f() -> int:\n    return A\n"
    text, _ = edit_sidecar(source(""), {"f": "def f() -> int:\n    return 1\n"})
    assert text == "def f() -> int:\n    return 1\n"


def test_all_arms_of_an_overload_go_and_come():
    arms = "@overload\ndef f(a: int) -> int: ...\n@overload\ndef f(a: str) -> str: ...\ndef f(a): return a\n"
    removed, _ = edit_sidecar(source(f"A = 1\n{arms}B = 2\n"), {}, ["f"])
    assert removed == "A = 1\nB = 2\n"
    added, _ = edit_sidecar(source(f"{arms}B = 2\n"), {"f": "def f(): ...\n"})
    assert added == "def f(): ...\nB = 2\n"


def test_line_ends_stay():
    text, _ = edit_sidecar(source("A = 1\r\n"), {"f": "def f():\n    return 1\n"})
    assert text == "A = 1\r\n\r\n\r\ndef f():\r\n    return 1\r\n"


@pytest.mark.parametrize(
    ("text", "add", "place"),
    [
        ("def f(:\n", {}, "shop_externs.py:1:7"),
        ("A = 1\n", {"f": "def f() -> : ...\n"}, "<f>:1:9"),
    ],
)
def test_invalid_python_is_reported_and_left_alone(text, add, place):
    result, diagnostics = edit_sidecar(source(text), add)
    assert result == text
    assert [(d.code.code, str(d.span)) for d in diagnostics] == [("PY205", place)]


NAMES = st.lists(st.sampled_from(["f", "g", "h", "i"]), unique=True)


@given(NAMES, NAMES)
@settings(max_examples=50, deadline=None)
def test_adding_then_removing_leaves_the_names_that_were_there(present, added):
    text = "".join(f"def {name}(x: int): ...\n" for name in present)
    bigger, _ = edit_sidecar(source(text), {name: f"def {name}(): ...\n" for name in added})
    names = [f.name for f in read_sidecar(source(bigger))[0]]
    assert names == [*present, *(name for name in added if name not in present)]
    smaller, _ = edit_sidecar(source(bigger), {}, added)
    assert [f.name for f in read_sidecar(source(smaller))[0]] == [n for n in present if n not in added]
