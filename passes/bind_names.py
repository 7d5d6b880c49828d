"""Make every reference name the definition it means, wherever that stands.

    fun get(r: @httpx.Request) -> @typing.Optional<@httpx.Response>
        =>  fun get(r: @httpx._models.Request) -> @httpx._models.Response | none
    fun first(xs: @builtins.list<@a.T>) -> @a.T      =>  fun first<'T>(xs: list<'T>) -> 'T
    fun f(x: @a.Missing)                             =>  fun f(x: unsupported<SkipForwardRef, "Missing">)

Imports, re-exports and star imports are followed across modules. Names of the standard library
that have a shape of their own take it (`forms`); other external names stay references. A type
variable that a signature, class or alias uses joins its type parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import ClassVar, final

from attrs import define, field, frozen

from ..ir.items import (
    Alias,
    Class,
    Constant,
    Decorator,
    Field,
    Function,
    Item,
    Module,
    Package,
    Signature,
    TypeParam,
    TypeVariable,
    Variant,
)
from ..ir.parts import evolve, with_parts
from ..ir.refusals import SkipReason
from ..ir.sharing import TypePool
from ..ir.traverse import map_children, map_info, map_items, map_outer_types, map_signature, map_type_params
from ..ir.types import (
    BridgeType,
    EnumMember,
    LiteralOf,
    LiteralValue,
    Ref,
    Scalar,
    SelfType,
    TypeObject,
    TypeVarRef,
    UnionOf,
    Unsupported,
)
from .context import PassContext
from .forms import GENERIC, PROTOCOL, canonical_path, find_form, find_known_variable
from .names import Definition, External, Member, Names, Target, target_path
from .stdlib_names import BUILTIN_CLASSES, ENUM_BASES

_NAMELESS = (TypeVarRef, SelfType, Unsupported)
# Literals of literals deeper than this only a cycle needs.
_MAX_DEPTH = 20


@final
@frozen
class BindNames:
    """References name definitions; standard forms become shapes."""

    name: ClassVar[str] = "bind-names"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with every name bound."""
        binder = _Binder(Names(package))
        return evolve(package, modules=tuple(map(binder.bind_module, package.modules)))


def bind_some(package: Package, wanted: Callable[[Item], bool]) -> Package:
    """Return `package` with every name in its `wanted` items bound."""
    binder = _Binder(Names(package))
    return map_items(package, lambda item: binder.bind_item(item) if wanted(item) else item)


@final
@frozen(eq=False)
class _Bound:
    """What became of a type, and the type variables in it, in order."""

    before: BridgeType
    after: BridgeType
    variables: tuple[TypeParam, ...]


