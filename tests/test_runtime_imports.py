"""Packages are imported by one thread at a time."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mochic_py.runtime._mochi_wrap.modules import lazy_module, load_object


def test_modules_that_import_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "tangled"
    package.mkdir()
    (package / "__init__.py").write_text("from tangled import one\n", "utf-8")
    one = "import time\ntime.sleep(0.2)\nfrom tangled.two import value\n"
    (package / "one.py").write_text(one, "utf-8")
    (package / "two.py").write_text("import tangled.one\nvalue = 1\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    # The first thread has one module and waits for the other; the second has that, and waits for the first.
    whole = lazy_module("tangled", {}, "whole")
    found: list[object] = []

    def run(read: Callable[[], object]) -> None:
        try:
            found.append(read())
        except Exception as error:
            found.append(error)

    threads = [
        threading.Thread(target=run, args=[read])
        for read in (lambda: whole.one.value, lambda: load_object("tangled.two.value"))
    ]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    for name in ("tangled", "tangled.one", "tangled.two"):
        sys.modules.pop(name, None)
    assert found == [1, 1]
