"""Values that do not convert: the error names the call, the way into the value, and what is there."""

from __future__ import annotations

import collections
import pickle
from collections.abc import Callable, Iterator
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mochic_py.runtime import _mochi_wrap as w

INTS = w.list_of(w.as_int, "list<int>")
TABLE = w.map_of(w.as_string, INTS, "map<string, list<int>>")

NAMED = w.record_of(lambda name, sizes: (name, sizes), {"name": w.as_string, "sizes": TABLE}, "Named")
BACK = w.to_record(dict, {"name_": w.as_string, "n": w.as_int}, "Named", {"name_": "name"})
PAIR = w.to_tuple({"first": w.as_int, "second": w.as_string}, "Pair")
ENTRIES = w.to_entries(w.as_int, w.as_string, "list<Entry>")
GIVEN = w.entries_of(lambda k, v: (k, v), w.as_float, w.as_string, "list<Entry>")

WAYS: list[tuple[Callable[[Any, str], Any], object, str]] = [
    (INTS, [1, 2, "3", 4], "[2]: expected int, got str '3'"),
    (INTS, (n for n in [1, None]), "[1]: expected int, got None"),
    (INTS, collections.deque(["x"]), "[0]: expected int, got str 'x'"),
    (w.list_of(TABLE), [{}, {"a": [1], "b": [2, True]}], "[1]['b'][1]: expected int, got bool True"),
    (TABLE, {"a": [], 5: []}, ", a key: expected string, got int 5"),
    (TABLE, MappingProxyType({"a": 7}), "['a']: expected list<int>, got int 7"),
    (w.map_of(w.as_int, w.as_string), {2: 3}, "[2]: expected string, got int 3"),
    (w.set_of(w.as_int), {1, "2"}, "[…]: expected int, got str '2'"),
    (w.set_of(w.as_any, "set<any>"), [[]], ": expected set<any> of hashable items, got list [[]]"),
    (w.option_of(INTS), ["a"], "[0]: expected int, got str 'a'"),
    (NAMED, {"name": 1}, ".name: expected string, got int 1"),
    (NAMED, ("a", {"k": [0.5]}), ".sizes['k'][0]: expected int, got float 0.5"),
    (w.list_of(NAMED), [SimpleNamespace(name="n", sizes=0)], "[0].sizes: expected map<string, list<int>>, got int 0"),  # noqa: E501
    (BACK, {"name": "n", "n": ""}, ".n: expected int, got str ''"),
    (BACK, {"name": 0, "n": 0}, ".name: expected string, got int 0"),
    (BACK, {"n": 0}, ": expected Named with a field name, got dict {'n': 0}"),
    (PAIR, (1, 2), ".second: expected string, got int 2"),
    (ENTRIES, [{"key": 1, "value": 1}], "[0].value: expected string, got int 1"),
    (ENTRIES, [{"key": "k", "value": ""}], "[0].key: expected int, got str 'k'"),
    (ENTRIES, [{"key": 1}], "[0]: expected an entry with a field value, got dict {'key': 1}"),
    (GIVEN, {1.5: "a", 2.5: 3}, "[2.5]: expected string, got int 3"),
    (GIVEN, {"x": "a"}, ", a key: expected float, got str 'x'"),
]  # fmt: skip


@pytest.mark.parametrize(("convert", "value", "message"), WAYS)
def test_the_way_into_a_value(convert: Callable[[Any, str], Any], value: object, message: str) -> None:
    with pytest.raises(w.ConversionError) as caught:
        convert(value, "read: parameter x")
    assert str(caught.value) == f"read: parameter x{message}"


def test_parts_of_the_message_can_be_read() -> None:
    with pytest.raises(w.ConversionError) as caught:
        TABLE({"a": ["b"]}, "read_with: option rows")
    error = pickle.loads(pickle.dumps(caught.value))
    parts = (error.function, error.place, error.path, error.expected, error.found)
    assert parts == ("read_with", "option rows", "['a'][0]", "int", "str 'b'")
    assert str(error) == "read_with: option rows['a'][0]: expected int, got str 'b'"
    assert isinstance(error, TypeError)


