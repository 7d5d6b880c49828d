"""The shim checker against the verdicts of Mochi's real parser and checker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mochi_rules import STRICTER, check_shim, find_violations

DATA = Path(__file__).parent / "data"
VERDICTS = [json.loads(line) for line in (DATA / "mochi-verdicts.jsonl").read_text("utf-8").splitlines()]
NAMES = json.loads((DATA / "mochi-names.json").read_text("utf-8"))

DECLARATION_TOPICS = {
    "broken-shim", "comments-docs", "dotted-extern", "extern-duplicate", "extern-fun", "extern-other",
    "handles", "import-forms", "literals", "methods-flattened", "names-builtin", "names-contextual",
    "names-digit", "names-keyword", "names-near-keyword", "names-one-letter-type", "names-unicode", "params",
    "random-shim", "records", "type-decl", "type-order", "type-ref",
}  # fmt: skip
FRONT_END_RULES = {
    "character", "keyword", "keyword-prefix", "string-escape", "syntax", "trailing-comma", "unknown-type",
}  # fmt: skip
# Rules of ours that stand for a rule of the front end in part of their cases. What other
# languages may be given in an import or extern is not looked into, since none is allowed.
SHARED_RULES = {"digit-trap", "import", "other-extern", "type-order"}

ROWS = [row for row in VERDICTS if row["topic"] in DECLARATION_TOPICS]
ACCEPTED = [row for row in ROWS if row["checks"]]
REJECTED = [row for row in ROWS if not row["checks"] and row.get("error_line")]


def opens_declaration(row) -> bool:
    line = row["text"].split("\n")[row["error_line"] - 1]
    return line.startswith(("import", "type", "extern"))


def test_the_rows_are_there():
    assert {row["topic"] for row in ROWS} == DECLARATION_TOPICS
    assert len(ACCEPTED) > 200
    assert len([row for row in REJECTED if opens_declaration(row)]) > 80


@pytest.mark.parametrize("row", ACCEPTED, ids=lambda row: row["id"])
def test_what_the_front_end_accepts_breaks_only_our_own_rules(row):
    violations = find_violations(row["text"], "dotted")
    assert [str(violation) for violation in violations if violation.rule not in STRICTER] == []


@pytest.mark.parametrize("row", [*filter(opens_declaration, REJECTED)], ids=lambda row: row["id"])
def test_what_the_front_end_rejects_in_a_declaration_is_found(row):
    found = [
        violation
        for violation in find_violations(row["text"], "dotted")
        if violation.rule in FRONT_END_RULES | SHARED_RULES
        # What is left over behind a whole declaration on its line was meant as part of it.
        or (violation.rule == "statement" and violation.line == row["error_line"])
    ]
    assert found or is_error_of_use(row)


def is_error_of_use(row) -> bool:
    """Tell whether declarations are right and the checker minds what a statement does with them."""
    return row["parses"] and row["error_code"] != "T025" and "let " in row["text"]


def test_number_shaped_names_are_the_only_digits_we_refuse_alone():
    refused = {
        violation.text
        for row in ACCEPTED
        for violation in find_violations(row["text"], "dotted")
        if violation.rule == "digit-trap"
    }
    assert refused == {"`a1e5`", "`a1E5`"}


@pytest.mark.parametrize(
    "position", ["extern_fun", "extern_python_fun", "param", "field", "type", "variant", "extern_let"]
)
def test_words_in_naming_positions(position):
    index = list(NAMES["positions"]).index(position)
    template = NAMES["positions"][position]
    for group in NAMES["words"].values():
        for word, marks in group.items():
            rules = {violation.rule for violation in find_violations(template.replace("@", word), "dotted")}
            assert bool(rules & FRONT_END_RULES) == (marks[index] == "-"), (word, rules)


# --- every rule, on the smallest text that breaks it ----------------------------------------

BROKEN = {
    "character": "extern fun f(a$: int): int",
    "keyword": "extern fun m.load(a: int): int",
    "keyword-prefix": "extern fun seté(a: int): int",
    "string-escape": r'import python "a\qb" as m',
    "syntax": "extern fun f(a: int | string): int",
    "trailing-comma": "extern fun f(a: int,): int",
    "unknown-type": "extern fun f(a: bytes): int",
    "statement": "let x = 1",
    "comment-control": "// a\u2028extern fun f(): int",
    "digit-trap": "extern fun log1p(a: float): float",
    "builtin-name": "extern fun len(a: string): int",
    "builtin-type": "type float = any",
    "python-keyword": "extern fun f(class: int): int",
    "extern-type": "extern type Hd",
    "other-extern": "extern object Ob",
    "extern-var": "extern var m.x: int",
    "import": 'import python "google.cloud"',
    "untyped-param": "extern fun f(a): int",
    "missing-result": "extern fun f(a: int)",
    "inline-record": "extern fun f(a: { b: int }): int",
    "empty-record": "type R = {}",
    "record-method": "type R { a: int fun go(): int { return 1 } }",
    "unknown-generic": "extern fun f(a: tuple<int, int>): int",
    "map-key": "extern fun f(a: map<float, int>): int",
    "one-letter-type": "extern fun f(a: T): int",
    "value-as-type": 'import python "m" as m extern fun f(a: m): int',
    "type-order": "type A { b: B } type B { c: int }",
    "recursive-type": "type Node { next: list<Node> }",
    "variant-name": "type U = int | string",
    "variant-field": "type U = A(len: int) | B",
    "duplicate": "type U = A | B type A { b: int }",
    "deep-dots": "extern fun a.b.f(x: int): int",
    "style": "extern python fun m.f(x: int): int",
}


@pytest.mark.parametrize("rule", BROKEN)
def test_each_rule_has_its_own_text(rule):
    rules = {violation.rule for violation in find_violations(BROKEN[rule], "dotted")}
    assert rules == {rule}


def test_every_rule_has_a_text():
    assert BROKEN.keys() | {"linked-type"} == FRONT_END_RULES | STRICTER.keys()


@pytest.mark.parametrize(
    "text",
    [
        "type U = A | B type V = B | C",
        "type A { b: int } type A { c: int }",
        "extern fun f(a: int): int extern fun f(a: string): int",
        "extern fun f(a: int, a: int): int",
        "type R { a: int, a: int }",
        "type U = A(v: int, v: int) | B",
        "extern fun m.f(a: int): int extern let m.f: int",
        "extern python fun a_b(): int extern let a.b: int",
        "type H = HRef(id: int) extern fun HRef(a: int): H",
    ],
)
def test_duplicates(text):
    assert [violation.rule for violation in find_violations(text, "dotted")] == ["duplicate"]


GOOD_MODULE = """// httpx 0.27.0
type bytes = BytesRef(id: int)
type Response = ResponseRef(id: int)
type Pair { first: int, second: string }
type IntOrString = IntOrString_Int(v: int) | IntOrString_String(v: string)
type Color = Color_RED | Color_BLUE
/// One request. `get("x")`
extern python fun get(url: string): Response
extern python fun get_with(url: string, options: map<string, any>): Response?
extern python fun pairs(self: Response, keys: list<list<int>>, on_item: fun(int): bool): list<Pair>
extern python fun close_(self: Response): unit
extern let codes: map<int, string>
"""


def test_a_good_shim_in_each_style():
    dotted = 'import python "httpx" as httpx\n' + GOOD_MODULE.replace(
        "extern python fun ", "extern fun httpx."
    )
    linked = "extern python fun httpx_get(url: string, n: int, f: fun(int, float): bool): int\n"
    linked += "extern python fun httpx_release(handle: int): unit\n"
    assert check_shim(GOOD_MODULE, "module") == []
    assert check_shim(dotted, "dotted") == []
    assert check_shim(linked, "linked") == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("extern python fun f(a: int?): int", "linked-type"),
        ("extern python fun f(a: any): int", "linked-type"),
        ("extern python fun f(a: list<int>): int", "linked-type"),
        ("extern python fun f(a: int): any", "linked-type"),
        ("extern python fun f(a: unit): int", "linked-type"),
        ("extern python fun f(a: fun(list<int>): int): int", "linked-type"),
        ("extern python fun f(a: int): fun(int): int", "linked-type"),
        ("extern python fun main(a: int): int", "linked-type"),
        ("extern fun f(a: int): int", "style"),
        ("extern python fun m.f(a: int): int", "style"),
        ("extern let x: int", "style"),
        ('import python "m" as m', "style"),
        ("type H = HRef(id: int)", "style"),
    ],
)
def test_linked_style(text, rule):
    assert [violation.rule for violation in find_violations(text, "linked")] == [rule]


def test_module_style_has_no_dots():
    assert check_shim("extern fun m.f(a: int): int", "module") == [
        "line 1: style: a dotted name in module style"
    ]  # fmt: skip


def test_an_unknown_style_is_refused():
    with pytest.raises(ValueError, match="flat"):
        check_shim("", "flat")
