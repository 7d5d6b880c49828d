"""The value encoding: every engine reads back what any engine wrote."""

from __future__ import annotations

import array
import collections
import json
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mochic_py.runtime._mochi_wrap import wire
from mochic_py.runtime._mochi_wrap.wire_types import make_record

CODECS = {name: wire.Codec(name) for name in wire.ENGINES}
WORDS = st.sampled_from(["Point", "x", "y", "$int", "$", "$$", "a", "", "null", "true", "1", "NaN"])
TEXTS = st.text(st.characters(exclude_categories=()), max_size=6) | WORDS
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**66), 2**66)
    | st.sampled_from([2**63, 2**63 - 1, -(2**63), -(2**63) - 1, 2**64, 10**18, 10**19])
    | st.floats()
    | TEXTS
)
HASHABLE = st.recursive(
    SCALARS | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3),
    max_leaves=5,
)
VALUES = st.recursive(
    SCALARS | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(TEXTS, inner, max_size=4)
        | st.dictionaries(HASHABLE, inner, max_size=3)
        | st.sets(HASHABLE, max_size=3)
        | st.builds(
            make_record,
            st.sampled_from(["Point", "Shape_Circle"]),
            st.dictionaries(st.sampled_from(["x", "y", "type_"]), inner, max_size=3),
            st.booleans(),
        )
    ),
    max_leaves=12,
)


def canonical(value: object) -> object:
    """Return what two values have in common that are of the same types and equal."""
    if isinstance(value, frozenset | set):
        return "set", sorted(repr(canonical(each)) for each in value)
    if isinstance(value, list | tuple):
        return type(value).__name__, [canonical(each) for each in value]
    if isinstance(value, dict):
        return "map", [(canonical(key), canonical(item)) for key, item in value.items()]
    if fields := getattr(value, "__match_args__", ()):
        return type(value).__name__, [(name, canonical(getattr(value, name))) for name in fields]
    return type(value).__name__, repr(value)


@settings(max_examples=400, deadline=None)
@given(VALUES)
@example([1.0, None])
@example({"a": float("nan"), "b": None})
@example(["1234567890123456789012", 2**63])
@example({"$int": "5"})
@example([{"$map": []}])
@example({1: 2, "1": 3, False: 4, None: 5, 1.5: 6})
@example({"\ud800": "\\\ud800\\ud800"})
@example({(1, (2, frozenset({3}))): {frozenset({(1,)}): b""}})
def test_every_engine_reads_what_any_engine_wrote(value: object) -> None:
    for writer in CODECS.values():
        text = writer.encode(value)
        assert b"\n" not in text
        assert text.isascii() or text.decode()
        for reader in CODECS.values():
            assert canonical(reader.decode(text)) == canonical(value), (writer.engine, reader.engine)


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_what_is_written_is_plain_json(value: object) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    texts = [json.loads(codec.encode(value), parse_constant=refuse) for codec in CODECS.values()]
    assert texts.count(texts[0]) == len(texts)


