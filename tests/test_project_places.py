"""Projects as dependencies, editable or not, and manifests in another folder than the working one."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest
from local_packages import mochic
from test_resolve_sources import BACKEND, STATIC, write

EDITABLE = """
def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    info = "own-1.5.dist-info"
    files = {"own.pth": os.getcwd() + "\\n", f"{info}/METADATA": METADATA, f"{info}/WHEEL": WHEEL}
    record = "".join(record_line(*item) for item in files.items()) + f"{info}/RECORD,,\\n"
    with zipfile.ZipFile(pathlib.Path(wheel_directory, "own-1.5-py3-none-any.whl"), "w") as archive:
        for path, content in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, content)
    return "own-1.5-py3-none-any.whl"
"""
MANIFEST = '[python-dependencies]\nown = { path = "own", editable = true }\ntally = ">=0.3"\n'
TARGET = ("--target", "linux-x86_64", "--python", "3.13")


@pytest.fixture
def project(desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A manifest in `there`, seen from the folder beside it."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    folder = tmp_path / "there"
    static = STATIC.replace("""dependencies = ["b ; python_version >= '3.9'"]""", "dependencies = []")
    backend = (BACKEND + EDITABLE).replace("TAG", "py3-none-any").replace("Requires-Dist: b\\n", "")
    write(folder / "own", {"pyproject.toml": static, "backend.py": backend, "payload.txt": "1"})
    write(folder / "own" / "own", {"__init__.py": "x = 'edited'\n"})
    write(folder, {"mochi.toml": MANIFEST})
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return folder


@pytest.mark.parametrize("editable", [True, False])
def test_lock_export_and_install_from_another_folder(project: Path, editable: bool) -> None:
    if not editable:
        backend = project / "own" / "backend.py"
        backend.write_text(backend.read_text("utf-8").replace("def build_editable", "def none"), "utf-8")
    manifest = ("--manifest", "../there/mochi.toml")
    done = mochic("pkg", "lock", *manifest, *TARGET)
    assert done.code == 0, done.err
    text = (project / "mochi.lock").read_text("utf-8")
    assert 'source = { path = "own", editable = true }' in text
    assert not Path("mochi.lock").exists()
    done = mochic("pkg", "lock", *manifest, "--locked")
    assert done.code == 0, done.err
    done = mochic("pkg", "lock", *manifest)
    assert done.code == 0, done.err
    assert (project / "mochi.lock").read_text("utf-8") == text
    done = mochic("pkg", "export", "pylock", *manifest)
    assert done.code == 0, done.err
    exported = tomllib.loads((project / "pylock.toml").read_text("utf-8"))
    own = next(each for each in exported["packages"] if each["name"] == "own")
    assert own["directory"] == {"path": "own", "editable": True}
    done = mochic("pkg", "install", *manifest, *TARGET, "--locked", "--out", "out")
    assert done.code == 0, done.err
    assert ("own is installed as a wheel" in done.err) == (not editable)
    python = next(Path("out").rglob("bin/python"))
    shown = subprocess.run(
        [python, "-c", "import own; print(own.x)"], capture_output=True, text=True, check=True
    )
    assert shown.stdout == ("edited\n" if editable else "1\n")
