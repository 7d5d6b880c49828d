"""Calls of pytest: comparisons, matching of lines, patches, runs, errors."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SPEC = "pytest@==9.2.0"


def calls(w):
    yield (
        "nearly equal",
        lambda: w.Approx_equals(w.approx(0.3), 0.1 + 0.2),
        lambda: pytest.approx(0.3) == 0.1 + 0.2,
    )
    yield (
        "not equal",
        lambda: w.Approx_equals(w.approx_with(1.0, {"abs": 0.1}), 1.2),
        lambda: pytest.approx(1.0, abs=0.1) == 1.2,
    )
    yield (
        "lines that match",
        lambda: w.LineMatcher_get_lines_after(w.LineMatcher_new(["a", "b", "c"]), "a*"),
        lambda: pytest.LineMatcher(["a", "b", "c"]).get_lines_after("a*"),
    )
    yield (
        "lines that do not",
        lambda: fails(lambda: w.LineMatcher_fnmatch_lines(w.LineMatcher_new(["a"]), ["z"])),
        lambda: fails(lambda: pytest.LineMatcher(["a"]).fnmatch_lines(["z"])),
    )
    yield "a variable for a while", lambda: patched(w), lambda: ("1", None)
    yield (
        "what was raised",
        lambda: w.ExceptionInfo_exconly(w.ExceptionInfo_from_exception(caught())),
        lambda: pytest.ExceptionInfo.from_exception(caught()).exconly(),
    )
    yield (
        "a module that is not there",
        lambda: skipped(lambda: w.importorskip("no_such_module")),
        lambda: skipped(lambda: pytest.importorskip("no_such_module")),
    )
    yield "a module", lambda: w.importorskip("math").pi, lambda: pytest.importorskip("math").pi
    yield "a mark", lambda: w.MarkDecorator_mark(pytest.mark.slow).name, lambda: pytest.mark.slow.mark.name
    yield "a run", lambda: passed(w.main_with), lambda: passed(lambda options: pytest.main(options["args"]))


def fails(call):
    try:
        call()
    except BaseException as error:
        return type(error).__name__
    return "no error"


def skipped(call):
    try:
        call()
    except BaseException as error:
        return str(error)
    return "not skipped"


def caught():
    try:
        raise ValueError("bad")
    except ValueError as error:
        return error


def patched(w):
    patch = w.MonkeyPatch_new()
    w.MonkeyPatch_setenv(patch, "CALLS_OF_PYTEST", "1")
    during = os.environ.get("CALLS_OF_PYTEST")
    w.MonkeyPatch_undo(patch)
    return during, os.environ.get("CALLS_OF_PYTEST")


def passed(run):
    Path("test_made.py").write_text("def test_nothing():\n    assert True\n", "utf-8")
    return run({"args": ["-q", "-p", "no:cacheprovider", "test_made.py"]})