@pytest.mark.parametrize("engine", wire.ENGINES)
def test_plain_values_are_themselves(engine: str) -> None:
    codec = CODECS[engine]
    for value in (None, True, 1, -(2**63), 2**63 - 1, 1.5, "é", [], {}, ["a", {"b": [None]}], {"null": 1.0}):
        assert codec.encode(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class Text(str):
    """A string of a class of its own."""


@pytest.mark.parametrize("engine", wire.ENGINES)
def test_values_of_subclasses_are_what_they_hold(engine: str) -> None:
    codec = CODECS[engine]
    point = collections.namedtuple("point", "x y")(1, 2)
    value = [
        collections.OrderedDict(a=1),
        collections.Counter("aa"),
        Text("b"),
        point,
        {Text("k"): Text("v")},
    ]
    assert codec.decode(codec.encode(value)) == [{"a": 1}, {"a": 2}, "b", (1, 2), {"k": "v"}]


@pytest.mark.parametrize("engine", wire.ENGINES)
def test_nesting_ends_at_the_same_depth(engine: str) -> None:
    codec = CODECS[engine]
    value: object = []
    for _ in range(wire.MAX_DEPTH - 1):
        value = [value]
    assert codec.decode(codec.encode(value)) == value
    with pytest.raises(wire.WireError, match="nested more than 200 deep"):
        codec.encode([value])
    tuples: object = ()
    for _ in range(wire.MAX_DEPTH):
        tuples = (tuples,)
    with pytest.raises(wire.WireError, match="nested more than 200 deep"):
        codec.encode(tuples)


@pytest.mark.parametrize("engine", wire.ENGINES)
def test_what_holds_itself_has_no_encoding(engine: str) -> None:
    once: list[object] = []
    once.append(once)
    twice: dict[str, object] = {}
    twice["a"] = twice["b"] = twice
    many: list[object] = []
    many += [many] * 3
    for value in (once, twice, many):
        with pytest.raises(wire.WireError, match="or holds itself"):
            CODECS[engine].encode(value)


@pytest.mark.parametrize("engine", wire.ENGINES)
def test_what_has_no_encoding_is_named(engine: str) -> None:
    with pytest.raises(wire.WireError, match="complex has no encoding"):
        CODECS[engine].encode({"a": [1j]})
    with pytest.raises(wire.WireError, match=r"array\.array has no encoding"):
        CODECS[engine].encode(array.array("b"))


@pytest.mark.parametrize("engine", wire.ENGINES)
@pytest.mark.parametrize(
    "text",
    [
        *('{"$int":"1.5"}', '{"$int":1}', '{"$float":"1"}', '{"$bytes":"a"}', '{"$bytes":1}', '{"$set":1}'),
        *('{"$map":[1]}', '{"$map":{}}', '{"$record":{"name":"a b","fields":{}}}', '{"$record":{}}'),
        *('{"$new":1}', '{"$int":"1","a":2}', "{", "", "1 2", "NaN", '[Infinity, "$"]', '{"$set":[{"a":1}]}'),
        *('{"$handle":1}', '{"$int":""}', '{"$variant":{"name":"__class__","fields":{"__class__":1}}}'),
    ],
)
def test_what_encodes_nothing_is_an_error(engine: str, text: str) -> None:
    with pytest.raises(wire.WireError):
        CODECS[engine].decode(text.encode())


@pytest.mark.parametrize("engine", wire.ENGINES)
def test_long_integers_of_others_do_not_become_floats(engine: str) -> None:
    assert CODECS[engine].decode(b"[18446744073709551616, 9223372036854775808]") == [2**64, 2**63]


@pytest.mark.parametrize("engine", wire.ENGINES)
def test_integers_of_any_length_cross(engine: str) -> None:
    value = -(10**6000) + 12345
    assert CODECS[engine].decode(CODECS[engine].encode([value])) == [value]


@pytest.mark.parametrize("engine", wire.ENGINES)
def test_the_unknown_is_exported_and_read_back(engine: str) -> None:
    codec = wire.Codec(
        engine, export=lambda value: {"$handle": str(value)}, readers={"$handle": complex}, large=4
    )
    value = [1j, {"a": (2j, b"abc")}]
    assert codec.decode(codec.encode(value)) == value
    assert codec.encode(b"abcd") == b'{"$handle":"b\'abcd\'"}'


def test_the_engine_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wire.Codec().engine == "orjson"
    monkeypatch.setenv(wire.ENGINE_VARIABLE, "msgspec")
    assert wire.Codec().engine == "msgspec"
    assert wire.Codec("json").engine == "json"
    with pytest.raises(wire.WireError, match="no JSON engine 'pickle'; there are orjson, msgspec, json"):
        wire.Codec("pickle")
    monkeypatch.delenv(wire.ENGINE_VARIABLE)
    monkeypatch.setitem(sys.modules, "orjson", None)
    assert wire.Codec().engine == "msgspec"
    with pytest.raises(wire.WireError, match="the JSON engine 'orjson' is not installed"):
        wire.Codec("orjson")
    monkeypatch.setitem(sys.modules, "msgspec", None)
    monkeypatch.setitem(sys.modules, "msgspec.json", None)
    assert wire.Codec().engine == "json"
