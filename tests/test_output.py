"""What a compilation leaves in its output folder: all of its files, and none of an earlier one."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from local_packages import mochic, read_tree

from mochic_py.compiler.files import TemporaryFile
from mochic_py.compiler.host import Host
from mochic_py.compiler.output import RECORD, Written, read_record, write_output

A = "python_workspace/python_wrap/a/a_shim.mochi"
B = "python_workspace/python_wrap/b/b_shim.mochi"
IR = "ir/a.ir"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def _write(out: Path, *paths: str, text: bytes = b"made") -> Written:
    return write_output(Host(), out, dict.fromkeys(paths, text))


def test_files_are_listed_and_left_alone_when_right(out: Path) -> None:
    assert _write(out, A, IR) == Written(2, 0)
    record = (out / RECORD).read_bytes()
    assert json.loads(record) == {"schema": 1, "files": [IR, A]}
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert _write(out, IR, A) == Written(0, 0)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    (out / A).write_bytes(b"edited")
    assert _write(out, A, IR) == Written(1, 0)
    assert (out / RECORD).read_bytes() == record


def test_what_is_no_longer_made_goes_with_its_folder_and_what_others_put_there_stays(out: Path) -> None:
    _write(out, A, B, IR)
    mine = out / "python_workspace/python_wrap/b/mine.py"
    mine.write_bytes(b"mine")
    assert _write(out, B) == Written(0, 2)
    assert set(read_tree(out)) == {B, RECORD, mine.relative_to(out).as_posix()}
    assert not (out / A).parent.exists()
    assert not (out / "ir").exists()
    assert _write(out) == Written(0, 1)
    assert set(read_tree(out)) == {mine.relative_to(out).as_posix()}


def test_nothing_to_write_makes_no_folder(out: Path) -> None:
    assert _write(out) == Written(0, 0)
    assert not out.exists()
    _write(out, A)
    _write(out)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"{",
        b"[]",
        b'{"files": {}}',
        b'{"files": [1, null]}',
        b'{"files": ["../mine", "/etc/hosts", "", ".", "a\\\\b", "python_workspace/../../mine", "c:mine"]}',
        b'{"files": ["linked/mine", "folder", "python_workspace/.mochic-files"]}',
        b"\xff\xfe",
    ],
)
def test_a_record_of_somebody_else_removes_nothing_outside(out: Path, record: bytes) -> None:
    for path in (
        out.parent / "mine",
        out.parent / "elsewhere" / "mine",
        out / "folder" / "mine",
        out / "mine",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mine")
    (out / "linked").symlink_to(out.parent / "elsewhere")
    (out / RECORD).parent.mkdir()
    (out / RECORD).write_bytes(record)
    before = read_tree(out.parent)
    before.pop(f"out/{RECORD}")
    assert _write(out, A).removed == 0
    after = read_tree(out.parent)
    del after[f"out/{RECORD}"], after[f"out/{A}"]
    assert after == before


class _Dying(Host):
    """A host that dies at the `last` change it makes to the disk, before or after it took place."""

    def __init__(self, last: int, after: bool) -> None:
        super().__init__()
        self.left, self.after = last, after

    @contextmanager
    def _change(self) -> Iterator[None]:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise KeyboardInterrupt
        yield
        if self.left == 0:
            raise KeyboardInterrupt

    @contextmanager
    def temporary_file(self, path: Path) -> Iterator[TemporaryFile]:
        with self._change(), super().temporary_file(path) as file:
            yield file

    def remove(self, path: Path) -> None:
        with self._change():
            super().remove(path)


STATES: tuple[Mapping[str, bytes], ...] = (
    {A: b"1", B: b"1", IR: b"1"},
    {A: b"2"},
    {B: b"3", IR: b"3"},
    {},
)


@pytest.mark.parametrize("after", [False, True])
def test_a_run_that_dies_anywhere_leaves_nothing_the_next_one_cannot_clean(out: Path, after: bool) -> None:
    deaths = 0
    for first in STATES:
        for second in STATES:
            for last in range(1, 9):
                write_output(Host(), out, first)
                try:
                    write_output(_Dying(last, after), out, second)
                except KeyboardInterrupt:
                    deaths += 1
                found = set(read_tree(out)) - {RECORD}
                assert found <= read_record(Host(), out)
                for third in STATES:
                    write_output(Host(), out, third)
                    tree = read_tree(out)
                    assert tree.pop(RECORD, b"") or not third
                    assert tree == third
    assert deaths > 30


def test_temporary_files_of_the_dead_are_removed_once_they_are_old(out: Path) -> None:
    _write(out, A)
    folder = (out / A).parent
    old, young, others = (
        folder / ".a_shim.mochi.0123456789ab.tmp",
        folder / ".a_shim.mochi.ba9876543210.tmp",
        folder / ".notes.0123456789ab.tmp",
    )
    for path in (old, young, others):
        path.write_bytes(b"half")
    for path in (old, others):
        os.utime(path, (time.time() - 4000,) * 2)
    _write(out, A, text=b"new")
    assert [path.exists() for path in (old, young, others)] == [False, True, True]
    os.utime(young, (time.time() - 4000,) * 2)
    _write(out, B)
    assert sorted(path.name for path in folder.iterdir()) == [others.name]


def test_an_alias_that_goes_away_takes_its_files_along(desk: Path) -> None:
    program = desk / "app.mochi"
    both, one = (
        'import python "tally" as tally\nimport python "shapes" as s\n',
        'import python "tally" as t\n',
    )
    program.write_text(one)
    assert mochic("compile", program, "-o", "fresh").code == 0
    program.write_text(both)
    assert mochic("compile", program, "-o", "out", "--emit", "wrapper,pyi,shim,symbols,ir").code == 0
    assert (desk / "out/ir/tally.ir").exists()
    mine = desk / "out/python_workspace/python_wrap/s/notes.txt"
    mine.write_text("mine")
    program.write_text(one)
    for _ in range(2):  # compiled, then from the memo
        assert mochic("compile", program, "-o", "out").code == 0
        assert mine.read_text() == "mine"
        tree = read_tree(desk / "out")
        del tree["python_workspace/python_wrap/s/notes.txt"]
        assert tree == read_tree(desk / "fresh")


def test_a_failed_compile_removes_nothing(desk: Path) -> None:
    program = desk / "app.mochi"
    program.write_text('import python "tally" as tally\n')
    assert mochic("compile", program, "-o", "out").code == 0
    before = read_tree(desk / "out")
    program.write_text('import python "no-such-thing" as tally\n')
    assert mochic("compile", program, "-o", "out").code == 1
    assert read_tree(desk / "out") == before


def test_the_record_is_no_business_of_the_ignore_file(desk: Path) -> None:
    """Who commits the workspace commits the record too, so that a clone can be cleaned as well."""
    assert mochic("compile", "--package", "tally", "-o", "out").code == 0
    ignored = (desk / "out/python_workspace/.gitignore").read_text().split()
    assert not any(line.startswith((".mochic", "*")) and line != "*.pyc" for line in ignored)
    assert read_record(Host(), desk / "out") == set(read_tree(desk / "out")) - {RECORD}
