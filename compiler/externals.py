"""Type aliases of other packages, put in the place of their names before the passes run.

    fun f(p: @_typeshed.StrPath)     =>  fun f(p: string | @os.PathLike<string>)
    fun g(x: @optype.numpy.ToInt)    =>  fun g(x: int | @numpy.integer | …)

A class of another package needs nothing more than its name. An alias is what it stands for, so that
the module which declares it has to be read: from the dependencies of a stub distribution, or from
the stubs of the standard library. Modules are read when a name leads to them, and only their names
and aliases are kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Protocol, final

from attrs import define, field, frozen

from ..ir.items import Alias, Class, Import, Item, Module, Package, TypeParam, TypeVariable
from ..ir.parts import evolve
from ..ir.traverse import outer_types, walk_type
from ..ir.types import ANY, BridgeType, Ref, Unsupported
from ..passes.bind_names import bind_some
from ..passes.expand_aliases import expand_some
from ..passes.forms import find_form
from ..passes.names import Definition, External, Names
from ..passes.substitution import match_arguments, substitute
from .type_index import TypeIndex


class ModuleLoader(Protocol):
    """Gives modules outside of the package. `roots` are the top-level names of dependencies that it has."""

    @property
    def roots(self) -> Collection[str]:
        """The top-level names of dependencies; any other name may be of the standard library."""
        ...

    def load(self, name: str) -> Module | None:
        """Return a module without functions and the members of classes, None where there is none."""
        ...

    def load_class(self, module: str, name: str) -> tuple[Item, ...]:
        """Return class `name` of a module with its members, and those nested in it."""
        ...


# The names of these modules have shapes of their own (`forms`), which their definitions would hide.
_SHAPED = frozenset({"builtins", "typing", "typing_extensions", "types", "collections", "collections.abc"})

# More rounds than this only a cycle of re-exports needs.
_MAX_ROUNDS = 50


@final
@frozen
class ExternalAlias:
    """What a name of another package stands for."""

    target: BridgeType
    type_params: tuple[TypeParam, ...] = ()


def expand_externals(package: Package, modules: ModuleLoader, index: TypeIndex) -> Package:
    """Return the raw `package`, whose types `index` knows, with aliases of other packages expanded.

    Of the standard library only names that are private or live among type declarations are asked for;
    its public ones are classes. Aliases of values, of what is unknown and of what has no type stay as
    they are.
    """
    reader = ModuleReader(package, modules)
    wanted = set(filter(reader.may_be_alias, _external_paths(package, index)))
    if not wanted:
        return package
    table = _follow_imports(package.modules, find_aliases(reader, wanted))
    if not table:
        return package

    def rewrite(ty: BridgeType) -> BridgeType:
        alias = table.get(ty.path) if isinstance(ty, Ref) else None
        if alias is None or not isinstance(ty, Ref):
            return ty
        return substitute(alias.target, match_arguments(alias.type_params, ty.arguments))

    return index.rewrite(package, table.keys(), rewrite)


def is_type_name(path: str) -> bool:
    """Whether `path`, were it of the standard library, may be an alias that only stubs declare."""
    module, _, name = path.rpartition(".")
    if module == "_typeshed" or module.startswith("_typeshed.") or module == "wsgiref.types":
        return True
    return (
        name.startswith("_") and not name.startswith("__") and not module.startswith(("typing", "builtins"))
    )


def _external_paths(package: Package, index: TypeIndex) -> set[str]:
    """Return the paths outside of `package` that its types and imports name."""
    own = own_roots(package)
    found = {_import_path(statement) for module in package.modules for statement in module.imports}
    found |= index.find_paths(package)
    return {path for path in found if "." in path and path.partition(".")[0] not in own}


def own_roots(package: Package) -> frozenset[str]:
    """Return the top-level names of the modules of `package`."""
    return frozenset(module.name.partition(".")[0] for module in package.modules)


def paths_in(types: Iterable[BridgeType]) -> Iterator[str]:
    """Yield the paths that `types` name. A type that stands in many places is looked at once."""
    unique = {id(ty): ty for ty in types}
    return (ty.path for outer in unique.values() for ty in walk_type(outer) if isinstance(ty, Ref))


def _import_path(statement: Import) -> str:
    return f"{statement.module}.{statement.attribute}" if statement.attribute else statement.module


def _follow_imports(
    modules: Iterable[Module], table: Mapping[str, ExternalAlias]
) -> dict[str, ExternalAlias]:
    """Return `table` with the names under which modules of the package import its entries."""
    found = dict(table)
    pending = list(imported_names(modules))
    for _ in range(_MAX_ROUNDS):
        new = {name: found[path] for name, path in pending if path in found and name not in found}
        if not new:
            break
        found |= new
    return found


def imported_names(modules: Iterable[Module]) -> Iterator[tuple[str, str]]:
    """Yield each name that an import binds to a member of a module, and the path of that member."""
    return ((f"{m.name}.{s.name}", _import_path(s)) for m in modules for s in m.imports if s.attribute)


def find_aliases(reader: ModuleReader, wanted: Collection[str]) -> dict[str, ExternalAlias]:
    """Return what the names in `wanted` stand for, those that are aliases."""
    reader.read_all(set(wanted))
    names = Names(expand_some(bind_some(reader.outlines(), _may_matter), _may_matter))
    found = {}
    for path in sorted(wanted):
        match names.find(path):
            case Definition(Alias(target=target, type_params=params)) if _is_type(target, path):
                found[path] = ExternalAlias(target, params)
            case Definition(TypeVariable(param=param)):
                found[path] = ExternalAlias(param.bound or ANY)
    return found


def _may_matter(item: Item) -> bool:
    """Whether the names in `item` say what an alias is: those of a plain class are found as they stand."""
    return not isinstance(item, Class) or "." in item.name


@final
@define(eq=False)
class ModuleReader:
    """Reads the modules that names lead to, but for those in `skipped`."""

    package: Package
    loader: ModuleLoader
    skipped: Collection[str] = _SHAPED
    modules: dict[str, Module | None] = field(factory=dict)

    def may_be_alias(self, path: str) -> bool:
        """Whether `path` may be an alias that can be read; what has a shape is none."""
        if find_form(path) is not None:
            return False
        return path.partition(".")[0] in self.loader.roots or is_type_name(path)

    def outlines(self) -> Package:
        """Return the modules read so far as a package."""
        modules = tuple(module for _, module in sorted(self.modules.items()) if module is not None)
        return evolve(self.package, modules=modules, import_names=())

    def find_class(self, path: str) -> Class | None:
        """Return the class that a module read so far defines at `path`, with its members."""
        module = path.rpartition(".")[0]
        while module and self.modules.get(module) is None:
            module = module.rpartition(".")[0]
        top = path[len(module) + 1 :].partition(".")[0]
        items = self.loader.load_class(module, top) if module else ()
        return next((item for item in items if isinstance(item, Class) and item.path == path), None)

    def read_all(self, wanted: set[str]) -> None:
        """Read modules until every name in `wanted`, and every name in an alias found, is settled."""
        settled: set[str] = set()
        for path in sorted(wanted):
            self._read_around(path)
        for _ in range(_MAX_ROUNDS):
            pending = wanted - settled
            if not pending:
                break
            names = Names(self.outlines())
            for path in sorted(pending):
                match names.find(path):
                    case External(place) if self._read_around(place):
                        continue
                    case Definition(Alias() as alias):
                        wanted.update(filter(self.may_be_alias, paths_in(outer_types(alias))))
                settled.add(path)

    def _read_around(self, path: str) -> bool:
        """Read the modules on the way to `path`; whether one of them was not read before."""
        is_new = False
        parts = path.split(".")
        for count in range(1, len(parts) + 1):
            module = ".".join(parts[:count])
            if module not in self.modules:
                self._read(module)
                is_new |= self.modules[module] is not None
            if self.modules[module] is None:
                break
        return is_new

    def _read(self, name: str) -> None:
        read = self.modules[name] = self.loader.load(name) if name not in self.skipped else None
        for statement in read.imports if read is not None else ():
            # What a star import binds is only known from the module.
            if statement.attribute == "*":
                self._read_around(statement.module)


def _is_type(target: BridgeType, path: str) -> bool:
    return not isinstance(target, Unsupported) and not (isinstance(target, Ref) and target.path == path)
