"""The page of skip reasons covers the closed set, in its order, with all it promises."""

from __future__ import annotations

import re

import pytest
from casefile import GOLDEN

from mochic_py.ir import codes
from mochic_py.ir.diagnostics import Code
from mochic_py.ir.refusals import SkipReason

PAGE = (GOLDEN / "diagnostics" / "skip-reasons.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def test_page_lists_exactly_the_reasons_in_order() -> None:
    assert list(SECTIONS) == [reason.value for reason in SkipReason]
    assert len(SkipReason) == 20


@pytest.mark.parametrize("reason", SkipReason, ids=lambda reason: reason.value)
def test_each_section_says_what_happens_and_shows_an_example(reason: SkipReason) -> None:
    section = SECTIONS[reason.value].strip()
    assert re.match(r"(Degrades|Refuses)\b", section)
    assert re.search(r"^    \S", section, re.MULTILINE), "no example"


def test_page_names_only_codes_that_exist() -> None:
    known = {value.code for value in vars(codes).values() if isinstance(value, Code)}
    named = set(re.findall(r"PY\d{3}", PAGE))
    assert named
    assert named <= known


@pytest.mark.parametrize("reason", SkipReason, ids=lambda reason: reason.value)
def test_tokens_are_read_back(reason: SkipReason) -> None:
    assert SkipReason.from_token(reason.value) is reason


def test_a_token_of_a_later_version_is_unknown() -> None:
    assert SkipReason.from_token("SkipSomethingNew") is SkipReason.UNKNOWN
