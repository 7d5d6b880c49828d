"""The work folder of a build: allocated or given, prepared once, never removed by mistake."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import final

from ..backends.venv import Venv
from ..backends.workspace import WORKSPACE
from .host import Host
from .machine import cache_dir

WORK_PREFIX = "mochi-python-"


@final
class Driver:
    """Owns a work folder and the cache folder that builds share.

    Without `work_dir` a folder named `mochi-python-…` is allocated below the one for
    temporary files when it is first needed, and `cleanup` removes it. A `work_dir` that the
    caller gave is made when missing and never removed. Usable as a context manager.
    """

    def __init__(
        self, *, work_dir: Path | None = None, cache: Path | None = None, host: Host | None = None
    ) -> None:
        self.host = host or Host()
        self.cache_dir = cache if cache is not None else cache_dir(self.host.environ)
        self._given = work_dir
        self._allocated: Path | None = None
        self._venv: Venv | None = None

    @property
    def work_dir(self) -> Path | None:
        """The work folder, or None while it is still to be allocated."""
        return self._given or self._allocated

    def prepare_venv(self) -> Venv:
        """Make the work folder and return the default `Venv`; the same one on every call.

        Raises `DiagnosticError` when the folder cannot be made.
        """
        if self._venv is None:
            self._prepare_folder()
            self._venv = Venv()
        return self._venv

    def write_venv_root(self, venv: Venv) -> Path:
        """Write the workspace's `pyproject.toml` and return its path.

        Raises `BridgeError` when `venv` is not valid, `DiagnosticError` when it cannot be written.
        """
        venv.validate()
        path = self._prepare_folder() / WORKSPACE / "pyproject.toml"
        self.host.write_bytes_atomic(path, venv.render_pyproject_toml().encode())
        return path

    def cleanup(self) -> None:
        """Remove the work folder if this driver allocated it; otherwise do nothing.

        May be called any number of times; `prepare_venv` then allocates anew.
        """
        allocated, self._allocated, self._venv = self._allocated, None, None
        if allocated is not None and allocated.name.startswith(WORK_PREFIX):
            self.host.remove_tree(allocated)

    def _prepare_folder(self) -> Path:
        if self._given is not None:
            self.host.makedirs(self._given)
            return self._given
        if self._allocated is None:
            self._allocated = self.host.make_temporary_folder(WORK_PREFIX)
        return self._allocated

    def __enter__(self) -> Driver:
        self.prepare_venv()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cleanup()
