"""`import mochic_py`: the names it gives, listed here so that a change is a decision."""

from __future__ import annotations

import subprocess
import sys

import pytest

import mochic_py

NAMES = [
    "Alias",
    "Artifact",
    "AsyncOf",
    "BridgeError",
    "BridgeType",
    "BuildRequest",
    "BuildResult",
    "BuildTarget",
    "Class",
    "Constant",
    "Diagnostic",
    "DiagnosticError",
    "Driver",
    "Emit",
    "Field",
    "FunOf",
    "Function",
    "Host",
    "IteratorOf",
    "ListOf",
    "LiteralOf",
    "MapOf",
    "Module",
    "OptionOf",
    "Orchestrator",
    "Package",
    "PackageRequest",
    "Param",
    "PassManager",
    "Property",
    "Ref",
    "Refusal",
    "Request",
    "Requirement",
    "Result",
    "Scalar",
    "SelfType",
    "SetOf",
    "ShimStyle",
    "Signature",
    "SkipReason",
    "SkipReport",
    "SourceFile",
    "StreamOf",
    "Target",
    "TupleOf",
    "TypeObject",
    "TypeVarRef",
    "UnionOf",
    "Unsupported",
    "Variant",
    "Venv",
    "compile",
    "__version__",
]


def test_the_public_names_are_these() -> None:
    assert mochic_py.__all__ == NAMES
    assert dir(mochic_py) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_there_and_documented(name: str) -> None:
    found = getattr(mochic_py, name)
    is_value = name in ("BridgeType", "__version__")
    assert is_value or (found.__doc__ and found.__module__.startswith("mochic_py."))


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        mochic_py.Nonsense  # noqa: B018


def test_importing_it_loads_nothing_else() -> None:
    code = "import sys, mochic_py; print(sorted(m for m in sys.modules if m.startswith('mochic_py')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['mochic_py']\n"


def test_a_star_import_gives_every_name() -> None:
    code = "before = set(dir()); from mochic_py import *; print(len(set(dir()) - before - {'before'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == len(set(NAMES) - {"__version__"}) + 1
