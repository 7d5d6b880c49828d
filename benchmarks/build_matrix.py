"""`make build-matrix`: the example package built in every way, and judged by the tools of the field.

The archives have to be the same on every Python at hand, under another umask, time zone and order of files;
what pip and uv build from the source archive has to be the direct build. Before all that, the cost of writing
50 MB beside plain zipfile, in one run.
"""

from __future__ import annotations

import io
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from mochic_py.compiler.install import find_interpreter
from mochic_py.runtime.mochi_build import Member, write_wheel

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "package"
TOOLS = ("twine", "check-wheel-contents", "validate-pyproject[all]", "build", "pip", "installer")
PLACES = {
    "as it is": {},
    "another umask, time zone and locale": {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "1"},
}


def main() -> int:
    """Run all rows; return 1 where one fails."""
    # First, for what comes after keeps the processors busy.
    failed = int(not compare_speed())
    with tempfile.TemporaryDirectory() as place:
        for name, ok in check(Path(place)):
            failed += not ok
            print(f"{'ok  ' if ok else 'FAIL'}  {name}", flush=True)
    return 1 if failed else 0


def check(place: Path) -> Iterator[tuple[str, bool]]:
    """Yield what was tried, and whether it holds."""
    first = place / "first"
    build(EXAMPLE, first, sys.executable)
    wanted = contents(first)
    wheel, sdist = next(first.glob("*.whl")), next(first.glob("*.tar.gz"))
    for name, environment in PLACES.items():
        copy = shuffled_copy(place / f"copy-{len(name)}")
        out = place / f"out-{len(name)}"
        build(copy, out, sys.executable, umask=0o077, **environment)
        yield f"same bytes: {name}", contents(out) == wanted
    tools = place / "tools"
    run(sys.executable, "-m", "uv", "venv", "--quiet", tools)
    python = next(path for path in tools.glob("*/python*") if path.stem == "python")
    run(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", python, *TOOLS)
    source = place / "source"
    shutil.unpack_archive(sdist, source, filter="data")
    (root,) = source.iterdir()
    yield "twine check --strict", run(python, "-m", "twine", "check", "--strict", wheel, sdist)
    yield "check-wheel-contents", run(python, "-m", "check_wheel_contents", wheel)
    yield "validate-pyproject", run(python, "-m", "validate_pyproject", root / "pyproject.toml")
    for found in filter(None, (find_interpreter((3, minor)) for minor in (12, 13, 14))):
        yield from check_python(found.path, found.version, place, wheel, sdist, root)
    out = place / "built"
    yield (
        "python -m build, from the unpacked sources",
        run(python, "-m", "build", "--no-isolation", "--skip-dependency-check", "--outdir", out, root)
        and contents(out) == wanted,
    )


def check_python(
    python: str, version: tuple[int, int], place: Path, wheel: Path, sdist: Path, root: Path
) -> Iterator[tuple[str, bool]]:
    """Yield how one Python does: the backend run by it, pip and uv over it, and the installed package."""
    name = f"{version[0]}.{version[1]}"
    own, by_pip, by_uv, site = (place / f"{kind}-{name}" for kind in ("own", "pip", "uv", "site"))
    own.mkdir()
    code = "import mochi_build as m, sys; m.build_wheel(sys.argv[1]); m.build_sdist(sys.argv[1])"
    environment = {"PYTHONPATH": str(root / "_backend"), "PYTHONDONTWRITEBYTECODE": "1"}
    ok = run(python, "-c", code, own, folder=root, **environment)
    yield f"{name}: the backend alone gives the same bytes", ok and contents(own) == contents(wheel.parent)
    uv = (sys.executable, "-m", "uv")
    run(*uv, "venv", "--quiet", "--seed", "--python", python, place / f"venv-{name}")
    inner = next(path for path in (place / f"venv-{name}").glob("*/python*") if path.stem == "python")
    ok = run(inner, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", by_pip, sdist)
    yield f"{name}: pip builds the same wheel", ok and same(by_pip, wheel)
    ok = run(*uv, "build", "--quiet", "--wheel", "--python", python, "--out-dir", by_uv, sdist)
    yield f"{name}: uv builds the same wheel", ok and same(by_uv, wheel)
    ok = run(inner, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site, wheel)
    call = "import mochi_pkg_greeting as m; assert m.greet('Ada') == 'Hello, Ada!'"
    yield f"{name}: pip installs it, and it runs", ok and run(inner, "-c", call, PYTHONPATH=str(site))
    ok = run(inner, "-m", "pip", "install", "--quiet", "--no-deps", "--editable", root)
    yield f"{name}: an editable install runs", ok and run(inner, "-c", call)


def build(package: Path, out: Path, python: str, umask: int = 0o022, **environment: str) -> None:
    """Run `pkg build`."""
    command = [python, "-m", "mochic_py", "pkg", "build", "--manifest", package / "mochi.toml", "--out", out]
    subprocess.run(
        command,
        check=True,
        umask=umask,
        env={**os.environ, **environment},
        capture_output=True,
        cwd=ROOT.parent,
    )


def shuffled_copy(place: Path) -> Path:
    """Copy the example with its files made in another order, at another time."""
    files = [path for path in EXAMPLE.rglob("*") if path.is_file() and "dist" not in path.parts]
    random.Random(3).shuffle(files)
    for path in files:
        target = place / path.relative_to(EXAMPLE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        os.utime(target, (random.Random(str(path)).randrange(10**9), 10**9))
    return place


def contents(folder: Path) -> dict[str, bytes]:
    """Return the archives in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".whl", ".gz")}


def same(folder: Path, wheel: Path) -> bool:
    """Tell whether the wheel in a folder is `wheel`."""
    return (folder / wheel.name).read_bytes() == wheel.read_bytes()


def run(*command: object, folder: Path | None = None, **environment: str) -> bool:
    """Run a command; show what it says where it fails."""
    shown: Sequence[str] = [str(part) for part in command]
    done = subprocess.run(
        shown, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True
    )
    if done.returncode:
        print(" ".join(shown), done.stdout, done.stderr, sep="\n", file=sys.stderr)
    return done.returncode == 0


def compare_speed() -> bool:
    """Write 50 MB as a wheel and with plain zipfile; tell whether ours costs at most 1.1 times that.

    Two threads have to be faster than one, where a second processor was free to begin with.
    """
    calm = os.getloadavg()[0] + 1.5 < (os.cpu_count() or 1)
    dice = random.Random(1)
    words = [bytes(dice.choices(b"abcdefghij \n", k=dice.randrange(3, 12))) for _ in range(4000)]
    members = [Member(f"pkg/{n}.py", b"".join(dice.choices(words, k=6000))) for n in range(1100)]
    rows: dict[str, list[float]] = {"zipfile": [], "ours": [], "ours, -j 2": []}
    for _ in range(3):
        started = time.perf_counter()
        with zipfile.ZipFile(io.BytesIO(), "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for member in members:
                archive.writestr(member.path, member.data)  # type: ignore[arg-type]
        rows["zipfile"].append(time.perf_counter() - started)
        for name, jobs in (("ours", 1), ("ours, -j 2", 2)):
            started = time.perf_counter()
            write_wheel(members, "pkg-1.dist-info", io.BytesIO(), 0, jobs)
            rows[name].append(time.perf_counter() - started)
    size = sum(len(member.data) for member in members if isinstance(member.data, bytes))
    base = median(rows["zipfile"])
    for name, seconds in rows.items():
        print(
            f"      {name:12} {median(seconds):6.2f} s  {median(seconds) / base:5.2f}  ({size / 1e6:.0f} MB)"
        )
    if not calm:
        print("      the machine is busy: that -j 2 is faster is not asked for")
    faster = not calm or median(rows["ours, -j 2"]) < median(rows["ours"])
    return median(rows["ours"]) <= 1.1 * base and faster


if __name__ == "__main__":
    sys.exit(main())
