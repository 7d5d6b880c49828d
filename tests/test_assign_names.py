"""assign-names and sort-items: goldens, and the promises that hold for every package."""

from __future__ import annotations

import keyword
from collections import Counter

import pytest
from attrs import evolve
from casefile import GOLDEN, Case, check_case, read_cases
from hypothesis import given
from hypothesis import strategies as st

from mochic_py.ir.dist import Target, Tier
from mochic_py.ir.items import (
    Argument,
    Binding,
    CallForm,
    CallPlan,
    Cast,
    Class,
    ClassKind,
    Constant,
    Field,
    FieldKind,
    Function,
    Item,
    Module,
    Package,
    Property,
    Signature,
    Variant,
    VariantCase,
)
from mochic_py.ir.keywords import handle_case, is_legal_mochi_name, is_mochi_identifier
from mochic_py.ir.loops import LoopUse
from mochic_py.ir.parser import parse_package
from mochic_py.ir.printer import format_package
from mochic_py.ir.source import SourceFile
from mochic_py.ir.traverse import walk_functions, walk_items
from mochic_py.ir.types import INT, STRING, Ref
from mochic_py.passes.assign_names import AssignNames
from mochic_py.passes.context import PassContext
from mochic_py.passes.sort_items import SortItems

# --- a small way to write packages -------------------------------------------------------


def package(*modules: Module, names=("m",), generated=()) -> Package:
    return Package("m", "1.0", tuple(names), Tier.INLINE, Target(), modules, generated=tuple(generated))


def module(name: str, *items: Item) -> Module:
    return Module(name, "m/__init__.py", items)


def plans(required=(), options=False, receiver=None, run_async=False) -> tuple[CallPlan, ...]:
    arguments = tuple(Argument(name, INT) for name in required)
    forms = [CallForm.REQUIRED, *([CallForm.WITH_OPTIONS] if options else [])]
    return tuple(
        CallPlan(form, 0, receiver, arguments, (), None, INT, LoopUse.AWAITED if run_async else None)
        for form in forms
    )


def function(path: str, *required: str, **plan: object) -> Function:
    name = path.rpartition(".")[2]
    return Function(name, path, (Signature(()),), calls=plans(required, **plan))


def method(owner: str, name: str, *required: str, **plan: object) -> Function:
    plan.setdefault("receiver", Ref(owner))
    return evolve(function(f"{owner}.{name}", *required, **plan), binding=Binding.METHOD)


def constructor(owner: str, *required: str, **plan: object) -> Function:
    return Function(
        "__init__", owner, (Signature(()),), Binding.CONSTRUCTOR, calls=plans(required, **plan)
    )  # fmt: skip


def cls(path: str, kind=ClassKind.HANDLE, name: str = "", **parts: object) -> Class:
    return Class(name or path.rpartition(".")[2], path, kind=kind, **parts)


def run(before: Package) -> Package:
    return AssignNames().run(before, PassContext())


# --- reading the names back ---------------------------------------------------------------


def global_names(named: Package) -> dict[str, str]:
    """Every name in the shim's one namespace, by a description of what bears it."""
    found: dict[str, str | None] = {}
    for item in walk_items(named):
        if isinstance(item, Class | Variant | Constant):
            found[item.path] = item.exported
        for index, fn in enumerate(walk_functions(item)):
            for plan in fn.calls:
                found[f"{fn.path}#{index} {plan.form.value} {plan.arm}"] = plan.exported
        if isinstance(item, Variant):
            found |= {f"{item.path} case {case.name}": case.exported for case in item.cases}
        if isinstance(item, Class):
            for member in item.fields:
                if member.kind is FieldKind.MEMBER:
                    found[member.path] = member.exported
            for attribute in (*item.fields, *item.properties):
                found[f"{attribute.path} get"] = attribute.getter
                found[f"{attribute.path} set"] = attribute.setter
            for cast in item.casts:
                found |= {f"{item.path} up {cast.base}": cast.up, f"{item.path} down {cast.base}": cast.down}
            if item.kind not in (ClassKind.RECORD, ClassKind.ENUM) and item.exported:
                found[f"{item.path} handle case"] = handle_case(item.exported)
    return {key: name for key, name in found.items() if name is not None}


def names_of(*items: Item, **options: object) -> dict[str, str]:
    return global_names(run(package(module("m", *items), **options)))


# --- cases --------------------------------------------------------------------------------


def test_functions():
    named = names_of(
        function("m.get", options=True), function("m.load"), function("m.sub.mod.get", options=True),
        function("m.md5", options=True), function("m.log1p"), function("other.get"),
        function("m.fetch_all", run_async=True),
    )  # fmt: skip
    assert named == {
        "m.get#0 required 0": "get",
        "m.get#0 with 0": "get_with",
        "m.load#0 required 0": "load_",
        "m.sub.mod.get#0 required 0": "sub_mod_get",
        "m.sub.mod.get#0 with 0": "sub_mod_get_with",
        "m.md5#0 required 0": "md5",
        "m.md5#0 with 0": "md_five_with",
        "m.log1p#0 required 0": "log_one_p",
        "other.get#0 required 0": "other_get",
        "m.fetch_all#0 required 0": "fetch_all_sync",
    }


