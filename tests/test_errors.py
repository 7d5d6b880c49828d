"""`SkipReason`, `SkipReport` and `BridgeError`, as seed phase 0 describes them."""

from __future__ import annotations

import pytest

from mochic_py.ir.errors import BridgeError, SkipReport
from mochic_py.ir.refusals import SkipReason


def test_there_are_twenty_reasons_and_each_token_reads_back() -> None:
    assert len(SkipReason) == 20
    assert [SkipReason.from_token(reason.value) for reason in SkipReason] == list(SkipReason)


@pytest.mark.parametrize("token", ["", "SkipNonsense", "skipopenunion"])
def test_an_unknown_token_is_unknown(token: str) -> None:
    assert SkipReason.from_token(token) is SkipReason.UNKNOWN


def test_a_report_shows_its_override_only_when_there_is_one() -> None:
    report = SkipReport("m.f", SkipReason.OPEN_UNION, "int | Any", "extern python fun f(x: any): any")
    assert str(report) == ("m.f: SkipOpenUnion: int | Any\n    override: extern python fun f(x: any): any")
    assert str(SkipReport("m.f", SkipReason.OPEN_UNION, "int | Any")) == "m.f: SkipOpenUnion: int | Any"


def test_a_report_keeps_an_empty_detail() -> None:
    assert str(SkipReport("m.f", SkipReason.DUNDER)) == "m.f: SkipDunder: "


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (BridgeError("lock", "httpx", "no such version"), "lock[httpx]: no such version"),
        (BridgeError("lock", "", "no index"), "lock: no index"),
        (BridgeError("plan", "a", BridgeError("stub", "b", OSError("gone"))), "plan[a]: stub[b]: gone"),
    ],
)
def test_an_error_names_phase_package_and_cause(error: BridgeError, text: str) -> None:
    assert str(error) == text


def test_the_chain_of_causes_can_be_walked() -> None:
    original = OSError("gone")
    error = BridgeError("plan", "a", BridgeError("stub", "b", original))
    assert error.find(OSError) is original
    assert error.find(KeyError) is None
    inner = error.__cause__
    assert isinstance(inner, BridgeError)
    assert (inner.phase, inner.package) == ("stub", "b")
    assert inner.__cause__ is original
