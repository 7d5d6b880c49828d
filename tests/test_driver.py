"""`Driver` and `cache_dir`, as seed phase 0 describes them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from mochic_py import BridgeError, DiagnosticError, Driver, Host, Venv
from mochic_py.compiler.machine import cache_dir


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h", "TMPDIR": "/t"}, "/x/mochi/python-deps"),
        ({"HOME": "/h", "TMPDIR": "/t"}, "/h/.cache/mochi/python-deps"),
        ({"XDG_CACHE_HOME": "", "HOME": "/h"}, "/h/.cache/mochi/python-deps"),
        ({"XDG_CACHE_HOME": "relative/x", "HOME": "/h"}, "/h/.cache/mochi/python-deps"),
        ({"USERPROFILE": "/u"}, "/u/.cache/mochi/python-deps"),
        ({"HOME": "relative", "TMPDIR": "/t"}, "/t/mochi-cache/python-deps"),
        ({"TMPDIR": "/t"}, "/t/mochi-cache/python-deps"),
        ({}, f"{tempfile.gettempdir()}/mochi-cache/python-deps"),
    ],
)
def test_where_the_cache_is(environ: dict[str, str], folder: str) -> None:
    assert cache_dir(environ) == Path(folder)
    assert Driver(host=Host(environ=environ)).cache_dir == Path(folder)


def test_the_caller_may_name_the_cache(tmp_path: Path) -> None:
    driver = Driver(cache=tmp_path / "c", host=Host(environ={"XDG_CACHE_HOME": "/x"}))
    assert driver.cache_dir == tmp_path / "c"
    assert not driver.cache_dir.exists()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    (tmp_path / "tmp").mkdir()
    return Host(environ={"TMPDIR": str(tmp_path / "tmp"), "HOME": str(tmp_path)})


def test_a_work_folder_is_allocated_when_it_is_needed(host: Host, tmp_path: Path) -> None:
    driver = Driver(host=host)
    assert driver.work_dir is None
    assert list((tmp_path / "tmp").iterdir()) == []
    venv = driver.prepare_venv()
    work = driver.work_dir
    assert work is not None
    assert work.is_dir()
    assert work.parent == tmp_path / "tmp"
    assert work.name.startswith("mochi-python-")
    assert venv == Venv()
    assert driver.prepare_venv() is venv
    assert driver.work_dir == work


def test_cleaning_up_removes_what_was_allocated_and_may_be_repeated(host: Host, tmp_path: Path) -> None:
    driver = Driver(host=host)
    driver.cleanup()
    driver.prepare_venv()
    driver.write_venv_root(Venv())
    (tmp_path / "tmp" / "mochi-python-other").mkdir()
    driver.cleanup()
    driver.cleanup()
    assert driver.work_dir is None
    assert [path.name for path in (tmp_path / "tmp").iterdir()] == ["mochi-python-other"]
    driver.prepare_venv()
    assert driver.work_dir is not None
    assert driver.work_dir.is_dir()


def test_an_allocated_folder_that_is_gone_already_is_fine(host: Host) -> None:
    driver = Driver(host=host)
    driver.prepare_venv()
    assert driver.work_dir is not None
    driver.work_dir.rmdir()
    driver.cleanup()
    assert driver.work_dir is None


@pytest.mark.parametrize("name", ["mine", "mochi-python-mine"])
@pytest.mark.parametrize("there", [True, False])
def test_the_folder_of_the_user_is_never_removed(host: Host, tmp_path: Path, name: str, there: bool) -> None:
    mine = tmp_path / "tmp" / name / "deep"
    if there:
        mine.mkdir(parents=True)
        (mine / "keep.txt").write_text("mine")
    driver = Driver(work_dir=mine, host=host)
    assert driver.work_dir == mine
    driver.prepare_venv()
    assert mine.is_dir()
    driver.write_venv_root(Venv())
    driver.cleanup()
    driver.cleanup()
    assert driver.work_dir == mine
    assert (mine / "python_workspace" / "pyproject.toml").is_file()
    assert (mine / "keep.txt").exists() == there


def test_as_a_context_manager_it_prepares_and_cleans_up(host: Host, tmp_path: Path) -> None:
    def fail() -> None:
        with Driver(host=host) as driver:
            assert driver.work_dir is not None
            assert driver.work_dir.is_dir()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_root_of_the_workspace_is_written_and_rewritten(host: Host, tmp_path: Path) -> None:
    driver = Driver(work_dir=tmp_path / "w", host=host)
    venv = driver.prepare_venv().add_shared_dep("httpx", ">=0.27")
    path = driver.write_venv_root(venv)
    assert path == tmp_path / "w" / "python_workspace" / "pyproject.toml"
    assert path.read_bytes() == venv.render_pyproject_toml().encode()
    assert driver.write_venv_root(Venv()) == path
    assert path.read_bytes() == Venv().render_pyproject_toml().encode()
    assert [each.name for each in path.parent.iterdir()] == ["pyproject.toml"]


def test_an_invalid_venv_is_not_written(host: Host, tmp_path: Path) -> None:
    driver = Driver(work_dir=tmp_path / "w", host=host)
    with pytest.raises(BridgeError, match="unknown implementation 'jython'"):
        driver.write_venv_root(Venv(implementation="jython"))
    assert not (tmp_path / "w").exists()


def test_a_work_folder_that_cannot_be_made_is_explained(host: Host, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DiagnosticError, match="cannot create"):
        Driver(work_dir=tmp_path / "file" / "w", host=host).prepare_venv()
    missing = Host(environ={"TMPDIR": str(tmp_path / "missing")})
    with pytest.raises(DiagnosticError, match="cannot create"):
        Driver(host=missing).prepare_venv()