def test_members():
    base, owner = cls("m.Base"), "m.Client"
    client = cls(
        owner,
        constructors=(constructor(owner, options=True),),
        methods=(
            method(owner, "new"), method(owner, "equals"), method(owner, "__eq__"), method(owner, "__len__"),
            method(owner, "get", "url", options=True), method(owner, "send", run_async=True, options=True),
        ),
        fields=(
            Field("url", f"{owner}.url", STRING),
            Field("limit", f"{owner}.limit", INT, writable=False),
            Field("count", f"{owner}.count", INT, kind=FieldKind.CLASS_VAR),
        ),
        properties=(Property("auth", f"{owner}.auth", INT, setter_type=INT),),
        casts=(Cast("m.Base"), Cast("abc.ABC")),
    )  # fmt: skip
    assert names_of(base, client) == {
        "m.Base": "Base",
        "m.Base handle case": "BaseRef",
        "m.Client": "Client",
        "m.Client handle case": "ClientRef",
        "m.Client#0 required 0": "Client_new",
        "m.Client#0 with 0": "Client_new_with",
        "m.Client.new#1 required 0": "Client_new_2",
        "m.Client.equals#2 required 0": "Client_equals",
        "m.Client.__eq__#3 required 0": "Client_eq",
        "m.Client.__len__#4 required 0": "Client_len",
        "m.Client.get#5 required 0": "Client_get",
        "m.Client.get#5 with 0": "Client_get_with",
        "m.Client.send#6 required 0": "Client_send_sync",
        "m.Client.send#6 with 0": "Client_send_sync_with",
        "m.Client.url get": "Client_url",
        "m.Client.url set": "Client_set_url",
        "m.Client.limit get": "Client_limit",
        "m.Client.count get": "Client_count",
        "m.Client.auth get": "Client_auth",
        "m.Client.auth set": "Client_set_auth",
        "m.Client up m.Base": "Client_as_Base",
        "m.Client down m.Base": "Base_as_Client",
        "m.Client up abc.ABC": "Client_as_ABC",
        "m.Client down abc.ABC": "ABC_as_Client",
    }


def test_records_enums_and_variants():
    point = cls(
        "m.Point",
        ClassKind.RECORD,
        fields=tuple(Field(name, f"m.Point.{name}", INT) for name in ("class", "class_", "x1y", "value")),
    )
    color = cls(
        "m.Color",
        ClassKind.ENUM,
        fields=tuple(Field(n, f"m.Color.{n}", INT, FieldKind.MEMBER) for n in ("RED", "value", "load")),
    )
    either = Variant("IntOrString", "m.IntOrString", (VariantCase("Int", INT), VariantCase("String", STRING)))
    named = run(package(module("m", point, color), generated=[either]))
    assert global_names(named) == {
        "m.Point": "Point",
        "m.Color": "Color",
        "m.Color.RED": "Color_RED",
        "m.Color.value": "Color_value_2",
        "m.Color.load": "Color_load",
        "m.IntOrString": "IntOrString",
        "m.IntOrString case Int": "IntOrString_Int",
        "m.IntOrString case String": "IntOrString_String",
    }
    record = named.modules[0].items[0]
    assert isinstance(record, Class)
    assert [member.exported for member in record.fields] == ["class__", "class_", "x_one_y", "value"]


def test_equal_types_are_qualified_and_their_members_follow():
    items = [
        cls("m.Client"),
        cls("m.sub.Client", methods=(method("m.sub.Client", "get"),)),
        cls("m.sub.Only"),
        cls("ssl.SSLContext"),
    ]
    named = names_of(*items)
    assert named["m.Client"] == "Client"
    assert named["m.sub.Client"] == "sub_Client"
    assert named["m.sub.Client.get#0 required 0"] == "sub_Client_get"
    assert named["m.sub.Only"] == "Only"
    assert named["ssl.SSLContext"] == "SSLContext"


def test_a_type_of_the_package_goes_before_a_foreign_one():
    named = run(package(module("m", cls("m.sub.Client")), generated=[cls("ssl.Client"), cls("ssl.Context")]))
    assert {key: name for key, name in global_names(named).items() if "case" not in key} == {
        "m.sub.Client": "Client",
        "ssl.Client": "ssl_Client",
        "ssl.Context": "Context",
    }


def test_nested_classes():
    named = names_of(cls("m.sub.Outer.Inner", name="Outer.Inner"))
    assert named["m.sub.Outer.Inner"] == "Outer_Inner"


def test_the_plain_path_keeps_a_name_that_two_paths_make():
    named = names_of(function("m.a.b"), function("m.a_b"), cls("m.response"), function("m.Response"))
    assert named["m.a_b#0 required 0"] == "a_b"
    assert named["m.a.b#0 required 0"] == "a_b_2"
    assert named["m.response"] == "response"


