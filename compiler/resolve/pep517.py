"""Metadata from a build backend without a build: the hook `prepare_metadata_for_build_wheel` of PEP 517.

Many source distributions compile for minutes, or cannot compile here at all, and yet tell at once
what they need. The hook runs in an environment of its own, made by uv.
"""

from __future__ import annotations

import json
import tarfile
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, final

from attrs import frozen

from ..host import Completed, Host

_TIMEOUT: Final = 600.0
_MARK: Final = "mochic-py-hook:"
_LEGACY: Final[dict[str, Any]] = {
    "requires": ["setuptools"],
    "build-backend": "setuptools.build_meta:__legacy__",
}
# Runs in the environment of the build. What a backend prints is kept apart from the answer.
_HOOK: Final = """
import importlib, json, os, sys
hook, backend, paths, out = sys.argv[1:5]
sys.path[:0] = json.loads(paths)
module, _, attribute = backend.partition(":")
found = importlib.import_module(module)
for part in filter(None, attribute.split(".")):
    found = getattr(found, part)
if hook == "requires":
    call = getattr(found, "get_requires_for_build_wheel", None)
    answer = list(call()) if call else []
else:
    call = getattr(found, "prepare_metadata_for_build_wheel", None)
    answer = call(out) if call else None
print("\\nmochic-py-hook:" + json.dumps(answer))
"""


@final
@frozen
class Environment:
    """How builds run: the interpreter, the environment variables, and whether uv may use the network."""

    python: str
    environ: Mapping[str, str]
    offline: bool = False


def prepare_metadata(host: Host, source: Path, environment: Environment) -> bytes | None:
    """Return the core metadata of a project folder or a source distribution.

    None when the backend has no such hook or anything goes wrong: a full build then tells more.
    """
    with host.temporary_folder() as scratch:
        tree = source if host.is_folder(source) else _unpack(host, source, Path(scratch, "source"))
        if tree is None:
            return None
        backend = _read_backend(host, tree)
        if backend is None:
            return None
        venv = Path(scratch, "venv")
        if _uv(host, ["venv", "--quiet", "--python", environment.python, str(venv)], environment) is None:
            return None
        python = host.venv_python(venv)
        out = Path(scratch, "metadata")
        host.makedirs(out)
        if not _install(host, python, backend["requires"], environment):
            return None
        more = _call(host, "requires", backend, tree, python, out, environment)
        if not isinstance(more, list) or not _install(host, python, more, environment):
            return None
        name = _call(host, "metadata", backend, tree, python, out, environment)
        return host.find_bytes(out / name / "METADATA") if isinstance(name, str) else None


def _unpack(host: Host, archive: Path, folder: Path) -> Path | None:
    """Unpack into `folder`; the filter of PEP 706 keeps everything inside it."""
    try:
        if archive.name.endswith(".zip"):
            with zipfile.ZipFile(archive) as zipped:
                zipped.extractall(folder)
        else:
            with tarfile.open(archive) as tarred:
                tarred.extractall(folder, filter="data")
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError):
        return None
    names = [name for name in host.list(folder) if host.is_folder(folder / name)]
    return folder / names[0] if len(names) == 1 else None


def _read_backend(host: Host, tree: Path) -> dict[str, Any] | None:
    try:
        document = tomllib.loads((host.find_bytes(tree / "pyproject.toml") or b"").decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    system = document.get("build-system", _LEGACY)
    if not isinstance(system, dict) or not isinstance(system.get("requires"), list):
        return None
    found = {**system, "build-backend": system.get("build-backend", _LEGACY["build-backend"])}
    paths = found.get("backend-path", [])
    legacy = [str(tree)] if found["build-backend"] == _LEGACY["build-backend"] else []
    inside = [
        path for path in (tree / each for each in paths) if path.resolve().is_relative_to(tree.resolve())
    ]
    return {**found, "backend-path": [*map(str, inside), *legacy]}


def _install(host: Host, python: str, requires: Sequence[str], environment: Environment) -> bool:
    if not requires:
        return True
    command = ["pip", "install", "--quiet", "--python", python, *(text for text in requires)]
    return _uv(host, command, environment) is not None


def _uv(host: Host, arguments: Sequence[str], environment: Environment) -> Completed | None:
    import uv  # deferred: it only tells where its executable lies

    offline = ["--offline"] if environment.offline else []
    command = [uv.find_uv_bin(), *arguments, "--no-python-downloads", "--no-config", *offline]
    done = host.run(command, environ=environment.environ, timeout=_TIMEOUT)
    return done if done.returncode == 0 else None


def _call(
    host: Host,
    hook: str,
    backend: Mapping[str, Any],
    tree: Path,
    python: str,
    out: Path,
    environment: Environment,
) -> object:
    paths = json.dumps(backend["backend-path"])
    command = [python, "-c", _HOOK, hook, str(backend["build-backend"]), paths, str(out)]
    done = host.run(command, folder=tree, environ=environment.environ, timeout=_TIMEOUT)
    lines = [line for line in done.stdout.splitlines() if line.startswith(_MARK)]
    return json.loads(lines[-1].removeprefix(_MARK)) if done.returncode == 0 and lines else None
