"""The command line: exit codes, what goes to stdout and what to stderr, and every option."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from casefile import GOLDEN, Case, check_case, read_cases
from index_server import Index
from local_packages import Outcome, environment, mochic, read_tree, serve_packages, spawn

from mochic_py import __version__
from mochic_py.backends.workspace import runtime_files
from mochic_py.compiler.cli import run
from mochic_py.compiler.cli.app import COMMANDS
from mochic_py.passes.registry import STANDARD_PIPELINE

PROGRAM = 'import python "shapes@>=1" as shapes\nimport python "tally" as tally\n'


@pytest.fixture
def program(desk: Path) -> str:
    """A program over two packages, in the working folder."""
    (desk / "app.mochi").write_text(PROGRAM, "utf-8")
    return "app.mochi"


def test_version_and_help_go_to_stdout() -> None:
    assert mochic("--version") == Outcome(0, f"mochic-py {__version__}\n", "")
    for arguments in (["--help"], *([name, "--help"] for name in COMMANDS), ["pkg", "install", "-h"]):
        outcome = mochic(*arguments)
        assert (outcome.code, outcome.err) == (0, "")
        assert outcome.out.startswith("Usage: mochic-py")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Usage: mochic-py"),
        (["pkg"], "Usage: mochic-py pkg"),
        (["frobnicate"], "No such command 'frobnicate'"),
        (["compile"], "name a program or a --package"),
        (["pkg", "install"], "name a program or a --package"),
        (["compile", "--package", "shapes", "--frob"], "No such option"),
        (["compile", "--as", "x"], "every `--as` needs a `--package` before it"),
        (["compile", "--as", "x", "--package", "shapes"], "every `--as` needs a `--package` before it"),
        (["compile", "--package", "a", "--as", "x", "--as", "y"], "every `--as` needs"),
        (["compile", "--package", "shapes", "--emit", "wrapper,elf"], "`--emit` does not know `elf`"),
        (["compile", "--package", "shapes", "--shim-style", "flat"], "'flat' is not one of"),
        (["compile", "--package", "shapes", "--report", "xml"], "'xml' is not one of"),
        (["compile", "--package", "shapes", "--target", "amiga"], "'amiga' is not one of"),
        (["compile", "--package", "shapes", "--python", "2.7"], "`2.7` is not a version of Python 3"),
        (["compile", "--package", "shapes", "-j", "0"], "'-j'"),
        (["compile", "--package", "shapes", "--color", "blue"], "'blue' is not one of"),
        (["compile", "."], "is a directory"),
        (["compile", "--package", "shapes", "--manifest", "."], "is a directory"),
        (["ir"], "Missing argument"),
        (["ir", "shapes", "--after", "nope"], "`--after` does not know `nope`"),
        (["opt"], "Missing argument"),
        (["explain"], "Missing argument"),
    ],
)
def test_wrong_usage(desk: Path, arguments: list[str], said: str) -> None:
    outcome = mochic(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert list(desk.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["compile", "gone.mochi"], "PY430", "cannot read `gone.mochi`"),
        (["compile", "--package", "shapes", "--manifest", "gone.toml"], "PY430", "cannot read `gone.toml`"),
        (["compile", "--package", "no-such"], "PY422", "no distribution named `no-such`"),
        (["compile", "--package", "shapes@>=9"], "PY424", "no version of `shapes` fits `>=9`"),
        (["compile", "--package", "shapes@path+../x"], "PY428", ""),
        (["compile", "--package", "shapes", "--as", "match"], "PY118", "`match` cannot be an alias"),
        (["compile", "--package", "sh apes"], "PY11", ""),
        (["compile", "--package", "shapes", "--pass-pipeline", "x"], "PY610", "no pass named `x`"),
        (["compile", "--package", "shapes", "--pass-pipeline", "bind-names{"], "PY612", ""),
        (["compile", "--package", "shapes", "--pass-pipeline", "bind-names{a=1}"], "PY611", ""),
        (["compile", "--package", "shapes", "--pass-pipeline", "sort-items"], "PY615", "`classify-classes`"),
        (["compile", "--package", "shapes", "--print-ir-after", "bind-name"], "PY610", "mean `bind-names`"),
        (["ir", "no-such"], "PY422", "no distribution named `no-such`"),
        (["ir", "@"], "PY11", ""),
        (["opt", "gone.ir"], "PY430", "cannot read `gone.ir`"),
        (["opt", "."], "PY430", "cannot read `.`"),
        (["explain", "PY999"], "PY621", "there is no diagnostic `PY999`"),
        (["explain", "py30"], "PY621", "did you mean `PY30"),
        (["explain", "shapes.aera"], "PY620", "did you mean `shapes.area`"),
        (["explain", "no_such.item"], "PY422", "no distribution named `no-such`"),
        (["pkg", "install", "--package", "shapes", "--python", "3.99"], "PY434", "no CPython 3.99"),
        (["pkg", "install", "--package", "@"], "PY11", ""),
    ],
)
def test_failed_input(desk: Path, arguments: list[str], code: str, said: str) -> None:
    outcome = mochic(*arguments)
    assert (outcome.code, outcome.out) == (1, "")
    assert f"error[{code}" in outcome.err
    assert said in outcome.err
    assert list(desk.iterdir()) == []


# compile


def test_compile_writes_the_workspace_and_shows_a_table(program: str) -> None:
    outcome = mochic("compile", program)
    assert (outcome.code, outcome.err) == (0, "")
    head, *rows = [re.split(r"  +", line.strip()) for line in outcome.out.splitlines()]
    assert head == ["package", "version", "tier", "public", "bound", "degraded", "refused", "time"]
    assert [row[:3] for row in rows] == [["shapes", "1.2.0", "inline"], ["tally", "0.3", "inline"]]
    for row in rows:
        public, bound, degraded = map(int, row[3:6])
        assert public == bound + degraded + int(row[6].partition(" ")[0])
    member = [
        "__init__.py",
        "{}_externs.py",
        "{}_externs.pyi",
        "{}_shim.mochi",
        "{}_symbols.json",
    ]
    assert sorted(read_tree(Path("build/mochi"))) == sorted(
        f"python_workspace/{name}"
        for name in [
            ".gitignore",
            ".mochic-files",
            *runtime_files(),
            "pyproject.toml",
            "python_wrap/shapes/SKIPPED.txt",
            *(
                f"python_wrap/{alias}/{name.format(alias)}"
                for alias in ("shapes", "tally")
                for name in member
            ),
        ]
    )


def test_a_repeat_gives_the_same_from_the_memo(program: str) -> None:
    first = mochic("compile", program, "-o", "one", "--report", "json", "--python", "3.12")
    # A fresh process shows that nothing of the compiler is needed the second time.
    code = (
        "import sys; from mochic_py.compiler.cli import run;"
        f"code = run(['compile', {program!r}, '-o', 'two', '--report', 'json', '--python', '3.12']);"
        "print(sorted(m for m in sys.modules if m.endswith(('compiler.compile', 'passes.manager'))),"
        " file=sys.stderr)"
    )
    again = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert again.stderr == "[]\n"
    assert again.stdout == first.out
    assert read_tree(Path("one")) == read_tree(Path("two"))


def test_the_memo_depends_on_the_index(program: str, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert mochic("compile", program, "-o", "one").code == 0
    with serve_packages() as other:
        del other.files["tally"]
        monkeypatch.setenv("MOCHIC_INDEX_URL", other.url)
        outcome = mochic("compile", program, "-o", "two")
    assert outcome.code == 1
    assert "no distribution named `tally`" in outcome.err


def test_a_memo_gives_way_to_a_changed_program(program: str, desk: Path) -> None:
    assert "tally" in mochic("compile", program).out
    (desk / program).write_text('import python "shapes" as shapes\n', "utf-8")
    assert "tally" not in mochic("compile", program).out


SHIM = "python_workspace/python_wrap/shapes/shapes_shim.mochi"


@pytest.mark.parametrize(
    ("emit", "kinds"),
    [
        ("wrapper", {"__init__.py", "shapes_externs.py"}),
        ("pyi", {"shapes_externs.pyi"}),
        ("shim", {"shapes_shim.mochi"}),
        ("symbols", {"shapes_symbols.json"}),
        ("shim, symbols,shim", {"shapes_shim.mochi", "shapes_symbols.json"}),
    ],
)
def test_emit_chooses_files(desk: Path, emit: str, kinds: set[str]) -> None:
    assert mochic("compile", "--package", "shapes", "--emit", emit, "-o", "out").code == 0
    folder = desk / "out/python_workspace/python_wrap/shapes"
    assert {path.name for path in folder.iterdir()} == kinds | {"SKIPPED.txt"}


def test_emitted_ir_reads_back(desk: Path) -> None:
    assert mochic("compile", "--package", "shapes", "--emit", "ir", "-o", "out").code == 0
    again = mochic("opt", "out/ir/shapes.ir")
    assert again == Outcome(0, (desk / "out/ir/shapes.ir").read_text("utf-8"), "")
    assert again.out == mochic("ir", "shapes").out


@pytest.mark.parametrize(
    ("style", "line"),
    [
        ("module", "extern python fun area(figure: Figure): float"),
        ("dotted", "extern fun shapes.area(figure: Figure): float"),
        ("linked", "extern python fun shapes_area(figure: int): float"),
    ],
)
def test_shim_styles(desk: Path, style: str, line: str) -> None:
    assert mochic("compile", "--package", "shapes", "--shim-style", style, "-o", "out").code == 0
    assert line in (desk / "out" / SHIM).read_text("utf-8")


def test_strict_refuses_what_would_be_degraded(desk: Path) -> None:
    loose = _report("--package", "shapes")["packages"][0]["counts"]
    outcome = mochic("compile", "--package", "shapes", "--strict", "--report", "json")
    strict = json.loads(outcome.out)["packages"][0]["counts"]
    assert outcome.code == 0
    assert loose["degraded"] > 0
    assert strict["degraded"] == 0
    # What is `any` by its declaration is refused too.
    assert strict["refused"] > loose["degraded"] + loose["refused"]
    assert sum(strict["refused_by"].values()) == strict["refused"]
    assert "warning[PY302]" in outcome.err
    assert "--> shapes/__init__.pyi:16:13" in outcome.err


def test_types_are_inferred_unless_the_option_or_the_manifest_forbids(desk: Path) -> None:
    def inferred(*options: str) -> int:
        assert mochic("compile", "--package", "bare", "--emit", "ir", "-o", "out", *options).code == 0
        return (desk / "out/ir/bare.ir").read_text("utf-8").count("note inferred")

    assert inferred() == 1
    assert inferred("--no-infer") == 0
    (desk / "mochi.toml").write_text("[python]\ninfer = false\n", "utf-8")
    assert inferred("--manifest", "mochi.toml") == 0


def test_a_manifest_adds_its_specifier(desk: Path) -> None:
    (desk / "mochi.toml").write_text('[python-dependencies]\nshapes = "<1.2"\n', "utf-8")
    report = _report("--package", "shapes", "--manifest", "mochi.toml")
    assert report["packages"][0]["version"] == "1.0.0"


def test_an_alias_follows_its_package(desk: Path) -> None:
    report = _report("--package=shapes", "--package", "tally", "--as", "t", "--package", "bare", "--as=b")
    assert [(p["alias"], p["distribution"]) for p in report["packages"]] == [
        ("b", "bare"),
        ("shapes", "shapes"),
        ("t", "tally"),
    ]


def test_ir_is_printed_around_passes(desk: Path) -> None:
    outcome = mochic(
        "compile", "--package", "tally", "--print-ir-before", "bind-names", "--print-ir-after", "sort-items"
    )
    assert outcome.code == 0
    assert re.findall("^// .*$", outcome.err, re.M) == ["// IR before bind-names", "// IR after sort-items"]
    assert "mochic-ir" not in outcome.out
    everything = mochic("compile", "--package", "tally", "--print-ir-after", "all").err
    assert re.findall("^// IR after (.*)$", everything, re.M) == list(STANDARD_PIPELINE)
    changes = mochic("compile", "--package", "tally", "--print-ir-after-change").err
    assert len(re.findall(r"^// (IR after .* \(changed\)|.* changed nothing)$", changes, re.M)) == len(
        STANDARD_PIPELINE
    )


def test_passes_are_timed(desk: Path) -> None:
    for arguments in (
        ["compile", "--package", "tally", "--package", "shapes", "--time-passes"],
        ["compile", "--package", "tally", "--package", "shapes", "--time-passes", "-j", "2"],
    ):
        lines = mochic(*arguments).err.splitlines()
        found = [re.fullmatch(r" +[\d.]+ ms +\d+ items  (\w+): ([\w-]+)", line) for line in lines]
        assert [(m[1], m[2]) for m in found if m] == [
            (package, name) for package in ("shapes", "tally") for name in STANDARD_PIPELINE
        ]


def test_a_shorter_pipeline_is_obeyed(desk: Path) -> None:
    unsorted = ",".join(STANDARD_PIPELINE[:-1])
    outcome = mochic("compile", "--package", "tally", "--pass-pipeline", unsorted, "--print-ir-after", "all")
    assert outcome.code == 0
    assert "sort-items" not in outcome.err


def test_offline_works_from_the_cache_alone(
    desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    arguments = ["compile", "--package", "tally", "-o", "out"]
    cold = mochic(*arguments, "--offline")
    assert (cold.code, cold.out) == (1, "")
    assert "error[PY421]" in cold.err
    assert not (desk / "out").exists()
    assert mochic(*arguments).code == 0
    monkeypatch.setenv("MOCHIC_INDEX_URL", "")
    monkeypatch.setenv("no_proxy", "*")
    assert mochic(*arguments, "--offline", "--index-url", "http://127.0.0.1:9/simple").code == 1


def test_an_unwritable_folder_is_explained(desk: Path) -> None:
    (desk / "out").write_text("a file", "utf-8")
    outcome = mochic("compile", "--package", "tally", "-o", "out")
    assert (outcome.code, outcome.out) == (1, "")
    assert "error[PY430]: cannot write `out/python_workspace/" in outcome.err
    assert (desk / "out").read_text("utf-8") == "a file"


def test_text_that_is_not_utf8_is_located(desk: Path) -> None:
    (desk / "app.mochi").write_bytes(b'// caf\xe9\nimport python "shapes" as shapes\n')
    outcome = mochic("compile", "app.mochi")
    assert outcome.code == 1
    assert "error[PY119]" in outcome.err
    assert "--> app.mochi:1:7" in outcome.err
    (desk / "mochi.toml").write_bytes(b"\xff\xfe[")
    outcome = mochic("compile", "--package", "tally", "--manifest", "mochi.toml")
    assert outcome.code == 1
    assert "--> mochi.toml:1:1" in outcome.err


# The report


def test_the_report_has_the_documented_shape(program: str) -> None:
    report = _report(program, "--package", "bare", "--as", "b")
    _check_report(report)
    assert [package["alias"] for package in report["packages"]] == ["b", "shapes", "tally"]
    statuses = {item["status"] for package in report["packages"] for item in package["items"]}
    assert statuses == {"bound", "degraded"}
    assert report["diagnostics"] == []
    written = sorted(path for path in read_tree(Path("build/mochi")) if not path.endswith(".mochic-files"))
    assert sorted(report["files"]) == report["files"] == written
    strict = json.loads(mochic("compile", program, "--strict", "--report", "json").out)
    _check_report(strict)
    assert {d["severity"] for d in strict["diagnostics"]} == {"warning"}


def test_the_report_of_a_failure_has_the_same_shape(desk: Path) -> None:
    (desk / "bad.mochi").write_text('import python "tally@nonsense" as tally\n', "utf-8")
    outcome = mochic("compile", "bad.mochi", "--report", "json")
    assert outcome.code == 1
    report = json.loads(outcome.out)
    _check_report(report)
    assert (report["packages"], report["files"]) == ([], [])
    assert [(d["code"], d["file"], d["line"], d["column"]) for d in report["diagnostics"]] == [
        ("PY112", "bad.mochi", 1, 22)
    ]
    assert not (desk / "build").exists()


def _report(*arguments: str) -> dict[str, Any]:
    outcome = mochic("compile", *arguments, "--report", "json")
    assert (outcome.code, outcome.err) == (0, "")
    report = json.loads(outcome.out)
    assert isinstance(report, dict)
    return report


STR_OR_NONE, INT_OR_NONE = (str, type(None)), (int, type(None))
ITEM = {
    "python": str,
    "mochi": STR_OR_NONE,
    "kind": str,
    "status": str,
    "reason": STR_OR_NONE,
    "origin": str,
    "notes": [str],
    "probe": STR_OR_NONE,
    "declaration": STR_OR_NONE,
    "file": STR_OR_NONE,
    "line": INT_OR_NONE,
}
PLACE = dict.fromkeys(("line", "column", "end_line", "end_column"), INT_OR_NONE) | {"file": STR_OR_NONE}
DIAGNOSTIC = PLACE | {
    "code": str,
    "name": str,
    "severity": str,
    "message": str,
    "label": str,
    "labels": [PLACE | {"text": str}],
    "notes": [str],
    "help": str,
}
STATUSES = ("bound", "degraded", "refused")
KIND_COUNTS = dict.fromkeys(STATUSES, int)
KINDS = ("function", "method", "constructor", "property")
COUNTS = {
    **dict.fromkeys(("public", *STATUSES, "constants", "types", "names"), int),
    **dict.fromkeys(("degraded_by", "refused_by", "apart", "notes", "probe"), dict),
    "kinds": dict.fromkeys(KINDS, KIND_COUNTS),
    "operations": KIND_COUNTS,
    "attributes": KIND_COUNTS,
}
REPORT = {
    "schema": int,
    "tool": str,
    "target": {"platform": str, "python": str, "free_threaded": bool, "implementation": str},
    "seconds": (int, float),
    "packages": [
        {
            "alias": str,
            "distribution": str,
            "version": str,
            "import_names": [str],
            "tier": str,
            "probed": bool,
            "counts": COUNTS,
            "items": [ITEM],
        }
    ],
    "diagnostics": [DIAGNOSTIC],
    "files": [str],
}


def _check_report(report: dict[str, Any]) -> None:
    """Assert that `report` has exactly the keys and types of `design/05`, and adds up."""
    _check_shape(report, REPORT, "report")
    assert (report["schema"], report["tool"]) == (1, f"mochic-py {__version__}")
    for package in report["packages"]:
        counts, items = package["counts"], package["items"]
        assert counts["public"] == counts["bound"] + counts["degraded"] + counts["refused"]
        assert counts["refused"] == sum(counts["refused_by"].values())
        assert counts["degraded"] == sum(counts["degraded_by"].values())
        own = Counter((item["kind"], item["status"]) for item in items if item["origin"] == "own")
        for kind in KINDS:
            kinds = ("method", "classmethod", "staticmethod") if kind == "method" else (kind,)
            for status in STATUSES:
                assert counts["kinds"][kind][status] == sum(own[each, status] for each in kinds)
        for status in STATUSES:
            assert counts[status] == sum(each[status] for each in counts["kinds"].values())
            assert counts["operations"][status] == own["operation", status]
            assert counts["attributes"][status] == own["attribute", status]
        assert counts["types"] == sum(item["kind"] == "type" for item in items)
        assert items == sorted(items, key=lambda item: (item["python"], item["kind"]))
        for item in items:
            assert item["status"] in ("bound", "degraded", "refused")
            assert (item["status"] == "bound") == (item["reason"] is None)
            assert (item["status"] == "refused") == (item["declaration"] is None)
            assert (item["file"] is None) == (item["line"] is None)
    for diagnostic in report["diagnostics"]:
        assert re.fullmatch(r"PY\d{3}", diagnostic["code"])
        assert diagnostic["severity"] in ("error", "warning", "note")


def _check_shape(value: object, shape: object, path: str) -> None:
    match shape:
        case dict():
            assert isinstance(value, dict), path
            assert set(value) == set(shape), path
            for key, part in shape.items():
                _check_shape(value[key], part, f"{path}.{key}")
        case list():
            assert isinstance(value, list), path
            for index, each in enumerate(value):
                _check_shape(each, shape[0], f"{path}[{index}]")
        case type() | tuple():
            assert isinstance(value, shape), path
            assert isinstance(value, bool) == (shape is bool), path
        case _:
            raise AssertionError(shape)


# Diagnostics


FIVE = read_cases(GOLDEN / "cli" / "five.md")


@pytest.mark.parametrize("case", FIVE, ids=str)
def test_every_diagnostic_is_shown_with_its_place(desk: Path, case: Case, update_golden: bool) -> None:
    names = [name for name in case.blocks if name not in ("stderr", "places")]
    for name in names:
        (desk / name).write_text(case.blocks[name], "utf-8")
    manifest = ["--manifest", "mochi.toml"] if "mochi.toml" in names else []
    strict = ["--strict"] if "stub" in case.title else []
    arguments = ["compile", *(name for name in names if name.endswith(".mochi")), *manifest, *strict]
    outcome = mochic(*arguments, "--report", "json")
    check_case(case, "stderr", outcome.err, update_golden)
    found = json.loads(outcome.out)["diagnostics"]
    lines = [
        f"{d['severity']} {d['code']} {d['file']}:{d['line']}:{d['column']}-{d['end_line']}:{d['end_column']}"
        for d in found
    ]
    check_case(case, "places", "\n".join(lines), update_golden)
    assert len(found) == 5
    assert all(d["file"] and d["line"] >= 1 and d["column"] >= 1 for d in found)
    assert outcome.code == (1 if any(d["severity"] == "error" for d in found) else 0)


def test_color_is_asked_for_or_kept_out(desk: Path, packages: Index, shared_cache: Path) -> None:
    (desk / "bad.mochi").write_text('import python "tally@nonsense" as tally\n', "utf-8")
    plain = mochic("compile", "bad.mochi", "--color", "never").err
    colored = mochic("compile", "bad.mochi", "--color", "always").err
    assert "\x1b[" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain != colored
    assert mochic("compile", "bad.mochi").err == plain  # not a terminal


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are a Unix thing")
@pytest.mark.parametrize(("no_color", "colored"), [("", True), ("1", False)])
def test_a_terminal_gets_color_unless_no_color_is_set(
    desk: Path, packages: Index, shared_cache: Path, no_color: str, colored: bool
) -> None:
    import os
    import pty

    (desk / "bad.mochi").write_text('import python "tally@nonsense" as tally\n', "utf-8")
    leader, follower = pty.openpty()
    environ = environment(packages.url, shared_cache) | {"NO_COLOR": no_color}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "mochic_py", "compile", "bad.mochi"],
            env=environ,
            stderr=follower,
            check=False,
        )
        shown = os.read(leader, 10_000).decode()
    finally:
        os.close(leader)
        os.close(follower)
    assert done.returncode == 1
    assert ("\x1b[" in shown) == colored


# ir, opt, explain


def test_ir_pipes_into_opt(desk: Path) -> None:
    whole = mochic("ir", "shapes")
    early = mochic("ir", "shapes", "--after", "legalize-types")
    rest = ",".join(STANDARD_PIPELINE[STANDARD_PIPELINE.index("legalize-types") + 1 :])
    late = mochic("opt", "-", "--pass-pipeline", rest, stdin=early.out.encode())
    assert late == whole
    assert whole.code == 0
    assert whole.out.startswith("mochic-ir 1\npackage shapes ")


@pytest.mark.parametrize("stage", ["none", *STANDARD_PIPELINE])
def test_ir_after_each_pass_reads_back(desk: Path, stage: str) -> None:
    printed = mochic("ir", "shapes", "--after", stage)
    assert (printed.code, printed.err) == (0, "")
    assert mochic("opt", "-", stdin=printed.out.encode()) == printed


def test_ir_reads_a_file(desk: Path) -> None:
    (desk / "figures.pyi").write_text("def area(side: float) -> float: ...\n", "utf-8")
    outcome = mochic("ir", "figures.pyi", "--after", "none")
    assert outcome.code == 0
    assert 'module figures "figures.pyi"' in outcome.out


def test_opt_prints_and_times(desk: Path) -> None:
    (desk / "a.ir").write_text(mochic("ir", "tally", "--after", "none").out, "utf-8")
    pipeline = "bind-names,expand-aliases"
    outcome = mochic("opt", "a.ir", "--pass-pipeline", pipeline, "--print-ir-after", "all", "--time-passes")
    assert re.findall("^// IR after (.*)$", outcome.err, re.M) == pipeline.split(",")
    assert len(re.findall(r"^ +[\d.]+ ms +\d+ items  [\w-]+$", outcome.err, re.M)) == 2
    assert mochic("opt", "a.ir", "--pass-pipeline", pipeline) == Outcome(0, outcome.out, "")


def test_explain_shows_the_page_of_a_code() -> None:
    page = (GOLDEN / "diagnostics" / "PY301.md").read_text("utf-8")
    assert mochic("explain", "PY301") == mochic("explain", "py301") == Outcome(0, page, "")


def test_explain_follows_an_item(desk: Path) -> None:
    outcome = mochic("explain", "shapes.load")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("shapes.load\n  declared at shapes/__init__.pyi:13:5\n")
    steps = re.findall("^-- (.*)$", outcome.out, re.M)
    assert steps[0] == "as read"
    assert steps[-2:] == ["in Mochi", "to note"]
    assert "extern python fun load_(source: any): list<Figure>" in outcome.out
    assert "checked: parameter source: string | bytes | int" in outcome.out
    moved = mochic("explain", "shapes._core.Figure")
    assert moved.code == 0
    assert "type Figure = FigureRef(id: int)" in moved.out
    named = mochic("explain", "shapes.area", "--package", "shapes@==1.0.0")
    assert named.code == 0


# Processes


def test_the_report_of_an_internal_error_holds_no_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mochic_py.compiler.cli.failure import report_failure

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    url = "https://who:s%40cret@h.test/simple"
    assert report_failure(RuntimeError(f"what of {url}"), ["compile", "--index-url", url]) == 70
    (file,) = tmp_path.glob("mochic-py-report-*/*.txt")
    for text in (file.read_text("utf-8"), capsys.readouterr().err):
        assert "https://***@h.test/simple" in text
        assert "cret" not in text
        assert "who" not in text


def test_an_internal_error_leaves_a_reproducer(
    desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mochic_py.passes.plan_calls import PlanCalls

    def break_down(*_: object) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(PlanCalls, "run", break_down)
    outcome = mochic("compile", "--package", "tally", "--python", "3.14")
    monkeypatch.undo()
    assert (outcome.code, outcome.out) == (70, "")
    assert outcome.err.startswith("error[PY600]: ")
    assert "Traceback" not in outcome.err
    (file,) = tmp_path.glob("mochic-py-report-*/*.txt")
    assert f"`{file}`" in outcome.err
    text = file.read_text("utf-8")
    assert "on purpose" in text
    assert "--pass-pipeline 'plan-calls'" in text
    (tmp_path / "before.ir").write_text(text[text.index("mochic-ir 1") :], "utf-8")
    replayed = mochic("opt", str(tmp_path / "before.ir"), "--pass-pipeline", "plan-calls")
    assert replayed.code == 0
    assert "call required" in replayed.out


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGPIPE")
def test_a_reader_that_goes_away_is_no_failure_to_show(
    desk: Path, packages: Index, shared_cache: Path
) -> None:
    mochic("ir", "shapes")  # fills the cache
    for arguments in (["ir", "shapes"], ["explain", "PY301"], ["--version"], ["--help"]):
        process = subprocess.Popen(
            [sys.executable, "-m", "mochic_py", *arguments],
            env=environment(packages.url, shared_cache),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        error = process.stderr.read()
        process.stderr.close()
        assert process.wait() == 1
        assert error == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a full device")
def test_a_full_disk_behind_stdout_is_explained() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "mochic_py", "explain", "PY301"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(b"error[PY430]: cannot write the output: ")


def test_output_is_utf8_whatever_the_locale(desk: Path, packages: Index, shared_cache: Path) -> None:
    (desk / "é.mochi").write_text('import python "tally@nonsensé" as tally\n', "utf-8")
    environ = environment(packages.url, shared_cache) | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"}
    outcome = spawn(["compile", "é.mochi", "--report", "json"], environ, folder=desk)
    assert outcome.code == 1
    assert "é.mochi:1:22" in outcome.err
    assert json.loads(outcome.out)["diagnostics"][0]["file"] == "é.mochi"


def test_run_leaves_no_exception_to_its_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    import mochic_py.compiler.cli.app as app_module

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(app_module.app, "main", interrupt)
    assert run(["ir", "x"]) == 130
