"""A front end of PEP 517 and 660: metadata, wheels and editable wheels from a build backend.

Three steps with different rights: uv makes an environment and fetches the build requirements, with
the credentials of the index and without running code of others; the backend then runs in a
cleaned environment.
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
from .build_environment import clean_environment, fetch_environment

_TIMEOUT: Final = 1800.0
_MARK: Final = "mochic-py-hook:"
_LEGACY: Final[dict[str, Any]] = {
    "requires": ["setuptools"],
    "build-backend": "setuptools.build_meta:__legacy__",
}
METADATA: Final = "prepare_metadata_for_build_wheel"
WHEEL: Final = "build_wheel"
EDITABLE: Final = "build_editable"
_REQUIRES: Final = {
    METADATA: "get_requires_for_build_wheel",
    WHEEL: "get_requires_for_build_wheel",
    EDITABLE: "get_requires_for_build_editable",
}
# Runs in the environment of the build. What a backend prints is kept apart from the answer.
_HOOK: Final = """
import importlib, json, os, sys
hook, backend, paths, *arguments = sys.argv[1:]
sys.argv[1:] = []
sys.path[:0] = json.loads(paths)
module, _, attribute = backend.partition(":")
found = importlib.import_module(module)
for part in filter(None, attribute.split(".")):
    found = getattr(found, part)
call = getattr(found, hook, None)
print("\\nmochic-py-hook:" + json.dumps(None if call is None else call(*arguments)))
"""


class BuildError(Exception):
    """A step of a build failed; the text is what it wrote."""


class HookMissingError(BuildError):
    """The backend does not have an optional hook."""


@final
@frozen
class Environment:
    """How builds run: the interpreter, the variables of the user, and where build requirements come from.

    `index_url` may hold credentials. `offline` says that uv may use nothing but its own cache.
    """

    python: str
    environ: Mapping[str, str]
    index_url: str
    offline: bool = False


def run_hook(host: Host, source: Path, hook: str, out: Path, environment: Environment) -> Path:
    """Call `hook` for a project folder or an archive; return the path below `out` of what it made.

    An archive must have passed the strict gate. Raises `BuildError`; `HookMissingError` where the
    backend does without `hook`.
    """
    with host.temporary_folder() as scratch:
        tree = source if host.is_folder(source) else _unpack(host, source, Path(scratch, "source"))
        build = _Build(host, tree, _read_backend(host, tree), Path(scratch), environment)
        build.prepare()
        more = build.call(_REQUIRES[hook]) or []
        if not isinstance(more, list) or not all(isinstance(each, str) for each in more):
            raise BuildError(f"`{_REQUIRES[hook]}` of the build backend gave no list of requirements")
        build.install(more)
        name = build.call(hook, str(out))
        if name is None:
            raise HookMissingError(f"the build backend has no hook `{hook}`")
        if not isinstance(name, str) or Path(name).name != name or not host.exists(out / name):
            raise BuildError(f"`{hook}` of the build backend did not make what it says")
        return out / name


def prepare_metadata(host: Host, source: Path, environment: Environment) -> bytes | None:
    """Return the core metadata of a project folder or a source distribution.

    None when the backend has no such hook or anything goes wrong: a full build then tells more.
    """
    with host.temporary_folder() as folder:
        try:
            return host.find_bytes(run_hook(host, source, METADATA, Path(folder), environment) / "METADATA")
        except BuildError:
            return None


@final
@frozen
class _Build:
    host: Host
    tree: Path
    backend: Mapping[str, Any]
    scratch: Path
    environment: Environment

    @property
    def venv(self) -> Path:
        return self.scratch / "venv"

    @property
    def python(self) -> str:
        return self.host.venv_python(self.venv)

    def prepare(self) -> None:
        """Make the environment, with what `pyproject.toml` asks for in it."""
        self.host.makedirs(self.scratch / "home")
        self._uv(["venv", "--quiet", "--python", self.environment.python, str(self.venv)])
        self.install(self.backend["requires"])

    def install(self, requires: Sequence[str]) -> None:
        """Fetch wheels of `requires`: a source distribution would run with the credentials of the index."""
        if requires:
            listed = self.scratch / "requires.txt"
            self.host.write_bytes_atomic(listed, "".join(f"{text}\n" for text in requires).encode("utf-8"))
            command = ["pip", "install", "--quiet", "--no-build", "--python", self.python]
            self._uv([*command, "-r", str(listed)])

    def call(self, hook: str, *arguments: str) -> object:
        """Call `hook` of the backend with the cleaned environment; None where it has none."""
        paths = json.dumps(self.backend["backend-path"])
        command = [
            self.python,
            "-I",
            "-c",
            _HOOK,
            hook,
            str(self.backend["build-backend"]),
            paths,
            *arguments,
        ]
        environ = clean_environment(self.environment.environ, self.scratch / "home", Path(self.python).parent)
        done = self.host.run(command, folder=self.tree, environ=environ, timeout=_TIMEOUT)
        lines = [line for line in done.stdout.splitlines() if line.startswith(_MARK)]
        if done.returncode != 0 or not lines:
            raise BuildError(done.stderr or done.stdout)
        try:
            return json.loads(lines[-1].removeprefix(_MARK))
        except ValueError:
            raise BuildError(f"`{hook}` of the build backend gave no answer") from None

    def _uv(self, arguments: Sequence[str]) -> Completed:
        import uv  # deferred: it only tells where its executable lies

        offline = ["--offline"] if self.environment.offline else []
        command = [uv.find_uv_bin(), *arguments, "--no-python-downloads", "--no-config", *offline]
        environ = fetch_environment(self.environment.environ, self.environment.index_url)
        done = self.host.run(command, environ=environ, timeout=_TIMEOUT)
        if done.returncode != 0:
            raise BuildError(done.stderr)
        return done


def _unpack(host: Host, archive: Path, folder: Path) -> Path:
    """Unpack into `folder`; the filter of PEP 706 keeps everything inside it."""
    try:
        if archive.name.endswith(".zip"):
            with zipfile.ZipFile(archive) as zipped:
                zipped.extractall(folder)
        else:
            with tarfile.open(archive) as tarred:
                tarred.extractall(folder, filter="data")
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError) as error:
        raise BuildError(f"the archive cannot be unpacked: {error}") from None
    names = [name for name in host.list(folder) if host.is_folder(folder / name)]
    if len(names) != 1:
        raise BuildError("the archive does not hold one folder")
    return folder / names[0]


def _read_backend(host: Host, tree: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads((host.find_bytes(tree / "pyproject.toml") or b"").decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BuildError(f"pyproject.toml cannot be read: {error}") from None
    system = document.get("build-system", _LEGACY)
    requires = system.get("requires") if isinstance(system, dict) else None
    if not isinstance(requires, list) or not all(_is_requirement(each) for each in requires):
        raise BuildError("`build-system.requires` of pyproject.toml is not a list of requirements")
    found = {**system, "build-backend": system.get("build-backend", _LEGACY["build-backend"])}
    paths = found.get("backend-path", [])
    legacy = [str(tree)] if found["build-backend"] == _LEGACY["build-backend"] else []
    inside = [
        path for path in (tree / each for each in paths) if path.resolve().is_relative_to(tree.resolve())
    ]
    return {**found, "backend-path": [*map(str, inside), *legacy]}


def _is_requirement(text: object) -> bool:
    """Whether `text` may stand in a requirements file, where a line that starts with `-` is an option."""
    return isinstance(text, str) and not text.lstrip().startswith("-") and "\n" not in text
