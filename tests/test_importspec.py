"""Import specs: goldens, a round trip, and the translated caret against plain comparison."""

from __future__ import annotations

import pytest
from attrs import evolve
from casefile import GOLDEN, Case, check_case, read_cases
from diagnostic_text import show_diagnostics
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from mochic_py.compiler.frontends.importspec import format_import_spec, parse_import_spec, parse_specifier
from mochic_py.compiler.frontends.importspec_reader import read_import_spec
from mochic_py.compiler.frontends.mochi import find_imports
from mochic_py.ir.dist import GitSource, IndexRequest, PathSource, RegistryRequest, Requirement
from mochic_py.ir.redact import has_credentials, redact
from mochic_py.ir.source import SourceFile, Span

CASES = read_cases(GOLDEN / "frontends" / "importspec.md")


def _literal(text: str) -> Span:
    """Return the span of `text` in quotes, placed so that columns inside it count from 1."""
    return Span("app.mochi", 1, 0, 1, len(text) + 2)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_golden(case: Case, update_golden: bool) -> None:
    results = ""
    for text in case.blocks["specs"].splitlines():
        requirement, diagnostics = parse_import_spec(text, _literal(text))
        results += f"{text}\n" if "hunter2" not in text else "(a secret)\n"
        if requirement is not None:
            results += f"  = {format_import_spec(requirement)}\n"
        results += "".join(f"  {line}\n" for line in show_diagnostics(diagnostics).splitlines())
    assert "hunter2" not in results
    check_case(case, "results", results, update_golden)


NAMES = st.from_regex(r"[a-z0-9]{1,4}(-[a-z0-9]{1,4}){0,2}", fullmatch=True)
EXTRAS = st.sets(NAMES, max_size=3).map(sorted).map(tuple)
RELEASES = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
CLAUSES = st.tuples(st.sampled_from(["==", ">=", ">", "<=", "<", "!=", "==="]), RELEASES).map("".join)
URLS = st.from_regex(r"https://[a-z]{1,5}\.example/[a-z/]{0,6}", fullmatch=True)
PATHS = st.from_regex(r"(\.\./){0,2}[a-z][a-z0-9_.-]{0,4}(/[a-z]{1,3}){0,2}", fullmatch=True)
SPECIFIERS = (
    st.lists(CLAUSES, max_size=3)
    .map(",".join)
    .map(lambda text: parse_specifier(text or "*", None)[0])
    .filter(lambda specifier: specifier is not None)
)
SOURCES = (
    st.builds(RegistryRequest, SPECIFIERS)
    | st.builds(IndexRequest, URLS)
    | st.builds(GitSource, URLS, st.from_regex(r"[a-z0-9./-]{0,6}", fullmatch=True))
    | st.builds(PathSource, PATHS)
)
REQUIREMENTS = st.builds(Requirement, NAMES, SOURCES, EXTRAS)


@given(REQUIREMENTS)
def test_parse_is_the_inverse_of_format(requirement: Requirement) -> None:
    assert parse_import_spec(format_import_spec(requirement), None) == (requirement, ())


PIECES = st.sampled_from(
    [
        "pkg",
        "Pkg_1",
        "[",
        "]",
        "x",
        ",",
        "@",
        ">=",
        "^",
        "1.2",
        "*",
        "0",
        "git+",
        "path+",
        "https://h/p",
        "#",
        " ",
        "/",
    ]
)


@given(st.lists(PIECES).map("".join) | st.text())
def test_any_text_gives_a_requirement_in_normal_form_or_errors(text: str) -> None:
    requirement, diagnostics = parse_import_spec(text, _literal(text))
    assert (requirement is None) is bool(diagnostics)
    for diagnostic in diagnostics:
        assert diagnostic.span is not None
        assert 0 <= diagnostic.span.column < diagnostic.span.end_column <= len(text) + 2
    if requirement is not None:
        again, _ = parse_import_spec(format_import_spec(requirement), None)
        assert again == requirement


@given(RELEASES, RELEASES)
def test_the_caret_allows_what_keeps_the_leftmost_nonzero_part(written: str, candidate: str) -> None:
    specifier, _ = parse_specifier(f"^{written}", None)
    assert specifier is not None
    given_parts, found = Version(written).release, Version(candidate).release
    width = max(len(given_parts), len(found))
    low, high = (list(parts) + [0] * (width - len(parts)) for parts in (given_parts, found))
    fixed = next((i for i, part in enumerate(given_parts) if part), len(given_parts) - 1) + 1
    assert SpecifierSet(specifier).contains(candidate) is (high >= low and high[:fixed] == low[:fixed])


def test_places_inside_a_string_are_exact_unless_it_holds_escapes() -> None:
    plain = SourceFile("app.mochi", 'let x = 1\nimport python "pkg@>=one" as p\n')
    escaped = SourceFile("app.mochi", 'import python "p\\x6bg@>=one" as p\n')
    places = []
    for source in (plain, escaped):
        (statement,), _ = find_imports(source)
        _, (diagnostic,) = parse_import_spec(statement.spec, statement.spec_span)
        span = diagnostic.span
        assert span is not None
        places.append((span.line, source.line(span.line)[span.column - 1 : span.end_column - 1]))
    assert places == [(2, ">=one"), (1, '"p\\x6bg@>=one"')]


def test_a_requirement_remembers_how_it_was_written() -> None:
    span = _literal("Httpx>=0.27")
    requirement, _ = parse_import_spec("Httpx>=0.27", span)
    assert requirement is not None
    assert (requirement.written, requirement.span) == ("Httpx>=0.27", span)
    assert requirement.specifier == ">=0.27"


@pytest.mark.parametrize(
    "change",
    [
        {"marker": 'os_name == "nt"'},
        {"source": IndexRequest("https://h.example", ">=1")},
        {"source": PathSource("../pkg", editable=True)},
    ],
)
def test_what_only_a_manifest_can_say_is_not_formatted(change: dict[str, object]) -> None:
    requirement = evolve(Requirement("pkg", RegistryRequest()), **change)
    with pytest.raises(ValueError, match="an import spec"):
        format_import_spec(requirement)


@pytest.mark.parametrize(
    ("shown", "hidden"),
    [
        ("see https://me:secret@host/x#y", "see https://*********@host/x#y"),
        ("git+https://token@host", "git+https://*****@host"),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("ssh://git:pw@host/x", "ssh://******@host/x"),
        ("https://host/x?Token=abc&page=2", "https://host/x?Token=***&page=2"),
        ("https://host/@scope/x", "https://host/@scope/x"),
        ("mail me@host", "mail me@host"),
    ],
)
def test_redaction_keeps_the_length(shown: str, hidden: str) -> None:
    assert redact(shown) == hidden
    assert has_credentials(shown) is (shown != hidden)


@given(st.from_regex(r"[A-Za-z0-9._-]{1,8}", fullmatch=True))
def test_a_name_alone_is_read_as_the_grammar_reads_it(text: str) -> None:
    quick, slow = parse_import_spec(text, None), read_import_spec(text, None)
    assert quick == slow
    if quick[0] is not None and slow[0] is not None:
        assert quick[0].written == slow[0].written
