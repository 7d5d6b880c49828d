"""The runtime of wrappers, by itself: conversion, options, event loops, lazy modules."""

from __future__ import annotations

import array
import asyncio
import collections
import datetime
import decimal
import enum
import io
import re
import subprocess
import sys
import types
import typing
import xml.sax.handler
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mochic_py.runtime import _mochi_wrap as w

RUNTIME = Path(__file__).parent.parent / "runtime" / "_mochi_wrap"


class _Index:
    def __index__(self) -> int:
        return 7


class _Float:
    def __float__(self) -> float:
        return 1.5


class _ArrayScalar:
    """Follows the array interface, as scalars of array libraries do."""

    def __init__(self, typestr: str, value: object) -> None:
        self.__array_interface__ = {"typestr": typestr, "shape": ()}
        self.value = value

    def __bool__(self) -> bool:
        return bool(self.value)


class _Color(str, enum.Enum):  # noqa: UP042 -- `str()` of it is not its text
    RED = "red"


class _Level(enum.IntEnum):
    LOW = 1


ACCEPTED = [
    ("as_bool", True, True),
    ("as_bool", _ArrayScalar("|b1", 1), True),
    ("as_int", 2**80, 2**80),
    ("as_int", _Index(), 7),
    ("as_int", _Level.LOW, 1),
    ("as_float", 1.5, 1.5),
    ("as_float", 2, 2.0),
    ("as_float", _Float(), 1.5),
    ("as_float", decimal.Decimal("0.5"), 0.5),
    ("as_string", "a", "a"),
    ("as_string", _Color.RED, "red"),
    ("as_bytes", b"a", b"a"),
    ("as_bytes", bytearray(b"a"), b"a"),
    ("as_bytes", memoryview(b"a"), b"a"),
    ("as_int64", -(2**63), -(2**63)),
]
REFUSED = [
    ("as_bool", 1, "f: result: expected bool, got int 1"),
    ("as_bool", None, "f: result: expected bool, got None"),
    ("as_int", True, "f: result: expected int, got bool True"),
    ("as_int", 1.0, "f: result: expected int, got float 1.0"),
    ("as_int", "1", "f: result: expected int, got str '1'"),
    ("as_float", "1.0", "f: result: expected float, got str '1.0'"),
    ("as_float", True, "f: result: expected float, got bool True"),
    ("as_float", 1j, "f: result: expected float, got complex 1j"),
    ("as_string", b"a", "f: result: expected string, got bytes b'a'"),
    ("as_bytes", "a", "f: result: expected bytes, got str 'a'"),
    ("as_bytes", array.array("b", [1]), "f: result: expected bytes, got array.array"),
    ("as_int64", 2**63, "f: result: expected an int of 64 bits, got int 9223372036854775808"),
]


@pytest.mark.parametrize(("name", "value", "expected"), ACCEPTED)
def test_scalar(name: str, value: object, expected: object) -> None:
    converted = getattr(w, name)(value, "f")
    assert converted == expected
    assert type(converted) is type(expected)


@pytest.mark.parametrize(("name", "value", "message"), REFUSED)
def test_scalar_refuses(name: str, value: object, message: str) -> None:
    with pytest.raises(w.ConversionError) as caught:
        getattr(w, name)(value, "f")
    assert str(caught.value) == message


def test_list_takes_what_can_be_iterated_but_no_string() -> None:
    convert = w.list_of(w.as_int, "list<int>")
    for value in [[1, 2], (1, 2), {1: 0, 2: 0}, iter([1, 2]), (n for n in (1, 2)), collections.deque([1, 2])]:
        assert convert(value, "f") == [1, 2]
    for value, found in [("12", "str '12'"), (3, "int 3"), (None, "None")]:
        with pytest.raises(w.ConversionError, match=rf"^f: result: expected list<int>, got {found}$"):
            convert(value, "f")


def test_error_in_a_container_names_the_way_to_the_part() -> None:
    convert = w.map_of(w.as_string, w.list_of(w.as_int, "list<int>"), "map<string, list<int>>")
    assert convert(MappingProxyType({"a": (1,)}), "f") == {"a": [1]}
    with pytest.raises(w.ConversionError) as caught:
        convert({"a": [1, "x"]}, "f")
    assert str(caught.value) == "f: result['a'][1]: expected int, got str 'x'"


def test_error_raised_by_an_iterator_of_the_package_passes() -> None:
    def numbers() -> typing.Iterator[int]:
        yield 1
        raise w.ConversionError("other", "int", "str")

    with pytest.raises(w.ConversionError, match=r"^other: result: expected int, got str$"):
        w.list_of(w.as_int)(numbers(), "f")


