"""Looks names up across the modules of a package: imports, star imports, re-exports, members.

Lookup follows PEP 328 for imports and the typing specification for stubs. Cycles of imports end
where they come back to a name that is being looked up.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TypeAlias, assert_never, final

from attrs import define, field, frozen

from ..ir.items import (
    Alias,
    Class,
    Constant,
    Function,
    Import,
    Item,
    Module,
    Package,
    StarExport,
    TypeVariable,
)
from ..ir.parts import evolve
from ..ir.types import Ref
from .stdlib_names import BUILTIN_CLASSES
from .substitution import Substitution, match_arguments, substitute


@final
@frozen(eq=False)
class Definition:
    """An item of the package."""

    item: Item


@final
@frozen
class Member:
    """A method, property or field of a class of the package; `owner` is the class that declares it.

    `bound` says that it was reached through a value of the class, not through the class.
    """

    owner: Class
    name: str
    bound: bool = False


@final
@frozen
class ModuleName:
    """A module of the package."""

    name: str


@final
@frozen
class External:
    """Something outside of the package, by the path under which it was imported."""

    path: str


Target: TypeAlias = Definition | Member | ModuleName | External


def target_path(target: Target) -> str:
    """Return the path at which `target` is defined."""
    match target:
        case Definition(item):
            return item.path
        case Member(owner=owner, name=name):
            return f"{owner.path}.{name}"
        case ModuleName(path) | External(path):
            return path
        case _:
            assert_never(target)


def module_of(item: Item) -> str:
    """Return the name of the module in which `item` stands."""
    return item.path[: -len(item.name) - 1]


def has_member(cls: Class, name: str) -> bool:
    """Return whether `cls` itself declares a method, field or property called `name`."""
    return (
        any(method.name == name for method in cls.methods)
        or any(member.name == name for member in cls.fields)
        or any(member.name == name for member in cls.properties)
    )


def _is_of_itself(item: Item) -> bool:
    return isinstance(item, Alias) and isinstance(item.target, Ref) and item.target.path == item.path


@final
@define(eq=False)
class Names:
    """The names of one package. Every answer is remembered."""

    package: Package
    _scopes: dict[str, _Scope] = field(init=False)
    _roots: frozenset[str] = field(init=False)
    _lookups: dict[tuple[str, str], Target | None] = field(init=False, factory=dict)
    _paths: dict[str, Target | None] = field(init=False, factory=dict)
    _exports: dict[str, frozenset[str]] = field(init=False, factory=dict)
    _active: set[tuple[str, str]] = field(init=False, factory=set)
    _cut: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        self._scopes = {module.name: _Scope(module) for module in self.package.modules}
        self._roots = frozenset(name.partition(".")[0] for name in self._scopes)

    def is_module(self, name: str) -> bool:
        """Return whether `name` is a module of the package."""
        return name in self._scopes

    def find(self, path: str) -> Target | None:
        """Return what the dotted `path` names, or None where the package has no such thing.

        The longest prefix that is a module is tried first, then shorter ones: `a.b.c` is `c` of
        module `a.b` before it is an attribute of what `a` calls `b`.
        """
        if path in self._paths:
            return self._paths[path]
        target = self._find(path)
        if target is not None or not self._active:
            self._paths[path] = target
        return target

    def find_class(self, path: str) -> Class | None:
        """Return the class that `path` names."""
        match self.find(path):
            case Definition(Class() as cls):
                return cls
            case _:
                return None

    def find_method(self, ref: Ref, name: str) -> tuple[Function, Substitution] | None:
        """Return the method `name` of the class that `ref` names, or of its nearest base with one.

        The substitution says what the type parameters of the declaring class stand for.
        """
        return self._find_method(ref, name, set())

    def _find_method(self, ref: Ref, name: str, visited: set[str]) -> tuple[Function, Substitution] | None:
        cls = self.find_class(ref.path)
        if cls is None or cls.path in visited:
            return None
        visited.add(cls.path)
        types = match_arguments(cls.type_params, ref.arguments)
        own = next((method for method in cls.methods if method.name == name), None)
        if own is not None:
            return own, types
        for base in cls.bases:
            if isinstance(base, Ref):
                arguments = tuple(substitute(argument, types) for argument in base.arguments)
                found = self._find_method(Ref(base.path, arguments), name, visited)
                if found is not None:
                    return found
        return None

    def _find(self, path: str) -> Target | None:
        if path.partition(".")[0] not in self._roots:
            return External(path)
        parts = path.split(".")
        for count in range(len(parts) - 1, 0, -1):
            module = ".".join(parts[:count])
            if module in self._scopes:
                target = self._walk(self.look_up(module, parts[count]), parts[count + 1 :])
                if target is None:
                    target = self._walk(self._imported_module(module, parts[count]), parts[count + 1 :])
                if target is not None:
                    return target
        if path in self._scopes:
            return ModuleName(path)
        # A module without readable source (an extension module) may define anything.
        parent = self._nearest_module(parts)
        return External(path) if parent is None else None

    def _walk(self, target: Target | None, names: list[str]) -> Target | None:
        for name in names:
            target = target and self._find_member(target, name)
        return target

    def _imported_module(self, module: str, name: str) -> Target | None:
        """Return the submodule that an import bound `name` to before a definition of the same name hid it."""
        statement = self._scopes[module].imports.get(name)
        if statement is None or statement.attribute is None:
            return None
        submodule = f"{statement.module}.{statement.attribute}"
        return ModuleName(submodule) if submodule in self._scopes else None

    def _nearest_module(self, parts: list[str]) -> str | None:
        """Return the module that should hold the last part, None where it is unreadable."""
        module = ".".join(parts[:-1])
        if module in self._scopes:
            return module
        outer = ".".join(parts[:-2])
        if outer in self._scopes and (
            parts[-2] in self._scopes[outer].items or parts[-2] in self._scopes[outer].imports
        ):
            return outer
        return None

    def look_up(self, module: str, name: str) -> Target | None:
        """Return what `name` means in the namespace of `module`, a module of the package."""
        key = (module, name)
        if key in self._lookups:
            return self._lookups[key]
        if key in self._active:
            self._cut = True
            return None
        self._active.add(key)
        target = self._look_up(self._scopes[module], name)
        self._active.remove(key)
        if target is not None or not self._cut or not self._active:
            self._lookups[key] = target
        if not self._active:
            self._cut = False
        return target

    def _look_up(self, scope: _Scope, name: str) -> Target | None:
        item = scope.items.get(name)
        statement = scope.imports.get(name)
        if item is not None and _is_of_itself(item):
            return self._look_up_before(scope, name) or Definition(item)
        if item is not None and not (statement and isinstance(item, Constant)):
            return self._chase(item)
        if statement is not None and (target := self._find_import(scope.name, statement)) is not None:
            return target
        if item is not None:
            return Definition(item)
        target = self._look_up_star(scope, name)
        if target is not None:
            return target
        submodule = f"{scope.name}.{name}"
        return ModuleName(submodule) if submodule in self._scopes else None

    def _look_up_before(self, scope: _Scope, name: str) -> Target | None:
        """Return what the right side of `str = str` means: what the name was before."""
        statement = scope.imports.get(name)
        if statement is not None:
            return self._find_import(scope.name, statement)
        builtin = External(f"builtins.{name}") if name in BUILTIN_CLASSES else None
        return self._look_up_star(scope, name) or builtin

    def _look_up_star(self, scope: _Scope, name: str) -> Target | None:
        for star in reversed(scope.stars):
            if star in self._scopes and self._is_star_export(star, name):
                target = self.look_up(star, name)
                if target is not None:
                    return target
        return None

    def _find_import(self, importer: str, statement: Import) -> Target | None:
        if statement.attribute is None:
            known = statement.module in self._scopes
            return ModuleName(statement.module) if known else External(statement.module)
        submodule = f"{statement.module}.{statement.attribute}"
        renamed = statement.module == importer and statement.name != statement.attribute
        if renamed and submodule in self._scopes:
            # `from . import mapper as mapperlib` is how a package gets hold of its own module.
            return ModuleName(submodule)
        if statement.module in self._scopes:
            return self.look_up(statement.module, statement.attribute)
        return ModuleName(submodule) if submodule in self._scopes else External(submodule)

    def _chase(self, item: Item) -> Target:
        """Return what a plain `X = Y` stands for; anything else stands for itself."""
        match item:
            case Alias(target=Ref(path, ()), type_params=()) if path != item.path:
                return self.find(path) or Definition(item)
            case _:
                return Definition(item)

    def _find_member(self, target: Target, name: str) -> Target | None:
        match target:
            case ModuleName(module):
                return self.look_up(module, name)
            case External(path):
                return External(f"{path}.{name}")
            case Definition(Class() as cls):
                return self._find_class_member(cls, name, set())
            case Definition(Constant(type=Ref(path))):
                return self._find_bound_member(path, name)
            case Definition(TypeVariable()) if name in ("args", "kwargs"):
                return target
            case _:
                return None

    def _find_bound_member(self, path: str, name: str) -> Target | None:
        cls = self.find_class(path)
        found = self._find_class_member(cls, name, set()) if cls is not None else None
        return evolve(found, bound=True) if isinstance(found, Member) else found

    def _find_class_member(self, cls: Class, name: str, visited: set[str]) -> Target | None:
        visited.add(cls.path)
        scope = self._scopes[module_of(cls)]
        nested = scope.items.get(f"{cls.name}.{name}")
        if nested is not None:
            return self._chase(nested)
        if has_member(cls, name):
            return Member(cls, name)
        for base in cls.bases:
            found = self.find_class(base.path) if isinstance(base, Ref) else None
            if found is not None and found.path not in visited:
                target = self._find_class_member(found, name, visited)
                if target is not None:
                    return target
        return None

    # --- exports ------------------------------------------------------------------------

    def exports(self, module: str) -> frozenset[str]:
        """Return the names that `from module import *` binds, by `__all__` where it is known."""
        if module not in self._exports:
            self._exports[module] = frozenset()  # a cycle of star imports adds nothing more
            self._exports[module] = frozenset(self._find_exports(self._scopes[module]))
        return self._exports[module]

    def _find_exports(self, scope: _Scope) -> Iterator[str]:
        if scope.module.exports is None:
            yield from (name for name in scope.items if not name.startswith("_") and "." not in name)
            yield from (name for name in scope.imports if not name.startswith("_"))
            for star in scope.stars:
                yield from self.exports(star) if star in self._scopes else ()
            return
        for entry in scope.module.exports:
            if isinstance(entry, StarExport):
                yield from self.exports(entry.module) if entry.module in self._scopes else ()
            else:
                yield entry

    def _is_star_export(self, module: str, name: str) -> bool:
        """Return whether a star import of `module` may bind `name`.

        Without `__all__` every name without an underscore is bound; that is decided by the name
        alone, so that cycles of star imports need no list.
        """
        if self._scopes[module].module.exports is None:
            return not name.startswith("_")
        return name in self.exports(module)


@final
@frozen(eq=False)
class _Scope:
    """The top-level names of a module. What no lookup comes to is not tabulated."""

    module: Module

    @property
    def name(self) -> str:
        return self.module.name

    @cached_property
    def items(self) -> dict[str, Item]:
        found: dict[str, Item] = {}
        for item in self.module.items:
            # `try: class A … except ImportError: A = None` defines the class.
            if item.name not in found or isinstance(found[item.name], Constant):
                found[item.name] = item
        return found

    @cached_property
    def imports(self) -> dict[str, Import]:
        found: dict[str, Import] = {}
        for statement in self.module.imports:
            if statement.attribute != "*":
                # The first of several conditional imports is the preferred one.
                found.setdefault(statement.name, statement)
        return found

    @cached_property
    def stars(self) -> list[str]:
        return [statement.module for statement in self.module.imports if statement.attribute == "*"]
