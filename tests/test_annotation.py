"""Type expressions: golden tables, and that printing a type as Python and reading it gives it back."""

from __future__ import annotations

from typing import assert_never

import casefile
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mochic_py.compiler.frontends.annotation import parse_annotation, parse_type_params
from mochic_py.compiler.frontends.qualifiers import Qualified, strip_qualifiers
from mochic_py.compiler.frontends.scopes import Scope
from mochic_py.compiler.frontends.type_tokens import type_param_names
from mochic_py.ir.items import TypeParam, TypeParamKind
from mochic_py.ir.printer import format_type
from mochic_py.ir.source import SourceFile
from mochic_py.ir.types import (
    NONE,
    BridgeType,
    EnumMember,
    FunOf,
    ListOf,
    LiteralOf,
    Ref,
    Scalar,
    TupleOf,
    TypeVarRef,
    UnionOf,
    Unsupported,
)

CASES = casefile.read_cases(casefile.GOLDEN / "frontends" / "annotation.md")


def scope() -> Scope:
    """Return the scope that the golden file describes."""
    return Scope(
        "m",
        {
            "t": "typing",
            "L": "typing.Literal",
            "Annotated": "typing.Annotated",
            "Callable": "typing.Callable",
            "Tuple": "typing.Tuple",
            "Color": "enum_home.Color",
            "Box": "m.Box",
            "Alias": "m.Alias",
            "P": "m.P",
            "collections": "collections",
        },
        type_params=frozenset(("T", "Ts", "Q")),
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_golden(case, update_golden):
    lines = case.blocks["input"].splitlines()
    types = "".join(f"{format_type(parse_annotation(line, scope()))}\n" for line in lines)
    casefile.check_case(case, "types", types, update_golden)


def test_an_annotation_may_span_lines():
    text = "dict[  # the table\n    str,\n    list[int],  # rows\n]"
    assert parse_annotation(text, scope()) == parse_annotation("dict[str, list[int]]", scope())


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("dict[str, 3 + 4]", "3 + 4"),
        ('list["dict[str, 1]"]', "1"),
        ('dict[str, r"list[2, a]"]', "2"),
        ("f(x)", "f(x)"),
    ],
)
def test_the_span_of_what_is_unsupported_is_that_part(text, wrong):
    source = SourceFile("x", text)
    ty = parse_annotation(text, scope(), source.span)
    while isinstance(ty, Ref):
        ty = next(a for a in ty.arguments if a not in (Ref("builtins.str"), Ref("m.a")))
    assert isinstance(ty, Unsupported)
    assert ty.span is not None
    assert text[ty.span.column - 1 : ty.span.end_column - 1] == ty.text == wrong


def test_qualifiers_come_off_in_any_order():
    def strip(text: str) -> Qualified:
        return strip_qualifiers(parse_annotation(text, scope()))

    integer = Ref("builtins.int")
    assert strip("int") == Qualified(integer)
    assert strip("t.ClassVar[t.Final[int]]") == Qualified(integer, class_var=True, final=True)
    assert strip("t.ReadOnly[t.NotRequired[int]]") == Qualified(integer, read_only=True, required=False)
    assert strip("t.Required[int]") == Qualified(integer, required=True)
    assert strip("t.Final") == Qualified(None, final=True)
    assert strip('Annotated["t.ClassVar[int]", 1]') == Qualified(integer, class_var=True)


def test_type_parameters():
    text = "[A, B: Box[A] = Box, C: (int, str), *Ds = *tuple[int], **E = [int], F: 1 + 1 = Box,]"
    assert type_param_names(text) == frozenset("ABCEF") | {"Ds"}
    inner = scope().for_function(type_param_names(text))
    broken = parse_annotation("1 + 1", inner)
    assert parse_type_params(text, inner) == (
        TypeParam("A"),
        TypeParam("B", bound=Ref("m.Box", (TypeVarRef("A"),)), default=Ref("m.Box")),
        TypeParam("C", constraints=(Ref("builtins.int"), Ref("builtins.str"))),
        TypeParam("Ds", TypeParamKind.TUPLE, default=parse_annotation("*tuple[int]", inner)),
        TypeParam("E", TypeParamKind.PARAM_SPEC, default=TupleOf((Ref("builtins.int"),))),
        TypeParam("F", bound=broken, default=Ref("m.Box")),
    )


# --- writing a type as Python and reading it again -----------------------------------------

_SIMPLE = st.one_of(
    st.just(NONE),
    st.sampled_from([Ref("builtins.int"), Ref("m.Box"), Ref("typing.Any"), Ref("enum_home.Color")]),
    st.sampled_from([TypeVarRef("T"), TypeVarRef("Q")]),
    st.lists(
        st.one_of(
            st.integers(-(2**70), 2**70),
            st.booleans(),
            st.text(max_size=5),
            st.binary(max_size=5),
            st.just(EnumMember("enum_home.Color.RED")),
        ),
        min_size=1,
        max_size=4,
    ).map(lambda values: LiteralOf(tuple(values))),
)


def _compound(inner: st.SearchStrategy[BridgeType]) -> st.SearchStrategy[BridgeType]:
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)
    plain = inner.filter(lambda ty: not isinstance(ty, UnionOf))
    return st.one_of(
        several.map(lambda arguments: Ref("m.Box", arguments)),
        inner.map(ListOf),
        st.lists(plain, min_size=2, max_size=3).map(lambda members: UnionOf(tuple(members))),
        st.builds(FunOf, st.none() | st.lists(inner, max_size=2).map(tuple), inner),
    )


TYPES = st.recursive(_SIMPLE, _compound, max_leaves=12)


@given(TYPES)
@settings(max_examples=300, deadline=None)
def test_reading_inverts_writing(ty):
    assert parse_annotation(_write(ty), scope()) == ty


@given(TYPES)
@settings(max_examples=100, deadline=None)
def test_a_forward_reference_is_the_type_inside(ty):
    assert parse_annotation(repr(_write(ty)), scope()) == ty


@given(st.text(alphabet="ab[](){},.|*'\"\\ \n=:-#1LT", max_size=40))
@settings(max_examples=500, deadline=None)
def test_any_text_is_read(text):
    parse_annotation(text, scope(), SourceFile("x", text).span)
    parse_type_params(f"[{text}]", scope())


def _write(ty: BridgeType) -> str:
    """Return `ty` as a Python annotation, for the shapes that the strategy makes."""
    match ty:
        case Scalar():
            return "None"
        case Ref("m.Box", arguments) if arguments:
            return f"Box[{', '.join(map(_write, arguments))}]"
        case Ref(path):
            return {"builtins.int": "int", "m.Box": "Box", "typing.Any": "t.Any"}.get(path, "Color")
        case TypeVarRef(name):
            return name
        case ListOf(element):
            return f"tuple[{_write(element)}, ...]"
        case UnionOf(members):
            return " | ".join(map(_write, members))
        case FunOf(None, result):
            return f"Callable[..., {_write(result)}]"
        case FunOf(params, result) if params is not None:
            return f"Callable[[{', '.join(map(_write, params))}], {_write(result)}]"
        case LiteralOf(values):
            return f"L[{', '.join('Color.RED' if isinstance(v, EnumMember) else ascii(v) for v in values)}]"
        case _:
            assert_never(ty)  # type: ignore[arg-type]