@final
@define(eq=False)
class _Binder:
    """Binds the names of one package.

    `seen` collects the type variables met since it was last cleared, in order. Equal types
    become one object. `_bound` holds what became of the types that have been met, by their ids, `_plain`
    of the plain names.
    """

    names: Names
    seen: dict[str, TypeParam] = field(factory=dict)
    _variables: dict[str, TypeParam] = field(factory=dict)
    _targets: dict[str, Target | None] = field(factory=dict)
    _pool: TypePool = field(factory=TypePool)
    _bound: dict[int, _Bound] = field(factory=dict)
    _plain: dict[str, _Bound] = field(factory=dict)
    _applied: dict[tuple[object, ...], _Bound] = field(factory=dict)

    # --- items --------------------------------------------------------------------------

    def bind_module(self, module: Module) -> Module:
        """Return `module` with its items bound."""
        return evolve(module, items=tuple(map(self.bind_item, module.items)))

    def bind_item(self, item: Item) -> Item:
        """Return `item` bound."""
        match item:
            case Function():
                return self._bind_function(item, ())
            case Class():
                return self._bind_class(item)
            case Alias():
                return self._bind_alias(item)
            case TypeVariable():
                return evolve(item, param=self._bind_variable(item))
            case _:
                return map_outer_types(item, self.bind_type)

    def _bind_function(self, function: Function, outer: Collection[str]) -> Function:
        # Not `evolve`: there are more functions than anything else, and each is made anew.
        return Function(
            function.name,
            function.path,
            tuple([self._bind_signature(each, outer) for each in function.signatures]),
            function.binding,
            self._bind_decorators(function.decorators),
            function.abstract,
            map_info(function.info, self.bind_type),
            function.calls,
        )

    def _bind_signature(self, signature: Signature, outer: Collection[str]) -> Signature:
        self.seen.clear()
        bound = map_signature(signature, self.bind_type)
        params = self._used_params(bound.type_params, outer)
        return bound if params == bound.type_params else evolve(bound, type_params=params)

    def _used_params(self, declared: tuple[TypeParam, ...], outer: Collection[str]) -> tuple[TypeParam, ...]:
        """Return `declared` and the variables seen that neither it nor `outer` holds."""
        if not self.seen:
            return declared
        known = {param.name for param in declared}
        return declared + tuple(p for p in self.seen.values() if p.name not in known and p.name not in outer)

    def _bind_class(self, cls: Class) -> Class:
        self.seen.clear()
        bases = tuple(map(self._bind_base, cls.bases))
        params = self._used_params(map_type_params(cls.type_params, self.bind_type), ())
        declared = next((b.arguments for b in bases if isinstance(b, Ref) and _declares_params(b)), None)
        if declared:
            order = {ty.name: index for index, ty in enumerate(declared) if isinstance(ty, TypeVarRef)}
            params = tuple(sorted(params, key=lambda param: order.get(param.name, len(order))))
        outer = {param.name for param in params}
        return with_parts(
            cls,
            bases=tuple([_plain_base(base) for base in bases if not _is_generic(base)]),
            type_params=params,
            decorators=self._bind_decorators(cls.decorators),
            fields=tuple(map(self._bind_field, cls.fields)),
            properties=tuple([map_outer_types(each, self.bind_type) for each in cls.properties]),
            methods=tuple([self._bind_function(each, outer) for each in cls.methods]),
        )

    def _bind_field(self, member: Field) -> Field:
        ty, info, specifier = (
            self.bind_type(member.type),
            map_info(member.info, self.bind_type),
            member.specifier,
        )
        if specifier is not None:
            specifier = Decorator(self._bind_path(specifier.path), specifier.arguments)
        return with_parts(member, type=ty, specifier=specifier, info=info)

    def _bind_alias(self, alias: Alias) -> Item:
        if isinstance(alias.target, Ref) and not alias.target.arguments:
            target = self._find(alias.target.path)
            if isinstance(target, Member):
                attribute = _find_field(target)
                if attribute is not None:
                    return Constant(alias.name, alias.path, self.bind_type(attribute), info=alias.info)
                return alias  # the path through the value says that the member is bound
            if target is not None and not _is_type(target):
                return evolve(alias, target=Ref(_path(target)))
        self.seen.clear()
        bound = map_outer_types(alias, self.bind_type)
        return evolve(bound, type_params=self._used_params(bound.type_params, ()))

    def _bind_variable(self, variable: TypeVariable) -> TypeParam:
        if variable.path not in self._variables:
            self._variables[variable.path] = variable.param  # its bound may use the variable itself
            outside, self.seen = self.seen, {}
            bound = map_outer_types(variable, self.bind_type)
            self.seen = outside
            self._variables[variable.path] = bound.param
        return self._variables[variable.path]

    def _bind_decorators(self, decorators: tuple[Decorator, ...]) -> tuple[Decorator, ...]:
        if not decorators:
            return ()
        return tuple([Decorator(self._bind_path(each.path), each.arguments) for each in decorators])

    def _bind_path(self, path: str) -> str:
        target = self._find(path)
        return path if target is None else _path(target)

    # --- types --------------------------------------------------------------------------

    def bind_type(self, ty: BridgeType) -> BridgeType:
        """Return `ty` with every name in it bound."""
        if type(ty) is Scalar:
            return ty
        if type(ty) is Ref and not ty.arguments:
            # Every use of a name is an object of its own.
            known = self._plain.get(ty.path)
            if known is None:
                known = self._plain[ty.path] = self._bind_anew(ty)
        else:
            known = self._bound.get(id(ty))
            if known is None:
                known = self._bound[id(ty)] = self._bind_anew(ty)
        for variable in known.variables:
            self._note(variable)
        return known.after

    def _bind_anew(self, ty: BridgeType) -> _Bound:
        if type(ty) in _NAMELESS:
            return _Bound(ty, self._pool.share(ty), ())
        outside, self.seen = self.seen, {}
        after = self._bind_applied(ty) if type(ty) is Ref else self._pool.share(self._bind_parts(ty))
        bound = _Bound(ty, after, tuple(self.seen.values()))
        self.seen = outside
        return bound

    def _bind_applied(self, ref: Ref) -> BridgeType:
        """Return `ref` bound. What a name means with the same bound arguments is asked once."""
        arguments = tuple([self.bind_type(argument) for argument in ref.arguments])
        # The binder keeps what it has bound, so that no other type gets one of these ids.
        key = (ref.path, *map(id, arguments))
        known = self._applied.get(key)
        if known is None:
            outside, self.seen = self.seen, {}
            after = self._pool.share(self._bind_ref(Ref(ref.path, arguments) if arguments else ref))
            known = self._applied[key] = _Bound(ref, after, tuple(self.seen.values()))
            self.seen = outside
        for variable in known.variables:
            self._note(variable)
        return known.after

    def _bind_parts(self, ty: BridgeType) -> BridgeType:
        return self._bind_literal(ty) if type(ty) is LiteralOf else map_children(ty, self.bind_type)

    def _note(self, variable: TypeParam) -> None:
        self.seen.setdefault(variable.name, variable)

    def _bind_ref(self, ref: Ref) -> BridgeType:
        target = self._find(ref.path)
        match target:
            case None:
                return Unsupported(SkipReason.FORWARD_REF, self._written(ref.path))
            case External(path):
                return self._bind_external(ref, canonical_path(path))
            case Definition(TypeVariable() as variable):
                self._note(self._bind_variable(variable))
                return TypeVarRef(variable.param.name)
            case Definition(Class() | Alias() | Variant() as item):
                return ref if item.path == ref.path else Ref(item.path, ref.arguments)
            case Definition(Constant(type=TypeObject(inner))):
                return self.bind_type(inner)
            case _:
                return Unsupported(SkipReason.UNSUPPORTED_TYPING_CONSTRUCT, self._written(ref.path))

    def _bind_external(self, ref: Ref, path: str) -> BridgeType:
        if variable := find_known_variable(path):
            self._note(variable)
        form = find_form(path)
        if form is not None:
            return form(ref.arguments)
        return ref if path == ref.path else Ref(path, ref.arguments)

    def _bind_literal(self, literal: LiteralOf) -> LiteralOf:
        if not any(isinstance(value, EnumMember) for value in literal.values):
            return literal
        values = [each for value in literal.values for each in self._literal_values(value, 0)]
        # `True` and `1` are equal, and not the same literal.
        return LiteralOf(tuple({(type(each), each): each for each in values}.values()))

    def _literal_values(
        self, value: LiteralValue | EnumMember, depth: int
    ) -> Iterator[LiteralValue | EnumMember]:
        """Yield a value bound; a name may stand for a literal type, whose values it has (PEP 586)."""
        if not isinstance(value, EnumMember):
            yield value
            return
        match self._find(value.path):
            case Definition(Alias(target=LiteralOf(values))) if depth < _MAX_DEPTH:
                for inner in values:
                    yield from self._literal_values(inner, depth + 1)
            case Definition(Alias(target=UnionOf(members))) if depth < _MAX_DEPTH:
                for member in members:
                    for inner in member.values if isinstance(member, LiteralOf) else ():
                        yield from self._literal_values(inner, depth + 1)
            case _:
                yield EnumMember(self._bind_path(value.path))

    def _bind_base(self, base: BridgeType) -> BridgeType:
        """Return a base class bound; it stays a reference even where the name has a shape."""
        if not isinstance(base, Ref):
            return self.bind_type(base)
        arguments = tuple(map(self.bind_type, base.arguments))
        return Ref(self._bind_path(base.path), arguments)

    # --- names --------------------------------------------------------------------------

    def _find(self, path: str) -> Target | None:
        """Return what `path` names; a name unknown to its scope is looked for in the outer ones."""
        if path not in self._targets:
            self._targets[path] = self._find_outward(path)
        return self._targets[path]

    def _find_outward(self, path: str) -> Target | None:
        if find_form(path) is not None:
            return External(path)  # also in stubs of the standard library, which define it
        target = self.names.find(path)
        if target is not None:
            return target
        scope, _, name = path.rpartition(".")
        while not self.names.is_module(scope):
            # A class body that lacks the name: `mod.Class.name` may mean `mod.name` (PEP 227).
            if self.names.find_class(scope) is None:
                return None
            scope = scope.rpartition(".")[0]
            if self.names.is_module(scope) and (target := self.names.find(f"{scope}.{name}")):
                return target
        return External(f"builtins.{name}") if name in BUILTIN_CLASSES else None

    def _written(self, path: str) -> str:
        """Return `path` without the module in front, as it may stand in the source."""
        module = path.rpartition(".")[0]
        while module and not self.names.is_module(module):
            module = module.rpartition(".")[0]
        return path[len(module) + 1 :] if module else path


def _path(target: Target) -> str:
    return canonical_path(target_path(target))


def _is_type(target: Target) -> bool:
    match target:
        case External(path):
            return find_form(canonical_path(path)) is not None
        case Definition(Class() | Alias() | TypeVariable() | Variant()):
            return True
        case _:
            return False


def _declares_params(base: Ref) -> bool:
    return base.path in (GENERIC, PROTOCOL) and bool(base.arguments)


def _is_generic(base: BridgeType) -> bool:
    return isinstance(base, Ref) and base.path == GENERIC


def _plain_base(base: BridgeType) -> BridgeType:
    return Ref(PROTOCOL) if isinstance(base, Ref) and base.path == PROTOCOL else base


def _find_field(member: Member) -> BridgeType | None:
    """Return the type of the field that `member` is: its enum for a member of one; None for a method."""
    found = next((each for each in member.owner.fields if each.name == member.name), None)
    if found is None:
        return None
    bases = (canonical_path(base.path) for base in member.owner.bases if isinstance(base, Ref))
    return found.type if ENUM_BASES.isdisjoint(bases) else Ref(member.owner.path)
