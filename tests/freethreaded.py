"""A free-threaded CPython for tests, built once from Debian's source package into the cache.

    make freethreaded        # builds it, or says why it cannot be built, and runs the tests that need it

No package registry offers such an interpreter for this machine's C library, so it is compiled: about
two minutes on two cores, 66 MB. Nothing of the system is changed. `MOCHIC_FREETHREADED` may name an
interpreter to take instead.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from mochic_py.compiler.machine import available_cpus, cache_dir

VERSION = "3.13.5"
SUITE = "trixie"
"""The release of Debian whose source package `python3.13` has that version."""
TARBALL = f"python3.13_{VERSION}.orig.tar.xz"
SHA256 = "93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640"
CHOSEN = "MOCHIC_FREETHREADED"
CONFIGURE = ("-q", "--disable-gil", "--enable-shared", "--without-ensurepip", "--disable-test-modules")


class CannotBuildError(Exception):
    """There is no free-threaded interpreter here; the message says what is missing."""


def find() -> Path | None:
    """Return the interpreter that `build` made, or that the environment names."""
    if chosen := os.environ.get(CHOSEN):
        return Path(chosen)
    found = prefix() / "bin" / "python3.13t"
    return found if found.exists() else None


def interpreter() -> Path:
    """Return the interpreter, or skip the test that asks for it."""
    import pytest  # not needed to build

    found = find()
    if found is None:
        pytest.skip("there is no free-threaded Python; `make freethreaded` builds one")
    return found


def run_python(
    arguments: Sequence[str], environ: Mapping[str, str] = MappingProxyType({}), timeout: float = 300
) -> str:
    """Run the interpreter with a clean environment; return what it prints.

    Where it fails, so does the test, with what it wrote to stderr.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(interpreter()), *arguments],
        env={**kept, **environ},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stderr[-4000:]}"
    return done.stdout


def with_path() -> dict[str, str]:
    """Return the environment in which this program finds the interpreter."""
    return {**os.environ, "PATH": f"{interpreter().parent}{os.pathsep}{os.environ['PATH']}"}


def prefix() -> Path:
    """Return the folder that the interpreter is installed in."""
    return cache_dir(os.environ) / "interpreters" / f"cpython-{VERSION}t"


def build() -> Path:
    """Return the interpreter, made if there is none yet; raise `CannotBuildError`."""
    if found := find():
        return found
    if not sys.platform.startswith("linux"):
        raise CannotBuildError("the source package is fetched with apt-get, which is for Linux")
    for tool in ("apt-get", "cc", "make", "tar"):
        if not shutil.which(tool):
            raise CannotBuildError(f"`{tool}` is missing")
    prefix().parent.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(prefix().parent / ".lock"):
        if not find():
            with tempfile.TemporaryDirectory(prefix="build-", dir=prefix().parent) as work:
                install(compile_in(unpack(fetch(Path(work)))))
    return prefix() / "bin" / "python3.13t"


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`; the operating system gives it back if this process dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fetch(work: Path) -> Path:
    """Get the source package with apt-get, which checks Debian's signatures; return its tarball.

    apt-get gets folders of its own, so that the system's package lists stay as they are.
    """
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    (work / "sources.list").write_text(f"deb-src {archive()} {SUITE} main\n", "utf-8")
    options: list[str] = []
    for key, value in {
        "Dir::Etc::SourceList": str(work / "sources.list"),
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State": str(work / "state"),
        "Dir::State::Status": "/dev/null",
        "Dir::Cache": str(work / "cache"),
        "APT::Sandbox::User": "",
    }.items():
        options += ["-o", f"{key}={value}"]
    run(["apt-get", *options, "-q", "update"], work)
    run(["apt-get", *options, "-q", "source", "--download-only", "python3.13"], work)
    tarball = work / TARBALL
    if not tarball.exists():
        raise CannotBuildError(f"the archive no longer has {TARBALL}")
    if hashlib.sha256(tarball.read_bytes()).hexdigest() != SHA256:
        raise CannotBuildError(f"{TARBALL} has not the expected SHA-256")
    return tarball


def archive() -> str:
    """Return the address of the Debian archive that this machine is set up for."""
    if chosen := os.environ.get("DEBIAN_ARCHIVE"):
        return chosen
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)"], capture_output=True, text=True
    )
    for line in done.stdout.splitlines():
        origin, _, address = line.partition(" ")
        if origin == "Debian":
            return address
    raise CannotBuildError("apt knows no Debian archive; run `apt-get update` once or set DEBIAN_ARCHIVE")


def unpack(tarball: Path) -> Path:
    """Unpack the sources; return their folder."""
    run(["tar", "xf", tarball.name], tarball.parent)
    return tarball.parent / f"Python-{VERSION}"


def compile_in(sources: Path) -> Path:
    """Compile; return a folder that holds all of the file system that an installation would write."""
    nice = ["nice", "-n", "10"]
    flags = ["CFLAGS=-O2 -g0", f"LDFLAGS=-Wl,-rpath,{prefix()}/lib"]
    run(["./configure", f"--prefix={prefix()}", *CONFIGURE, *flags], sources)
    run([*nice, "make", "-s", f"-j{available_cpus()}"], sources)
    staged = sources.parent / "staged"
    run([*nice, "make", "-s", "install", f"DESTDIR={staged}"], sources)
    return staged


def install(staged: Path) -> None:
    """Move what was staged to its place, in one step."""
    made = staged / prefix().relative_to("/")
    for folder in (made / "lib" / "python3.13t").glob("config-*"):
        for library in folder.glob("*.a"):
            library.unlink()
    made.replace(prefix())


def run(command: Sequence[str], folder: Path) -> None:
    """Run a command quietly; raise `CannotBuildError` with the end of its output where it fails."""
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise CannotBuildError(f"`{' '.join(command[:2])}` failed\n{done.stdout[-2000:]}")


if __name__ == "__main__":
    if sys.argv[1:] != ["build"]:
        raise SystemExit(__doc__)
    try:
        print(build())
    except CannotBuildError as error:
        print(f"skipped: no free-threaded interpreter: {error}")
