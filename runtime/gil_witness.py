"""Imports a module where it can do no harm, and says whether that turns the GIL on.

    python -s -S -P -B gil_witness.py JOB      JOB: a JSON file with the fields of `Job`

Run by the compiler, in a Python without the GIL, for modules whose word on it cannot be read from
their files. What holds the module is `sandbox.py` beside this file. What was seen goes to `seen.json`
of the output folder.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypedDict

_BLAMED = re.compile(r"GIL.* to load module '([^']+)'")


class Job(TypedDict):
    """What to do: `module` is imported; `sandbox.py`, at `sandbox`, says what the rest means."""

    module: str
    sandbox: str
    packages: list[str]
    out: str
    home: str
    read: list[str]
    memory: int
    cpu: int


def main(path: str) -> NoReturn:
    """Do the job in the file at `path`; never returns normally, as the module may leave threads behind."""
    job: Job = json.loads(Path(path).read_text("utf-8"))
    sandbox = _load(job["sandbox"])
    sandbox.silence()
    os.chdir(job["home"])
    watch = sandbox.Watch([job["out"], job["home"]])
    sandbox.protect(job, watch)
    sys.addaudithook(watch.see)
    sys.path[:0] = job["packages"]
    sys.argv = ["python"]
    seen = json.dumps(look(job["module"]), sort_keys=True)
    Path(job["out"], "seen.json").write_text(seen, "utf-8")
    os._exit(0)


def look(module: str) -> dict[str, Any]:
    """Import `module`; return whether the GIL was on before and is now, who is blamed, and what failed."""
    is_enabled = getattr(sys, "_is_gil_enabled", lambda: True)
    before, error = is_enabled(), ""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            importlib.import_module(module)
        except BaseException as failed:
            error = f"{type(failed).__name__}: {failed}".replace("\n", " ")[:300]
    texts = [str(each.message) for each in caught]
    blamed = [found[1] for text in texts if (found := _BLAMED.search(text))]
    after = bool(blamed) or _stays_on(is_enabled)
    return {"before": before, "after": after, "blamed": blamed, "error": error}


def _stays_on(is_enabled: Callable[[], bool]) -> bool:
    """Whether the GIL is on for good: it is for a moment while any thread loads an extension module."""
    for _ in range(20):
        if not is_enabled():
            return False
        time.sleep(0.05)
    return True


def _load(path: str) -> Any:
    specification = importlib.util.spec_from_file_location("mochi_sandbox", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(sys.argv[1])