def test_set_and_option() -> None:
    assert w.set_of(w.as_int)(frozenset({1}), "f") == {1}
    with pytest.raises(w.ConversionError, match=r"f: result: expected set of hashable items, got list"):
        w.set_of(w.as_any)([[]], "f")
    assert w.option_of(w.as_int)(None, "f") is None
    with pytest.raises(w.ConversionError):
        w.option_of(w.as_int)("", "f")


def test_function_is_handed_on_when_nothing_changes() -> None:
    assert w.function_of((w.as_any,), w.as_any)(len, "f") is len
    doubled = w.function_of((w.as_int,), w.as_string)(lambda n: str(n * 2), "f")
    assert doubled(2) == "4"
    with pytest.raises(w.ConversionError, match=r"f: result, argument 1: expected int, got str"):
        doubled("2")
    with pytest.raises(w.ConversionError, match=r"f: result: expected fun, got int"):
        w.function_of((), w.as_any)(1, "f")


class Plain:
    """A class to be found by path."""


class Duck(typing.Protocol):
    """A protocol, which cannot be checked."""


def test_function_called_with_another_number_of_arguments() -> None:
    convert = w.function_of((w.as_int,), w.as_string, "fun(int): string")
    with pytest.raises(
        w.ConversionError, match=r"f: result: expected a call of fun\(int\): string, got one with 2 arg"
    ):
        convert(lambda x: str(x), "f")(1, 2)


class Symbol(int):
    """What a class that looks like an enum may have for members."""


class Symbols:
    """A class with a member of another class, and one of a builtin class."""

    ONE, PLAIN = Symbol(1), 2


def test_a_member_of_a_class_is_its_handle_whatever_its_own_class_is() -> None:
    convert = w.handle_of(f"{__name__}.Symbols", "Symbols")
    assert convert(Symbols.ONE, "f") is Symbols.ONE
    for other in (Symbol(1), Symbols.PLAIN):
        with pytest.raises(TypeError, match="expected Symbols"):
            convert(other, "f")


def test_handle_is_checked_where_its_class_is_loaded() -> None:
    convert = w.handle_of(f"{__name__}.Plain", "Plain")
    plain = Plain()
    for _ in range(2):
        assert convert(plain, "f") is plain
        with pytest.raises(w.ConversionError, match=r"f: result: expected Plain, got int"):
            convert(1, "f")
    assert w.handle_of("not_loaded.Thing", "Thing")(1, "f") == 1
    assert w.handle_of(f"{__name__}.Duck", "Duck")(1, "f") == 1
    assert w.handle_of(f"{__name__}.missing", "missing")(1, "f") == 1
    assert "not_loaded" not in sys.modules


def test_cast_down() -> None:
    plain = Plain()
    assert w.cast_down(plain, Plain, "f") is plain
    with pytest.raises(w.ConversionError, match=r"f: parameter value: expected Plain, got int"):
        w.cast_down(1, Plain, "f")


Pair = collections.namedtuple("Pair", ["first", "second"])
FIELDS = {"first": w.as_int, "second": w.option_of(w.as_string)}


@pytest.mark.parametrize("value", [Pair(1, "a"), {"first": 1, "second": "a"}, (1, "a"), [1, "a"]])
def test_record_is_read_from_attributes_keys_or_places(value: object) -> None:
    assert w.record_of(Pair, FIELDS, "Pair")(value, "f") == Pair(1, "a")


class Array:
    """Like an array: to be equal to something is asked of each item, and has no single answer."""

    def __eq__(self, other: object) -> Array:  # type: ignore[override]
        return Array()

    def __bool__(self) -> bool:
        raise ValueError("ambiguous")

    __hash__ = None  # type: ignore[assignment]


def test_record_of_a_tuple_is_read_by_place() -> None:
    convert = w.record_of(Pair, {"index": w.as_any, "count": w.as_any}, "Pair")
    assert convert((1, 2), "f") == Pair(1, 2)
    dotted = w.record_of(Pair, {"a.b": w.as_any, "c": w.as_any}, "Pair")
    assert dotted({"a.b": 1, "c": 2}, "f") == Pair(1, 2)
    with pytest.raises(w.ConversionError):
        dotted(types.SimpleNamespace(a=types.SimpleNamespace(b=1), c=2), "f")


