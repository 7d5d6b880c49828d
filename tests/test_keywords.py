"""Names: against the words measured on the real front end, and by their invariants."""

from __future__ import annotations

import json
import keyword
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mochic_py.ir import keywords as kw

DATA = Path(__file__).parent / "data"
NAMES = json.loads((DATA / "mochi-names.json").read_text("utf-8"))
POSITIONS = list(NAMES["positions"])
WORDS = {word: marks for group in NAMES["words"].values() for word, marks in group.items()}
NAMING = [name for name in POSITIONS if name != "generic"]

# Builtins that stayed safe in every measured call; we reserve them all the same, because a
# later checker may take them over, and a shim must not change when it does.
SAFE_BUILTINS = {
    "add", "appendFile", "await_all", "filter", "has", "json_decode", "lines", "loadCSV", "make_chan",
    "make_stream", "map", "panic", "print", "readFile", "recv", "recv_sub", "round", "saveCSV", "send",
    "subscribe", "subscribe_limit", "substr", "writeFile",
}  # fmt: skip
# Number-shaped names that the lexer happens to let through.
LET_THROUGH_DIGITS = {"a1e5", "a1E5", "x0xf"}


def mark(word: str, position: str) -> str:
    return WORDS[word][POSITIONS.index(position)]


@pytest.mark.parametrize("position", NAMING)
def test_identifier_iff_it_parses_in_position(position):
    parsed = {word for word in WORDS if mark(word, position) != "-"}
    assert {word for word in WORDS if kw.is_mochi_identifier(word)} == parsed


@pytest.mark.parametrize(
    "position", ["extern_fun", "variant_call", "call_string", "call_two_ints", "call_handle"]
)
def test_legal_names_check_in_position(position):
    checked = {word for word in WORDS if mark(word, position) == "C"}
    assert {word for word in WORDS if kw.is_legal_mochi_name(word)} <= checked


def test_only_safe_builtins_are_refused_without_need():
    free = {word for word, marks in WORDS.items() if set(marks) == {"C"}}
    python_only = {word for word in free if keyword.iskeyword(word)}
    refused = {word for word in free if not kw.is_legal_mochi_name(word)}
    assert refused == SAFE_BUILTINS | python_only


def test_word_lists_are_the_measured_ones():
    assert set(NAMES["words"]["keyword"]) == kw.MOCHI_KEYWORDS
    assert set(NAMES["words"]["builtin"]) == kw.MOCHI_BUILTINS


# Every name that stands alone in the `names-*` snippets, with the parser's word on it.
@pytest.mark.parametrize(
    ("name", "legal"),
    [
        ("x00", True), ("e10", True), ("_1", True), ("x1", True), ("md5", True), ("xⅠ", True), ("x²", True),
        ("a1e5", True), ("a1E5", True), ("a0x", False), ("a0xg", False), ("l10n", False), ("B2B", False),
        ("x0b2", False), ("3", False), ("1a", False), ("a1b", False), ("x\xady", False), ("☃", True),
        ("été", True), ("x!", False), ("aʰ", True), ("ʰ", True), ("😀", True), ("r#x", False), ("©", True),
        ("𝒳", True), ("x😀", True), ("x?", False), ("ﬁx", True), ("数字", True), ("שם", True), ("iné", False),
        ("_in", True), ("Generate", True), ("alls", True), ("_async", True), ("seté", False), ("onä", False),
        ("trueé", False), ("été_on", True), ("naïve", True), ("π", True), ("a·b", False), ("a‿b", False),
        ("", False),
    ],
)  # fmt: skip
def test_measured_identifiers(name, legal):
    assert kw.is_mochi_identifier(name) == (legal and name not in LET_THROUGH_DIGITS)


@pytest.mark.parametrize(
    ("python", "mochi"),
    [
        ("get", "get"),
        ("load", "load_"),
        ("print", "print_"),
        ("None", "None_"),
        ("log1p", "log_one_p"),
        ("sha3_256", "sha_three_256"),
        ("b64encode", "b_six_four_encode"),
        ("Vector2D", "Vector_two_D"),
        ("a__2__b", "a__two__b"),
        ("md5", "md5"),
        ("md5_with", "md_five_with"),
        ("sha256", "sha_two_five_six_"),
        ("_1a", "_one_a"),
        ("2d", "two_d"),
        ("42", "four_two"),
        ("seté", "set_é"),
        ("x²y", "x_two_y"),
        ("ﬁx", "fix"),
        ("a·b", "a_b"),
        ("हिन्दी", "ह_न_द_"),
        ("℘", "_"),
        ("", "_"),
        ("content-type", "content_type"),
    ],
)
def test_mochi_names(python, mochi):
    assert kw.mochi_name(python) == mochi
    assert kw.is_legal_mochi_name(mochi)


@given(st.text())
@example("x1é")
@example("in１é")
@example("٣")
def test_mochi_name_is_total_legal_and_idempotent(name):
    for respell, legal in (
        (kw.mochi_name, kw.is_legal_mochi_name),
        (kw.mochi_local_name, kw.is_mochi_identifier),
    ):
        result = respell(name)
        assert legal(result)
        assert result.isidentifier()
        assert not keyword.iskeyword(result)
        assert unicodedata.normalize("NFKC", result) == result
        assert respell(result) == result


@given(st.from_regex(r"[A-Za-z_0-9]{1,12}", fullmatch=True))
def test_legal_python_names_stay(name):
    if kw.is_legal_mochi_name(name):
        assert kw.mochi_name(name) == name


def test_local_names_keep_builtins():
    assert [kw.mochi_local_name(name) for name in ("input", "value", "filter", "match", "class", "x1y")] == [
        "input", "value", "filter", "match_", "class_", "x_one_y",
    ]  # fmt: skip


def test_handle_case_survives_digits():
    assert [kw.handle_case(name) for name in ("Response", "Vector2")] == ["ResponseRef", "Vector_two_Ref"]
