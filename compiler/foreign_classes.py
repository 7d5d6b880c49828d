"""Classes of the standard library and of dependencies that a package mentions, with their members.

    fun age(born: @datetime.date) -> int     =>  the same, and `class datetime.date` among the generated items

A class is looked up where stubs declare it, is given the members of its bases, and goes through the same
passes as a package's own. What only its members mention stays a name: legalize-types makes a handle without
members of it. Which classes the public surface mentions is known later; bind-foreign drops the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import final

from attrs import define, field

from ..ir.dist import Tier
from ..ir.items import (
    Binding,
    Cast,
    Class,
    ClassKind,
    Function,
    Item,
    Module,
    Package,
    Param,
    Signature,
)
from ..ir.parts import evolve
from ..ir.refusals import SkipReason
from ..ir.sharing import memoised_map
from ..ir.traverse import map_outer_types, outer_types
from ..ir.types import ANY, FLOAT, STRING, BridgeType, Ref, Unsupported
from ..passes.context import PassContext
from ..passes.forms import PROTOCOL, TYPED_DICT, canonical_path, find_form
from ..passes.inherit_members import InheritMembers
from ..passes.manager import PassManager, Verify
from ..passes.names import Definition, Names, module_of
from ..passes.operations import CONSTRUCTORS
from ..passes.registry import passes_until
from ..passes.resolution_order import ResolutionOrders
from ..passes.stdlib_names import STDLIB_MODULES, has_members, is_exception
from .externals import ModuleLoader, ModuleReader, expand_externals, imported_names, own_roots, paths_in
from .type_index import TypeIndex

_TYPE_CHECK_ONLY = ("typing.type_check_only", "typing_extensions.type_check_only")

# A class of a dependency with more members, each arm of an overload counted, is a handle without any:
# shims stay small, and a program that works with such a class imports its distribution.
_MOST_MEMBERS = 96

# Python has them everywhere, Mochi programs a use for neither.
_UNUSED = ("__hash__", "__ne__")

# What typeshed says of these is too wide to call them by.
_CONSTRUCTORS: Mapping[str, tuple[Param, ...]] = {
    "builtins.complex": (Param("real", type=FLOAT), Param("imag", type=FLOAT)),
    "builtins.slice": (Param("start", type=ANY), Param("stop", type=ANY), Param("step", type=ANY)),
}


def attach_foreign(package: Package, modules: ModuleLoader, index: TypeIndex) -> Package:
    """Return the raw `package` with the foreign classes that its types, as `index` has them, mention."""
    mentioned = {
        name: path
        for name, path in _mentioned_paths(package, index).items()
        if _is_stdlib(path) or path.partition(".")[0] in modules.roots
    }
    if not mentioned:
        return package
    finder = _Finder(ModuleReader(package, modules, skipped=()))
    found = finder.find(sorted(set(mentioned.values())))
    wanted = {cls.path for cls in found.values()}
    lowered = _lower(finder.cut_modules(), wanted, package, modules) if found else {}
    homes = {path: lowered[cls.path].path for path, cls in found.items() if cls.path in lowered}
    moved = {name: home for name, path in mentioned.items() if (home := homes.get(path, name)) != name}
    forgotten = frozenset(name for name, path in mentioned.items() if path in finder.type_only)
    package = index.rewrite(
        package, moved.keys() | forgotten, lambda ty: _move(_forget(ty, forgotten), moved)
    )
    kept = sorted(path for path, cls in lowered.items() if not _is_large(cls))
    classes = [lowered[path] for path in kept]
    if moved:
        move = memoised_map(lambda ty: _move(ty, moved))
        classes = [map_outer_types(cls, move) for cls in classes]
    classes.sort(key=lambda cls: cls.path)
    return evolve(package, generated=(*package.generated, *classes)) if classes else package


def _is_stdlib(path: str) -> bool:
    return path.partition(".")[0].lstrip("_") in STDLIB_MODULES


def _is_large(cls: Class) -> bool:
    """Whether `cls` belongs to a dependency and is better bound by importing that itself."""
    members = sum(len(method.signatures) for method in cls.methods) + len(cls.properties) + len(cls.fields)
    return members > _MOST_MEMBERS and not _is_stdlib(cls.path)


def _move(ty: BridgeType, moved: Mapping[str, str]) -> BridgeType:
    if isinstance(ty, Ref) and ty.path in moved:
        return Ref(moved[ty.path], ty.arguments)
    return ty


# --- mentions ---------------------------------------------------------------------------


def _mentioned_paths(package: Package, index: TypeIndex) -> dict[str, str]:
    """Return the names in the types of possibly public items, with the foreign path each stands for.

    Names that have a shape of their own, and classes that would have no useful member, are left out.
    """
    own = own_roots(package)
    links = _follow_links(dict(imported_names(package.modules)), own)
    found = {name: canonical_path(links.get(name, name)) for name in index.find_public_paths(package)}
    return {
        name: path
        for name, path in found.items()
        if "." in path and path.partition(".")[0] not in own and find_form(path) is None and has_members(path)
    }


def _follow_links(links: dict[str, str], own: frozenset[str]) -> dict[str, str]:
    """Return the imported names of a package with the foreign path that each leads to."""
    found: dict[str, str] = {}
    for name in links:
        seen = {name}
        path = links[name]
        while path in links and path not in seen:
            seen.add(path)
            path = links[path]
        if path.partition(".")[0] not in own:
            found[name] = path
    return found


# --- definitions ------------------------------------------------------------------------


@final
@define(eq=False)
class _Finder:
    """Finds the definitions of classes, and of the bases whose members they have.

    `type_only` are the paths asked for that lead to what only type checkers know.
    """

    reader: ModuleReader
    classes: dict[str, Class] = field(factory=dict)
    type_only: frozenset[str] = frozenset()

    def find(self, paths: Iterable[str]) -> dict[str, Class]:
        """Return the class that each of `paths` names, where it is one that exists at run time."""
        found = self._look_up(paths)
        self.type_only = frozenset(path for path, cls in found.items() if is_type_only(cls))
        found = {path: cls for path, cls in found.items() if path not in self.type_only}
        pending = [cls for cls in found.values() if not _is_large(cls)]
        while pending:
            self.classes |= {cls.path: cls for cls in pending}
            bases = [base.path for cls in pending for base in cls.bases if isinstance(base, Ref)]
            wanted = sorted({path for path in bases if _has_own_members(path)})
            pending = [cls for cls in self._look_up(wanted).values() if cls.path not in self.classes]
        self._read_aliases()
        return found

    def _read_aliases(self) -> None:
        """Read the modules of what members mention and may be an alias."""
        links = dict(imported_names(self.reader.outlines().modules))
        types = (ty for cls in self.classes.values() for ty in outer_types(cls))
        mentioned = {links.get(path, path) for path in paths_in(types)}
        self.reader.read_all({path for path in mentioned if "." in path and self.reader.may_be_alias(path)})

    def _look_up(self, paths: Iterable[str]) -> dict[str, Class]:
        paths = tuple(paths)
        self.reader.read_all(set(paths))
        names = Names(self.reader.outlines())
        found: dict[str, Class] = {}
        for path in paths:
            match names.find(path):
                case Definition(Class(path=place)) if (cls := self.reader.find_class(place)) is not None:
                    found[path] = cls
        return found

    def cut_modules(self) -> tuple[Module, ...]:
        """Return the modules that were read, with members only of the classes found, and what they name."""
        modules = self.reader.outlines().modules
        named = _find_named(modules, self.classes)
        return tuple(self._cut(module, named) for module in modules)

    def _cut(self, module: Module, named: frozenset[str]) -> Module:
        # What a name with a shape means is known, and no definition may hide that.
        items = tuple(
            self.classes.get(item.path, item) if isinstance(item, Class) else item
            for item in module.items
            if named.intersection(item.name.split(".")) and find_form(item.path) is None
        )
        imports = tuple(each for each in module.imports if each.attribute == "*" or each.name in named)
        exports = module.exports and tuple(
            each for each in module.exports if not isinstance(each, str) or each in named
        )
        return evolve(module, items=items, imports=imports, exports=exports)


def _find_named(modules: Iterable[Module], classes: Mapping[str, Class]) -> frozenset[str]:
    """Return the parts of every path that `classes` mention, also through aliases and other outlines."""
    items: dict[str, list[Item]] = {}
    for module in modules:
        for item in module.items:
            items.setdefault(item.name.partition(".")[0], []).append(item)
    named: set[str] = set()
    pending = [part for path in classes for part in path.split(".")]
    for cls in classes.values():
        pending += _parts_in(cls)
    while pending:
        part = pending.pop()
        if part not in named:
            named.add(part)
            for item in items.get(part, ()):
                pending += _parts_in(item)
    return frozenset(named)


def _parts_in(item: Item) -> Iterator[str]:
    for path in paths_in(outer_types(item)):
        yield from path.split(".")


def is_type_only(cls: Class) -> bool:
    """Whether only type checkers know `cls`: it says so, or is a shape that stubs keep to themselves."""
    if any(each.path in _TYPE_CHECK_ONLY for each in cls.decorators):
        return True
    is_shape = any(isinstance(base, Ref) and base.path in (PROTOCOL, TYPED_DICT) for base in cls.bases)
    return is_shape and (cls.name.startswith("_") or module_of(cls).startswith("_typeshed"))


def _has_own_members(base: str) -> bool:
    """Whether the members of a base class are wanted: not those of classes with a shape of their own."""
    return find_form(base) is None and has_members(canonical_path(base))


# --- lowering ---------------------------------------------------------------------------


def _lower(
    modules: tuple[Module, ...], wanted: Collection[str], package: Package, loader: ModuleLoader
) -> dict[str, Class]:
    """Return the classes of `modules` that are `wanted` and public, after the first passes."""
    names = tuple(sorted({module.name.partition(".")[0] for module in modules}))
    foreign = Package("foreign", "0", names, Tier.TYPESHED, package.target, modules)
    foreign = expand_externals(foreign, loader, TypeIndex())
    passes = [
        InheritMembers(everything=True) if each.name == InheritMembers.name else each
        for each in passes_until("bind-foreign")[:-1]
    ]
    lowered = PassManager(tuple(passes), verify=Verify.NEVER).run(foreign, PassContext())
    type_only = frozenset(
        item.path
        for module in modules
        for item in module.items
        if isinstance(item, Class) and is_type_only(item)
    )
    classes = [item for module in lowered.modules for item in module.items if isinstance(item, Class)]
    found = {item.defined or item.path: item for item in classes}
    orders = ResolutionOrders(Names(foreign))
    forget = memoised_map(lambda ty: _forget(ty, type_only))
    return {
        path: _finish(map_outer_types(cls, forget), path, orders, found)
        for path, cls in found.items()
        if path in wanted
    }


def _forget(ty: BridgeType, type_only: frozenset[str]) -> BridgeType:
    """Return `ty` as unsupported where it is a class of which nothing is known at run time."""
    if isinstance(ty, Ref) and ty.path in type_only:
        return Unsupported(SkipReason.PRIVATE_NAME, ty.path)
    return ty


def _finish(cls: Class, defined: str, orders: ResolutionOrders, found: Mapping[str, Class]) -> Class:
    """Return `cls` with casts to its bases, the constructors that it shows, and the text of every object."""
    known = orders.names.find_class(defined)
    order = orders.find(known) if known is not None else ()
    casts = tuple(Cast(found[base.path].path) for base in order[1:] if base.path in found)
    if any(is_exception(each.path) for each in order):
        cls = evolve(cls, kind=ClassKind.ERROR)
    return evolve(cls, casts=casts, constructors=_find_constructors(cls, order), methods=_find_methods(cls))


def _find_constructors(cls: Class, order: Iterable[Class]) -> tuple[Function, ...]:
    """Return the constructors of `cls`: one without parameters, where stubs show none, is no promise."""
    params = _CONSTRUCTORS.get(cls.path)
    if params is not None:
        signature = Signature((Param("self"), *params), Ref(cls.path))
        return (Function("__new__", cls.path, (signature,), Binding.CONSTRUCTOR, info=cls.info),)
    is_shown = any(method.name in CONSTRUCTORS for each in order for method in each.methods)
    return cls.constructors if is_shown or cls.kind is ClassKind.RECORD else ()


def _find_methods(cls: Class) -> tuple[Function, ...]:
    """Return the methods of `cls` and `str(self)`, which stubs leave to `object`."""
    methods = tuple(method for method in cls.methods if method.name not in _UNUSED)
    has_text = any(method.name == "__str__" for method in methods)
    if has_text or cls.kind not in (ClassKind.HANDLE, ClassKind.ERROR):
        return methods
    signature = Signature((Param("self"),), STRING)
    text = Function("__str__", f"{cls.path}.__str__", (signature,), Binding.METHOD, info=cls.info)
    return (*methods, text)
