"""The verifier names what is wrong with a package, by the passes that have run."""

from __future__ import annotations

import pytest
from casefile import GOLDEN, Case, check_case, read_cases

from mochic_py.ir.parser import parse_package
from mochic_py.ir.source import SourceFile
from mochic_py.ir.verifier import verify_package


@pytest.mark.parametrize("case", read_cases(GOLDEN / "ir" / "verifier.md"), ids=str)
def test_goldens(case: Case, update_golden: bool) -> None:
    package, diagnostics = parse_package(SourceFile("input.ir", case.blocks["input"]))
    assert package is not None, diagnostics
    check_case(case, "problems", "".join(f"{each}\n" for each in verify_package(package)), update_golden)
