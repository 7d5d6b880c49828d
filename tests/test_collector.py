"""The garbage collector of our own processes."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from mochic_py.compiler.collector import paused_collector, relax_collector


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.enable()
    gc.set_threshold(*before)
    gc.unfreeze()


def test_the_collector_of_another_program_is_left_alone() -> None:
    with paused_collector():
        assert gc.isenabled()
    assert not gc.get_freeze_count()


def test_our_own_pauses_and_goes_on_after_an_error() -> None:
    relax_collector()
    with paused_collector():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(LookupError):
        _fail()
    assert gc.isenabled()


@paused_collector()
def _fail() -> None:
    raise LookupError


def test_what_one_package_left_is_freed_before_the_next() -> None:
    relax_collector()
    with paused_collector():
        circle: list[object] = []
        circle.append(circle)
        circle = []
    freed: list[str] = []

    def note(phase: str, info: dict[str, int]) -> None:
        freed.extend([phase] if info["collected"] else [])

    gc.callbacks.append(note)
    try:
        with paused_collector():
            assert freed == ["stop"]
    finally:
        gc.callbacks.remove(note)
