"""The checker of Mochi programs against the verdicts of Mochi's own front end."""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from casefile import Case, check_case, read_folder
from hypothesis import example, given, settings
from hypothesis import strategies as st
from local_packages import mochic

from mochic_py.compiler.frontends.mochi import find_imports
from mochic_py.compiler.mochi.checker import Verdict, check_text
from mochic_py.compiler.mochi.dump import list_declarations, list_imports
from mochic_py.compiler.mochi.mochi_codes import code_named
from mochic_py.ir.source import SourceFile

DATA = Path(__file__).parent / "data"
VERDICTS = [json.loads(line) for line in (DATA / "mochi-verdicts.jsonl").read_text("utf-8").splitlines()]
NAMES = json.loads((DATA / "mochi-names.json").read_text("utf-8"))

KNOWN_DIFFERENCES: dict[str, str] = {}
"""Ids of verdicts that this checker does not reach, each with the reason."""

ASPECTS = ("parses", "checks", "error_code", "error_line", "imports", "decls")


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _summary(text: str) -> dict[str, Any]:
    """Return what the data says of `text`, as this checker sees it."""
    verdict = check_text(text)
    first = verdict.problems[0] if verdict.problems else None
    found: dict[str, Any] = {
        "parses": verdict.parses,
        "checks": verdict.checks,
        "error_code": first.code if first else None,
        "error_line": _line(text, first.start) if first and first.code else None,
        "imports": None,
        "decls": None,
    }
    if verdict.program is not None and verdict.tokens is not None:
        starts = verdict.tokens.starts
        found["imports"] = list_imports(verdict.program, lambda token: _line(text, starts[token]))
        found["decls"] = list_declarations(verdict.program)
    return found


def test_verdicts_agree_with_the_real_front_end(capsys: pytest.CaptureFixture[str]) -> None:
    agreed: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(("all", *ASPECTS), 0))
    differing: dict[str, str] = {}
    for row in VERDICTS:
        found = _summary(row["text"])
        counts = agreed[row["topic"]]
        counts["all"] += 1
        for aspect in ASPECTS:
            if found[aspect] == row.get(aspect):
                counts[aspect] += 1
            else:
                differing[row["id"]] = f"{aspect}: {found[aspect]!r}, not {row.get(aspect)!r}"
    with capsys.disabled():
        print(f"\n{'topic':<24}{'all':>5}" + "".join(f"{aspect:>12}" for aspect in ASPECTS))
        for topic, counts in sorted(agreed.items()):
            print(f"{topic:<24}" + f"{counts['all']:>5}" + "".join(f"{counts[a]:>12}" for a in ASPECTS))
    new = {name: what for name, what in differing.items() if name not in KNOWN_DIFFERENCES}
    assert not new
    assert set(KNOWN_DIFFERENCES) <= set(differing), "a known difference is gone: take it off the list"


def test_names_agree_with_the_real_front_end() -> None:
    wrong = []
    for words in NAMES["words"].values():
        for word, letters in words.items():
            for (position, template), letter in zip(NAMES["positions"].items(), letters, strict=True):
                verdict = check_text(template.replace("@", word))
                found = "C" if verdict.checks else "P" if verdict.parses else "-"
                if found != letter:
                    wrong.append(f"`{word}` as {position}: {found}, not {letter}")
    assert not wrong


# --- never an exception -------------------------------------------------------------------

_PROGRAM_WORDS = """
    let var fun type extern import python as auto if else for in while match return from select where group
    by into ( ) { } [ ] < > , : = == => | || && ?? ? . .. + - * / % ! none true 1 2.5 x y T int string list
    map any set omap print len "a"
"""
_WORDS = st.sampled_from(re.findall(r"\S+", _PROGRAM_WORDS))


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(_WORDS, max_size=40).map(" ".join)))
@example("(" * 5_000)
@example("let x = " + "[" * 3_000)
@example("\ud800")
@example('"\\')
def test_any_text_has_a_verdict(text: str) -> None:
    verdict = check_text(text)
    assert isinstance(verdict, Verdict)
    assert verdict.parses or verdict.problems
    for problem in verdict.problems:
        assert 0 <= problem.start <= problem.end <= len(text)
        assert code_named(problem.code).name


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([row["text"] for row in VERDICTS]), st.data())
def test_a_changed_program_has_a_verdict(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 20)))
    check_text(text[:start] + data.draw(st.sampled_from(["", " ", "(", "}", "1", "x", ": any"])) + text[end:])


_CUTS = st.tuples(st.integers(0, 400), st.sampled_from([0, 0, 1, 4]))
_PIECES = st.sampled_from(
    ['import python "a" as b', "\n", ";", "(", ")", "{", "}", '"', "// c\n", "auto", "as x", "x."]
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([row["text"] for row in VERDICTS]), st.lists(st.tuples(_CUTS, _PIECES), max_size=3))
def test_the_import_finder_of_compile_finds_the_same(
    text: str, changes: list[tuple[tuple[int, int], str]]
) -> None:
    for (start, length), piece in changes:
        text = text[:start] + piece + text[start + length :]
    verdict = check_text(text)
    if verdict.program is None or verdict.tokens is None:
        return
    starts = verdict.tokens.starts
    expected = [
        (each["lang"], each["spec"], each["alias"], each["auto"], each["line"], each.get("nested", False))
        for each in list_imports(verdict.program, lambda token: _line(text, starts[token]))
    ]
    found, _ = find_imports(SourceFile("app.mochi", text))
    assert expected == [
        (each.language, each.spec, each.alias, each.auto, each.line, each.nested) for each in found
    ]


