"""Backends print whole files: the golden cases, and what holds for every text of a package."""

from __future__ import annotations

import ast
import json
import keyword
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import casefile
import mochi_rules
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from mochic_py.backends.declarations import ShimStyle, declare
from mochic_py.backends.entries import HandleType
from mochic_py.backends.go_package import emit_go_package
from mochic_py.backends.linked import link
from mochic_py.backends.linked_externs import emit_linked_externs
from mochic_py.backends.literals import comment, is_python_name, python_docstring, python_string, toml_string
from mochic_py.backends.refusals import emit_refusals
from mochic_py.backends.report import report_package
from mochic_py.backends.shim import emit_shim, mochi_string
from mochic_py.backends.symbols import emit_symbols
from mochic_py.backends.workspace import read_runtime, runtime_files
from mochic_py.backends.wrapper import emit_wrapper
from mochic_py.backends.wrapper_stub import emit_wrapper_stub
from mochic_py.backends.writer import wrap
from mochic_py.ir.items import (
    Argument,
    CallForm,
    CallPlan,
    Class,
    ClassKind,
    Default,
    DefaultKind,
    Degradation,
    Field,
    Function,
    Info,
    Option,
    Package,
    Param,
    Signature,
)
from mochic_py.ir.parser import parse_package
from mochic_py.ir.refusals import SkipReason
from mochic_py.ir.source import SourceFile
from mochic_py.ir.types import ANY, INT, NONE, STRING, ListOf, Ref

EMIT: dict[str, Callable[[Package], str]] = {
    "wrapper": lambda package: emit_wrapper(package, package.import_names[0]),
    "wrapper_locks": lambda package: emit_wrapper(package, package.import_names[0]),
    "wrapper_stub": lambda package: emit_wrapper_stub(package, package.import_names[0]),
    "go_package": lambda package: emit_go_package(
        package, package.import_names[0], f"python_wrap.{package.import_names[0]}.externs"
    ),
    "shim_module": lambda package: emit_shim(package, package.import_names[0], ShimStyle.MODULE),
    "shim_dotted": lambda package: emit_shim(package, package.import_names[0], ShimStyle.DOTTED),
    "shim_linked": lambda package: emit_shim(package, package.import_names[0], ShimStyle.LINKED),
    "linked_externs": lambda package: emit_linked_externs(
        "app.mochi",
        [(package.import_names[0], function) for function in link(declare(package), package.import_names[0])],
    ),
    "refusals": emit_refusals,
    "symbols": lambda package: emit_symbols(package, package.import_names[0]),
    "report": lambda package: (
        json.dumps(report_package(package, package.import_names[0]), indent=1, ensure_ascii=False) + "\n"
    ),
}
CASES = [
    case for case in casefile.read_folder("backends") if case.file.stem in EMIT and "input" in case.blocks
]
RUFF = [sys.executable, "-m", "ruff", "--isolated", "--quiet"]


def read_package(text: str) -> Package:
    package, diagnostics = parse_package(SourceFile("input.ir", text))
    assert package is not None, diagnostics
    return package


@pytest.mark.parametrize("case", CASES, ids=str)
def test_golden(case: casefile.Case, update_golden: bool) -> None:
    package = read_package(case.blocks["input"])
    casefile.check_case(case, "output", EMIT[case.file.stem](package), update_golden)


@pytest.mark.parametrize("style", ShimStyle)
@pytest.mark.parametrize("case", [c for c in CASES if c.file.stem == "wrapper"], ids=str)
def test_shims_obey_mochi(case: casefile.Case, style: ShimStyle) -> None:
    package = read_package(case.blocks["input"])
    text = emit_shim(package, package.import_names[0], style)
    assert mochi_rules.check_shim(text, style.value) == []


