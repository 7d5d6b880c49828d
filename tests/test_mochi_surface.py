"""What Mochi modules offer to Python: `golden/surface/`, and programs of all kinds."""

from __future__ import annotations

import json
from pathlib import Path

import casefile
import pytest
from libcst import parse_module

from mochic_py.backends.package_module import emit_package_module, emit_package_stub
from mochic_py.compiler.frontends.mochi_surface import read_surface
from mochic_py.compiler.mochi.parser import parse
from mochic_py.ir.diagnostics import DiagnosticError
from mochic_py.ir.dist import Target
from mochic_py.ir.items import Package
from mochic_py.ir.parser import parse_package
from mochic_py.ir.printer import format_package
from mochic_py.ir.render import render_human
from mochic_py.ir.source import SourceFile

CASES = casefile.read_cases(casefile.GOLDEN / "surface" / "greeting.md")
VERDICTS = Path(__file__).parent / "data" / "mochi-verdicts.jsonl"


def surface(text: str) -> Package:
    return read_surface(SourceFile("greeting.mochi", text), "mochi_pkg_greeting", "0.1.0", Target())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_golden(case: casefile.Case, update_golden: bool) -> None:
    source = SourceFile("greeting.mochi", case.blocks["module"])
    try:
        package = surface(source.text)
    except DiagnosticError as error:
        shown = render_human(error.diagnostics, {source.path: source})
        casefile.check_case(case, "problem", shown, update_golden)
        return
    text = format_package(package)
    casefile.check_case(case, "surface", text, update_golden)
    casefile.check_case(case, "module.py", emit_package_module(package, "compiled.greeting"), update_golden)
    casefile.check_case(case, "module.pyi", emit_package_stub(package), update_golden)
    again, _ = parse_package(SourceFile("greeting.ir", text))
    assert again == package
    parse_module(case.blocks["module.pyi"])


def test_any_valid_program_is_read() -> None:
    """Every program that the real parser accepts gives items, or the one diagnostic for none."""
    read, empty = 0, list[tuple[str, bool]]()
    for line in VERDICTS.read_text("utf-8").splitlines():
        verdict = json.loads(line)
        if not verdict["parses"]:
            continue
        exports = any(getattr(each, "export", False) for each in parse(verdict["text"]).program.statements)
        try:
            package = surface(verdict["text"])
        except DiagnosticError as error:
            empty += [(each.code.code, exports) for each in error.diagnostics]
            continue
        read += 1
        again, _ = parse_package(SourceFile("x.ir", format_package(package)))
        assert again == package
        parse_module(emit_package_module(package, "compiled"))
        parse_module(emit_package_stub(package))
    assert read > 100
    assert set(empty) == {("PY560", False)}
