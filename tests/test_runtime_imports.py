"""Packages are imported by one thread at a time."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from mochic_py.runtime._mochi_wrap.modules import lazy_module, load_object

HALF = "import time\ntime.sleep(0.05)\nfrom tangled import {other}\nvalue = {value}\n"


def test_modules_that_import_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "tangled"
    package.mkdir()
    (package / "__init__.py").write_text("", "utf-8")
    (package / "one.py").write_text(HALF.format(other="two", value=1), "utf-8")
    (package / "two.py").write_text(HALF.format(other="one", value=2), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    namespace: dict[str, object] = {}
    one = lazy_module("tangled.one", namespace, "one")
    found: list[object] = []

    def run(read: object) -> None:
        try:
            found.append(read())  # type: ignore[operator]
        except Exception as error:
            found.append(error)

    reads = [lambda: one.value, lambda: load_object("tangled.two.value")] * 4
    threads = [threading.Thread(target=run, args=[read]) for read in reads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in ("tangled", "tangled.one", "tangled.two"):
        sys.modules.pop(name, None)
    assert sorted(map(str, found)) == ["1"] * 4 + ["2"] * 4
