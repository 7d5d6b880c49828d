"""Every case of `golden/passes/<pass>.md`: IR before, IR after, and what the pass reported."""

from __future__ import annotations

import pytest
from attrs import evolve
from casefile import GOLDEN, Case, check_case, read_cases
from diagnostic_text import show_diagnostics

from mochic_py.ir.abi import parse_abi_facts
from mochic_py.ir.extensions import parse_extensions
from mochic_py.ir.inventory import parse_inventory
from mochic_py.ir.items import Package
from mochic_py.ir.parser import parse_package
from mochic_py.ir.printer import format_package
from mochic_py.ir.source import SourceFile
from mochic_py.passes.context import PassContext, PassOptions
from mochic_py.passes.manager import PassManager
from mochic_py.passes.registry import load_pass, parse_pipeline, pass_names

FILES = sorted((GOLDEN / "passes").glob("*.md"))
CASES = [case for file in FILES for case in read_cases(file)]
BLOCKS = {"before", "after", "diagnostics", "pipeline", "options", "inventory", "extensions", "abi"}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_pass(case: Case, update_golden: bool) -> None:
    assert set(case.blocks) <= BLOCKS, f"{case.file}: unknown blocks {sorted(set(case.blocks) - BLOCKS)}"
    default = case.file.stem.replace("_", "-")
    text = case.blocks.get("pipeline", default).strip()
    pipeline, problems = parse_pipeline(SourceFile("<pipeline>", text))
    assert pipeline is not None, problems
    assert default in {each.name for each in pipeline}, f"{case.file} does not run `{default}`"
    ctx = PassContext(_read_options(case.blocks.get("options", "")))
    if "inventory" in case.blocks:
        ctx.inventory = parse_inventory(case.blocks["inventory"])
    if "extensions" in case.blocks:
        ctx.extensions = parse_extensions(case.blocks["extensions"])
    if "abi" in case.blocks:
        ctx.abi = parse_abi_facts(case.blocks["abi"])
    after = PassManager(pipeline).run(_read_package(case), ctx)
    # The list of passes that ran is bookkeeping; a case shows it or leaves it out.
    shown = after if "\npasses " in case.blocks["after"] else evolve(after, passes=())
    check_case(case, "after", format_package(shown), update_golden)
    reported = show_diagnostics(ctx.diagnostics)
    if "diagnostics" in case.blocks:
        check_case(case, "diagnostics", reported, update_golden)
    else:
        assert reported == "", "the case needs a block ```text diagnostics"


# Passes whose result is their own fixed point: what is bound, expanded or named stays so.
IDEMPOTENT = "bind-names apply-decorators expand-aliases unpack-keywords bind-self inherit-members"


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.file.stem.replace("_", "-") in IDEMPOTENT.split(" ")],
    ids=str,
)
def test_running_a_pass_again_changes_nothing(case: Case) -> None:
    each = load_pass(case.file.stem.replace("_", "-"))()
    once = each.run(_read_package(case), PassContext())
    assert format_package(each.run(once, PassContext())) == format_package(once)


def test_every_golden_file_belongs_to_a_pass() -> None:
    assert {file.stem.replace("_", "-") for file in FILES} <= set(pass_names())


def test_every_pass_has_a_golden_file_and_cases() -> None:
    stems = {case.file.stem for case in CASES}
    assert {name.replace("-", "_") for name in pass_names()} <= stems


def test_there_are_no_other_files() -> None:
    assert sorted(path for path in (GOLDEN / "passes").rglob("*") if path.is_file()) == FILES


def _read_package(case: Case) -> Package:
    package, problems = parse_package(SourceFile("before.ir", case.blocks["before"]))
    assert package is not None, show_diagnostics(problems)
    return package


def _read_options(text: str) -> PassOptions:
    """Read the options, one per line: `strict`, `int-mode = MODE`, `monomorphise PATH T = TYPE`, …"""
    lines = dict(map(str.strip, f"{line}=".split("=")[:2]) for line in text.splitlines())
    instances = [(each.split(), lines.pop(each)) for each in list(lines) if each.startswith("monomorphise ")]
    options = PassOptions(
        "strict" in lines,
        lines.get("int-mode", "bigint"),
        lines.get("infer") != "false",
        tuple((path, ((variable, ty),)) for (_, path, variable), ty in instances),
        lines.get("async-mode", "per-call"),
        int(lines.get("async-cancel-timeout", 5000)),
    )
    known = {"strict", "int-mode", "infer", "async-mode", "async-cancel-timeout"}
    assert set(lines) <= known, f"unknown options {sorted(lines)}"
    return options