def test_a_class_may_not_take_the_case_of_a_handle():
    named = names_of(cls("m.Response"), cls("m.ResponseRef"))
    assert named["m.Response"] == "Response"
    assert named["m.ResponseRef"] == "ResponseRef_2"


def test_parameters():
    required = ("self", "options", "match", "class", "class_", "x1y")
    made = run(package(module("m", method("m.C", "f", *required, options=True)))).modules[0].items[0]
    assert isinstance(made, Function)
    assert [
        [argument.exported for argument in plan.arguments] for plan in made.calls
    ] == [
        ["self_", "options", "match_", "class__", "class_", "x_one_y"],
        ["self_", "options_", "match_", "class__", "class_", "x_one_y"],
    ]  # fmt: skip


def test_without_call_plans_only_types_are_named():
    bare = Function("get", "m.get", (Signature(()),))
    named = run(package(module("m", bare, cls("m.C", methods=(evolve(bare, path="m.C.get"),)))))
    assert global_names(named) == {"m.C": "C", "m.C handle case": "CRef"}


@pytest.mark.parametrize("each", [AssignNames(), SortItems()], ids=lambda each: each.name)
def test_goldens(each, update_golden):
    for case in read_cases(GOLDEN / "passes" / f"{each.name.replace('-', '_')}.md"):
        check_golden(each, case, update_golden)


def check_golden(each, case: Case, update: bool) -> None:
    before, diagnostics = parse_package(SourceFile(case.title, case.blocks["before"]))
    assert before is not None, diagnostics
    check_case(case, "after", format_package(each.run(before, PassContext())), update)


# --- promises -----------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["a", "b", "a_b", "A", "ARef", "load", "print", "log1p", "log_one_p", "new", "with", "set_x", "x",
     "equals", "a_with", "A_x", "A_new", "b_2", "__eq__", "__len__", "as_A",
     "é", "seté", "x1", "sha256", "class_"]
)  # fmt: skip


@st.composite
def classes(draw, owner: str) -> Class:
    name = draw(WORDS)
    path = f"{owner}.{name}"
    members = draw(st.lists(WORDS, unique=True, max_size=6))
    cut = draw(st.integers(0, 6))
    kind = draw(st.sampled_from([ClassKind.HANDLE, ClassKind.RECORD, ClassKind.ENUM, ClassKind.ERROR]))
    field_kind = FieldKind.MEMBER if kind is ClassKind.ENUM else FieldKind.INSTANCE
    return cls(
        path,
        kind,
        methods=tuple(method(path, member, options=True) for member in members[:cut]),
        fields=tuple(Field(member, f"{path}.{member}", INT, field_kind) for member in members[cut:]),
        constructors=(constructor(path, "x", options=draw(st.booleans())),),
        casts=(Cast("m.A"),) if draw(st.booleans()) else (),
    )


@st.composite
def packages(draw) -> Package:
    modules = []
    for name in ("m", "m.a", "m.a.b", "other"):
        items = draw(
            st.lists(
                st.one_of(
                    classes(name),
                    WORDS.map(lambda word, name=name: function(f"{name}.{word}", "x", options=True)),
                    WORDS.map(lambda word, name=name: Constant(word, f"{name}.{word}", INT)),
                ),
                max_size=5,
                unique_by=lambda item: item.path,
            )
        )
        modules.append(module(name, *items))
    return package(*modules, names=("m", "other"))


@given(packages())
def test_every_name_is_legal_and_unique(before):
    named = run(before)
    found = global_names(named)
    assert [name for name, times in Counter(found.values()).items() if times > 1] == []
    assert [name for name in found.values() if not is_legal_mochi_name(name)] == []
    assert [name for name in found.values() if not name.isidentifier() or keyword.iskeyword(name)] == []
    for item in walk_items(named):
        if isinstance(item, Class) and item.kind is ClassKind.RECORD:
            labels = [member.exported for member in item.fields]
            assert len(labels) == len(set(labels))
            assert all(label and is_mochi_identifier(label) for label in labels)


@given(packages())
def test_names_do_not_depend_on_order_and_stay(before):
    turned = evolve(
        before,
        modules=tuple(evolve(each, items=each.items[::-1]) for each in before.modules[::-1]),
    )
    named = run(before)
    assert global_names(run(turned)) == global_names(named)
    assert run(named) == named


@given(packages())
def test_an_unrelated_item_changes_no_name(before):
    extra = module("m.zz", cls("m.zz.Zebra", methods=(method("m.zz.Zebra", "run"),)), function("m.zz.stripe"))
    found = global_names(run(before))
    more = global_names(run(evolve(before, modules=(*before.modules, extra))))
    assert {key: name for key, name in more.items() if key in found} == found


@given(packages())
def test_sorting_forgets_the_order_of_the_source(before):
    turned = evolve(
        before,
        modules=tuple(evolve(each, items=each.items[::-1]) for each in before.modules[::-1]),
    )
    ordered = SortItems().run(before, PassContext())
    assert SortItems().run(turned, PassContext()) == ordered
    assert SortItems().run(ordered, PassContext()) == ordered
    assert ordered.modules[0].name == "m"