def test_record_of_values_that_cannot_be_compared() -> None:
    convert = w.record_of(Pair, {"first": w.as_any, "second": w.as_any}, "Pair")
    first, second = Array(), Array()
    made = convert(Pair(first, second), "f")
    assert made.first is first
    assert made.second is second


def test_record_refuses() -> None:
    convert = w.record_of(Pair, FIELDS, "Pair")
    assert convert({"first": 1}, "f") == Pair(1, None)
    for value, message in [
        ((1,), "f: result: expected Pair, got tuple"),
        (3, "f: result: expected Pair, got int"),
        ({"first": "1"}, "f: result.first: expected int, got str '1'"),
    ]:
        with pytest.raises(w.ConversionError, match=re.escape(message)):
            convert(value, "f")


def test_record_goes_back() -> None:
    parts = {"first": w.as_int, "class": w.option_of(w.as_string)}
    to_dict = w.to_record(w.make_dict(["class"]), parts, "Tag", {"class": "class_"})
    record = collections.namedtuple("Tag", ["first", "class_"])
    assert to_dict(record(1, "x"), "f") == {"first": 1, "class": "x"}
    assert to_dict(record(1, None), "f") == {"first": 1}
    assert w.to_tuple({"first": w.as_int, "second": w.as_string}, "Pair")(Pair(1, "a"), "f") == (1, "a")
    make = w.make_object(f"{__name__}.Pair")
    to_pair = w.to_record(make, {"first": w.as_int, "second": w.as_any}, "Pair")
    assert to_pair({"first": 1, "second": 2}, "f") == Pair(1, 2)
    with pytest.raises(w.ConversionError, match=r"expected Pair with a field first, got int"):
        to_pair(3, "f")


class ColorRed(w.Case):
    """A variant."""

    __slots__ = ()


def test_enum_crosses_by_names() -> None:
    as_color = w.enum_of({"RED": ColorRed}, "Color")
    assert as_color(_Color.RED, "f") == ColorRed()
    assert hash(as_color(_Color.RED, "f")) == hash(ColorRed())
    with pytest.raises(w.ConversionError, match=r"f: result: expected Color, got"):
        as_color(_Level.LOW, "f")
    to_color = w.to_enum(f"{__name__}._Color", {"ColorRed": "RED"}, "Color")
    assert to_color(ColorRed(), "f") is _Color.RED
    assert to_color(_Color.RED, "f") is _Color.RED
    with pytest.raises(w.ConversionError, match=r"f: result: expected Color, got int"):
        to_color(1, "f")


NUMBER = collections.namedtuple("Number", ["value"])
TEXT = collections.namedtuple("Text", ["value"])
NUMBER_OR_TEXT = ((NUMBER, w.is_int, w.as_int), (TEXT, w.is_string, w.as_string))


def test_variant_takes_the_case_of_the_value() -> None:
    convert = w.variant_of(NUMBER_OR_TEXT, "NumberOrText")
    assert convert(1, "f") == NUMBER(1)
    assert convert("a", "f") == TEXT("a")
    for wrong in (1.5, True, None, [1]):
        with pytest.raises(w.ConversionError, match=r"f: result: expected NumberOrText, got"):
            convert(wrong, "f")


def test_variants_flow_in_tagged_or_bare() -> None:
    back = w.to_variant(
        {"Number": (w.is_int, w.as_any), "Text": (w.is_string, w.as_any)}, "NumberOrText", {"Number", "Text"}
    )
    assert back(TEXT("a"), "f") == "a"
    assert back("a", "f") == "a"
    with pytest.raises(w.ConversionError, match=r"f: result: expected NumberOrText, got float"):
        back(1.5, "f")


@given(st.recursive(st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=4))
def test_a_variant_that_flows_out_comes_back(value: object) -> None:
    """Of ints, texts, lists of ints and lists of anything else that is a case."""
    case = {name: collections.namedtuple(name, ["value"]) for name in ("Int", "Text", "Ints", "Texts")}
    tests = {
        "Int": (w.is_int, w.as_int),
        "Text": (w.is_string, w.as_string),
        "Ints": (w.is_list(w.is_int), w.list_of(w.as_int)),
        "Texts": (w.is_list(w.is_string), w.list_of(w.as_string)),
    }
    out = w.variant_of(tuple((case[name], *parts) for name, parts in tests.items()), "Case")
    back = w.to_variant(tests, "Case", set(tests))
    fits = not isinstance(value, list) or len({type(each) for each in value} - {list}) <= 1
    fits = fits and not (isinstance(value, list) and any(isinstance(each, list) for each in value))
    if fits:
        assert back(out(value, "f"), "f") == value
        assert back(value, "f") == value
    else:
        with pytest.raises(w.ConversionError):
            out(value, "f")


