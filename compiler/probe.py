"""`probe-runtime` from the outside: the installed package beside the declared one.

The package and what it needs are unpacked into a folder of their own and imported in a sandbox
(`inspection`). What was found is kept in the cache by all that it follows from, so that this is done
once; a warm compile starts no process and needs no interpreter.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final, final

from attrs import define, field, frozen

from ..ir import codes
from ..ir.diagnostics import Diagnostic, DiagnosticError
from ..ir.dist import Target
from ..ir.inventory import Inventory, parse_inventory
from ..ir.items import Class, Package
from ..passes.context import Pass, PassContext
from ..passes.names import Names
from ..passes.surface import build_surface, is_public_module
from .cache import INTERPRETER, INVENTORY, Cache
from .gate import require_files
from .host import Host
from .inspection import Found, Wanted, scripts, take_inventory
from .install import find_interpreter
from .machine import this_platform
from .resolve.download import CachedWheel
from .sandbox import Surroundings
from .unpack import unpack_wheels

# The passes that compare with what is installed.
_USERS: Final = frozenset({"add-dynamic-names", "probe-runtime"})


@final
@frozen
class ProbeJob:
    """What a probe needs: the wheel of a package and those of all it needs, itself among them."""

    wheel: CachedWheel
    closure: tuple[CachedWheel, ...]


@final
@define(eq=False)
class Prober:
    """Gives passes what they ask of the installed package; an observer of the pass manager.

    Before each pass that uses it, the names of the package at that point are looked up, and what was
    found is put into `ctx`. Where nothing can be looked up, one diagnostic says why. What was unpacked for
    that stays until the run is over.
    """

    job: ProbeJob
    target: Target
    host: Host
    store: Cache
    ctx: PassContext
    _asked: dict[str, frozenset[str]] = field(init=False, factory=dict)
    _failed: bool = field(init=False, default=False)
    _around: Surroundings | None = field(init=False, default=None)
    _stack: ExitStack = field(init=False, factory=ExitStack)

    def before_pass(self, each: Pass, package: Package) -> None:
        """Look up what `each` will ask for."""
        if each.name not in _USERS or self._failed:
            return
        wanted = find_wanted(package, self._asked)
        if wanted:
            self._asked |= {name: frozenset(names) for name, names in wanted.modules.items()}
            self._asked |= dict.fromkeys(wanted.paths, frozenset())
            found = self._look(wanted)
            self.ctx.inventory = None if found is None else (self.ctx.inventory or Inventory()).merge(found)

    def after_pass(self, each: Pass, before: Package, after: Package) -> None:
        """Nothing is to be done then."""

    def close(self) -> None:
        """Remove what was unpacked."""
        self._around = None
        self._stack.close()

    def _look(self, wanted: Wanted) -> Inventory | None:
        key = self._key(wanted)
        raw = self.store.get(INVENTORY, key)
        if raw is None:
            found = self._inspect(wanted)
            if found.error:
                self._failed = True
                self.ctx.report(not_probed(self.job.wheel, found.error))
                return None
            raw = found.text.encode()
            self.store.put(INVENTORY, key, raw)
        return parse_inventory(raw)

    def _key(self, wanted: Wanted) -> str:
        digests = sorted(each.hashes.sha256 for each in self.job.closure)
        texts = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in scripts().items()}
        asked = [sorted((name, list(names)) for name, names in wanted.modules.items()), list(wanted.paths)]
        return json.dumps([digests, str(self.target), sorted(texts.items()), asked])

    def _inspect(self, wanted: Wanted) -> Found:
        try:
            if self._around is None:
                self._around = self._unpack()
            if self._around is not None:
                return take_inventory(wanted, self._around, self.host)
        except DiagnosticError as error:
            return Found(error=error.diagnostics[0].message)
        return Found(error=f"no interpreter for {self.target} is installed here")

    def _unpack(self) -> Surroundings | None:
        """Put the packages into a folder; None where nothing could import them."""
        interpreter = None
        if self.target.platform == this_platform() and self.target.implementation == "cpython":
            interpreter = find_kept_interpreter(self.target, self.host, self.store)
        if interpreter is None:
            return None
        require_files(self.job.closure, self.target, self.host, self.store)
        folder = self._stack.enter_context(self.host.temporary_folder())
        unpack_wheels(self.job.closure, folder, interpreter, self.host)
        return Surroundings(interpreter, (folder,), (), "")


def find_kept_interpreter(target: Target, host: Host, store: Cache) -> str | None:
    """Return the path of an interpreter of `target`. Looking for one takes seconds, so it is kept."""
    key = json.dumps([target.python, target.free_threaded, host.environ.get("PATH", "")])
    kept = store.get(INTERPRETER, key)
    if kept is not None and host.exists(Path(kept.decode())):
        return kept.decode()
    found = find_interpreter(target.python, target.free_threaded)
    if found is None:
        return None
    store.put(INTERPRETER, key, found.path.encode())
    return found.path


def find_wanted(package: Package, asked: Mapping[str, frozenset[str]]) -> Wanted:
    """Return what `package` names and was not `asked` for yet, by module or path."""
    named: dict[str, set[str]] = {}
    if "select-public" in package.passes:
        for module in package.modules:
            names = {item.path.removeprefix(f"{module.name}.") for item in module.items}
            names |= {item.own_name for item in module.items if isinstance(item, Class)}
            named[module.name] = {name.partition(".")[0] for name in names}
    else:
        named = {module.name: set() for module in package.modules if is_public_module(module.name)}
        surface = build_surface(package, Names(package))
        others = (each for found in surface.others.values() for each in found)
        for public in (*surface.canonical.values(), *others, *surface.methods, *surface.missing):
            named.setdefault(public.module, set()).add(public.name.partition(".")[0])
    modules = {
        name: tuple(sorted(names | asked.get(name, frozenset())))
        for name, names in sorted(named.items())
        if not names <= asked.get(name, frozenset()) or name not in asked
    }
    paths = {item.path for item in package.generated if isinstance(item, Class) and _is_real(item.path)}
    return Wanted(modules, tuple(sorted(paths - asked.keys())))


def _is_real(path: str) -> bool:
    """Whether `path` is that of a Python class; types that passes make up are called `mochi.…`."""
    root, _, rest = path.partition(".")
    return bool(rest) and root != "mochi"


def not_probed(wheel: CachedWheel, reason: str) -> Diagnostic:
    """Return the diagnostic that says why the package of `wheel` was not looked at."""
    message = f"{wheel.pin.name} {wheel.pin.version} was not compared with its installed form: {reason}"
    return codes.NOT_PROBED.at(None, message)
