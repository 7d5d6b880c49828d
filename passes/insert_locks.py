"""Say which locks a call holds where there is no GIL.

    fun parse(text: string): any    =>    fun parse(text: string): any { guard lxml }

An extension module says in its file whether it does without the GIL (PEP 703). What is reached through a
module that may load one which does not, or of which that is not known, holds the lock of the import
package with that code. There is one for each, so that two packages that share it exclude each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import is_
from typing import ClassVar, TypeVar, final

from attrs import frozen

from ..ir import codes
from ..ir.extensions import Extensions, Guard
from ..ir.info import Info
from ..ir.items import (
    Alias,
    Class,
    Constant,
    Field,
    Function,
    Item,
    Module,
    Package,
    Property,
    Refusal,
    TypeVariable,
    Variant,
)
from ..ir.parts import evolve
from .context import PassContext
from .stdlib_names import STDLIB_MODULES

_MADE = "mochi"
"""Where the paths of types begin that passes make up."""

_SHOWN = 3
"""How many modules a message names."""

_Member = TypeVar("_Member", Function, Field, Property)


@final
@frozen
class InsertLocks:
    """Sets `Info.guards` of what can be called or read. Nothing changes for a target with the GIL.

    Where nobody has read the extension modules, all of a package is guarded by its own lock. What passes
    made, such as the iterators of a package, holds all locks that anything of the package does.
    """

    name: ClassVar[str] = "insert-locks"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with its guards."""
        if not package.target.free_threaded:
            return package
        planner = _plan(package, ctx.extensions)
        if not planner.unplaced:
            return package
        if ctx.extensions is not None:
            _report(package, ctx.extensions, ctx)
        modules = tuple(_guard_module(module, planner.of(module.name)) for module in package.modules)
        generated = tuple(
            _guard_item(item, planner.of_generated(item, package)) for item in package.generated
        )
        return evolve(package, modules=modules, generated=generated)


# --- which locks ------------------------------------------------------------------------


@final
@frozen
class _Planner:
    """Guards by module; `unplaced` are those of a module that nobody has seen."""

    by_module: Mapping[str, tuple[Guard, ...]]
    unplaced: tuple[Guard, ...]

    def of(self, name: str) -> tuple[Guard, ...]:
        """Return the guards of a module, or of the nearest package around it that is known."""
        while name:
            if (found := self.by_module.get(name)) is not None:
                return found
            name = name.rpartition(".")[0]
        return self.unplaced

    def of_generated(self, item: Item, package: Package) -> tuple[Guard, ...]:
        """Return the guards of a class from elsewhere, or of a type that passes made for the package."""
        root = item.path.partition(".")[0]
        if root != _MADE:
            return () if root in STDLIB_MODULES else self.of(item.path)
        found = {guard.name: guard for module in package.modules for guard in self.of(module.name)}
        return tuple(found[name] for name in sorted(found))


def _plan(package: Package, extensions: Extensions | None) -> _Planner:
    if extensions is None:
        return _Planner({}, (Guard(package.import_names[0] if package.import_names else package.name),))
    unsafe = extensions.unsafe
    roots = {name: name.partition(".")[0] for name in unsafe}
    denied = {roots[name] for name in extensions.denied}
    guards = {root: Guard(root, root in denied) for root in sorted(set(roots.values()))}
    by_module = {
        module: tuple(guards[root] for root in sorted({roots[name] for name in reached if name in unsafe}))
        for module, reached in extensions.reach.items()
    }
    return _Planner(by_module, tuple(guards.values()))


def _report(package: Package, extensions: Extensions, ctx: PassContext) -> None:
    """Say which modules are why, where there are any."""
    reached = {name for module in package.modules for name in extensions.reach.get(module.name, ())}
    found = sorted(reached & extensions.unsafe)
    if not found:
        return
    shown = ", ".join(f"`{name}`" for name in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    message = f"{package.name} {package.version} may load what needs the GIL: {shown}{more}"
    help = "Python turns the GIL on then; where that is forbidden, calls hold a lock"
    if extensions.denied.issuperset(found):
        help = "their calls hold a lock, as `freethread-deny-list` asks"
    ctx.report(codes.GIL_NEEDED.at(None, message, help=help))


# --- items ------------------------------------------------------------------------------


def _guard_module(module: Module, guards: tuple[Guard, ...]) -> Module:
    items = tuple(_guard_item(item, guards) for item in module.items)
    return module if all(map(is_, items, module.items)) else evolve(module, items=items)


def _guard_item(item: Item, guards: tuple[Guard, ...]) -> Item:
    if not guards:
        return item
    match item:
        case Function() | Constant():
            return evolve(item, info=_guarded(item.info, guards))
        case Class():
            return evolve(
                item,
                fields=_guard_all(item.fields, guards),
                properties=_guard_all(item.properties, guards),
                constructors=_guard_all(item.constructors, guards),
                methods=_guard_all(item.methods, guards),
            )
        case Variant() | Alias() | TypeVariable() | Refusal():
            return item


def _guard_all(members: Sequence[_Member], guards: tuple[Guard, ...]) -> tuple[_Member, ...]:
    return tuple(evolve(member, info=_guarded(member.info, guards)) for member in members)


def _guarded(info: Info, guards: tuple[Guard, ...]) -> Info:
    return evolve(info, guards=guards)
