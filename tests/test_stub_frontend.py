"""The stub frontend: golden cases, and that no input makes it fail."""

from __future__ import annotations

import casefile
import pytest
from diagnostic_text import show_diagnostics
from hypothesis import given, settings
from hypothesis import strategies as st

from mochic_py.compiler.frontends.stub import read_module
from mochic_py.ir.diagnostics import Diagnostic
from mochic_py.ir.dist import Target, Tier
from mochic_py.ir.items import Class, Function, Module, Package
from mochic_py.ir.printer import format_package
from mochic_py.ir.source import SourceFile
from mochic_py.ir.types import Ref

CASES = [
    case
    for name in ("stub", "evidence")
    for case in casefile.read_cases(casefile.GOLDEN / "frontends" / f"{name}.md")
]
_WORDS = r"""
def class f C ( ) [ ] { } : , . = -> * ** / @ | ' " \""" \ # if else try except import from as lambda type
overload None ... 3 f'{ é async match __all__ + += self.x
"""
FRAGMENTS = st.sampled_from([*_WORDS.split(), "\n", "\n    ", "\t", "\0", "\ufeff"])
LINUX = Target()


def read(
    text: str, *, stub: bool = True, package: bool = False, target: Target = LINUX
) -> tuple[Module, tuple[Diagnostic, ...]]:
    """Return the reading of `text` as module `pkg.m`."""
    return read_module(
        SourceFile("pkg/m.pyi" if stub else "pkg/m.py", text),
        "pkg.m",
        is_package=package,
        is_stub=stub,
        tier=Tier.INLINE,
        target=target,
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_golden(case, update_golden):
    is_stub = "input" in case.blocks
    module, diagnostics = read(case.blocks["input" if is_stub else "source"], stub=is_stub)
    package = Package("pkg", "1", ("pkg",), Tier.INLINE, Target(), (module,))
    text = format_package(package)
    casefile.check_case(case, "module", text[text.index("\nmodule ") + 1 :], update_golden)
    if "diagnostics" in case.blocks:
        casefile.check_case(case, "diagnostics", show_diagnostics(diagnostics), update_golden)
    else:
        assert diagnostics == ()


def test_conditions_follow_the_target():
    text = """
import sys
if sys.platform == "win32": windows: int
elif sys.platform == "darwin": macos: int
elif sys.platform == "emscripten": wasm: int
else: linux: int
if sys.version_info >= (3, 13): new: int
"""
    expected = {
        Target("windows-arm64", (3, 12)): ["windows"],
        Target("macos-arm64", (3, 13)): ["macos", "new"],
        Target("pyodide", (3, 13)): ["wasm", "new"],
        Target("musllinux-x86_64", (3, 12)): ["linux"],
    }
    found = {target: [item.name for item in read(text, target=target)[0].items] for target in expected}
    assert found == expected


def test_relative_imports_count_from_the_package():
    text = "from . import a\nfrom .. import b\nfrom .c import d\nfrom ....far import e\n"
    paths = {
        package: [f"{i.module}:{i.attribute}" for i in read(text, package=package)[0].imports]
        for package in (False, True)
    }
    assert paths == {
        False: ["pkg:a", ":b", "pkg.c:d", "far:e"],
        True: ["pkg.m:a", "pkg:b", "pkg.m.c:d", "far:e"],
    }


def test_a_compiled_module_gives_way_to_the_fallback():
    text = "try:\n    from pkg._fast import pack\nexcept ImportError:\n    from pkg.slow import pack\n"
    source = SourceFile("pkg/m.py", text)
    options = {"is_package": False, "is_stub": False, "tier": Tier.INLINE, "target": Target()}
    plain, _ = read_module(source, "pkg.m", **options)
    missing, _ = read_module(source, "pkg.m", **options, missing={"pkg._fast"})
    assert [plain.imports[0].module, missing.imports[0].module] == ["pkg._fast", "pkg.slow"]


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000,
        "x: " + "[" * 10_000,
        "x: " + "list[" * 5_000 + "int" + "]" * 5_000,
        "def f(" * 3_000,
        "class C:\n " * 500,
        "".join(f"{' ' * depth}class C{depth}:\n" for depth in range(2_000)) + " " * 2_000 + "x: int\n",
        "".join(f"{' ' * depth}if a:\n" for depth in range(2_000)) + " " * 2_000 + "x: int\n",
        "if " + "not " * 10_000 + "TYPE_CHECKING: x: int",
        "__all__ = " + "[] + " * 5_000 + "[]",
        "X = " + "A | " * 5_000 + "B",
        "x: '" + "\\'" * 5_000 + "'",
        "a.b" * 10_000 + ": int",
    ],
    ids=lambda text: text[:14].replace("\n", " "),
)
def test_deep_nesting_does_not_overflow(text):
    module, _ = read(text)
    assert module.name == "pkg.m"


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_any_text_is_read(text):
    read(text)
    read(text, stub=False)


@given(st.lists(FRAGMENTS, max_size=60).map(" ".join))
@settings(max_examples=400, deadline=None)
def test_any_fragments_are_read(text):
    module, _ = read(text, stub=False)
    assert _spans_are_inside(module, text)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read(content):
    text = content.decode("utf-8", "surrogateescape")
    read(text)


@given(st.text(st.characters(categories=("L",)), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_spans_select_the_name(prefix):
    text = f"X = '{prefix}'; name: int\n"
    module, _ = read(text)
    item = next(item for item in module.items if item.name == "name")
    span = item.info.span
    assert span is not None
    assert text[span.column - 1 : span.end_column - 1] == "name"


def test_a_thousand_names_are_read_in_order():
    text = "".join(f"def f{n}(a: C{n}) -> C{n}: ...\nclass C{n}: ...\n" for n in range(500))
    items = read(text)[0].items
    assert [item.name for item in items] == [name for n in range(500) for name in (f"f{n}", f"C{n}")]
    functions = [item for item in items if isinstance(item, Function)]
    assert [f.signatures[0].result for f in functions] == [
        Ref(item.path) for item in items if isinstance(item, Class)
    ]


def _spans_are_inside(module: Module, text: str) -> bool:
    lines = text.split("\n")
    for item in module.items:
        span = item.info.span
        if span is not None and not (
            1 <= span.line <= span.end_line <= len(lines)
            and span.end_column - 1 <= len(lines[span.end_line - 1])
        ):
            return False
    return True