def test_python_is_formatted_as_ruff_would(tmp_path: Path) -> None:
    for number, case in enumerate(c for c in CASES if c.file.stem == "wrapper"):
        package = read_package(case.blocks["input"])
        (tmp_path / f"case{number}_externs.py").write_text(EMIT["wrapper"](package), "utf-8")
        (tmp_path / f"linked{number}_externs.py").write_text(EMIT["linked_externs"](package), "utf-8")
        (tmp_path / f"case{number}_externs.pyi").write_text(EMIT["wrapper_stub"](package), "utf-8")
    for command in (["format", "--no-cache", "--diff"], ["check", "--no-cache"]):
        done = subprocess.run([*RUFF, *command, str(tmp_path)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_wrapper_and_stub_declare_the_same_names() -> None:
    for case in (c for c in CASES if c.file.stem == "wrapper"):
        package = read_package(case.blocks["input"])
        wrapper, stub = (_module_names(EMIT[emit](package)) for emit in ("wrapper", "wrapper_stub"))
        handles = {ty.name for ty in declare(package).types if isinstance(ty, HandleType)}
        assert wrapper | handles == stub


def _module_names(text: str) -> set[str]:
    names: set[str] = set()
    for node in ast.parse(text).body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.ImportFrom(module=module, names=aliases) if module != "__future__":
                names.update(alias.asname or alias.name for alias in aliases)
    return {name for name in names if not name.startswith("_")}


# --- literals ---------------------------------------------------------------------------


@given(st.text())
def test_python_string_is_read_back(text: str) -> None:
    literal = python_string(text)
    assert ast.literal_eval(literal) == text
    assert "\n" not in literal


@given(st.text())
def test_docstring_holds_one_line(text: str) -> None:
    tree = ast.parse(python_docstring(text))
    assert len(tree.body) == 1
    assert isinstance(tree.body[0], ast.Expr)
    assert isinstance(tree.body[0].value, ast.Constant)


@given(st.text())
def test_comment_stays_on_its_line(text: str) -> None:
    assert len(comment(text).splitlines()) <= 1
    assert comment(text).isprintable()


@given(
    st.lists(st.text("x-é", max_size=40), max_size=9), st.lists(st.integers(0, 40), min_size=9, max_size=9)
)
def test_comments_are_broken_as_textwrap_does(words: list[str], blanks: list[int]) -> None:
    line = "".join(f"{' ' * blank}{word}" for word, blank in zip(words, blanks, strict=False))
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    expected = textwrap.wrap(
        line, 30, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    ) or [""]
    assert wrap(line, 30, indent) == expected


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_toml_string_is_read_back(text: str) -> None:
    import tomllib

    assert tomllib.loads(f"x = {toml_string(text)}") == {"x": text}


@given(st.text())
def test_mochi_string_has_only_its_escapes(text: str) -> None:
    literal = mochi_string(text)
    assert ast.literal_eval(literal) == text
    assert "\\'" not in literal.replace("\\\\", "")


# --- hostile packages -------------------------------------------------------------------

hostile = st.text(min_size=1, max_size=12) | st.sampled_from(
    ['"""', "\n", "'''\n", "a\nimport os", "*/", "\\", "class", "self", "options", "len", "\u2028", "ﬁ", "{}"]
)
BREAKOUT = "\nimport os\nextern python fun injected(): int\n\"\"\"'''"


def _hostile_package(names: list[str], text: str) -> Package:
    """A package with `names` wherever Python gives names, and `text` wherever it gives text."""
    info = Info(doc=text, deprecated=text, degradations=(Degradation(SkipReason.UNKNOWN, text, text),))
    default = Default(DefaultKind.EXPRESSION, text)
    params = tuple(Param(name, type=INT) for name in names)
    options = tuple(Option(f"{name}_", STRING, default) for name in names)
    arguments = tuple(Argument(name, INT) for name in names)
    result = ListOf(Ref("evil.Bag"))
    plans = [
        CallPlan(CallForm.REQUIRED, 0, None, arguments, (), None, result, exported="run_required_it"),
        CallPlan(CallForm.WITH_OPTIONS, 0, None, arguments, options, None, result, exported="run_with_it"),
    ]
    fields = tuple(Field(name, f"evil.Bag.{name}", STRING) for name in dict.fromkeys(names))
    bag = Class(
        "Bag",
        "evil.Bag",
        bases=(Ref("typing.TypedDict"),),
        kind=ClassKind.RECORD,
        fields=tuple(evolve(field, exported=f"f_{chr(97 + i)}") for i, field in enumerate(fields)),
        exported="Bag",
        info=info,
    )
    signature = Signature(params, ANY)
    function = Function(names[0], f"evil.{names[0]}", (signature,), info=info, calls=tuple(plans))
    base = read_package(CASES[0].blocks["input"])
    module = evolve(base.modules[0], name="evil", file=text, items=(bag, function))
    return evolve(base, name="evil", version=text, modules=(module,), generated=(), import_names=("evil",))


@settings(max_examples=150, deadline=None)
@given(st.lists(hostile, min_size=1, max_size=4, unique=True), hostile | st.just(BREAKOUT))
def test_text_of_a_package_cannot_become_code(names: list[str], text: str) -> None:
    package = _hostile_package(names, text)
    tree = ast.parse(emit_wrapper(package, "evil"))
    allowed = (ast.Expr, ast.Import, ast.ImportFrom, ast.Assign, ast.ClassDef, ast.FunctionDef)
    assert {type(node) for node in tree.body} <= set(allowed)
    modules = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    imported = {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert imported | modules <= {"__future__", "_mochi_wrap", "builtins", "dataclasses", "typing"}
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert functions <= {"run_required_it", "run_with_it", "__getattr__"}
    ast.parse(emit_wrapper_stub(package, "evil"))
    for style in ShimStyle:
        shim = emit_shim(package, "evil", style)
        assert "injected" not in "\n".join(line for line in shim.split("\n") if line[:2] != "//")
        assert shim.isprintable() or set(filter(lambda ch: not ch.isprintable(), shim)) == {"\n"}
    json.loads(emit_symbols(package, "evil"))
    assert all(
        line == "" or line[0] in "#[" or ": Skip" in line for line in emit_refusals(package).split("\n")
    )


@given(st.text(max_size=6))
def test_python_names_are_names(text: str) -> None:
    if is_python_name(text):
        assert not keyword.iskeyword(text)
        assert ast.parse(f"x.{text}").body


# --- size -------------------------------------------------------------------------------


def test_a_large_package_is_emitted_in_a_second() -> None:
    """As large as numpy, which has about 900 functions and several thousand methods."""
    base = read_package(CASES[0].blocks["input"])
    parameters = tuple(Param(f"p{i}", type=STRING) for i in range(4))
    items: list[Class | Function] = []

    def function(name: str, path: str, receiver: Ref | None) -> Function:
        arguments = tuple(Argument(p.name, p.type, exported=p.name) for p in parameters)
        options = tuple(Option(f"o{i}", INT, Default(DefaultKind.LITERAL, "1")) for i in range(6))
        required = CallPlan(CallForm.REQUIRED, 0, receiver, arguments, (), None, INT, exported=name)
        full = evolve(required, form=CallForm.WITH_OPTIONS, options=options, exported=f"{name}_with")
        return Function(name, path, (Signature(parameters, INT),), calls=(required, full))

    for c in range(150):
        path = f"big.Class_{_letters(c)}"
        methods = tuple(
            function(f"Class_{_letters(c)}_m_{_letters(m)}", f"{path}.m{m}", Ref(path)) for m in range(20)
        )
        items.append(
            Class(f"C{c}", path, kind=ClassKind.HANDLE, methods=methods, exported=f"Class_{_letters(c)}")
        )
    items += [function(f"fun_{_letters(f)}", f"big.f{f}", None) for f in range(900)]
    items.append(Function("last", "big.last", (Signature((), NONE),)))
    package = evolve(base, modules=(evolve(base.modules[0], name="big", items=tuple(items)),), generated=())
    started = time.process_time()
    declared = declare(package)
    emit_wrapper(package, "big", declarations=declared)
    emit_wrapper_stub(package, "big", declarations=declared)
    emit_shim(package, "big", ShimStyle.MODULE, declarations=declared)
    emit_symbols(package, "big", declarations=declared)
    assert time.process_time() - started < 2.0


def _letters(number: int) -> str:
    return "".join(chr(97 + int(digit)) for digit in str(number))


# --- types of the wrapper ---------------------------------------------------------------


@pytest.mark.slow
def test_stubs_pass_a_strict_type_checker(tmp_path: Path) -> None:
    for number, case in enumerate(c for c in CASES if c.file.stem == "wrapper_stub"):
        (tmp_path / f"case{number}_externs.pyi").write_text(case.blocks["output"], "utf-8")
    (tmp_path / "_mochi_wrap").mkdir()
    for name in runtime_files():
        (tmp_path / name).write_text(read_runtime(name), "utf-8")
    settings_file = tmp_path / "pyrightconfig.json"
    settings_file.write_text(
        json.dumps({"typeCheckingMode": "strict", "include": ["*.pyi"], "pythonVersion": "3.12"})
    )
    command = [sys.executable, "-m", "basedpyright", "-p", str(settings_file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
