"""The import finder against Mochi's own parser, against goldens, and against any text at all."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from casefile import GOLDEN, Case, check_case, read_cases
from diagnostic_text import show_diagnostics
from hypothesis import given
from hypothesis import strategies as st

from mochic_py.compiler.frontends.auto import find_auto_clashes
from mochic_py.compiler.frontends.mochi import ImportStatement, find_declarations, find_imports, read_program
from mochic_py.ir.source import SourceFile

VERDICTS = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "mochi-verdicts.jsonl").read_text("utf-8").splitlines()
]


def _as_measured(statement: ImportStatement) -> dict[str, object]:
    """Write `statement` as the measured verdicts write an import."""
    found: dict[str, object] = {
        "lang": statement.language,
        "spec": statement.spec,
        "alias": statement.alias,
        "auto": statement.auto,
        "line": statement.line,
    }
    if statement.nested:
        found["nested"] = True
    if statement.effects:
        found["effects"] = list(statement.effects)
    return found


def test_every_accepted_program_has_the_imports_that_mochi_sees() -> None:
    disagreements = {}
    for verdict in VERDICTS:
        imports, _ = find_imports(SourceFile("a.mochi", verdict["text"]))
        found = [_as_measured(statement) for statement in imports]
        if verdict["parses"] and found != verdict["imports"]:
            disagreements[verdict["id"]] = (verdict["text"], found, verdict["imports"])
    assert sum(verdict["parses"] for verdict in VERDICTS) == 561
    assert disagreements == {}


def test_no_accepted_program_gets_an_error() -> None:
    wrong = {}
    for verdict in VERDICTS:
        _, diagnostics = find_imports(SourceFile("a.mochi", verdict["text"]))
        errors = [d.code.name for d in diagnostics if d.code.name != "missing-alias"]
        if verdict["parses"] and errors:
            wrong[verdict["id"]] = (verdict["text"], errors)
    assert wrong == {}


def test_a_missing_alias_is_reported_where_mochi_finds_no_name() -> None:
    """The measured programs of this topic use the name at once, so that T002 tells it is not there."""
    for verdict in VERDICTS:
        if verdict["topic"] == "import-default-alias":
            imports, _ = find_imports(SourceFile("a.mochi", verdict["text"]))
            used = re.search(r"let r = (\w+)\.", verdict["text"])
            assert used is not None
            assert (imports[0].bound_name == used[1]) is verdict["checks"], verdict["text"]


def test_every_plain_top_level_declaration_that_mochi_sees_is_found() -> None:
    missing = {}
    for verdict in VERDICTS:
        if not verdict["parses"] or "{" in verdict["text"].partition("extern")[0]:
            continue
        names = {d.name for d in find_declarations(SourceFile("a.mochi", verdict["text"]))}
        measured = {
            d["name"]
            for d in verdict["decls"]
            if d["kind"] in {"type", "extern_type", "extern_fun", "extern_var"} and "." not in d["name"]
        }
        if not measured <= names:
            missing[verdict["id"]] = (verdict["text"], measured - names)
    assert missing == {}


@pytest.mark.parametrize("case", read_cases(GOLDEN / "frontends" / "mochi.md"), ids=str)
def test_golden(case: Case, update_golden: bool) -> None:
    source = SourceFile("app.mochi", case.blocks["program"])
    program = read_program(source)
    check_case(case, "imports", "".join(map(_show, program.imports)), update_golden)
    check_case(case, "diagnostics", show_diagnostics(program.diagnostics), update_golden)


def _show(statement: ImportStatement) -> str:
    words = [statement.language or "mochi", repr(statement.spec)]
    words.append(f"as {statement.alias}" if statement.alias else f"named {statement.bound_name}")
    words += ["auto"] if statement.auto else []
    words += ["! " + ", ".join(statement.effects)] if statement.effects else []
    words += ["nested"] if statement.nested else []
    spans = [statement.span, statement.spec_span, statement.alias_span]
    places = " ".join(f"{s.line}:{s.column}-{s.end_line}:{s.end_column}" for s in spans if s)
    return f"{' '.join(words)}  [{places}]\n"


BLANK = st.sampled_from([" ", "\n", "\t", ";", " // x\n", ' # "\n', "/* import */", "/***/", "\r\n"])
DECOY = st.sampled_from(
    [
        'let a = "import python \\"x\\" as y"',
        '// import python "x" as y\n',
        '# import python "x" as y\n',
        '/* import python "x"\n as y */',
        "let import_ = 1",
        "let reimport = 2",
        "f(1)",
        "let s = [1]",
        'let t = "# //"',
        "fun g(n: int): int { return n / 2 }",
        "let été = 1",
    ]
)


@given(
    st.lists(st.tuples(DECOY, BLANK, st.none() | st.sampled_from(["m", "été", "x1"]), BLANK, st.booleans()))
)
def test_imports_are_found_between_decoys(parts: list[tuple[str, str, str | None, str, bool]]) -> None:
    text, expected = "", []
    for number, (decoy, blank, alias, second, auto) in enumerate(parts):
        tail = f"{second}as{second}{alias}" if alias else ""
        tail += f"{second}auto" if auto else ""
        text += f'{decoy}\n import{blank}python{blank}"pkg{number}"{tail}\n'
        expected.append((f"pkg{number}", alias, auto))
    imports, diagnostics = find_imports(SourceFile("a.mochi", text))
    assert [(i.spec, i.alias, i.auto) for i in imports] == expected
    assert diagnostics == ()


FRAGMENT = st.sampled_from(
    [
        "import",
        "python",
        " ",
        '"',
        '"a"',
        "\\",
        "as",
        "auto",
        "!",
        ",",
        "{",
        "}",
        "/*",
        "*/",
        "//",
        "\n",
        "é",
        "1",
        ".",
    ]
)


@given(
    st.text() | st.lists(FRAGMENT).map("".join) | st.text(st.characters(categories=["Cs", "So", "Mn", "Nl"]))
)
def test_any_text_is_read(text: str) -> None:
    source = SourceFile("a.mochi", text)
    program = read_program(source)
    for statement in program.imports:
        assert source.line(statement.line)[statement.span.column - 1 :].startswith("import")
        if statement.alias is not None:
            assert statement.alias in text
    assert find_imports(source) == (program.imports, program.diagnostics)


def test_auto_imports_that_share_names_are_reported() -> None:
    text = 'import python "math" auto\nimport python "cmath" auto\nfun sqrt(x: float): float { return x }\n'
    program = read_program(SourceFile("app.mochi", text))
    names = [("sqrt", "pi"), ("pi", "tau")]
    clashes = find_auto_clashes(zip(program.imports, names, strict=True), program.declarations)
    assert [(d.message, [(str(label.span), label.text) for label in d.labels]) for d in clashes] == [
        (
            "this `auto` import binds `sqrt`, which the program already has",
            [("app.mochi:3:5", "declares `sqrt`")],
        ),
        (
            "this `auto` import binds `pi`, which the program already has",
            [("app.mochi:1:1", "binds `pi` too")],
        ),
    ]
