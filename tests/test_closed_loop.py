"""The closed loop: a Mochi module becomes a wheel, which is bound again with the same declarations.

`golden/surface/closed_loop.md` shows the module beside the shim that comes of its wheel, in strict mode, in
which unions that flow in are declared too. What is different, if anything, is listed between the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import casefile
import pytest
from index_server import File, serve
from local_packages import mochic

from mochic_py.compiler.frontends.mochi_surface import read_surface
from mochic_py.compiler.frontends.source_text import first_sentence
from mochic_py.ir.dist import Target
from mochic_py.ir.info import NoteKind
from mochic_py.ir.items import Alias, Class, Constant, Function, Info, Item, Package, Refusal, Variant
from mochic_py.ir.parser import parse_package
from mochic_py.ir.source import SourceFile
from mochic_py.ir.text import format_type
from mochic_py.ir.traverse import map_type, walk_items
from mochic_py.ir.types import BridgeType, Ref
from mochic_py.passes.context import PassContext
from mochic_py.passes.expand_aliases import ExpandAliases

FILE = casefile.GOLDEN / "surface" / "closed_loop.md"
CASES = casefile.read_cases(FILE)
EXAMPLE = Path(__file__).parent.parent / "examples" / "package" / "src" / "greeting.mochi"
NAME = "mochi-pkg-loop"
IMPORTED = "mochi_pkg_loop"
MANIFEST = f"""\
mochi-manifest = 1

[package]
name = "loop"
version = "1.0"
description = "There and back"
license = "MIT"

[python.publish]
distribution-name = "{NAME}"
compiled = "compiled"
"""


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_module_comes_back_as_it_was(case: casefile.Case, tmp_path: Path, update_golden: bool) -> None:
    module = case.blocks["module"]
    surface = read_surface(SourceFile("loop.mochi", module), IMPORTED, "1.0", Target())
    bound, shim = loop(module, surface, tmp_path, "--strict")
    before, after = set(declarations(surface)), set(declarations(bound))
    changed = [f"- {line}" for line in sorted(before - after)]
    changed += [f"+ {line}" for line in sorted(after - before)]
    if "changed" in case.blocks:
        casefile.check_case(case, "changed", "\n".join(changed), update_golden)
    else:
        assert changed == []
    casefile.check_case(case, "shim", shim, update_golden)
    assert len(before) > 3


def test_the_first_case_is_the_example() -> None:
    assert CASES[0].blocks["module"] == EXAMPLE.read_text("utf-8")


def test_unions_that_flow_in_are_checked_by_the_wrapper_where_nobody_is_strict(tmp_path: Path) -> None:
    """Mochi declares `any` there, for a program would have to tag what it passes (ADR 0009)."""
    module = CASES[1].blocks["module"]
    surface = read_surface(SourceFile("loop.mochi", module), IMPORTED, "1.0", Target())
    bound, _ = loop(module, surface, tmp_path)
    functions = [item for item in bound.modules[0].items if isinstance(item, Function)]
    checked = {
        item.name: [note.where for note in item.info.notes if note.kind is NoteKind.CHECKED]
        for item in functions
    }
    assert {name: where for name, where in checked.items() if where} == {
        "area": ["parameter shape"],
        "areas": ["parameter shapes"],
        "largest": ["parameter shapes", "parameter otherwise"],
    }
    outside = [line for line in declarations(surface) if not line.startswith(("fun area", "fun largest"))]
    assert set(outside) <= set(declarations(bound))


def loop(module: str, surface: Package, folder: Path, *options: str) -> tuple[Package, str]:
    """Return the IR and the shim of the wheel that is made of `module`."""
    (folder / "loop.mochi").write_text(module, "utf-8")
    (folder / "mochi.toml").write_text(MANIFEST, "utf-8")
    compiled = folder / "compiled" / "loop.py"
    compiled.parent.mkdir()
    compiled.write_text("\n".join(stand_in(surface)) + "\n", "utf-8")
    built = mochic("pkg", "build", "--manifest", folder / "mochi.toml", "--wheel")
    assert built.code == 0, built.err
    (wheel,) = (folder / "dist").glob("*.whl")
    out = folder / "out"
    with serve() as index:
        index.add(File(wheel.name, wheel.read_bytes()))
        shown = mochic("ir", NAME, "--index-url", index.url, *options)
        bound, problems = parse_package(SourceFile("bound.ir", shown.out))
        assert bound is not None, problems
        compiling = mochic("compile", "--package", NAME, "-o", out, "--index-url", index.url, *options)
        assert compiling.code == 0, compiling.err
    (shim,) = out.rglob("*_shim.mochi")
    assert mochic("check", shim).code == 0
    return bound, shim.read_text("utf-8")


def stand_in(surface: Package) -> Iterator[str]:
    """Yield the lines of a compiled module that has all of `surface`, as Mochi's back end names it."""
    yield "from dataclasses import dataclass"
    for item in surface.modules[0].items:
        match item:
            case Class():
                yield "@dataclass(frozen=True, slots=True)"
                yield f"class {item.name}:"
                yield from [f"    {each.name}: object" for each in item.fields] or ["    pass"]
            case Variant():
                yield f"{item.name} = {' | '.join(case.name for case in item.cases)}"
            case Constant(value=None):
                yield f"{item.name} = None"
            case Function(signatures=(signature,)):
                params = ", ".join(f"a{index}" for index, _ in enumerate(signature.params))
                yield f"def mochi__{item.name}({params}): raise NotImplementedError"
            case _:
                pass


# --- what a package declares ------------------------------------------------------------


def declarations(package: Package) -> Iterator[str]:
    """Yield a line for each thing that `package` declares, and one for its documentation."""
    for item in walk_items(ExpandAliases().run(package, PassContext())):
        line = declare(item)
        if line:
            yield line
            if doc := document(item.info):
                yield f"{line.partition('(')[0].partition(' =')[0].partition(' {')[0]}: {doc}"


def declare(item: Item) -> str:
    match item:
        case Class():
            fields = ", ".join(f"{each.name}: {show(each.type)}" for each in item.fields)
            return f"{item.kind.value} {item.name} {{ {fields} }}"
        case Variant():
            # The order of cases is that in which the wrapper tries them.
            return f"type {item.name} = {' | '.join(sorted(show(case.type) for case in item.cases))}"
        case Constant():
            return f"let {item.name}: {show(item.type)}"
        case Function(signatures=(signature,)):
            params = ", ".join(f"{param.name}: {show(param.type)}" for param in signature.params)
            return f"fun {item.name}({params}): {show(signature.result)}"
        case Refusal():
            return f"refused {item.kind} {item.name}"
        case _:
            assert isinstance(item, Alias)
            return ""


def show(ty: BridgeType) -> str:
    """Return the text of a type; those of the package by their names alone."""
    return format_type(map_type(ty, _shorten))


def _shorten(ty: BridgeType) -> BridgeType:
    return Ref(ty.path.removeprefix(f"{IMPORTED}.")) if isinstance(ty, Ref) else ty


def document(info: Info) -> str:
    effects = [note.detail for note in info.notes if note.kind is NoteKind.EFFECT]
    doc = info.doc or (f"Effects: {', '.join(effects)}." if effects else "")
    return first_sentence(f'r"""{doc}"""')