def test_of_overlapping_classes_the_most_derived_is_meant() -> None:
    case = {name: collections.namedtuple(name, ["value"]) for name in ("Date", "DateTime")}
    convert = w.variant_of(
        (
            (case["Date"], w.is_instance("datetime.date"), w.handle_of("datetime.date", "date")),
            (case["DateTime"], w.is_instance("datetime.datetime"), w.handle_of("datetime.datetime", "dt")),
        ),
        "DateOrDateTime",
    )
    day, moment = datetime.date(2026, 1, 2), datetime.datetime(2026, 1, 2)  # noqa: DTZ001
    assert convert(day, "f") == case["Date"](day)
    assert convert(moment, "f") == case["DateTime"](moment)


def test_what_cannot_be_tested_is_the_case_that_is_left() -> None:
    case = {name: collections.namedtuple(name, ["value"]) for name in ("Stream", "Text")}
    convert = w.variant_of(
        (
            (case["Stream"], w.is_instance("typing.IO"), w.handle_of("typing.IO", "IO")),
            (case["Text"], w.is_string, w.as_string),
        ),
        "IOOrText",
    )
    stream = io.BytesIO()
    assert convert(stream, "f") == case["Stream"](stream)
    assert convert("a", "f") == case["Text"]("a")


def test_union_checks_what_it_hands_on() -> None:
    convert = w.to_union(
        ((w.is_int, w.as_any), (w.is_list(), w.as_any), (w.is_instance("decimal.Decimal"), w.as_any)),
        "int | list<int> | Decimal",
        {"Number"},
    )
    items = [1]
    assert convert(items, "f") is items
    assert convert(NUMBER(2), "f") == 2
    assert convert(decimal.Decimal(1), "f") == 1
    for wrong in ("a", True, 1.5, None, {"a": 1}):
        with pytest.raises(w.ConversionError, match=r"f: result: expected int \| list<int> \| Decimal, got"):
            convert(wrong, "f")


def test_containers_that_flow_in_stay_the_same_where_their_items_do() -> None:
    member = w.to_union(((w.is_int, w.as_any), (w.is_string, w.as_any)), "int | string", {"Number"})
    to_list, to_map = w.to_list(member), w.to_map(w.as_string, member)
    items: list[object] = [1, "a"]
    assert to_list(items, "f") is items
    assert to_list([NUMBER(2), "a"], "f") == [2, "a"]
    assert to_list((1, 2), "f") == [1, 2]
    table: dict[str, object] = {"a": 1}
    assert to_map(table, "f") is table
    assert to_map({"a": NUMBER(2)}, "f") == {"a": 2}


def test_union_lets_pass_what_it_cannot_test() -> None:
    convert = w.to_union(((w.is_int, w.as_any), (w.is_instance("typing.IO"), w.as_any)), "int | IO")
    assert convert("a", "f") == "a"
    absent = w.to_union(((w.is_int, w.as_any), (w.is_instance("no_such_package.C"), w.as_any)), "int | C")
    assert absent("a", "f") == "a"


def test_a_class_whose_package_is_not_loaded_has_no_instances() -> None:
    sys.modules.pop("this", None)
    convert = w.to_union(((w.is_int, w.as_any), (w.is_instance("this.C"), w.as_any)), "int | C")
    with pytest.raises(w.ConversionError):
        convert("a", "f")
    assert "this" not in sys.modules


def test_literals_are_their_values() -> None:
    convert = w.to_literal(("read", "write", 1, True), '"read" | "write" | 1 | true')
    for value in ("read", 1, True):
        assert convert(value, "f") is value
    with pytest.raises(
        w.ConversionError, match=r"""f: result: expected .*, got str 'reed'; did you mean 'read'\?"""
    ):
        convert("reed", "f")
    for wrong in (False, 2, ["read"], None):
        with pytest.raises(w.ConversionError):
            convert(wrong, "f")


