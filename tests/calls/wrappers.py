"""`make corpus-wrappers`: what holds of every emitted wrapper of the corpus.

On each Python from 3.12 to 3.14 that is on this machine: the wrapper imports in its locked
environment, and so does every module it names, unless that lacks an optional dependency. On the
newest one, ruff and a strict type checker accept the files, and the shim passes our checker.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from run import HERE, OUT, prepare, read_spec

VERSIONS = ("3.12", "3.13", "3.14")
CHILD = """
import importlib, json, sys, warnings
warnings.simplefilter("ignore")
sys.path.insert(0, sys.argv[1])
wrapper = importlib.import_module(f"python_wrap.{sys.argv[2]}").externs
names = [wrapper.__name__, *(f"{wrapper.__package__}.{part}" for part in getattr(wrapper, "_parts", ()))]
modules = [importlib.import_module(name) for name in names]
stand_ins = [
    each for module in modules for each in vars(module).values() if type(each).__name__ == "LazyModule"
]
failed = {}
for each in stand_ins:
    try:
        each._load()
    except (SystemExit, Exception) as error:
        failed[each._name] = f"{type(error).__name__}: {error}"
print(json.dumps([len(stand_ins), failed]))
"""


def main(chosen: Sequence[str]) -> int:
    """Check the wrappers of the packages `chosen`, else of all; return 0 when everything holds."""
    files = sorted((HERE / "corpus").glob("[!_]*.py"))
    specs = {path.stem: read_spec(path) for path in files if not chosen or path.stem in chosen}
    present = [version for version in VERSIONS if is_present(version)]
    for version in sorted(set(VERSIONS) - set(present)):
        print(f"Python {version}: NOT CHECKED, it is not on this machine")
    problems: list[str] = []
    for version in present:
        workspace = prepare(specs, OUT / f"wrappers-{version}", version)
        found = [line for alias in specs for line in check_import(alias, workspace, version)]
        print(f"Python {version}: {len(specs)} wrappers, {len(found)} problems", flush=True)
        problems += found
    for name, check in (("ruff", check_ruff), ("strict types", check_types), ("shims", check_shims)):
        found = list(check(workspace, list(specs)))
        print(f"{name}: {len(found)} problems", flush=True)
        problems += found
    print("".join(f"    {line}\n" for line in problems), end="")
    return 1 if problems else 0


def is_present(version: str) -> bool:
    """Tell whether this Python is on the machine."""
    from mochic_py.compiler.install import find_interpreter

    major, minor = map(int, version.split("."))
    return find_interpreter((major, minor)) is not None


def check_import(alias: str, workspace: Path, version: str) -> Iterator[str]:
    """Yield why a wrapper, or a module it names, cannot be imported."""
    python = next(path for path in workspace.glob(".venv/*/python*") if path.stem == "python")
    done = subprocess.run(
        [python, "-c", CHILD, workspace, alias], capture_output=True, text=True, timeout=300
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    if not lines:
        yield f"{version} {alias}: {done.stderr.strip().splitlines()[-1:]}"
        return
    _, failed = json.loads(lines[-1])
    for module, reason in failed.items():
        if not reason.startswith(("ModuleNotFoundError", "ImportError")):
            yield f"{version} {alias}: {module}: {reason}"


def check_ruff(workspace: Path, aliases: list[str]) -> Iterator[str]:
    """Yield what ruff's default rules and format say of the wrappers and their stubs."""
    folder = workspace / "python_wrap"
    for command in (
        ["check", "--isolated", "--output-format", "concise"],
        ["format", "--isolated", "--check"],
    ):
        done = run_module("ruff", *command, "--no-cache", str(folder))
        if done.returncode:
            yield from (line.replace(str(folder), "") for line in done.stdout.splitlines())


def check_types(workspace: Path, aliases: list[str]) -> Iterator[str]:
    """Yield what a strict type checker says of the stubs, and another one where it gives up."""
    settings = workspace / "pyrightconfig.json"
    python = next(path for path in workspace.glob(".venv/*/python*") if path.stem == "python")
    told = {
        "typeCheckingMode": "strict",
        "include": ["python_wrap/**/*.pyi"],
        "pythonVersion": python.parent.parent.joinpath("pyvenv.cfg")
        .read_text()
        .split("version_info = ")[1][:4],
        "venvPath": ".",
        "venv": ".venv",
        # What a package's own modules lack is not ours: a class without type arguments, say.
        "reportMissingModuleSource": False,
    }
    settings.write_text(json.dumps(told), "utf-8")
    done = run_module("basedpyright", "-p", str(settings), "--outputjson")
    for each in json.loads(done.stdout)["generalDiagnostics"]:
        if "too complex" in each["message"]:
            yield from check_types_slowly(Path(each["file"]), workspace)
        elif each["severity"] == "error":
            line = each["range"]["start"]["line"] + 1 if "range" in each else 0
            yield f"{Path(each['file']).name}:{line}: {each['message'].splitlines()[0]}"


def check_types_slowly(stub: Path, workspace: Path) -> Iterator[str]:
    """Yield what mypy says of a stub with more functions than pyright follows."""
    done = run_module("mypy", "--strict", "--no-incremental", "--config-file=", str(stub), cwd=workspace)
    if done.returncode:
        yield from (line.rpartition("/")[2] for line in done.stdout.splitlines())


def check_shims(workspace: Path, aliases: list[str]) -> Iterator[str]:
    """Yield what our checker says of the shims."""
    for shim in sorted(workspace.glob("python_wrap/*/*.mochi")):
        done = run_module("mochic_py", "check", str(shim))
        if done.returncode:
            yield f"{shim.name}: {(done.stdout + done.stderr).splitlines()[0]}"


def run_module(name: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a module of this environment."""
    return subprocess.run([sys.executable, "-m", name, *arguments], capture_output=True, text=True, cwd=cwd)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
