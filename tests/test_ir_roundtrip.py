"""IR text and values are inverse to each other; text that is no IR is a diagnostic."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
import strategies
from casefile import GOLDEN, Case, check_case, read_cases
from diagnostic_text import show_diagnostics
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mochic_py.ir.items import Class, Function, Info, Item, Package, Signature
from mochic_py.ir.parser import TypeSyntaxError, parse_package, parse_type
from mochic_py.ir.printer import format_package, format_type
from mochic_py.ir.source import SourceFile, Span
from mochic_py.ir.traverse import children, map_type, map_types, walk_items, walk_types
from mochic_py.ir.types import BridgeType, Unsupported

_CASES = read_cases(GOLDEN / "ir" / "format.md")
_MODEST = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("case", _CASES, ids=str)
def test_goldens(case: Case, update_golden: bool) -> None:
    package, diagnostics = parse_package(SourceFile("input.ir", case.blocks["input"]))
    if package is None:
        check_case(case, "diagnostics", show_diagnostics(diagnostics), update_golden)
    else:
        text = format_package(package)
        assert "output" in case.blocks or text == case.blocks["input"]
        if "output" in case.blocks:
            check_case(case, "output", text, update_golden)
        _check_inverse(package)


@given(strategies.packages)
@_MODEST
def test_packages_survive_text(package: Package) -> None:
    _check_inverse(package)


def _check_inverse(package: Package) -> None:
    text = format_package(package)
    text.encode("utf-8")
    again, diagnostics = parse_package(SourceFile("package.ir", text))
    assert not diagnostics, show_diagnostics(diagnostics)
    assert again == package
    # Spans are no part of equality, so they are compared on their own; so is the text, which holds them.
    assert [*_spans(again)] == [*_spans(package)]
    assert format_package(again) == text


def _spans(package: Package | None) -> list[Span | None]:
    assert package is not None
    found: list[Span | None] = [each.span for module in package.modules for each in module.imports]
    for item in walk_items(package):
        found += _item_spans(item)
        found += [ty.span for ty in walk_types(item) if isinstance(ty, Unsupported)]
    return found


def _item_spans(item: Item) -> list[Span | None]:
    found = [item.info.span]
    match item:
        case Function():
            for signature in item.signatures:
                found += [signature.span, *(param.span for param in signature.params)]
        case Class():
            for member in (*item.fields, *item.properties):
                found.append(member.info.span)
            for function in (*item.constructors, *item.methods):
                found += _item_spans(function)
        case _:
            pass
    return found


@given(strategies.types)
@_MODEST
def test_types_survive_text(ty: BridgeType) -> None:
    assert parse_type(format_type(ty)) == ty


@given(st.text() | st.text(alphabet='abc.@`"\\|?<>(){}[]:,*=/ \n0123456789', max_size=40))
@_MODEST
def test_any_text_is_read_or_reported(text: str) -> None:
    _check_total(text)
    _check_total(f'mochic-ir 1\npackage x "1"\n{text}')
    _check_total(f'mochic-ir 1\npackage x "1"\nmodule m "m.pyi" {{\nfun f(x: {text}')


@given(strategies.packages, st.data())
@_MODEST
def test_damaged_ir_is_read_or_reported(package: Package, data: st.DataObject) -> None:
    text = format_package(package)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 10, len(text))))
    _check_total(text[:start] + data.draw(strategies.texts) + text[end:])


def _check_total(text: str) -> None:
    source = SourceFile("damaged.ir", text)
    package, diagnostics = parse_package(source)
    assert (package is None) == bool(diagnostics)
    for diagnostic in diagnostics:
        assert diagnostic.span is not None
        assert diagnostic.span.line <= text.count("\n") + 1
    if package is not None:
        _check_inverse(package)


def test_parse_type_names_what_it_expected() -> None:
    with pytest.raises(TypeSyntaxError, match=r"the end of the text is not expected here: 'list<int'"):
        parse_type("list<int")


def test_a_span_of_the_first_signature_is_the_items_own() -> None:
    span = Span("m.pyi", 1, 1, 1, 9)
    other = Span("m.pyi", 2, 1, 2, 9)
    text = _format_function(Function("f", "m.f", (Signature((), span=span),), info=Info(other)))
    assert text == "  fun f() at 1:1-9 {\n    span at 2:1-9\n  }\n"
    assert _format_function(Function("f", "m.f", (Signature((), span=span),), info=Info(span))) == (
        "  fun f() at 1:1-9\n"
    )


def _format_function(function: Function) -> str:
    source = SourceFile("m.ir", 'mochic-ir 1\npackage m "1"\nmodule m "m.pyi" { fun f() }')
    package, _ = parse_package(source)
    assert package is not None
    module = package.modules[0]
    text = format_package(
        Package("m", "1", (), package.tier, package.target, (type(module)("m", "m.pyi", (function,)),))
    )
    return text.partition("{\n")[2].removesuffix("}\n")


def test_every_construct_of_the_grammar_has_an_example() -> None:
    """Each terminal and each keyword of the grammar occurs in a golden input."""
    grammar = files("mochic_py.ir").joinpath("ir.lark").read_text("utf-8")
    rules = re.sub(r"//.*", "", grammar.partition("// --- tokens")[0])
    keywords = set(re.findall(r'"([a-z_]+)[<(]?"', rules))
    shown = "\n".join(case.blocks["input"] for case in _CASES)
    assert sorted(word for word in keywords if not re.search(rf"\b{word}\b", shown)) == []


@given(strategies.packages)
@_MODEST
def test_map_types_shares_what_it_does_not_change(package: Package) -> None:
    assert map_types(package, lambda ty: ty) is package


@given(strategies.types)
@_MODEST
def test_map_type_reaches_every_type(ty: BridgeType) -> None:
    seen: list[BridgeType] = []

    def note(inner: BridgeType) -> BridgeType:
        seen.append(inner)
        return inner

    assert map_type(ty, note) is ty
    assert len(seen) == _count(ty)


def _count(ty: BridgeType) -> int:
    return 1 + sum(map(_count, children(ty)))