@pytest.mark.parametrize(
    ("test", "yes", "no"),
    [
        (w.is_bool, [True], [1, 0.0, "a"]),
        (w.is_int, [1], [True, 1.0]),
        (w.is_float, [1, 1.5], [True, "1", 1j, decimal.Decimal(1)]),
        (w.is_complex, [1j], [1.5]),
        (w.is_bytes, [b"", bytearray()], ["", [1]]),
        (w.is_set(), [{1}, frozenset()], [[1], {1: 2}]),
        (w.is_map(), [{}, MappingProxyType({})], [[], set()]),
        (w.is_map(w.is_string, w.is_int), [{}, {"a": 1}], [{1: 1}, {"a": "b"}]),
        (w.is_tuple((w.is_int, w.is_string)), [(1, "a")], [(1,), (1, 2), [1, "a"]]),
        (w.is_dict(("a",), ("a", "b")), [{"a": 1}, {"a": 1, "b": 2}], [{}, {"a": 1, "c": 1}, 1]),
        (w.is_record("Number", ("value",)), [NUMBER(1), {"value": 1}], [1, {}]),
        (w.is_option(w.is_int), [None, 1], ["a"]),
        (w.is_any_of((w.is_int, w.is_string)), [1, "a"], [1.5]),
        (w.is_literal(("a", 1)), ["a", 1], [True, "b", []]),
    ],
)
def test_tests(test: Callable[[object], bool | None], yes: list[object], no: list[object]) -> None:
    assert [test(value) for value in yes] == [True] * len(yes)
    assert [test(value) for value in no] == [False] * len(no)


# --- options ----------------------------------------------------------------------------

KNOWN = {"timeout": w.as_float, "headers": w.map_of(w.as_string, w.as_string, "map<string, string>")}


def test_only_given_options_are_sent() -> None:
    assert w.keywords("get_with", {}, KNOWN) == {}
    assert w.keywords("get_with", {"timeout": 1}, KNOWN) == {"timeout": 1.0}
    (name,) = w.keywords("get_with", {"".join(["time", "out"]): 1}, KNOWN)
    assert name is sys.intern("timeout"), "functions in C may compare names by identity"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"timeuot": 1}, "get_with: unknown option 'timeuot'; did you mean 'timeout'?"),
        ({"": 1}, "get_with: unknown option ''; did you mean 'timeout'?"),
        ({1: 1}, "get_with: the name of an option is a string, not int"),
        ({"timeout": "1"}, "get_with: option timeout: expected float, got str '1'"),
        (["timeout"], "get_with: parameter options: expected a map, got list ['timeout']"),
    ],
)
def test_option_errors_name_what_is_wrong(options: object, message: str) -> None:
    with pytest.raises((w.OptionError, w.ConversionError)) as caught:
        w.keywords("get_with", options, KNOWN)
    assert str(caught.value) == message


def test_options_of_a_function_without_any() -> None:
    with pytest.raises(w.OptionError, match=r"f_with: unknown option 'x'; there are none"):
        w.keywords("f_with", {"x": 1}, {})
    assert w.keywords("f_with", {"x": 1}, {}, w.as_any) == {"x": 1}