SHOWN = [
    (None, "None"),
    (2**128, "int of 129 bits"),
    (-5, "int -5"),
    (float("nan"), "float nan"),
    ("x" * 41, f"str '{'x' * 40}'…"),
    (b"ab", "bytes b'ab'"),
    ([1, [2, [3]], "a", 4], "list [1, [2, list], 'a', …]"),
    ((1,), "tuple (1,)"),
    ({"a": {"b": object()}}, "dict {'a': {'b': object}}"),
    (frozenset({1}), "frozenset {1}"),
    (collections.OrderedDict(a=1), "collections.OrderedDict"),
    (SimpleNamespace(), "types.SimpleNamespace"),
    (int, "type"),
]


@pytest.mark.parametrize(("value", "text"), SHOWN)
def test_what_is_shown_of_a_value(value: object, text: str) -> None:
    with pytest.raises(w.ConversionError) as caught:
        w.fail("f", "T", value)
    assert caught.value.found == text


def test_a_value_with_itself_inside() -> None:
    knot: list[object] = []
    knot.append(knot)
    with pytest.raises(w.ConversionError, match=r"\[0\]: expected int, got list \[\[list\]\]$"):
        INTS(knot, "f")


class _Hostile:
    """Whatever is asked of it fails."""

    def __repr__(self) -> str:
        raise RuntimeError

    __str__ = __len__ = __bool__ = __repr__  # type: ignore[assignment]


def test_nothing_is_asked_of_a_foreign_value() -> None:
    with pytest.raises(w.ConversionError, match=r"got .*_Hostile$"):
        w.as_string(_Hostile(), "f")


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner, inner)
    ),
    max_leaves=30,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(_values)
def test_messages_are_short(value: object) -> None:
    with pytest.raises(w.ConversionError) as caught:
        w.fail("f", "T", value)
    assert len(str(caught.value)) < 1500


@given(st.lists(st.integers() | st.text(), min_size=1))
def test_the_index_is_that_of_the_first_wrong_item(values: list[object]) -> None:
    wrong = [index for index, value in enumerate(values) if not isinstance(value, int)]
    for given_as in (values, iter(values), tuple(values)):
        if not wrong:
            assert INTS(given_as, "f") == values
            continue
        with pytest.raises(w.ConversionError) as caught:
            INTS(given_as, "f")
        assert caught.value.path == f"[{wrong[0]}]"


# --- callbacks --------------------------------------------------------------------------


def test_arguments_and_results_of_callbacks() -> None:
    rows = w.list_of(w.record_of(lambda n: n, {"n": w.as_int}, "Row"), "list<Row>")
    given = w.function_of((w.as_string, rows), INTS, "fun(string, list<Row>): list<int>")
    function = given(lambda text, found: found or [text], "map_rows: parameter action")
    with pytest.raises(w.ConversionError) as caught:
        function("a", [{"n": 1}, {"n": "x"}])
    assert str(caught.value) == "map_rows: parameter action, argument 2[1].n: expected int, got str 'x'"
    with pytest.raises(w.ConversionError) as caught:
        function(1, [])
    assert str(caught.value) == "map_rows: parameter action, argument 1: expected string, got int 1"
    with pytest.raises(w.ConversionError) as caught:
        function("a", [])
    assert str(caught.value) == "map_rows: parameter action, its result[0]: expected int, got str 'a'"
    with pytest.raises(w.ConversionError) as caught:
        function("a")
    expected = "a call of fun(string, list<Row>): list<int>, got one with 1 arguments"
    assert str(caught.value) == f"map_rows: parameter action: expected {expected}"


def test_an_error_of_an_inner_call_keeps_its_own_way() -> None:
    def inner() -> Iterator[int]:
        yield 1
        INTS(["no"], "other: parameter y")

    with pytest.raises(w.ConversionError) as caught:
        INTS(inner(), "f")
    assert str(caught.value) == "other: parameter y[0]: expected int, got str 'no'"
