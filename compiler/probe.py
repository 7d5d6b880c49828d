"""`probe-runtime` from the outside: the installed package beside the declared one.

The package and what it needs are unpacked into a folder of their own and imported in a sandbox
(`inspection`). What was found is kept in the cache by all that it follows from, so that this is done
once; a warm compile starts no process and needs no interpreter.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, final

from attrs import define, field, frozen

from ..ir import codes
from ..ir.diagnostics import Diagnostic, DiagnosticError
from ..ir.dist import Target
from ..ir.inventory import Inventory, parse_inventory
from ..ir.items import Class, Module, Package
from ..passes.context import Pass, PassContext
from ..passes.generated_types import ENTRY_MODULE, TUPLE_MODULE
from ..passes.surface import is_public_module
from .cache import Cache
from .gate import require_files
from .host import Host
from .inspection import Found, Wanted, scripts, take_inventory
from .install import find_interpreter
from .machine import this_platform
from .resolve.download import CachedWheel
from .sandbox import Surroundings
from .unpack import unpack_wheels

KIND: Final = "inventory"
_INTERPRETER: Final = "interpreter"
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
    found is put into `ctx`. Where nothing can be looked up, one diagnostic says why.
    """

    job: ProbeJob
    target: Target
    host: Host
    store: Cache
    ctx: PassContext
    _modules: tuple[str, ...] = ()
    _failed: bool = False
    _started: bool = field(default=False, init=False)

    def before_pass(self, each: Pass, package: Package) -> None:
        """Look up what `each` will ask for."""
        if not self._started:
            self._started = True
            self._modules = tuple(module.name for module in package.modules if is_public_module(module.name))
        if each.name not in _USERS or self._failed:
            return
        known = self.ctx.inventory or Inventory()
        wanted = find_wanted(package, self._modules, known)
        if wanted:
            found = self._look(wanted)
            self.ctx.inventory = None if found is None else known.merge(found)

    def after_pass(self, each: Pass, before: Package, after: Package) -> None:
        """Nothing is to be done then."""

    def _look(self, wanted: Wanted) -> Inventory | None:
        key = self._key(wanted)
        raw = self.store.get(KIND, key)
        if raw is None:
            found = self._inspect(wanted)
            if found.error:
                self._failed = True
                self.ctx.report(not_probed(self.job.wheel, found.error))
                return None
            raw = found.text.encode()
            self.store.put(KIND, key, raw)
        return parse_inventory(raw)

    def _key(self, wanted: Wanted) -> str:
        digests = sorted(each.hashes.sha256 for each in self.job.closure)
        texts = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in scripts().items()}
        asked = [sorted((name, list(names)) for name, names in wanted.modules.items()), list(wanted.paths)]
        return json.dumps([digests, str(self.target), sorted(texts.items()), asked])

    def _inspect(self, wanted: Wanted) -> Found:
        interpreter = None
        if self.target.platform == this_platform() and self.target.implementation == "cpython":
            interpreter = self._find_interpreter()
        if interpreter is None:
            return Found(error=f"no interpreter for {self.target} is installed here")
        try:
            require_files(self.job.closure, self.target, self.host, self.store)
            with self.host.temporary_folder() as folder:
                unpack_wheels(self.job.closure, folder, interpreter, self.host)
                return take_inventory(wanted, Surroundings(interpreter, (folder,), (), ""), self.host)
        except DiagnosticError as error:
            return Found(error=error.diagnostics[0].message)

    def _find_interpreter(self) -> str | None:
        """Return the path of an interpreter of the target. Looking for one takes seconds, so it is kept."""
        key = json.dumps([self.target.python, self.target.free_threaded, self.host.environ.get("PATH", "")])
        kept = self.store.get(_INTERPRETER, key)
        if kept is not None and self.host.exists(Path(kept.decode())):
            return kept.decode()
        found = find_interpreter(self.target.python, self.target.free_threaded)
        if found is None:
            return None
        self.store.put(_INTERPRETER, key, found.path.encode())
        return found.path


def find_wanted(package: Package, modules: Sequence[str], known: Inventory) -> Wanted:
    """Return what `package` names that `known` does not tell of yet; `modules` are its public ones."""
    wanted: dict[str, set[str]] = {name: set() for name in modules}
    for module in package.modules:
        wanted.setdefault(module.name, set()).update(_names(module))
    fresh = {
        name: tuple(sorted(names)) for name, names in sorted(wanted.items()) if name not in known.modules
    }
    paths = {item.path for item in package.generated if isinstance(item, Class)}
    return Wanted(fresh, tuple(sorted(path for path in paths if _is_real(path) and path not in known.paths)))


def _names(module: Module) -> Iterable[str]:
    return (item.path.removeprefix(f"{module.name}.").partition(".")[0] for item in module.items)


def _is_real(path: str) -> bool:
    return "." in path and path.rpartition(".")[0] not in (TUPLE_MODULE, ENTRY_MODULE)


def not_probed(wheel: CachedWheel, reason: str) -> Diagnostic:
    """Return the diagnostic that says why the package of `wheel` was not looked at."""
    message = f"{wheel.pin.name} {wheel.pin.version} was not compared with its installed form: {reason}"
    return codes.NOT_PROBED.at(None, message)
