"""Modules that serve many packages: what they take from one is read once in a process.

Nearly every package takes types from the same few hundred modules of the standard library and of
common dependencies. A module is known by its text and all that decides how it is read, and what
is shared are values, so that packages and threads do not notice each other.
"""

from __future__ import annotations

from functools import lru_cache
from threading import Lock
from typing import Final, final

from ..ir.dist import Target, Tier
from ..ir.items import Item, Module
from ..ir.source import SourceFile
from .frontends.stub import OpenModule
from .frontends.stub_search import ModuleSource

# More than a package takes from; a parsed module is a third of a megabyte.
_KEPT: Final = 128


def open_shared(source: ModuleSource, target: Target) -> SharedModule:
    """Parse a module that only serves others; what is wrong in it is not reported."""
    text = source.read()
    return _open(text, source.module, source.path, source.is_package, source.is_stub, source.tier, target)


@final
class SharedModule:
    """A parsed module and the parts of it that were asked for."""

    def __init__(self, opened: OpenModule) -> None:
        self._opened = opened
        self._lock = Lock()
        self._outline: Module | None = None
        self._frame: Module | None = None
        self._classes: dict[str, tuple[Item, ...]] = {}

    def read_outline(self) -> Module:
        """Return the module without functions and without the members of classes."""
        with self._lock:
            if self._outline is None:
                self._outline = self._opened.read_outline()
            return self._outline

    def read_frame(self) -> Module:
        """Return the module with its functions, but without the members of classes."""
        with self._lock:
            if self._frame is None:
                self._frame = self._opened.read_frame()
            return self._frame

    def read_class(self, name: str) -> tuple[Item, ...]:
        """Return what the module declares as `name`, a class with its members and those nested in it."""
        with self._lock:
            if name not in self._classes:
                self._classes[name] = self._opened.read_class(name)
            return self._classes[name]


@lru_cache(maxsize=_KEPT)
def _open(
    text: str, name: str, path: str, is_package: bool, is_stub: bool, tier: Tier, target: Target
) -> SharedModule:
    return SharedModule(
        OpenModule(
            SourceFile(path, text), name, is_package=is_package, is_stub=is_stub, tier=tier, target=target
        )
    )
