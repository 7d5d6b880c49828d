"""The manifest: goldens, its places against `tomllib`, and no text that breaks the reader."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
import tomli_w
from casefile import GOLDEN, Case, check_case, read_cases
from diagnostic_text import show_diagnostics
from hypothesis import given
from hypothesis import strategies as st

from mochic_py.compiler.frontends.importspec import parse_import_spec
from mochic_py.compiler.frontends.mochi import find_imports
from mochic_py.compiler.manifest import Manifest, find_conflicts, read_manifest
from mochic_py.compiler.settings import Capabilities, PublishSettings, PythonSettings
from mochic_py.compiler.toml_positions import KeyPath, find_positions
from mochic_py.ir.diagnostics import Severity
from mochic_py.ir.source import SourceFile

CASES = read_cases(GOLDEN / "frontends" / "manifest.md")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_golden(case: Case, update_golden: bool) -> None:
    manifest, diagnostics = read_manifest(SourceFile("mochi.toml", case.blocks["mochi.toml"]))
    check_case(case, "manifest", _show(manifest), update_golden)
    check_case(case, "diagnostics", show_diagnostics(diagnostics), update_golden)


def _show(manifest: Manifest) -> str:
    """Return one line per entry, and one per setting that differs from its default."""
    lines = []
    for entry in manifest.entries:
        wanted = entry.requirement
        line = f"{wanted.name} = {wanted.source!r}"
        line += f" extras={list(wanted.extras)}" if wanted.extras else ""
        line += f" if {wanted.marker}" if wanted.marker else ""
        line += f" groups={list(entry.groups)}" if entry.groups else ""
        lines.append(line + (" optional" if entry.optional else ""))
    lines += _changes("python", manifest.python, PythonSettings())
    if manifest.publish:
        lines += _changes("publish", manifest.publish, PublishSettings(""))
    if manifest.capabilities != Capabilities():
        lines.append(f"capabilities {sorted(manifest.capabilities.granted)}")
    return "".join(f"{line}\n" for line in lines)


def _changes(table: str, settings: Any, default: Any) -> Iterator[str]:  # noqa: ANN401
    for name, value in attrs.asdict(settings, recurse=False).items():
        if value != getattr(default, name):
            yield f"{table}.{name} = {value!r}"


@pytest.mark.parametrize("case", read_cases(GOLDEN / "frontends" / "manifest_conflicts.md"), ids=str)
def test_conflicts(case: Case, update_golden: bool) -> None:
    manifest, problems = read_manifest(SourceFile("mochi.toml", case.blocks["mochi.toml"]))
    imports, _ = find_imports(SourceFile("app.mochi", case.blocks["program"]))
    wanted = [parse_import_spec(statement.spec, statement.spec_span)[0] for statement in imports]
    assert problems == ()
    conflicts = find_conflicts([requirement for requirement in wanted if requirement], manifest)
    check_case(case, "diagnostics", show_diagnostics(conflicts), update_golden)


KEYS = st.sampled_from(["a", "b-c", "d e", "é", 'q"t', ""]) | st.text(
    st.characters(exclude_categories=["Cs"])
)
VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.datetimes().map(lambda moment: moment.replace(microsecond=0)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def _leaves(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from _leaves(inner, (*path, key))
        case list():
            for index, inner in enumerate(value):
                yield from _leaves(inner, (*path, index))
        case _:
            yield path, value


def _assert_places_hold_the_values(text: str) -> None:
    """Assert that the text at each place is the value that `tomllib` reads there."""
    source = SourceFile("mochi.toml", text)
    positions = find_positions(source)
    for path, value in _leaves(tomllib.loads(text)):
        start, end = positions.values[path]
        assert tomllib.loads(f"x = {text[start:end]}")["x"] == value
        if isinstance(path[-1], str):
            key_start, key_end = positions.keys[path]
            assert tomllib.loads(f"{text[key_start:key_end]} = 1") == {path[-1]: 1}


@given(st.dictionaries(KEYS, VALUES, max_size=5), st.booleans())
def test_places_agree_with_tomllib(document: dict[str, object], multiline: bool) -> None:
    _assert_places_hold_the_values(tomli_w.dumps(document, multiline_strings=multiline))


@pytest.mark.parametrize(
    "text",
    [
        "a.b.'c d' = 1 # x\na.\"e\" = 2\r\n[t . u]\nx=1\n[t]\ny = 07:32:00\n",
        "[[a]]\nx = 1\n[[a.b]]\ny = 2\n[[a.b]]\ny = 3\n[a.c]\nz = 4\n[[a]]\nx = 5\n[[a.b]]\ny = 6\n",
        'a = """x"""""\nb = \'\'\'\'\'y\'\'\'\'\nc = """\\\n  "" \\"""" \nd = "#,]}"\n',
        "a = [ # one\n 1, [2, 3], {b = 4, c.d = 5}, # 6\n]\nb = 1979-05-27 07:32:00 # day\nc = {}\nd = []\n",
        "a = -inf\nb = 0xFF\n\n   c   =   +1_000.5e3",
        *(case.blocks["mochi.toml"] for case in CASES if "TOML" not in case.title),
    ],
)
def test_places_in_handwritten_toml_agree_with_tomllib(text: str) -> None:
    _assert_places_hold_the_values(text)


MANIFESTS = [case.blocks["mochi.toml"] for case in CASES]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A manifest of the goldens with pieces cut, doubled, or replaced by odd ones."""
    text = draw(st.sampled_from(MANIFESTS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(start + 12, len(text))))
        odd = [
            "",
            '"',
            "'",
            '"""',
            "[",
            "]",
            "{",
            "}",
            "=",
            "\n",
            ",",
            "1",
            "true",
            "[]",
            "{}",
            "a",
            ".",
            "\0",
            "é",
        ]
        text = text[:start] + draw(st.sampled_from([*odd, text[start:end] * 2])) + text[end:]
    return text


@given(st.text() | st.text(st.characters(categories=["Cs", "Cc"])) | mutated())
def test_any_text_is_read(text: str) -> None:
    source = SourceFile("mochi.toml", text)
    _, diagnostics = read_manifest(source)
    for diagnostic in diagnostics:
        span = diagnostic.span
        assert span is not None
        assert (span.line, span.column) <= (span.end_line, span.end_column)
        assert span.column <= len(source.line(span.line)) + 2
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assert text.startswith("\ufeff") or [d.code.name for d in diagnostics] == ["invalid-toml"]
    else:
        assert "invalid-toml" not in {d.code.name for d in diagnostics}


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "9" * 10_000, "a = " + "{b=" * 5_000])
def test_what_python_cannot_hold_is_invalid(text: str) -> None:
    manifest, (diagnostic,) = read_manifest(SourceFile("mochi.toml", text))
    assert manifest == Manifest()
    assert (diagnostic.code.name, diagnostic.severity) == ("invalid-toml", Severity.ERROR)


def test_a_byte_order_mark_moves_no_place() -> None:
    _, (diagnostic,) = read_manifest(SourceFile("mochi.toml", "\ufeffpython = 1\n"))
    assert str(diagnostic.span) == "mochi.toml:1:11"