@pytest.mark.parametrize("row", VERDICTS[::9], ids=lambda row: str(row["id"]))
def test_blanks_between_statements_change_nothing(row: dict[str, Any]) -> None:
    before, after = _summary(row["text"]), _summary("  ;\n// above\n" + row["text"])
    if row["parses"]:
        assert (before["checks"], before["error_code"]) == (after["checks"], after["error_code"])
    assert before["decls"] == after["decls"]


def test_a_large_shim_takes_seconds() -> None:
    lines = ['import python "m" as m']
    lines += [f"type Rec_{n} {{ a: int, b: list<string>, c: map<string, int>? }}" for n in range(2_000)]
    lines += [
        f"extern fun m.call_{n}(first: int, second: string?, third: list<Rec_{n % 2_000}>): map<string, any>"
        for n in range(10_000)
    ]
    started = time.process_time()
    assert check_text("\n".join(lines)).checks is True
    assert time.process_time() - started < 15


# --- the command --------------------------------------------------------------------------

CASES = read_folder("check")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_messages(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool) -> None:
    monkeypatch.chdir(tmp_path)
    Path("app.mochi").write_text(case.blocks["program"], "utf-8")
    outcome = mochic("check", "app.mochi")
    check_case(case, "stderr", outcome.err, update_golden)
    assert (outcome.code, outcome.out) == (1, "")


def test_json_has_a_line_per_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.mochi").write_text('import python "m@>=1" as m\nprint(m.go())\n', "utf-8")
    Path("bad.mochi").write_text("let x: Nope = 1\n", "utf-8")
    Path("worse.mochi").write_text("let = 1\n", "utf-8")
    outcome = mochic("check", "good.mochi", "bad.mochi", "worse.mochi", "--format", "json")
    assert [json.loads(line) for line in outcome.out.splitlines()] == [
        {
            "file": "good.mochi",
            "parses": True,
            "checks": True,
            "errors": [],
            "imports": [{"lang": "python", "spec": "m@>=1", "alias": "m", "auto": False, "line": 1}],
        },
        {
            "file": "bad.mochi",
            "parses": True,
            "checks": False,
            "errors": [{"code": "T025", "line": 1, "message": "there is no type `Nope`"}],
            "imports": [],
        },
        {
            "file": "worse.mochi",
            "parses": False,
            "checks": None,
            "errors": [
                {
                    "code": "P999",
                    "line": 1,
                    "message": "`=` cannot stand here: a name is expected",
                }
            ],
            "imports": [],
        },
    ]
    assert outcome.code == 1
    assert mochic("check", "good.mochi").code == 0


SYMBOLS = {
    "schema": 1,
    "alias": "m",
    "types": [
        {"signature": "type Box { inner: Item }"},
        {"signature": "type Item = ItemRef(id: int)"},
    ],
    "symbols": [
        {"kind": "function", "signature": "extern python fun open_box(box: Box): Item"},
        {"kind": "function", "signature": "extern python fun make(name: string, size: int): Box"},
        {"kind": "constant", "signature": "extern python fun LIMIT(): int"},
    ],
}

CALLS = {
    'let b = m.make("a", 1)\nlet i: Item = m.open_box(b)\n': [],
    "let n: int = m.LIMIT + 1\n": [],
    'let i = m.make("a", 1).inner\nlet j: Item = i\n': [],
    'm.make("a", "b")\n': [("T008", 2)],
    'm.make("a", 1, 2)\n': [("T006", 2)],
    'm.make("a")\n': [("PY108", 2)],
    'm.mak("a", 1)\n': [("PY107", 2)],
    "let n: string = m.LIMIT\n": [("T008", 2)],
    "fun f(m: any): any { return m.other(1) }\n": [],
    "fun f(): any { return m.other(1) }\n": [("PY107", 2)],
    "let x = other.go(1)\n": [("T002", 2)],
}


@pytest.mark.parametrize("program", CALLS)
def test_calls_of_bound_items(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("build/python_workspace/python_wrap/m")
    folder.mkdir(parents=True)
    (folder / "p_symbols.json").write_text(json.dumps(SYMBOLS), "utf-8")
    Path("app.mochi").write_text('import python "p" as m\n' + program, "utf-8")
    outcome = mochic("check", "app.mochi", "-o", "build", "--format", "json")
    found = json.loads(outcome.out)
    assert [(each["code"], each["line"]) for each in found["errors"]] == CALLS[program]
    assert outcome.code == (1 if CALLS[program] else 0)


def test_what_is_not_imported_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("build/python_workspace/python_wrap/m")
    folder.mkdir(parents=True)
    (folder / "p_symbols.json").write_text(json.dumps(SYMBOLS), "utf-8")
    Path("app.mochi").write_text("let b: Box = m.LIMIT\n", "utf-8")
    found = json.loads(mochic("check", "app.mochi", "-o", "build", "--format", "json").out)
    assert [each["code"] for each in found["errors"]] == ["T002", "T025"]


def test_a_folder_without_bindings_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("app.mochi").write_text("let b = 1\n", "utf-8")
    assert "`nowhere` holds no compiled packages" in mochic("check", "app.mochi", "-o", "nowhere").err
    folder = Path("build/python_workspace/python_wrap/m")
    folder.mkdir(parents=True)
    (folder / "p_symbols.json").write_text("{}", "utf-8")
    assert "is no symbols file" in mochic("check", "app.mochi", "-o", "build").err
