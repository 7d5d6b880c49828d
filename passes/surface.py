"""Which names of a package are public, and the one canonical path of each thing.

A module is public when no part of its name starts with `_` and none is a test folder. A thing is
public when a public module exports it. Its canonical path is the one in the shortest module path;
then in the principal import package; then in the module closest to its definition; then under its
own name; then the first in alphabetical order.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from typing import TypeAlias, final

from attrs import frozen

from ..ir.inventory import Inventory
from ..ir.items import Class, Import, Item, Module, Package, Refusal, StarExport, TypeVariable
from .names import Definition, Member, ModuleName, Names, Target, module_of

_TEST_PARTS = frozenset({"tests", "test", "conftest"})


@final
@frozen
class PublicName:
    """A path at which something can be reached: module and name."""

    module: str
    name: str

    @property
    def path(self) -> str:
        """The dotted path."""
        return f"{self.module}.{self.name}"


@final
@frozen
class Surface:
    """The public names of a package.

    `canonical` maps the path of a definition to its home, nested classes included; `others` to
    the further public names. `methods` maps public names that stand for a method of a value
    (`seed = _generator.seed`) to that member; `missing` are names of `__all__` that nothing defines.
    """

    canonical: Mapping[str, PublicName]
    others: Mapping[str, tuple[PublicName, ...]]
    methods: Mapping[PublicName, Member]
    missing: tuple[PublicName, ...]

    def is_public(self, path: str) -> bool:
        """Return whether the definition at `path` is public."""
        return path in self.canonical

    def depth(self, path: str) -> int:
        """Return the number of parts of the canonical path of the definition at `path`."""
        return self.canonical[path].path.count(".") + 1


def is_public_module(name: str) -> bool:
    """Return whether the module `name` belongs to the public surface."""
    return not any(part.startswith("_") or part in _TEST_PARTS for part in name.split("."))


def build_surface(package: Package, names: Names, inventory: Inventory | None = None) -> Surface:
    """Compute the surface of `package`, whose names `bind-names` has bound.

    With an inventory a path at which the thing is not found when the program runs is taken last.
    """
    found: defaultdict[str, list[PublicName]] = defaultdict(list)
    items: dict[str, Item] = {}
    methods: dict[PublicName, Member] = {}
    missing: list[PublicName] = []
    for public, target in _public_names(package, names):
        match target:
            case None:
                missing.append(public)
            case Definition(item) if not isinstance(item, TypeVariable | Refusal):
                found[item.path].append(public)
                items[item.path] = item
            case Member() as member:
                methods[public] = member
            case _:
                pass
    rank = {name: index for index, name in enumerate(package.import_names)}
    canonical: dict[str, PublicName] = {}
    others: dict[str, tuple[PublicName, ...]] = {}
    for path, candidates in found.items():
        if len(candidates) == 1:
            canonical[path] = candidates[0]
            continue
        own = items[path].name
        defined = path.removesuffix(f".{own}")
        in_order = sorted(set(candidates), key=lambda public: _order(public, own, defined, rank))
        home, *further = in_order if inventory is None else _present_first(in_order, inventory)
        canonical[path] = home
        if further:
            others[path] = tuple(further)
    _add_nested(package, canonical)
    return Surface(canonical, others, methods, tuple(missing))


_Order: TypeAlias = tuple[int, int, int, bool, str, str]


def _order(public: PublicName, own: str, defined: str, rank: Mapping[str, int]) -> _Order:
    root = public.module.partition(".")[0]
    pairs = zip(public.module.split("."), defined.split("."), strict=False)
    return (
        public.module.count("."),
        rank.get(root, len(rank)),
        -sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs)),
        public.name != own,
        public.module,
        public.name,
    )


def _present_first(candidates: Iterable[PublicName], inventory: Inventory) -> list[PublicName]:
    return sorted(candidates, key=lambda public: not _is_present(public, inventory))


def _is_present(public: PublicName, inventory: Inventory) -> bool:
    module = inventory.modules.get(public.module)
    return module is None or public.name in module.names


def _public_names(package: Package, names: Names) -> Iterator[tuple[PublicName, Target | None]]:
    """Yield every exported name with what it means.

    A private module that a public one exports under a public name is public under that name, the
    first one found from the outside in.
    """
    modules = {module.name: module for module in package.modules}
    public = sorted(filter(is_public_module, modules), key=lambda name: (name.count("."), name))
    pending = deque((name, name) for name in public)
    visited = set(public)
    while pending:
        name, shown = pending.popleft()
        for export in sorted(_exports(modules[name], modules, names, set())):
            if export.startswith("_"):
                continue
            target = names.look_up(name, export)
            yield PublicName(shown, export), target
            if isinstance(target, ModuleName) and target.name not in visited:
                visited.add(target.name)
                pending.append((target.name, f"{shown}.{export}"))


def _exports(module: Module, modules: Mapping[str, Module], names: Names, visited: set[str]) -> set[str]:
    """Return the names that `module` offers to its users: its `__all__`, else by the rules of PEP 484."""
    visited.add(module.name)
    if module.exports is not None:
        return set(_listed(module.exports, modules, names, visited))
    found = {item.name for item in module.items if "." not in item.name}
    found |= {statement.name for statement in module.imports if _is_reexport(statement, module, modules)}
    for statement in module.imports:
        if statement.attribute == "*" and statement.module in modules:
            found |= names.exports(statement.module)
    return found


def _listed(
    exports: Iterable[str | StarExport], modules: Mapping[str, Module], names: Names, visited: set[str]
) -> Iterator[str]:
    for entry in exports:
        if isinstance(entry, str):
            yield entry
        elif entry.module in modules and entry.module not in visited:
            yield from _exports(modules[entry.module], modules, names, visited)


def _is_reexport(statement: Import, module: Module, modules: Mapping[str, Module]) -> bool:
    """Return whether an import makes its name public.

    In a stub only the forms of PEP 484 do. An `__init__.py` without `__all__` is taken to publish
    what it imports from its own distribution, for that is how packages without `__all__` are used.
    """
    if statement.attribute == "*":
        return False
    if statement.explicit:
        return True
    if not module.is_package or module.file.endswith(".pyi") or statement.attribute is None:
        return False
    return statement.module.partition(".")[0] in modules


def _add_nested(package: Package, canonical: dict[str, PublicName]) -> None:
    """Give nested classes the home of the class around them."""
    for module in package.modules:
        for item in module.items:
            if "." not in item.name:
                continue
            outer, _, inner = item.name.rpartition(".")
            home = canonical.get(f"{module_of(item)}.{outer}")
            if home is not None and isinstance(item, Class) and not inner.startswith("_"):
                canonical[item.path] = PublicName(home.module, f"{home.name}.{inner}")
