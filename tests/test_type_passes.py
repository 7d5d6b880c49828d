"""The type passes against their contracts: normal forms, the closed table, what is recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mochic_py.ir.dist import Target, Tier
from mochic_py.ir.info import Note, NoteKind
from mochic_py.ir.items import (
    CallForm,
    Class,
    ClassKind,
    Decorator,
    Default,
    DefaultKind,
    Function,
    Item,
    Module,
    Package,
    Param,
    ParamKind,
    Passing,
    Refusal,
    Signature,
    TypeParam,
    Variant,
)
from mochic_py.ir.keywords import is_mochi_identifier
from mochic_py.ir.refusals import SkipReason
from mochic_py.ir.traverse import walk_items, walk_type, walk_types
from mochic_py.ir.types import (
    ANY,
    BOOL,
    BYTES,
    FLOAT,
    INT,
    NEVER,
    NONE,
    STRING,
    UNANNOTATED,
    AsyncOf,
    BridgeType,
    EnumMember,
    FunOf,
    IteratorOf,
    ListOf,
    LiteralOf,
    MapOf,
    OptionOf,
    Ref,
    Scalar,
    SelfType,
    SetOf,
    StreamOf,
    TupleOf,
    TypeObject,
    TypeVarRef,
    UnionOf,
    Unsupported,
)
from mochic_py.passes.close_unions import CloseUnions
from mochic_py.passes.context import Pass, PassContext, PassOptions
from mochic_py.passes.desugar_options import DesugarOptions
from mochic_py.passes.expand_overloads import ExpandOverloads
from mochic_py.passes.flatten_unions import FlattenUnions
from mochic_py.passes.generated_types import type_name
from mochic_py.passes.legalize_types import LegalizeTypes
from mochic_py.passes.plan_calls import PlanCalls
from mochic_py.passes.resolve_generics import ResolveGenerics
from mochic_py.passes.unions import union_of
from mochic_py.passes.widen_literals import WidenLiterals

BOX = Class("Box", "m.Box", kind=ClassKind.HANDLE)
SCALARS = [BOOL, INT, FLOAT, STRING, BYTES, NONE, ANY, NEVER]
LEGAL_SCALARS = (BOOL, INT, FLOAT, STRING, BYTES, NONE, ANY)

literals = st.lists(
    st.one_of(
        st.booleans(),
        st.integers(0, 2),
        st.sampled_from(["r", "w"]),
        st.just(b"x"),
        st.just(EnumMember("m.E.A")),
    ),
    min_size=1,
    max_size=3,
).map(lambda values: LiteralOf(tuple(values)))
leaves = st.one_of(
    st.sampled_from(SCALARS),
    st.sampled_from(
        [Ref("m.Box"), Ref("ssl.SSLContext"), Ref("builtins.complex"), Ref("builtins.bytearray")]
    ),
    st.sampled_from([TypeVarRef("T"), SelfType(), UNANNOTATED, Unsupported(SkipReason.FORWARD_REF, "X")]),
    literals,
)


def _composites(inner: st.SearchStrategy[BridgeType]) -> st.SearchStrategy[BridgeType]:
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        inner.map(ListOf),
        inner.map(SetOf),
        inner.map(OptionOf),
        inner.map(IteratorOf),
        inner.map(StreamOf),
        inner.map(AsyncOf),
        inner.map(TypeObject),
        st.builds(MapOf, inner, inner),
        several.map(TupleOf),
        st.lists(inner, min_size=2, max_size=4).map(lambda members: UnionOf(tuple(members))),
        st.builds(FunOf, st.one_of(st.none(), several), inner),
        several.map(lambda arguments: Ref("m.Box", arguments)),
    )


types: st.SearchStrategy[BridgeType] = st.recursive(leaves, _composites, max_leaves=8)


def package_of(*items: Item) -> Package:
    module = Module("m", "m.pyi", (BOX, *items))
    return Package("m", "1", ("m",), Tier.INLINE, Target(), (module,))


def function_of(*params: Param, result: BridgeType = NONE) -> Function:
    return Function("f", "m.f", (Signature(params, result),))


def run(package: Package, *passes: Pass, strict: bool = False) -> tuple[Package, PassContext]:
    ctx = PassContext(PassOptions(strict=strict))
    for each in passes:
        package = each.run(package, ctx)
        package = evolve(package, passes=(*package.passes, each.name))
    return package, ctx


def find(package: Package, path: str) -> Item:
    return next(item for item in walk_items(package) if item.path == path)


def find_function(package: Package, path: str = "m.f") -> Function:
    item = find(package, path)
    assert isinstance(item, Function)
    return item


def through(ty: BridgeType, *passes: Pass) -> BridgeType:
    """Return what `ty` becomes as the type of a parameter."""
    package, _ = run(package_of(function_of(Param("x", type=ty))), *passes)
    return find_function(package).signatures[0].params[0].type


def result_through(ty: BridgeType, *passes: Pass) -> BridgeType:
    """Return what `ty` becomes as the type of a result."""
    package, _ = run(package_of(function_of(result=ty)), *passes)
    return find_function(package).signatures[0].result


FLATTEN, DESUGAR, WIDEN = FlattenUnions(), DesugarOptions(), WidenLiterals()
LEGALIZE, CLOSE, PLAN, RESOLVE = LegalizeTypes(), CloseUnions(), PlanCalls(), ResolveGenerics()

# --- unions, options, literals ------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ((STRING, UnionOf((INT, UnionOf((STRING, BYTES))))), UnionOf((STRING, INT, BYTES))),
        ((INT, BOOL), UnionOf((INT, BOOL))),
        ((BOOL, INT, FLOAT), UnionOf((BOOL, FLOAT))),
        ((BOOL, FLOAT), UnionOf((BOOL, FLOAT))),
        ((INT, ANY, NONE), ANY),
        ((NEVER, INT), INT),
        ((NEVER,), NEVER),
        ((LiteralOf((1, "a")), NONE, LiteralOf(("b", 1))), UnionOf((LiteralOf((1, "a", "b")), NONE))),
        ((LiteralOf((True,)), LiteralOf((1,))), LiteralOf((True, 1))),
        ((LiteralOf(("a",)), STRING), STRING),
        ((LiteralOf(("a", 1)), STRING), UnionOf((LiteralOf((1,)), STRING))),
        ((OptionOf(INT), STRING), UnionOf((INT, NONE, STRING))),
    ],
)
def test_union_of(members: tuple[BridgeType, ...], expected: BridgeType) -> None:
    assert union_of(members) == expected


@pytest.mark.parametrize(
    ("ty", "expected"),
    [
        (UnionOf((STRING, NONE)), OptionOf(STRING)),
        (UnionOf((STRING, NONE, INT)), OptionOf(UnionOf((STRING, INT)))),
        (OptionOf(ANY), ANY),
        (OptionOf(OptionOf(INT)), OptionOf(INT)),
        (OptionOf(NONE), NONE),
        (ListOf(UnionOf((NONE, OptionOf(INT)))), ListOf(OptionOf(INT))),
    ],
)
def test_desugar_options(ty: BridgeType, expected: BridgeType) -> None:
    assert through(ty, DESUGAR) == expected


@pytest.mark.parametrize(
    ("ty", "expected"),
    [
        (LiteralOf(("r", "w")), STRING),
        (LiteralOf((1, "auto")), UnionOf((INT, STRING))),
        (LiteralOf((True, 1)), UnionOf((BOOL, INT))),
        (OptionOf(LiteralOf((b"x",))), OptionOf(BYTES)),
        (UnionOf((LiteralOf(("a",)), LiteralOf((1,)), FLOAT)), UnionOf((STRING, FLOAT))),
        (LiteralOf((EnumMember("m.Color.RED"), EnumMember("m.Color.BLUE"))), Ref("m.Color")),
    ],
)
def test_widen_literals(ty: BridgeType, expected: BridgeType) -> None:
    assert result_through(ty, WIDEN) == expected
    assert through(ty, WIDEN) is ty
    assert through(FunOf((ty,), ty), WIDEN) == FunOf((expected,), ty)
    assert result_through(FunOf((ty,), ty), WIDEN) == FunOf((ty,), expected)


def leaves_of(ty: BridgeType) -> set[BridgeType]:
    """The scalar facts of a type: which scalars a value may be, anywhere in it, as typing counts."""
    found = {each for each in walk_type(ty) if isinstance(each, Scalar)}
    if any(isinstance(each, OptionOf) for each in walk_type(ty)):
        found.add(NONE)
    return found


@given(st.lists(st.sampled_from([BOOL, INT, FLOAT, STRING, BYTES, NONE]), min_size=1, max_size=6))
def test_flatten_and_desugar_keep_the_members(members: list[BridgeType]) -> None:
    nested = UnionOf((UnionOf(tuple(members[:3])), *members[3:]))
    after = leaves_of(through(nested, FLATTEN, DESUGAR))
    absorbed: set[BridgeType] = set()
    if INT in members and FLOAT in members:
        absorbed.add(INT)
    assert after == set(members) - absorbed


@given(types)
def test_each_pass_reaches_its_normal_form(ty: BridgeType) -> None:
    flat = through(ty, FLATTEN)
    for each in walk_type(flat):
        if isinstance(each, UnionOf):
            assert len(each.members) == len(set(each.members)) > 1
            assert not any(isinstance(member, UnionOf | OptionOf) or member == ANY for member in each.members)
    optional = through(flat, DESUGAR)
    for each in walk_type(optional):
        assert not (isinstance(each, UnionOf) and NONE in each.members)
        assert not (
            isinstance(each, OptionOf) and (each.inner in (NONE, ANY) or isinstance(each.inner, OptionOf))
        )
    wide = result_through(optional, WIDEN)
    if not any(isinstance(each, FunOf) for each in walk_type(wide)):
        assert not any(isinstance(each, LiteralOf) for each in walk_type(wide))
    wide = through(FunOf((optional,), NONE), WIDEN)
    assert isinstance(wide, FunOf)
    if any(isinstance(each, FunOf) for each in walk_type(optional)):
        return
    assert not any(isinstance(each, LiteralOf) for each in walk_type(wide))


@given(types)
def test_passes_are_idempotent(ty: BridgeType) -> None:
    param = Param("x", type=ty)
    package = package_of(function_of(param, Param("y", type=ListOf(ty)), result=ty))
    for each in (FLATTEN, DESUGAR, WIDEN, LEGALIZE, CLOSE, PLAN):
        package, ctx = run(package, each)
        assert each.run(package, ctx) == package, each.name


def test_nothing_to_do_returns_the_same_package() -> None:
    package = package_of(function_of(Param("x", type=ListOf(INT)), result=OptionOf(Ref("m.Box"))))
    for each in (FLATTEN, DESUGAR, WIDEN, LEGALIZE, CLOSE):
        assert each.run(package, PassContext()) is package, each.name


# --- the closed table ---------------------------------------------------------------------


def problems(ty: BridgeType, known: set[str], *, inward: bool) -> Iterator[str]:
    """Say what is not legal in `ty` after close-unions; written apart from the pass and from the verifier."""
    match ty:
        case Scalar():
            if ty not in LEGAL_SCALARS:
                yield f"scalar {ty.kind.value}"
        case ListOf() | SetOf() | StreamOf():
            yield from problems(ty.element, known, inward=inward)
        case MapOf():
            if ty.key not in (STRING, INT):
                yield "map key"
            yield from problems(ty.value, known, inward=inward)
        case OptionOf():
            if ty.inner in (ANY, NONE) or isinstance(ty.inner, OptionOf):
                yield "option"
            yield from problems(ty.inner, known, inward=inward)
        case FunOf():
            for part in ty.params or ():
                yield from problems(part, known, inward=not inward)
            yield from problems(ty.result, known, inward=inward)
        case AsyncOf():
            yield from problems(ty.inner, known, inward=inward)
        case UnionOf() if inward:
            # Of one member it is a class that no program can name.
            least = 1 if isinstance(ty.members[0], Ref) else 2
            if ANY in ty.members or NONE in ty.members or len(set(ty.members)) < max(least, len(ty.members)):
                yield "union"
            for member in ty.members:
                yield from problems(member, known, inward=inward)
        case LiteralOf() if inward:
            if any(isinstance(value, EnumMember) for value in ty.values):
                yield "member of an enum"
        case Ref():
            if ty.arguments or ty.path not in known:
                yield f"reference {ty.path}"
        case _:
            yield type(ty).__name__


@given(types, types)
def test_legalize_and_close_leave_only_legal_types(ty: BridgeType, result: BridgeType) -> None:
    method = Function("g", "m.Box.g", (Signature((Param("self"), Param("x", type=ty)), SelfType()),))
    cls = evolve(BOX, methods=(method,), type_params=(TypeParam("T", bound=ListOf(INT)),))
    package = package_of(function_of(Param("x", type=ty), result=result))
    package = evolve(package, modules=(evolve(package.modules[0], items=(cls, package.modules[0].items[1])),))
    legal, ctx = run(package, FLATTEN, DESUGAR, WIDEN, LEGALIZE, CLOSE)
    assert not ctx.diagnostics
    known = {item.path for item in walk_items(legal)}
    for item in walk_items(legal):
        assert is_mochi_identifier(item.name) or "." in item.name
        if isinstance(item, Class):
            assert not item.type_params
    function = find_function(legal)
    signature = function.signatures[0]
    assert not list(problems(signature.params[0].type, known, inward=True))
    result = signature.result.inner if isinstance(signature.result, AsyncOf) else signature.result
    result = result.element if isinstance(result, IteratorOf) else result
    assert not list(problems(result, known, inward=False))
    for generated in legal.generated:
        assert isinstance(generated, Class | Variant)
        parts = generated.fields if isinstance(generated, Class) else generated.cases
        for part in parts:
            assert not list(problems(part.type, known, inward=False))


@given(types)
def test_strict_leaves_no_unions(ty: BridgeType) -> None:
    package = package_of(function_of(Param("x", type=ty), result=ty))
    legal, _ = run(package, FLATTEN, DESUGAR, WIDEN, LEGALIZE, CLOSE, strict=True)
    for item in walk_items(legal):
        assert not any(isinstance(each, UnionOf) for each in walk_types(item))
        if not isinstance(item, Refusal):
            assert not item.info.degradations


@given(types)
def test_any_never_hides_a_loss(ty: BridgeType) -> None:
    """Where `any` stands after legalize-types and is not a parameter of type `never`, it is told why."""
    package = package_of(function_of(Param("x", type=ty), result=ty))
    package, _ = run(package, FLATTEN, DESUGAR, WIDEN, LEGALIZE, CLOSE)
    function = find_function(package)
    free = {NEVER, NONE, TupleOf(())}
    if ANY in walk_types(function) and not free & set(walk_type(ty)):
        assert function.info.degradations or function.info.notes


def test_strict_refuses_exactly_what_would_degrade() -> None:
    functions = UnionOf((FunOf((INT,), INT), FunOf((INT,), STRING)))
    items: tuple[Item, ...] = (
        Function("good", "m.good", (Signature((Param("x", type=INT),), STRING),)),
        Function("bad", "m.bad", (Signature((Param("x", type=functions),), STRING),)),
        Function(
            "half",
            "m.half",
            (Signature((Param("x"),), STRING), Signature((Param("x", type=INT),), INT)),
        ),
    )
    package, ctx = run(package_of(*items), LEGALIZE, CLOSE, strict=True)
    refused = find(package, "m.bad")
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.kind, refused.detail) == (
        SkipReason.OPEN_UNION,
        "function",
        "parameter x: (fun(int): int) | (fun(int): string)",
    )
    assert [each.code.code for each in ctx.diagnostics] == ["PY301"]
    assert [arm.result for arm in find_function(package, "m.half").signatures] == [INT]
    assert find(package, "m.good") is items[0]


@pytest.mark.parametrize(
    ("ty", "expected", "reason"),
    [
        (UnionOf((STRING, BYTES)), UnionOf((STRING, BYTES)), None),
        (UnionOf((ListOf(INT), ListOf(STRING))), UnionOf((ListOf(INT), ListOf(STRING))), None),
        (UnionOf((STRING, FunOf(None, INT))), UnionOf((STRING, FunOf(None, INT))), None),
        (UnionOf((STRING, Unsupported(SkipReason.FORWARD_REF, "X"))), ANY, SkipReason.FORWARD_REF),
        (UnionOf((ListOf(INT), IteratorOf(FLOAT))), ListOf(FLOAT), None),
        (UnionOf((MapOf(STRING, INT), MapOf(STRING, FLOAT))), MapOf(STRING, FLOAT), None),
        (UnionOf((Ref("m.Box"), Ref("m.Sub"))), Ref("m.Box"), None),
        (UnionOf((BYTES, Ref("builtins.bytearray"))), BYTES, None),
        (
            UnionOf((STRING, Ref("builtins.bytearray"))),
            UnionOf((STRING, BYTES)),
            SkipReason.BYTEARRAY_MUTABLE,
        ),
        (UnionOf((FLOAT, Ref("numpy.floating", (ANY,)), Ref("numpy.bool"))), FLOAT, None),
        (UnionOf((INT, Ref("numpy.int8"))), INT, None),
        (UnionOf((INT, Ref("numpy.float64"))), UnionOf((INT, Ref("numpy.float64"))), None),
        (UnionOf((Ref("builtins.complex"), INT)), UnionOf((Ref("builtins.complex"), FLOAT)), None),
        (LiteralOf(("r", "w")), LiteralOf(("r", "w")), None),
        (LiteralOf((True, False)), BOOL, None),
        (UnionOf((LiteralOf((True, False)), STRING)), UnionOf((BOOL, STRING)), None),
        (MapOf(LiteralOf(("a",)), INT), MapOf(STRING, INT), None),
        (UnionOf((MapOf(TypeVarRef("K"), INT), INT)), UnionOf((MapOf(STRING, INT), INT)), None),
        (UnionOf((MapOf(TypeVarRef("K"), TupleOf((INT,))), INT)), ANY, None),
        (OptionOf(UnionOf((INT, STRING))), OptionOf(UnionOf((INT, STRING))), None),
        (Ref("builtins.complex"), Ref("builtins.complex"), SkipReason.NO_COMPLEX_TYPE),
        (Ref("datetime.datetime"), Ref("datetime.datetime"), None),
        (Ref("m.Box", (ANY,)), Ref("m.Box"), None),
        (FunOf(None, INT), FunOf(None, INT), None),
        (FunOf((UnionOf((INT, STRING)),), NEVER), FunOf((UnionOf((INT, STRING)),), NONE), None),
        (FunOf((INT,), AsyncOf(NEVER)), FunOf((INT,), AsyncOf(NONE)), None),
        (OptionOf(FunOf((INT,), INT)), OptionOf(FunOf((INT,), INT)), None),
        (TypeObject(Ref("m.Box")), Ref("builtins.type"), None),
        (TypeVarRef("T"), ANY, None),
        (UNANNOTATED, ANY, SkipReason.UNTYPED_PACKAGE),
        (Unsupported(SkipReason.FORWARD_REF, "X"), ANY, SkipReason.FORWARD_REF),
        (FunOf((StreamOf(INT), INT), INT), FunOf((ANY, INT), INT), SkipReason.INCOMPATIBLE_ASYNC_RUNTIME),
        (AsyncOf(INT), AsyncOf(INT), None),
        (AsyncOf(NONE), AsyncOf(ANY), None),
        (StreamOf(TupleOf((INT,))), StreamOf(Ref("mochi.tuple.IntSingle")), None),
        (OptionOf(UNANNOTATED), ANY, SkipReason.UNTYPED_PACKAGE),
        (Ref("typing.NewForm"), ANY, SkipReason.UNSUPPORTED_TYPING_CONSTRUCT),
        (MapOf(ANY, ANY), ANY, None),
        (TupleOf(()), ListOf(ANY), None),
        (TupleOf((INT, OptionOf(STRING))), Ref("mochi.tuple.IntStringOptionPair"), None),
        (MapOf(BYTES, INT), ListOf(Ref("mochi.entry.BytesIntEntry")), None),
    ],
)
def test_type_table(ty: BridgeType, expected: BridgeType, reason: SkipReason | None) -> None:
    sub = Class("Sub", "m.Sub", bases=(Ref("m.Box"),), kind=ClassKind.HANDLE)
    package, _ = run(package_of(sub, function_of(Param("x", type=ty))), LEGALIZE)
    function = find_function(package)
    assert function.signatures[0].params[0].type == expected
    assert [(each.reason, each.where) for each in function.info.degradations] == (
        [(reason, "parameter x")] if reason else []
    )


A_FUN, B_FUN = FunOf((INT,), INT), FunOf((STRING,), INT)
PAIR, TRIPLE = TupleOf((INT, INT)), TupleOf((INT, INT, INT))


@pytest.mark.parametrize(
    ("ty", "expected"),
    [
        ((INT, STRING), {"Int": INT, "String": STRING}),
        ((STRING, INT), {"Int": INT, "String": STRING}),
        ((STRING, INT, NONE), {"Int": INT, "String": STRING}),
        ((FLOAT, Ref("numpy.float64")), FLOAT),
        ((Ref("numpy.floating"), Ref("numpy.float64")), FLOAT),
        ((Ref("m.Box"), Ref("m.Sub")), Ref("m.Box")),
        ((STRING, Ref("m.Box")), {"Box": Ref("m.Box"), "String": STRING}),
        (
            (Ref("a.Node"), Ref("b.Node")),
            {"ANode": Ref("a.Node"), "BNode": Ref("b.Node")},
        ),
        ((ListOf(STRING), ListOf(INT)), {"IntList": ListOf(INT), "StringList": ListOf(STRING)}),
        ((ListOf(STRING), ListOf(ANY)), ListOf(ANY)),
        ((ListOf(Ref("m.Box")), STRING), {"String": STRING, "BoxList": ListOf(Ref("m.Box"))}),
        (
            (PAIR, TRIPLE),
            {
                "IntIntIntTriple": Ref("mochi.tuple.IntIntIntTriple"),
                "IntIntPair": Ref("mochi.tuple.IntIntPair"),
            },
        ),
        ((A_FUN, STRING), {"String": STRING, "Fun": A_FUN}),
        ((A_FUN, B_FUN), None),
        ((Ref("m.Proto"), STRING), {"Proto": Ref("m.Proto"), "String": STRING}),
        ((Ref("m.Proto"), Ref("m.Other")), None),
        ((Ref("m.Proto"), Ref("m.Checkable")), {"Checkable": Ref("m.Checkable"), "Proto": Ref("m.Proto")}),
        (tuple(Ref(f"x.{letter}") for letter in "ABCDEFGHI"), None),
        ((LiteralOf(("auto",)), INT), {"Int": INT, "String": STRING}),
    ],
)
def test_results_become_sum_types(
    ty: tuple[BridgeType, ...], expected: BridgeType | dict[str, BridgeType] | None
) -> None:
    protocol = Class("Proto", "m.Proto", bases=(Ref("typing.Protocol"),), kind=ClassKind.INTERFACE)
    checkable = evolve(
        protocol, name="Checkable", path="m.Checkable", decorators=(Decorator("typing.runtime_checkable"),)
    )
    others = (
        Class("Sub", "m.Sub", bases=(Ref("m.Box"),), kind=ClassKind.HANDLE),
        protocol,
        evolve(protocol, name="Other", path="m.Other"),
        checkable,
    )
    package = package_of(*others, function_of(result=UnionOf(ty)))
    package, _ = run(package, FLATTEN, DESUGAR, WIDEN, LEGALIZE, CLOSE)
    function = find_function(package)
    result = function.signatures[0].result
    lost = [each.reason for each in function.info.degradations]
    if isinstance(expected, dict):
        result = result.inner if isinstance(result, OptionOf) else result
        assert isinstance(result, Ref)
        variant = find(package, result.path)
        assert isinstance(variant, Variant)
        assert variant.name == "Or".join(expected)
        assert {case.name: case.type for case in variant.cases} == expected
        assert not lost
    else:
        assert result == (ANY if expected is None else expected)
        assert lost == ([SkipReason.OPEN_UNION] if expected is None else [])


@given(st.permutations([INT, STRING, Ref("m.Box"), ListOf(INT), ListOf(STRING)]))
def test_sum_types_do_not_depend_on_the_order_of_members(members: list[BridgeType]) -> None:
    path = result_through(UnionOf(tuple(members)), LEGALIZE, CLOSE)
    assert path == Ref("mochi.union.BoxOrIntOrStringOrIntListOrStringList")


def test_unions_that_flow_in_are_noted() -> None:
    union = UnionOf((INT, STRING))
    package, _ = run(package_of(function_of(Param("x", type=ListOf(union)), Param("y", type=INT))), CLOSE)
    function = find_function(package)
    assert function.signatures[0].params[0].type == ListOf(union)
    assert function.info.notes == (Note(NoteKind.CHECKED, "parameter x", "list<int | string>"),)
    assert not function.info.degradations


def test_type_variables_become_their_bound_or_join() -> None:
    params = (TypeParam("B", bound=Ref("m.Box")), TypeParam("C", constraints=(INT, FLOAT)), TypeParam("F"))
    signature = Signature(
        (
            Param("b", type=TypeVarRef("B")),
            Param("c", type=ListOf(TypeVarRef("C"))),
            Param("f", type=TypeVarRef("F")),
        ),
        TypeVarRef("F"),
        params,
    )
    package, _ = run(package_of(Function("f", "m.f", (signature,))), RESOLVE, FLATTEN, LEGALIZE)
    function = find_function(package)
    arm = function.signatures[0]
    assert [param.type for param in arm.params] == [Ref("m.Box"), ListOf(FLOAT), ANY]
    assert not arm.type_params
    assert function.info.degradations == ()
    assert function.info.notes == (Note(NoteKind.ERASED, "parameter f", "'F"),)


def test_a_bound_that_names_its_own_variable_ends() -> None:
    param = TypeParam("T", bound=ListOf(TypeVarRef("T")))
    signature = Signature((Param("x", type=TypeVarRef("T")),), NONE, (param,))
    package, _ = run(package_of(Function("f", "m.f", (signature,))), RESOLVE, LEGALIZE)
    assert find_function(package).signatures[0].params[0].type == ListOf(ANY)


@given(types)
def test_what_is_known_of_a_variable_takes_its_place(ty: BridgeType) -> None:
    param = TypeParam("T", bound=ListOf(INT))
    signature = Signature((Param("x", type=ty),), ty, (param,))
    package, _ = run(package_of(Function("f", "m.f", (signature,))), RESOLVE)
    arm = find_function(package).signatures[0]
    assert not arm.type_params
    assert arm.params[0].type == arm.result
    assert not any(isinstance(each, TypeVarRef) for each in walk_type(arm.result))


def test_equal_names_of_different_classes_do_not_share_a_tuple() -> None:
    pairs = (TupleOf((Ref("a.Node"), INT)), TupleOf((Ref("b.Node"), INT)), TupleOf((Ref("a.Node"), INT)))
    package, _ = run(
        package_of(function_of(*(Param(f"x{i}", type=ty) for i, ty in enumerate(pairs)))), LEGALIZE
    )
    first, second, third = (param.type for param in find_function(package).signatures[0].params)
    assert first == third == Ref("mochi.tuple.NodeIntPair")
    assert isinstance(second, Ref)
    assert re.fullmatch(r"mochi\.tuple\.NodeIntPair_[a-z]{6}", second.path)


@given(types.filter(lambda ty: not isinstance(ty, Unsupported)))
def test_type_names_are_identifiers(ty: BridgeType) -> None:
    assert is_mochi_identifier(type_name(ty) + "Pair")


# --- calls --------------------------------------------------------------------------------

OPTIONAL = Default(DefaultKind.LITERAL, "0")


def plan(*params: Param, result: BridgeType = INT) -> Function:
    return find_function(run(package_of(function_of(*params, result=result)), LEGALIZE, PLAN)[0])


@given(st.data())
def test_every_parameter_is_an_argument_or_an_option(data: st.DataObject) -> None:
    """Arguments and options together are the parameters, and Python accepts the call they describe."""
    required, optional = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 3))
    keywords = data.draw(st.lists(st.booleans(), max_size=3))
    params = [Param(f"r{i}", ParamKind.POSITIONAL_ONLY, INT) for i in range(required)]
    params += [Param(f"o{i}", type=INT, default=OPTIONAL) for i in range(optional)]
    if keywords:
        params.append(Param("rest", ParamKind.VAR_POSITIONAL, INT))
    params += [
        Param(f"k{i}", ParamKind.KEYWORD_ONLY, INT, OPTIONAL if has_default else None)
        for i, has_default in enumerate(keywords)
    ]
    calls = plan(*params).calls
    assert [call.form for call in calls] == [CallForm.REQUIRED, CallForm.WITH_OPTIONS][: len(calls)]
    last = calls[-1]
    names = [argument.name for argument in last.arguments] + [option.name for option in last.options]
    assert sorted(names) == sorted("args" if param.name == "rest" else param.name for param in params)
    assert (len(calls) == 2) == any(p.default or p.kind is ParamKind.VAR_POSITIONAL for p in params)
    namespace: dict[str, object] = {}
    header = ", ".join(_parameter_text(param) for param in params)
    if required:
        header = header.replace(f"r{required - 1}", f"r{required - 1}, /", 1)
    exec(f"def f({header}): return 1", namespace)
    given_args = [
        f"{argument.name}=0" if argument.passing is Passing.KEYWORD else "0"
        for argument in calls[0].arguments
    ]
    assert eval(f"f({', '.join(given_args)})", namespace) == 1


def _parameter_text(param: Param) -> str:
    star = "*" if param.kind is ParamKind.VAR_POSITIONAL else ""
    return star + param.name + ("=0" if param.default else "")


def test_names_of_var_positional() -> None:
    rest = Param("values", ParamKind.VAR_POSITIONAL, INT)
    assert [option.name for option in plan(rest).calls[1].options] == ["args"]
    clash = Param("args", ParamKind.KEYWORD_ONLY, INT, OPTIONAL)
    assert [option.name for option in plan(rest, clash).calls[1].options] == ["values", "args"]


def test_none_parameters() -> None:
    function = plan(Param("a", type=NONE), Param("b", type=NONE, default=OPTIONAL))
    (call,) = function.calls
    assert (call.form, call.arguments[0].type, call.options) == (CallForm.REQUIRED, NONE, ())
    assert call.arguments[0].fixed


def test_losses_of_arms_that_are_not_bound_are_forgotten() -> None:
    arms = (Signature((Param("x", type=INT),), INT), Signature((Param("x"),), STRING))
    package, _ = run(package_of(Function("f", "m.f", arms)), LEGALIZE, ExpandOverloads(cap=1), PLAN)
    function = find_function(package)
    assert [(each.reason, each.where, each.detail) for each in function.info.degradations] == [
        (SkipReason.OVERLOAD_AMBIGUITY, "overloads", "1 more arm")
    ]
    assert [call.arm for call in function.calls] == [0]


def test_a_method_without_a_receiver_is_refused() -> None:
    cls = evolve(
        BOX, name="Queue", path="m.Queue", methods=(Function("clear", "m.Queue.clear", (Signature(()),)),)
    )
    methods = tuple(evolve(method, binding=type(method.binding).METHOD) for method in cls.methods)
    package, ctx = run(package_of(evolve(cls, methods=methods)), LEGALIZE, PLAN)
    refused = find(package, "m.Queue.clear")
    assert isinstance(refused, Refusal)
    assert [each.code.code for each in ctx.diagnostics] == ["PY312"]
