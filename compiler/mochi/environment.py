"""Scopes: what a name means at a place of a program."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field

from . import tree
from .types import ANY, SCALARS, UNIT, Applied, Func, Struct, Type, Union, Var, option_of

_GENERICS = {"set": 1, "list": 1, "map": 2, "omap": 2, "chan": 1, "stream": 1, "sub": 1, "future": 1}


class RefusedError(Exception):
    """Ends the check of a statement. `code` is None where Mochi's checker has none."""

    def __init__(self, code: str | None, message: str, node: tree.Node, help: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.node, self.help = code, message, node, help


@define
class Scope:
    """One scope. Types and values share `types`, as they do in Mochi."""

    parent: Scope | None = None
    types: dict[str, Type] = field(factory=dict)
    structs: dict[str, Struct] = field(factory=dict)
    unions: dict[str, Union] = field(factory=dict)
    streams: dict[str, Struct] = field(factory=dict)
    agents: set[str] = field(factory=set)
    mutable: dict[str, bool] = field(factory=dict)
    functions: set[str] = field(factory=set)
    narrowed: set[str] = field(factory=set)
    imported: set[str] = field(factory=set)
    type_params: dict[str, Var] = field(factory=dict)
    late: list[RefusedError] = field(factory=list)

    def child(self) -> Scope:
        """Return a new scope within this one."""
        return Scope(self)

    def chain(self) -> list[Scope]:
        """Return this scope and those around it, from the inside."""
        found: list[Scope] = []
        scope: Scope | None = self
        while scope is not None:
            found.append(scope)
            scope = scope.parent
        return found

    def report_late(self, error: RefusedError) -> None:
        """Keep an error that does not end the statement; Mochi shows these after all others."""
        self.chain()[-1].late.append(error)

    def bind(self, name: str, ty: Type, mutable: bool = False) -> None:
        """Bind a value."""
        self.types[name] = ty
        self.mutable[name] = mutable
        self.imported.discard(name)

    def bind_import(self, alias: str) -> None:
        """Bind the alias of an import."""
        self.bind(alias, ANY)
        self.imported.add(alias)

    def is_imported(self, name: str) -> bool:
        """Tell whether `name` is the alias of an import here, and nothing nearer has its name."""
        return next((name in scope.imported for scope in self.chain() if name in scope.types), False)

    def find(self, name: str) -> Type | None:
        """Return the type of a value, or a type of that name."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.types:
                return scope.types[name]
            scope = scope.parent
        return None

    def find_declared(self, name: str) -> Type | None:
        """Return the type a value was declared with, whatever conditions have proved since."""
        for scope in self.chain():
            if name in scope.types and name not in scope.narrowed:
                return scope.types[name]
        return self.chain()[-1].types.get(name)

    def is_mutable(self, name: str) -> bool | None:
        """Tell whether a value may be assigned to; None where none of that name is known."""
        return next((scope.mutable[name] for scope in self.chain() if name in scope.mutable), None)

    def find_struct(self, name: str) -> Struct | None:
        """Return a record or variant."""
        return next((scope.structs[name] for scope in self.chain() if name in scope.structs), None)

    def find_union(self, name: str) -> Union | None:
        """Return a union."""
        return next((scope.unions[name] for scope in self.chain() if name in scope.unions), None)

    def find_union_of(self, variant: str) -> Union | None:
        """Return the union that has `variant`; the last one of a scope where several have it."""
        for scope in self.chain():
            for union in reversed(scope.unions.values()):
                if variant in union.variants:
                    return union
        return None

    def find_stream(self, name: str) -> Struct | None:
        """Return what a declared stream carries."""
        return next((scope.streams[name] for scope in self.chain() if name in scope.streams), None)

    def is_user_function(self, name: str) -> bool:
        """Tell whether a `fun` of that name is known."""
        return any(name in scope.functions for scope in self.chain())

    def is_agent(self, name: str) -> bool:
        """Tell whether `name` is an agent."""
        return any(name in scope.agents for scope in self.chain())

    # --- narrowing: what a condition proves about options ---------------------------------

    def narrow(self, proved: Mapping[str, Type]) -> Scope:
        """Return a scope in which the values of `proved` have those types."""
        if not proved:
            return self
        scope = self.child()
        for name, ty in proved.items():
            scope.bind(name, ty, bool(self.is_mutable(name)))
            scope.narrowed.add(name)
        return scope

    def widen(self) -> Scope:
        """Return a scope without anything proved: a function may run much later."""
        names = [name for scope in self.chain() for name in scope.narrowed]
        if not names:
            return self
        scope = self.child()
        for name in names:
            if (declared := self.find_declared(name)) is not None:
                scope.bind(name, declared, bool(self.is_mutable(name)))
        return scope

    def forget_mutable(self) -> None:
        """Drop what was proved about `var`s: a call may have assigned to them."""
        for name in [name for scope in self.chain() for name in scope.narrowed]:
            declared = self.find_declared(name)
            if declared is not None and self.is_mutable(name) and name not in self.types:
                self.bind(name, declared, mutable=True)

    # --- types as written -----------------------------------------------------------------

    def resolve(self, ref: tree.TypeRef) -> Type:
        """Return the type that `ref` means. An unknown name is reported late and is `any`."""
        ty = self._resolve_plain(ref)
        return option_of(ty) if ref.optional else ty

    def resolve_or_any(self, ref: tree.TypeRef | None) -> Type:
        """Return the type of `ref`, `any` where none is written."""
        return ANY if ref is None else self.resolve(ref)

    def _resolve_plain(self, ref: tree.TypeRef) -> Type:
        if ref.name is not None:
            return SCALARS.get(ref.name) or self._resolve_name(ref.name, ref)
        if (generic := ref.generic) is not None:
            if _GENERICS.get(generic.name) == len(generic.args):
                return Applied(generic.name, tuple(self.resolve(each) for each in generic.args))
            return ANY
        if ref.element is not None:
            return Applied("list", (self.resolve(ref.element),))
        if ref.stream is not None:
            return Applied("stream", (self.resolve(ref.stream),))
        if (fun := ref.fun) is not None:
            params = tuple(self.resolve(each) for each in fun.params)
            return Func(params, UNIT if fun.result is None else self.resolve(fun.result))
        assert ref.struct is not None, "a type has one of its parts"
        return Struct("", tuple((each.name, self.resolve(each.type)) for each in ref.struct.fields))

    def _resolve_name(self, name: str, node: tree.Node) -> Type:
        for scope in self.chain():
            if name in scope.type_params:
                return scope.type_params[name]
        if (union := self.find_union(name)) is not None:
            return union
        if (struct := self.find_struct(name)) is not None:
            return struct
        if (known := self.find(name)) is not None:
            return known
        if (union := self.find_union_of(name)) is not None:
            return union
        if not (len(name) == 1 and "A" <= name <= "Z"):
            self.report_late(RefusedError("T025", f"there is no type `{name}`", node))
        return ANY
