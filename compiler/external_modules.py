"""The modules that a package's types are imported from: wheels of dependencies, and typeshed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import final

from ..ir import codes
from ..ir.diagnostics import Diagnostic, DiagnosticError
from ..ir.dist import Target
from ..ir.items import Item, Module
from .cache import Cache
from .frontends.stub_search import ModuleSource, find_types
from .frontends.wheel import open_wheel
from .host import Host
from .resolve.download import CachedWheel
from .shared_modules import SharedModule, open_shared
from .typeshed import Typeshed, TypeshedRequest, fetch_typeshed


@final
class ExternalModules:
    """Modules of `dependencies` and of the standard library, read when asked for.

    A context manager that holds the wheels open. `problems` says where the index does not have the
    snapshot of the standard library; every other trouble with it raises `DiagnosticError`.
    """

    def __init__(
        self,
        dependencies: Sequence[CachedWheel],
        typeshed: TypeshedRequest | None,
        target: Target,
        host: Host,
    ) -> None:
        self.problems: list[Diagnostic] = []
        self._dependencies = dependencies
        self._request = typeshed
        self._target = target
        self._host = host
        self._open = ExitStack()
        self._sources: dict[str, ModuleSource] = {}
        self._typeshed: Typeshed | None = None
        self._modules: dict[str, SharedModule | None] = {}
        try:
            self.roots = self._find_roots()
        except BaseException:
            self._open.close()
            raise

    def __enter__(self) -> ExternalModules:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def load(self, name: str) -> Module | None:
        """Return module `name` without functions and members, or None where neither has it."""
        opened = self._open_module(name)
        return opened.read_outline() if opened is not None else None

    def load_class(self, module: str, name: str) -> tuple[Item, ...]:
        """Return class `name` of a module with its members, and those nested in it."""
        opened = self._open_module(module)
        return opened.read_class(name) if opened is not None else ()

    def load_frame(self, name: str) -> Module | None:
        """Return module `name` without the members of classes, or None where neither has it."""
        opened = self._open_module(name)
        return opened.read_frame() if opened is not None else None

    def _open_module(self, name: str) -> SharedModule | None:
        if name not in self._modules:
            source = self._find_source(name)
            self._modules[name] = open_shared(source, self._target) if source is not None else None
        return self._modules[name]

    def _find_source(self, name: str) -> ModuleSource | None:
        if name.partition(".")[0] in self.roots:
            return self._sources.get(name)
        stdlib = self._stdlib()
        return stdlib.find_module(name, self._target) if stdlib is not None else None

    def _find_roots(self) -> frozenset[str]:
        """Index the modules of the dependencies and return their top-level names."""
        roots: set[str] = set()
        for each in self._dependencies:
            wheel = self._open.enter_context(open_wheel(each.path, self._host, shown=each.pin.file.filename))
            found = find_types(wheel, (), each.pin.version)
            roots.update(found.import_names)
            self._sources.update(found.modules)
        return frozenset(roots)

    def _stdlib(self) -> Typeshed | None:
        request, self._request = self._request, None
        if request is not None:
            try:
                path = fetch_typeshed(request, self._host, Cache(self._host), self._target)
                wheel = self._open.enter_context(open_wheel(path, self._host, shown=request.pin.filename))
                self._typeshed = Typeshed(wheel, request.pin.folder)
            except DiagnosticError as error:
                if any(each.code is not codes.NO_MATCHING_VERSION for each in error.diagnostics):
                    raise
                self.problems.append(
                    codes.NO_STDLIB_TYPES.at(None, notes=tuple(d.message for d in error.diagnostics))
                )
        return self._typeshed