def test_positional_options_need_those_before_them() -> None:
    known = dict.fromkeys(("a", "b", "args", "key"), w.as_any)

    def split(options: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        return w.split_options("f_with", options, known, positional=("a",), splat="args", before_splat=("b",))

    assert split({}) == ([], {})
    assert split({"b": 2, "key": 3}) == ([], {"b": 2, "key": 3})
    assert split({"a": 1, "b": 2, "args": [3, 4], "key": 5}) == ([1, 2, 3, 4], {"key": 5})
    assert split({"a": 1, "b": 2, "args": []}) == ([1], {"b": 2})
    with pytest.raises(w.OptionError, match=r"f_with: option args needs option b, which stands before it"):
        split({"a": 1, "args": [3]})
    with pytest.raises(w.OptionError, match=r"f_with: option b needs option a, which stands before it"):
        split({"b": 1, "args": [3]})


# --- asyncio, modules, bytes ------------------------------------------------------------


async def _answer() -> int:
    await asyncio.sleep(0)
    return 42


def test_awaitable_is_driven() -> None:
    assert w.run_async(_answer(), "f") == 42


async def _break() -> None:
    raise KeyError("gone")


def test_error_of_an_awaitable_has_no_history_of_ours() -> None:
    with pytest.raises(KeyError) as caught:
        w.run_async(_break(), "f")
    assert caught.value.__context__ is None


def test_awaitable_inside_a_loop_is_an_error_and_is_closed() -> None:
    async def main() -> None:
        w.run_async(_answer(), "fetch_sync")

    with pytest.raises(w.LoopError, match=r"^fetch_sync: an event loop is already running"):
        asyncio.run(main())


def test_lazy_module_replaces_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lazy_example.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    namespace: dict[str, Any] = {}
    namespace["_m"] = w.lazy_module("lazy_example", namespace, "_m")
    assert "lazy_example" not in sys.modules
    assert repr(namespace["_m"]) == "<module 'lazy_example', not imported yet>"
    assert namespace["_m"].value == 1
    assert isinstance(namespace["_m"], ModuleType)
    assert w.lazy_module("lazy_example", {}, "_m") is namespace["_m"]
    monkeypatch.delitem(sys.modules, "lazy_example")


def test_a_mapping_crosses_as_entries() -> None:
    class Entry(typing.NamedTuple):
        key: object
        value: object

    out = w.entries_of(Entry, w.option_of(w.as_string), w.as_int, "list<E>")
    into = w.to_entries(w.option_of(w.as_string), w.as_int, "list<E>")
    mapping = MappingProxyType({None: 1, "a": 2})
    assert out(mapping, "f") == [Entry(None, 1), Entry("a", 2)]
    assert into(out(mapping, "f"), "f") == {None: 1, "a": 2}
    assert into([{"key": "a", "value": 3}], "f") == {"a": 3}
    for convert, value in (
        (out, [1]),
        (into, "ab"),
        (into, 1),
    ):
        with pytest.raises(w.ConversionError, match=r"^f: result: expected list<E>"):
            convert(value, "f")


def test_files_pass_as_their_typing_classes() -> None:
    assert w.handle_of("typing.TextIO", "TextIO")(sys.stdout, "f") is sys.stdout


def test_objects_are_found_by_path(monkeypatch: pytest.MonkeyPatch) -> None:
    assert w.load_object("collections.abc.Mapping") is collections.abc.Mapping
    assert w.find_loaded("collections.OrderedDict.fromkeys") == collections.OrderedDict.fromkeys
    # A package may name a module and what it holds alike; the attribute is what others see.
    monkeypatch.setattr(xml.sax, "handler", dict)
    assert sys.modules["xml.sax.handler"] is not dict
    assert w.find_loaded("xml.sax.handler") is dict
    assert w.find_loaded("xml.sax.handler.ContentHandler") is sys.modules["xml.sax.handler"].ContentHandler
    with pytest.raises(AttributeError):
        w.load_object("collections.abc.Nothing")
    with pytest.raises(AttributeError, match=r"nothing is importable at no_such_package.Thing"):
        w.load_object("no_such_package.Thing")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_bytes_helpers_are_inverse(text: str) -> None:
    data = w.bytes_from_string(text)
    assert w.bytes_to_string(data) == text
    assert w.bytes_from_list(w.bytes_to_list(data)) == data
    assert w.bytes_len(data) == len(w.bytes_to_list(data))


def test_bytes_from_list_refuses() -> None:
    with pytest.raises(w.ConversionError, match=r"values\[0\]: expected an int from 0 to 255, got int 256"):
        w.bytes_from_list([256])


def test_runtime_needs_only_the_standard_library_and_imports_little() -> None:
    code = (
        "import sys; before = set(sys.modules); import _mochi_wrap as w; "
        "[getattr(w, name) for name, home in w._HOMES.items() if not home.startswith(('aio', 'locks'))]; "
        "print(*sorted({m.split('.')[0] for m in set(sys.modules) - before}))"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(RUNTIME.parent)!r}); {code}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert loaded <= set(sys.stdlib_module_names) | {"_mochi_wrap"}
    assert not loaded & {"asyncio", "dataclasses", "inspect", "difflib", "typing", "functools", "threading"}


def test_values_of_a_protocol_are_known_by_its_methods() -> None:
    check = w.to_union(((w.is_having(("read",)), w.as_any),), "SupportsRead")
    stream = io.StringIO("text")
    assert check(stream, "parameter `fp`") is stream
    with pytest.raises(w.ConversionError, match="SupportsRead"):
        check(3, "parameter `fp`")


def test_a_private_class_may_be_a_protocol() -> None:
    assert "wsgiref" not in sys.modules
    assert w.is_instance("wsgiref.C")(3) is False
    assert w.is_instance("wsgiref._C")(3) is None


def test_stub_names_what_the_package_has() -> None:
    import ast

    stub = ast.parse((RUNTIME / "__init__.pyi").read_text("utf-8"))
    told = {
        (node.module, alias.name)
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name == alias.asname
    }
    assert told == {(module, name) for name, module in w._HOMES.items()}
    assert all(getattr(w, name) for _, name in told)
    with pytest.raises(AttributeError, match="no_such"):
        getattr(w, "no_such")  # noqa: B009 -- it is not there
