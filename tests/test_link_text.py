"""`golden/link/`: a program, what linking makes of it, and what is said about it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from casefile import Case, check_case, read_folder
from hypothesis import given, settings
from hypothesis import strategies as st
from mochi_rules import check_shim

from mochic_py.backends.declarations import declare
from mochic_py.backends.entries import Declarations
from mochic_py.compiler.link import LinkedPackage, LinkedProgram, importable_name, module_name
from mochic_py.compiler.link_dotted import link_dotted
from mochic_py.compiler.link_flat import link_flat
from mochic_py.compiler.lower import LowerSettings, lower_package
from mochic_py.compiler.mochi.back_end import find_refused
from mochic_py.compiler.mochi.checker import check_text
from mochic_py.compiler.mochi.parser import parse
from mochic_py.compiler.session import read_stub_text
from mochic_py.compiler.text_edits import Edit, apply_edits
from mochic_py.ir.diagnostics import DiagnosticError, Severity
from mochic_py.ir.dist import Target
from mochic_py.ir.render import render_human
from mochic_py.ir.source import SourceFile

LINKERS = {"flat": link_flat, "dotted": link_dotted}
CASES = [case for case in read_folder("link") if case.file.stem in LINKERS]
IMPORT = re.compile(r'import\s+python\s+"(?P<path>\w+)"\s+as\s+(?P<alias>\w+)')
LINKED = "app.linked.mochi"


def bind(text: str, module: str) -> Declarations:
    """Return the declarations of a package that is one stub."""
    raw, problems = read_stub_text(SourceFile(f"{module}.pyi", text), module, Target())
    assert not problems
    return declare(lower_package(raw, LowerSettings(), lambda: 0.0).package)


def link_case(case: Case) -> LinkedProgram:
    """Link the program of a case with the stubs beside it."""
    stubs = {name.removesuffix(".pyi"): text for name, text in case.blocks.items() if name.endswith(".pyi")}
    bound = {name: bind(text, name) for name, text in stubs.items()}
    program = SourceFile("app.mochi", case.blocks["app.mochi"])
    aliases = {found["alias"]: found["path"] for found in IMPORT.finditer(program.text)}
    packages = {
        alias: LinkedPackage(alias, f"{path} 1.0 as {alias}", bound[path]) for alias, path in aliases.items()
    }
    try:
        return LINKERS[case.file.stem](program, packages)
    except DiagnosticError as error:
        return LinkedProgram("", "", error.diagnostics)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_linking(case: Case, update_golden: bool) -> None:
    linked = link_case(case)
    sources = {"app.mochi": SourceFile("app.mochi", case.blocks["app.mochi"])}
    told = render_human(linked.diagnostics, sources, color=False)
    failed = any(found.severity is Severity.ERROR for found in linked.diagnostics)
    # The digest of the sidecar changes with every line of the sidecar.
    text = "" if failed else re.sub("sidecar [0-9a-f]{16}", "sidecar 0123456789abcdef", linked.text)
    for name, actual in ((LINKED, text), ("stderr", told)):
        if actual or name in case.blocks:
            check_case(case, name, actual, update_golden)


@pytest.mark.parametrize("case", [case for case in CASES if "stderr" not in case.blocks], ids=str)
def test_what_is_linked_without_a_word_is_accepted(case: Case) -> None:
    linked = link_case(case)
    assert check_text(linked.text).checks
    if case.file.stem == "flat":
        assert find_refused(parse(linked.text)) == []
        externs = "\n".join(line for line in linked.text.splitlines() if line.startswith("extern "))
        assert check_shim(externs, "linked") == []


STUB = "def area(width: float) -> float: ...\ndef names() -> list[str]: ...\nUNIT: str\n"
TRIVIA = st.lists(
    st.sampled_from(
        [
            " ",
            "\n",
            "\t",
            ";",
            "// shapes.area(1.0)\n",
            "/* shapes.names() */",
            "# shapes.UNIT é 数\n",
            "\n\n",
        ]
    ),
    max_size=4,
).map("".join)
STATEMENTS = {
    'print("shapes.area(1.0) \\" shapes.UNIT")': 'print("shapes.area(1.0) \\" shapes.UNIT")',
    "print(shapes.area(2.5))": "print(shapes_area(2.5))",
    "print(shapes . area\n(2.5))": "print(shapes_area  \n(2.5))",
    "print(shapes.UNIT + shapes.UNIT)": "print(shapes_UNIT() + shapes_UNIT())",
    "let é = shapes.names()": "let é = shapes_names()",
    'let x1 = ["shapes.area"]': 'let x1 = ["shapes.area"]',
    "fun f(shapes: int): int { return shapes }": "fun f(shapes: int): int { return shapes }",
    "if true { shapes.names() }": "if true { shapes_names() }",
}
"""Statements, and what linking makes of them."""
PACKAGES = {"shapes": LinkedPackage("shapes", "shapes 1.0 as shapes", bind(STUB, "shapes"))}


@given(st.lists(st.tuples(TRIVIA, st.sampled_from([*STATEMENTS])), min_size=1), TRIVIA, st.booleans())
@settings(max_examples=150, deadline=None)
def test_nothing_but_imports_and_uses_changes(parts: list[tuple[str, str]], last: str, windows: bool) -> None:
    body = "".join(f"\n{trivia}{statement}" for trivia, statement in parts) + f"\n{last}"
    wanted = "".join(f"\n{trivia}{STATEMENTS[each]}" for trivia, each in parts) + f"\n{last}"
    text = f'{last}import python "shapes" as shapes{body}'
    if windows:
        text, wanted, last = (each.replace("\n", "\r\n") for each in (text, wanted, last))
    linked = link_flat(SourceFile("app.mochi", text), PACKAGES).text
    assert linked.startswith(last)
    assert linked.endswith(wanted)
    declared = linked[len(last) : len(linked) - len(wanted)]
    lines = declared.split("\r\n" if windows else "\n")
    assert all(line.startswith(("// ", "extern python fun ", "/* ")) for line in lines)


@given(st.text("ab\n", max_size=30), st.data())
def test_places_lead_back_to_the_text(text: str, data: st.DataObject) -> None:
    bounds = sorted(
        data.draw(st.lists(st.integers(0, len(text)), max_size=6).filter(lambda b: len(b) % 2 == 0))
    )
    edits = [
        Edit(a, b, data.draw(st.text("xyz", max_size=3)))
        for a, b in zip(bounds[::2], bounds[1::2], strict=True)
    ]
    edited = apply_edits(text, edits)
    for offset, ch in enumerate(edited.text):
        origin, own = edited.origin(offset)
        assert own == (ch in "xyz")
        assert own or text[origin] == ch


@pytest.mark.parametrize(
    ("path", "module", "importable"),
    [
        ("app.mochi", "app", "app"),
        ("src/my-app.mochi", "my_app", "my_app"),
        ("a.b.mochi", "a.b", "a_b"),
        ("C:\\x\\2fa.mochi", "2fa", "p_2fa"),
        ("größe.mochi", "größe", "gr__e"),
    ],
)
def test_names_of_modules(path: str, module: str, importable: str) -> None:
    assert (module_name(path), importable_name(path)) == (module, importable)
    assert importable.isidentifier()


def test_the_sidecar_is_part_of_what_mochi_caches_by(tmp_path: Path) -> None:
    program = SourceFile("app.mochi", 'import python "shapes" as shapes\nprint(shapes.UNIT)\n')
    other = {"shapes": LinkedPackage("shapes", "shapes 1.0 as shapes", bind("UNIT: int\n", "shapes"))}
    first, second = link_flat(program, PACKAGES), link_flat(program, other)
    assert first.externs != second.externs
    assert first.text != second.text


VERDICTS = Path(__file__).parent / "data" / "mochi-verdicts.jsonl"
ANY_PACKAGE = bind("def a(x: int) -> int: ...\ndef f(x: str) -> list[str]: ...\nc: int\n", "some")


@pytest.mark.parametrize("style", LINKERS)
def test_every_recorded_program_is_linked_or_told_why_not(style: str) -> None:
    linked = 0
    for line in VERDICTS.read_text("utf-8").splitlines():
        recorded = json.loads(line)
        source = SourceFile("app.mochi", recorded["text"])
        found = [each["alias"] for each in recorded["imports"] or () if each["lang"] == "python"]
        packages = {
            alias: LinkedPackage(alias, f"some 1.0 as {alias}", ANY_PACKAGE) for alias in found if alias
        }
        try:
            program = LINKERS[style](source, packages)
        except DiagnosticError as error:
            assert not recorded["parses"], recorded["id"]
            program = LinkedProgram("", "", error.diagnostics)
        else:
            linked += 1
            assert packages or program.text == source.text
        assert (
            render_human(program.diagnostics, {source.path: source}, color=False) or not program.diagnostics
        )
    assert linked > 500
