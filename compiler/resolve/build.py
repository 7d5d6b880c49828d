"""Wheels from sources, by PEP 517 in an environment of their own, and their metadata.

What was built is kept by the digest of its source and the target, so that a source is
built once.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, final

from packaging.utils import InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

from ...ir import codes
from ...ir.diagnostics import DiagnosticError, Severity
from ...ir.dist import AbiTagPolicy, Target
from ..cache import METADATA, Blob, Cache
from ..gate import check_sdist
from ..host import Host
from ..machine import this_platform
from .download import add_file, download_blob
from .index import uv_index_url
from .metadata_fetch import read_archive
from .pages import FileRow
from .pep517 import EDITABLE, WHEEL, BuildError, Environment, HookMissingError, prepare_metadata, run_hook
from .static_metadata import is_static, project_metadata, read_sdist_files
from .tags import wheel_tags

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUILT: Final = "built-wheel"
_PREPARED: Final = "prepared-metadata"
_SHOWN_LINES: Final = 12
_PROJECT_FILES: Final = ("pyproject.toml", "setup.py")
# What tools leave behind in a project, and what no build reads.
_LEFT_OUT: Final = frozenset({".git", ".hg", ".venv", "__pycache__", "build", "dist", "node_modules", ".tox"})


class BuiltWheel(NamedTuple):
    """A wheel made here: its file name and content."""

    filename: str
    blob: Blob


OpenTree = Callable[[], AbstractContextManager[Path]]


@final
class Builder:
    """Builds for `target`. Build requirements come from the index at `index_url`.

    With `offline`, a build works only if uv has what it needs in its own cache; `allowed` False
    refuses every build. `policy` says which tags of wheels fit.
    """

    def __init__(
        self,
        host: Host,
        cache: Cache,
        target: Target,
        *,
        index_url: str,
        offline: bool = False,
        allowed: bool = True,
        policy: AbiTagPolicy = AbiTagPolicy.LEGACY,
    ) -> None:
        self._host = host
        self._cache = cache
        self._target = target
        self._index_url = index_url
        self._offline = offline
        self._allowed = allowed
        self._policy = policy

    def sdist_metadata(self, row: FileRow) -> bytes:
        """Return the core metadata of a source distribution, building it only if they are dynamic.

        Raises `DiagnosticError`: PY438, what the gate refuses, and what a download raises.
        """
        known = self._cache.get(METADATA, row.sha256) if row.sha256 else None
        if known is not None:
            return known
        blob = self.fetch_sdist(row)
        self._check_sdist(row.filename, blob)
        content = self._cache.read_blob(blob.sha256) or b""
        pkg_info, pyproject = read_sdist_files(content, row.filename)
        static = pkg_info if is_static(pkg_info) else project_metadata(pyproject)
        if static is not None:
            self._cache.put(METADATA, blob.sha256, static)
            return static
        return self._prepared(blob.sha256, row.filename, lambda: self._archive(blob, row.filename))

    def fetch_sdist(self, row: FileRow) -> Blob:
        """Return the file of `row`, downloading it unless the cache has it."""
        blob = self._cache.find_blob(row.sha256) if row.sha256 else None
        if blob is not None:
            return blob
        if self._offline:
            message = f"`{row.filename}` is not in the cache, and the network is off"
            raise DiagnosticError(codes.OFFLINE.at(None, message, help="run once without `--offline`"))
        return download_blob(row.url, row.filename, row.sha256, self._host, self._cache)

    def build_sdist(self, row: FileRow) -> BuiltWheel:
        """Return the wheel that a source distribution becomes; PY438 when it does not fit the target."""
        return self._check_fits(self._build_archive(row), row.filename)

    def _build_archive(self, row: FileRow) -> BuiltWheel:
        blob = self.fetch_sdist(row)
        self._check_sdist(row.filename, blob)
        return self._build(blob.sha256, row.filename, lambda: self._archive(blob, row.filename))

    @contextmanager
    def _archive(self, blob: Blob, filename: str) -> Iterator[Path]:
        """Yield the blob under its name."""
        with self._host.temporary_folder() as folder:
            path = Path(folder, filename)
            self._host.link_or_copy(blob.path, path)
            yield path

    def _check_sdist(self, filename: str, blob: Blob) -> None:
        """Refuse what the build would unpack to the wrong place, or what is not as named."""
        try:
            name, version = parse_sdist_filename(filename)
        except ValueError:
            raise self._failed(filename, "this is not the name of a source distribution") from None
        problems = check_sdist(blob.path, filename, self._host, name, str(version), self._target)
        errors = tuple(problem for problem in problems if problem.severity is Severity.ERROR)
        if errors:
            raise DiagnosticError(*errors)

    def tree_metadata(self, key: str, shown: str, open_tree: OpenTree) -> bytes:
        """Return the core metadata of a project folder; `key` identifies its content."""
        entry = f"{key}\n{self._target}"
        if self._cache.get(_PREPARED, entry) is None:
            with open_tree() as tree:
                static = project_metadata(self._host.find_bytes(tree / "pyproject.toml") or b"")
            if static is not None:
                self._cache.put(_PREPARED, entry, static)
        return self._prepared(key, shown, open_tree)

    def _prepared(self, key: str, shown: str, open_source: OpenTree) -> bytes:
        """Return metadata as the build backend tells them, from a built wheel where it does not."""
        entry = f"{key}\n{self._target}"
        known = self._cache.get(_PREPARED, entry)
        if known is None and self._cache.get(_BUILT, entry) is None:
            self._check_allowed(shown)
            with open_source() as source:
                known = prepare_metadata(self._host, source, self._environment())
            if known is not None:
                self._cache.put(_PREPARED, entry, known)
        return known or self._metadata_of(self._build(key, shown, open_source))

    def build_tree(self, key: str, shown: str, open_tree: OpenTree) -> BuiltWheel:
        """Return the wheel that a project folder becomes; PY438 when it does not fit the target."""
        return self._check_fits(self._build(key, shown, open_tree), shown)

    def _build(self, key: str, shown: str, open_source: OpenTree) -> BuiltWheel:
        entry = f"{key}\n{self._target}"
        known = self._cache.get(_BUILT, entry)
        if known is not None:
            filename, sha256 = json.loads(known)
            blob = self._cache.find_blob(sha256)
            if blob is not None:
                return BuiltWheel(filename, blob)
        self._check_allowed(shown)
        with open_source() as source:
            built = self._run(source, shown)
        self._cache.put(_BUILT, entry, json.dumps([built.filename, built.blob.sha256]).encode())
        return built

    def _check_allowed(self, shown: str) -> None:
        if not self._allowed:
            message = f"`{shown}` would have to be built, and building is off"
            raise DiagnosticError(codes.BUILD_FAILED.at(None, message, help="run without `--no-build`"))

    def _environment(self) -> Environment:
        environ = self._host.environ
        url = uv_index_url(environ, self._index_url)
        return Environment(self._find_python(), environ, url, self._offline)

    def _run(self, source: Path, shown: str) -> BuiltWheel:
        with self._host.temporary_folder() as out:
            try:
                wheel = run_hook(self._host, source, WHEEL, Path(out), self._environment())
            except BuildError as error:
                raise self._failed(shown, str(error)) from None
            if not wheel.name.endswith(".whl"):
                raise self._failed(shown, f"the build backend made `{wheel.name}`, which is no wheel")
            return BuiltWheel(wheel.name, add_file(wheel, "", self._host, self._cache))

    def build_editable(self, folder: Path, shown: str) -> BuiltWheel | None:
        """Return a wheel that points at the project in `folder` (PEP 660); None where its backend makes none.

        Raises `DiagnosticError` (PY438) for a build that fails. The wheel is good for this folder only.
        """
        self._check_allowed(shown)
        with self._host.temporary_folder() as out:
            try:
                wheel = run_hook(self._host, folder, EDITABLE, Path(out), self._environment())
            except HookMissingError:
                return None
            except BuildError as error:
                raise self._failed(shown, str(error)) from None
            return BuiltWheel(wheel.name, add_file(wheel, "", self._host, self._cache))

    def _find_python(self) -> str:
        """Return an interpreter of the target's version, else the running one."""
        from ..install import find_interpreter  # deferred: it imports the installer

        running = sys.version_info[:2] == self._target.python and not self._target.free_threaded
        found = None if running else find_interpreter(self._target.python, self._target.free_threaded)
        return found.path if found is not None else sys.executable

    def _check_fits(self, built: BuiltWheel, shown: str) -> BuiltWheel:
        filename = built.filename
        tag = "-".join(filename[:-4].rsplit("-", 3)[1:])
        pure = filename.endswith("-none-any.whl")
        if wheel_tags(self._target, self._policy).rank(tag) is None or not (
            pure or self._target.platform == this_platform()
        ):
            message = f"`{shown}` builds to `{filename}` on this machine, which does not fit {self._target}"
            help = "compile on the target itself, or ask for a version that has wheels (`--no-build`)"
            raise DiagnosticError(codes.BUILD_FAILED.at(None, message, help=help))
        return built

    def _failed(self, shown: str, stderr: str) -> DiagnosticError:
        lines = [line for line in stderr.strip().splitlines() if line.strip()]
        help = "ask for a version that has wheels, or add `--no-build` to leave out those without"
        if self._offline:
            help = "what the build needs is not in uv's cache, or is broken: run once without `--offline`"
        message = f"`{shown}` could not be built"
        return DiagnosticError(
            codes.BUILD_FAILED.at(None, message, notes=tuple(lines[-_SHOWN_LINES:]), help=help)
        )

    def _metadata_of(self, built: BuiltWheel) -> bytes:
        content = self._cache.read_blob(built.blob.sha256) or b""
        return read_archive(io.BytesIO(content), built.filename)


def is_project(host: Host, folder: Path) -> bool:
    """Whether `folder` holds a project that PEP 517 can build."""
    return any(host.exists(folder / name) for name in _PROJECT_FILES)


def digest_tree(host: Host, folder: Path) -> str:
    """Return a digest of the files below `folder` that a build may read."""
    hasher = hashlib.sha256()
    pending = [folder]
    while pending:
        here = pending.pop()
        for name in host.list(here):
            path = here / name
            if host.is_folder(path) and not path.is_symlink():
                if name not in _LEFT_OUT and not name.endswith((".egg-info", ".dist-info")):
                    pending.append(path)
            elif not host.is_folder(path):
                content = host.find_bytes(path) or b""
                hasher.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
                hasher.update(content)
    return hasher.hexdigest()


def wheel_version(filename: str) -> tuple[str, str] | None:
    """Return the normalised name and the version of a wheel's file name, or None."""
    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return None
    return name, str(version)
