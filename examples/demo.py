"""`make demo`: compile the examples, show what came out, and call bound functions.

Needs only what `make` installed. The packages are installed into the workspace's own
environment, for the newest Python of 3.12 or later on this machine; where there is none,
the host's Python is used and said so.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
OUT = HERE.parent / "out" / "demo"
PROGRAMS = [str(HERE / name) for name in ("convert.mochi", "fetch.mochi", "stats.mochi")]


def main() -> int:
    """Run the demonstration; return 0 when every step succeeded."""
    version = choose_version()
    options = ["--python", version, "-o", str(OUT)]
    show(f"Compiling {', '.join(Path(p).name for p in PROGRAMS)} for Python {version}")
    mochic("compile", *PROGRAMS, *options)
    shim = OUT / "python_workspace" / "python_wrap" / "tomli" / "tomli_shim.mochi"
    show(f"The shim of tomli, {shim.relative_to(HERE.parent)}")
    print(shim.read_text("utf-8"))
    show("Installing the pinned packages into the workspace")
    mochic("pkg", "install", *PROGRAMS, *options)
    show("Calling bound functions")
    python = next(path for path in venv_pythons(OUT / "python_workspace" / ".venv") if path.exists())
    subprocess.run([python, HERE / "call_bound.py", OUT / "python_workspace"], check=True)
    return 0


def choose_version() -> str:
    """Return the newest supported `X.Y` found on this machine, else the host's own."""
    from mochic_py.compiler.install import find_interpreter

    for minor in (14, 13, 12):
        if find_interpreter((3, minor)):
            return f"3.{minor}"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    print(f"No Python 3.12 or later was found; the bound functions run on the host's {version}.")
    return version


def mochic(*arguments: str) -> None:
    """Run the command line of the environment this script runs in."""
    subprocess.run([sys.executable, "-m", "mochic_py", *arguments], check=True)


def venv_pythons(venv: Path) -> list[Path]:
    """Return where the Python of `venv` lies, on POSIX and on Windows."""
    return [venv / "bin" / "python", venv / "Scripts" / "python.exe"]


def show(title: str) -> None:
    """Print a heading."""
    print(f"\n== {title} ==\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
