"""The verifier names what is wrong with a package, by the passes that have run."""

from __future__ import annotations

import pytest
from attrs import evolve
from casefile import GOLDEN, Case, check_case, read_cases

from mochic_py.ir.parser import parse_package
from mochic_py.ir.source import SourceFile
from mochic_py.ir.verifier import Verified, verify_package


@pytest.mark.parametrize("case", read_cases(GOLDEN / "ir" / "verifier.md"), ids=str)
def test_goldens(case: Case, update_golden: bool) -> None:
    package, diagnostics = parse_package(SourceFile("input.ir", case.blocks["input"]))
    assert package is not None, diagnostics
    check_case(case, "problems", "".join(f"{each}\n" for each in verify_package(package)), update_golden)


@pytest.mark.parametrize("case", read_cases(GOLDEN / "ir" / "verifier.md"), ids=str)
def test_what_was_verified_is_verified_again_under_new_rules(case: Case) -> None:
    package, _ = parse_package(SourceFile("input.ir", case.blocks["input"]))
    assert package is not None
    verified = Verified()
    for count in range(len(package.passes) + 1):
        # The same objects, as a pass leaves them that changes nothing.
        after = evolve(package, passes=package.passes[:count])
        assert verify_package(after, verified) == verify_package(after)
        assert verify_package(after, verified) == verify_package(after)
