"""What the compiled modules of a package and of all it needs say of the GIL, and who reaches them.

Read from the files of the wheels; nothing is imported. What each wheel tells is kept in the cache.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias, final

from attrs import define, field, frozen

from ..ir.binary import GilVerdict, InitFunction
from ..ir.extensions import Extensions
from ..ir.items import Package
from ..passes.context import Pass, PassContext
from .cache import Cache
from .frontends.binary.read import MalformedError, read_verdicts
from .frontends.module_imports import BELOW, read_imports
from .frontends.stub_search import decode_source
from .frontends.wheel import Wheel, open_wheel
from .host import Host
from .resolve.download import CachedWheel

Verdicts: TypeAlias = Mapping[str, GilVerdict]
"""The verdict on each extension module of a wheel, by its dotted name."""

_VERDICTS: Final = "gil-verdicts"
_IMPORTS: Final = "imports"
_PASS: Final = "insert-locks"
_MODULE: Final = re.compile(r"(?P<path>(?:[^./]+/)*)(?P<stem>[^./]+)(?P<tag>(?:\.[^./]+)*)\.(?:so|pyd)$")
# Builds for the interpreter with the GIL, which one without it does not load.
_OTHER_BUILD: Final = re.compile(r"\.(?:abi3|cpython-\d+(?!\d*t)\b.*|cp\d+(?!\d*t)-.*)")
_LAYOUT: Final = re.compile(r"[^/]+\.data/(?:purelib|platlib)/")


@final
@frozen
class Closure:
    """The wheels of a package and of all it needs, itself among them.

    `denied` are the distributions whose word is not taken, `known` the verdicts that a lock holds, by the
    digest of the wheel.
    """

    wheels: tuple[CachedWheel, ...] = ()
    denied: frozenset[str] = frozenset()
    known: Mapping[str, Verdicts] = field(factory=dict)

    def __bool__(self) -> bool:
        return bool(self.wheels)


@final
@define(eq=False)
class ExtensionReader:
    """Tells insert-locks of the extension modules; an observer of the pass manager.

    Without a `store`, nothing is taken from what earlier runs remembered.
    """

    closure: Closure
    host: Host
    store: Cache | None
    ctx: PassContext

    def before_pass(self, each: Pass, package: Package) -> None:
        """Read the modules where they matter."""
        if each.name == _PASS and package.target.free_threaded:
            self.ctx.extensions = read_extensions(self.closure, self.host, self.store)

    def after_pass(self, each: Pass, before: Package, after: Package) -> None:
        """Nothing is to be done then."""

    def close(self) -> None:
        """Nothing is kept."""


def read_extensions(closure: Closure, host: Host, store: Cache | None) -> Extensions:
    """Return what the compiled modules in the wheels of `closure` say, and who reaches those that need locks.

    Raises `DiagnosticError` for a damaged wheel.
    """
    wheels = closure.wheels
    found = {wheel: _find_known(wheel, closure, host, store) for wheel in wheels}
    verdicts = {name: verdict for modules in found.values() for name, verdict in sorted(modules.items())}
    distrusted = frozenset(
        name for wheel in wheels if wheel.pin.name in closure.denied for name in found[wheel]
    )
    extensions = Extensions(verdicts, distrusted)
    if not extensions.unsafe:
        return extensions
    imports = {wheel: _kept(wheel, _IMPORTS, host, store) for wheel in wheels}
    roots = {
        wheel.pin.name: {name.partition(".")[0] for name in (*found[wheel], *imports[wheel])}
        for wheel in wheels
    }
    graph = _Graph()
    for wheel in wheels:
        needed = {root for name in wheel.pin.dependencies for root in roots.get(name, ())}
        graph.add(frozenset(found[wheel]), imports[wheel], needed)
    return Extensions(verdicts, distrusted, graph.reach(extensions.unsafe))


def read_gil(wheel: CachedWheel, host: Host, store: Cache | None = None) -> Verdicts:
    """Return what the extension modules of `wheel` say of the GIL, by their dotted names.

    Raises `DiagnosticError` for a damaged wheel.
    """
    return {name: GilVerdict(text) for name, text in _kept(wheel, _VERDICTS, host, store).items()}


def _find_known(wheel: CachedWheel, closure: Closure, host: Host, store: Cache | None) -> Verdicts:
    known = closure.known.get(wheel.hashes.sha256)
    return read_gil(wheel, host, store) if known is None else known


def _kept(wheel: CachedWheel, kind: str, host: Host, store: Cache | None) -> dict[str, str]:
    """Return what a wheel tells, each module with its verdict or with the names it imports."""
    key = wheel.hashes.sha256
    if store is not None and (kept := store.get(kind, key)) is not None:
        known: dict[str, str] = json.loads(kept)
        return known
    with open_wheel(wheel.path, host, shown=wheel.pin.file.filename) as archive:
        found = dict(find_verdicts(archive) if kind == _VERDICTS else _find_imports(archive))
    if store is not None:
        store.put(kind, key, json.dumps(found).encode())
    return found


# --- files ------------------------------------------------------------------------------


def find_verdicts(wheel: Wheel) -> Iterator[tuple[str, str]]:
    """Yield each extension module of a wheel by its dotted name, with its verdict."""
    for path in wheel.compiled_files:
        match = _MODULE.fullmatch(_LAYOUT.sub("", path, count=1))
        if match is None or _OTHER_BUILD.fullmatch(match["tag"]) or ".libs/" in path:
            continue
        verdict = _judge(wheel.read(path), match["stem"])
        if verdict is not None:
            yield _dotted(match["path"] + match["stem"]), verdict.value


def _judge(content: bytes, stem: str) -> GilVerdict | None:
    """Return the verdict of the module called `stem`, None where the file is a plain library."""
    try:
        verdicts = read_verdicts(content)
    except MalformedError:
        verdicts = None
    if verdicts is None:
        return GilVerdict.UNKNOWN
    named = {InitFunction(name, gil).module: gil for name, gil in verdicts.items()}
    return named.get(stem)


def _find_imports(wheel: Wheel) -> Iterator[tuple[str, str]]:
    for path in wheel.names:
        inside = _LAYOUT.sub("", path, count=1)
        if inside.endswith(".py") and ".dist-info/" not in path and ".data/" not in inside:
            name = _dotted(inside.removesuffix(".py"))
            text = decode_source(wheel.read(path))
            yield name, " ".join(read_imports(text, name, inside.endswith("__init__.py")))


def _dotted(path: str) -> str:
    return path.removesuffix("/__init__").replace("/", ".")


# --- who reaches whom -------------------------------------------------------------------


@final
@frozen
class _Graph:
    """Modules with what they may import."""

    imports: dict[str, set[str]] = field(factory=dict)

    def add(self, compiled: frozenset[str], imports: Mapping[str, str], roots: Iterable[str]) -> None:
        """Add the modules of a wheel; `roots` are the import packages of what it depends on.

        Nobody sees what compiled code imports: it is taken to reach all of those, and what is compiled
        with it.
        """
        for name, names in imports.items():
            self.imports.setdefault(name, set()).update(names.split())
        for module in compiled:
            reached = [name for root in roots for name in (root, f"{root}{BELOW}")]
            self.imports.setdefault(module, set()).update(compiled, reached)

    def reach(self, wanted: frozenset[str]) -> dict[str, tuple[str, ...]]:
        """Return, for every module, which of `wanted` it may load."""
        importers: dict[str, set[str]] = {}
        for name in self.imports:
            for target in self._targets(name):
                importers.setdefault(target, set()).add(name)
        found: dict[str, list[str]] = {name: [] for name in self.imports}
        for each in sorted(wanted):
            for name in _all_before(each, importers):
                found[name].append(each)
        return {name: tuple(each) for name, each in sorted(found.items())}

    def _targets(self, name: str) -> Iterator[str]:
        """Yield the modules that importing `name` may load directly, the packages around them too."""
        yield from _around(name)
        for target in self.imports[name]:
            below = target.removesuffix(BELOW)
            if below != target:
                yield from (each for each in self.imports if each.startswith(f"{below}."))
            yield from (each for each in (below, *_around(below)) if each in self.imports)


def _around(name: str) -> Iterator[str]:
    """Yield the packages around a module, which are imported before it."""
    while name := name.rpartition(".")[0]:
        yield name


def _all_before(start: str, importers: Mapping[str, Iterable[str]]) -> set[str]:
    """Return `start` and all that leads to it."""
    found, waiting = {start}, [start]
    while waiting:
        for name in importers.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found
