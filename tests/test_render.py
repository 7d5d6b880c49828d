"""Diagnostics for people and programs: whole outputs, and what holds for any of them."""

from __future__ import annotations

import json
import re

import pytest
import strategies
from casefile import GOLDEN, Case, check_case, read_cases
from hypothesis import given, settings
from hypothesis import strategies as st

from mochic_py.ir.diagnostics import Code, Diagnostic, Label, Severity
from mochic_py.ir.render import render_concise, render_human, render_json_lines, render_sarif
from mochic_py.ir.source import SourceFile, Span

_CODE = Code("PY301", "open-union", "a union with `any` has no closed Mochi type", Severity.WARNING)
_STUB = SourceFile("a/b c.pyi", "import ssl\nraw: bytes | Any\n\n\nAny = object\n")
_WIDE = SourceFile(
    "wide.py", '\tx = "\u65e5\u672c" + y\nx = "\x1b[2J\x7f\u202e\u2028" + y\ne\u0301 + y\na\u00a0\u3000+ y\n'
)
_LONG = SourceFile("long.py", f"{'a' * 300} + {'b' * 300}\n")


def _find(source: SourceFile, text: str, nth: int = 0) -> Span:
    start = -1
    for _ in range(nth + 1):
        start = source.text.index(text, start + 1)
    return source.span(start, start + len(text))


_FULL = _CODE.at(
    _find(_STUB, "bytes | Any"),
    "`bytes | Any` has no closed Mochi type",
    label="`Any` swallows the other members",
    labels=(
        Label(_find(_STUB, "raw"), "declared here"),
        Label(_find(_STUB, "Any", 1), "this is `Any`"),
        Label(Span("typing.pyi", 10, 1, 10, 4), "defined here"),
    ),
    notes=("it becomes `any`", "first line\nhttps://me:secret@example.org/x"),
    help="write `bytes`",
)
_CASES = {
    "A place, a label, a place in another file, notes and help": (_FULL,),
    "Wide, invisible and control characters": (
        *(_CODE.at(_find(_WIDE, "y", nth), label="here") for nth in range(4)),
        _CODE.at(_find(_WIDE, "\x1b[2J"), "the message \x1b[31m\nof \u202e `a`\tb", label="\x1b]0;x\x07"),
    ),
    "Spans over several lines": (
        _CODE.at(_STUB.span(7, 27), label="two lines"),
        _CODE.at(_STUB.span(7, 11), label="up to the line end"),
        _CODE.at(_STUB.span(0, len(_STUB.text)), label="all of it"),
        _CODE.at(Span("wide.py", 1, 1, 9, 9), label="too many lines"),
    ),
    "Long lines are cut around the place": (
        _CODE.at(_find(_LONG, "+"), label="in the middle"),
        _CODE.at(_LONG.span(0, 4), label="at the start"),
        _CODE.at(_LONG.span(602, 603), label="at the end"),
        _CODE.at(_LONG.span(250, 350), labels=(Label(_LONG.span(0, 4), "far away"),)),
    ),
    "Places without text, and none at all": (
        _CODE.at(None, help="look elsewhere", severity=Severity.ERROR),
        _CODE.at(Span("other.py", 3, 1, 3, 4), label="here", severity=Severity.NOTE),
        _CODE.at(Span("a/b c.pyi", 99, 1, 99, 4), label="past the end"),
        _CODE.at(Span("a/b c.pyi", 2, 90, 2, 99), label="past the line"),
        _CODE.at(Span("a/b c.pyi", 3, 1, 3, 1), label="on an empty line"),
    ),
    "Colors": (_FULL, _CODE.at(None, severity=Severity.ERROR), _CODE.at(None, severity=Severity.NOTE)),
}
_FILES = {source.path: source for source in (_STUB, _WIDE, _LONG)}


@pytest.mark.parametrize("case", read_cases(GOLDEN / "ir" / "render.md"), ids=str)
def test_goldens(case: Case, update_golden: bool) -> None:
    diagnostics = _CASES[case.title]
    color = case.title == "Colors"
    human = render_human(diagnostics, _FILES, color).replace("\x1b", "ESC")
    check_case(case, "human", human, update_golden)
    renderings = {
        "concise": render_concise,
        "lines": render_json_lines,
        "sarif": lambda found: render_sarif(found, "1.2.3"),
    }
    for name in case.blocks.keys() & renderings.keys():
        check_case(case, name, renderings[name](diagnostics), update_golden)


_positions = st.integers(1, 12)
_spans = st.builds(
    Span, st.sampled_from(["a.py", "b.py", "gone.py"]), _positions, _positions, _positions, _positions
)
_diagnostics = st.builds(
    Diagnostic,
    st.just(_CODE),
    st.sampled_from(Severity),
    strategies.texts,
    st.none() | _spans,
    strategies.texts,
    st.lists(st.builds(Label, _spans, strategies.texts), max_size=3).map(tuple),
    st.lists(strategies.texts, max_size=2).map(tuple),
    strategies.texts,
)
_texts = st.text(alphabet=st.characters() | st.sampled_from("\n\t\r\x1b a"), max_size=60)


@given(_diagnostics, _texts, _texts)
@settings(deadline=None)
def test_any_diagnostic_renders_without_control_characters(diagnostic: Diagnostic, a: str, b: str) -> None:
    files = {"a.py": SourceFile("a.py", a), "b.py": SourceFile("b.py", b)}
    for text in (render_human([diagnostic], files), render_concise([diagnostic])):
        assert text.endswith("\n")
        assert all(line.isprintable() for line in text.split("\n"))
        text.encode("utf-8")
    colored = render_human([diagnostic], files, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render_human([diagnostic], files)
    assert json.loads(render_json_lines([diagnostic]))["message"] == diagnostic.message
    assert json.loads(render_sarif([diagnostic]))["version"] == "2.1.0"


@given(st.data(), st.lists(st.text(alphabet="ab\t x=", min_size=1, max_size=30), min_size=1, max_size=5))
@settings(deadline=None)
def test_carets_stand_below_the_span(data: st.DataObject, lines: list[str]) -> None:
    source = SourceFile("a.py", "\n".join(lines))
    number = data.draw(st.integers(1, len(lines)))
    line = lines[number - 1]
    start = data.draw(st.integers(0, len(line) - 1))
    end = data.draw(st.integers(start + 1, len(line)))
    text = render_human([_CODE.at(Span("a.py", number, start + 1, number, end + 1))], {"a.py": source})
    _, _, _, shown, underline = text.splitlines()
    head, gutter = f"{number} | ", "  | "
    assert underline.startswith(gutter)
    caret, stop = underline.index("^") - len(gutter), len(underline) - len(gutter)
    assert shown.ljust(len(head) + stop) == head + line.expandtabs(4).rstrip().ljust(stop)
    assert caret == len(line[:start].expandtabs(4))
    assert stop == len(line[:end].expandtabs(4))
