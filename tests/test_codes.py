"""Every diagnostic code is unique, in order, and has a page that names it."""

from __future__ import annotations

import re

import pytest
from casefile import GOLDEN

from mochic_py.ir import codes
from mochic_py.ir.diagnostics import Code

ALL = [value for value in vars(codes).values() if isinstance(value, Code)]


def test_codes_and_names_are_unique_and_in_order() -> None:
    numbers = [code.code for code in ALL]
    assert numbers == sorted(set(numbers))
    assert len({code.name for code in ALL}) == len(ALL)


@pytest.mark.parametrize("code", ALL, ids=lambda c: c.code)
def test_each_code_is_well_formed_and_has_a_page(code: Code) -> None:
    assert re.fullmatch(r"PY[1-6]\d\d", code.code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code.name)
    assert not code.summary.endswith(".")
    page = (GOLDEN / "diagnostics" / f"{code.code}.md").read_text("utf-8")
    assert page.startswith(f"# {code.code} {code.name}\n")


def test_no_page_without_a_code() -> None:
    pages = {path.stem for path in (GOLDEN / "diagnostics").glob("PY*.md")}
    assert pages == {code.code for code in ALL}
