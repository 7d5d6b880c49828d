"""Run the calls of one case file in the workspace's Python; print one JSON object for each.

python outcome.py WORKSPACE CASEFILE
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import importlib
import importlib.util
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any


def main(workspace: str, case: str) -> None:
    """Compare each call through the wrapper with the direct one."""
    path = Path(case)
    sys.path[:0] = [workspace, str(path.parent.parent)]
    warnings.simplefilter("ignore")
    wrapper = importlib.import_module(f"python_wrap.{path.stem}").externs
    report = sys.stdout
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        for name, wrapped, direct in load(path).calls(wrapper):
            with contextlib.redirect_stdout(sys.stderr):
                got, want = outcome(wrapped), outcome(direct)
            problem = "" if got == want else f"through the wrapper {got!r}, directly {want!r}"
            print(json.dumps({"name": name, "problem": problem}), file=report, flush=True)


def load(path: Path) -> ModuleType:
    """Import a case file by its place; its name is that of the package it calls."""
    spec = importlib.util.spec_from_file_location(f"calls_of_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def outcome(call: Callable[[], object]) -> tuple[str, object]:
    """Return what a call gives in a form that both sides share, or what it raises."""
    try:
        return "gives", plain(call())
    except Exception as error:
        return "raises", f"{type(error).__name__}: {error}"


def plain(value: object) -> object:
    """Return `value` without what is Mochi's or Python's own: records and tuples are lists.

    A variant is what it holds; one without fields, and a member of an enum, is its name.
    """
    if isinstance(value, enum.Enum):
        return f"member {value.name}"
    if is_case(value):
        return f"member {type(value).__name__.partition('_')[2]}"
    if dataclasses.is_dataclass(value) and type(value).__module__.startswith("python_wrap"):
        fields = [plain(getattr(value, each.name)) for each in dataclasses.fields(value)]
        return fields[0] if is_tagged(value) else fields
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=repr)
    if isinstance(value, Iterator):
        return [plain(item) for item in value]
    if callable(to_list := getattr(value, "tolist", None)):
        return plain(to_list())
    return value


def is_case(value: object) -> bool:
    """Tell whether `value` is a variant without fields."""
    return any(
        cls.__module__ == "_mochi_wrap.variants" and cls.__name__ == "Case" for cls in type(value).__mro__
    )


def is_tagged(value: Any) -> bool:  # noqa: ANN401
    """Tell whether `value` is a variant that holds one value."""
    fields = dataclasses.fields(value)
    return len(fields) == 1 and fields[0].name == "value" and "_" in type(value).__name__


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
