"""Keep what a user can name, each thing at its canonical public path.

    module a: from ._impl import Client as Client
    module a._impl: class Client: fun _connect(self); fun get(self)
        =>
    module a: class Client (defined at a._impl.Client): fun get(self)

Further public names of the same thing stay as aliases; a function or value is also bound under another
word for it (`abs` for `absolute`). Members with a leading underscore and special
methods that are no operation are dropped; a name of `__all__` that nothing defines is refused.
A method of a module-level value under a public name becomes a function.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import ClassVar, TypeVar, final

from attrs import define, field, frozen

from ..ir.items import (
    Alias,
    Binding,
    Cast,
    Class,
    Constant,
    Decorator,
    Field,
    Function,
    Item,
    Module,
    Package,
    Property,
    Refusal,
    Variant,
)
from ..ir.parts import evolve
from ..ir.refusals import SkipReason
from ..ir.sharing import memoised_map
from ..ir.traverse import Rewrite, map_outer_types
from ..ir.types import BridgeType, EnumMember, LiteralOf, LiteralValue, Ref, UnionOf
from .context import PassContext
from .names import Member, Names
from .operations import is_dunder, is_private_member
from .reached_classes import find_reached
from .surface import PublicName, Surface, build_surface

_MemberT = TypeVar("_MemberT", Field, Property, Function)


@final
@frozen
class SelectPublic:
    """Only the public surface remains, at canonical paths."""

    name: ClassVar[str] = "select-public"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with the public items only."""
        names = Names(package)
        surface = build_surface(package, names, ctx.inventory)
        reached = find_reached(package, names, surface)
        surface = evolve(surface, canonical={**surface.canonical, **reached})
        homes = _Homes({path: public.path for path, public in surface.canonical.items()})
        selected: defaultdict[str, list[Item]] = defaultdict(list)
        files: dict[str, str] = {}
        for module in package.modules:
            for item in module.items:
                if item.path in homes.paths:
                    files.setdefault(surface.canonical[item.path].module, module.file)
                    _select(item, surface, homes, selected)
        for public, member in surface.methods.items():
            if function := _make_function(public, member):
                selected[public.module].append(homes.move_types(function))
        for public in surface.missing:
            refusal = Refusal(
                public.name, public.path, "name", SkipReason.DYNAMIC_ATTRIBUTE, "listed in `__all__` only"
            )
            selected[public.module].append(refusal)
        return evolve(package, modules=tuple(_make_modules(package, selected, files)))


_ItemT = TypeVar("_ItemT", Class, Function, Constant, Variant, Alias)


@final
@define(eq=False)
class _Homes:
    """The canonical public path of everything that has one."""

    paths: Mapping[str, str]
    _rewrite: Rewrite = field(init=False)

    def __attrs_post_init__(self) -> None:
        paths = self.paths
        self._rewrite = memoised_map(lambda ty: _move_type(ty, paths))

    def find(self, path: str) -> str:
        """Return where `path` is found on the public surface, `path` itself for what is not on it."""
        return self.paths.get(path, path)

    def move_types(self, item: _ItemT) -> _ItemT:
        """Return `item` with references to where things are found."""
        return map_outer_types(item, self._rewrite)


def _move_type(ty: BridgeType, homes: Mapping[str, str]) -> BridgeType:
    match ty:
        case Ref(path, arguments) if (home := homes.get(path, path)) != path:
            return Ref(home, arguments)
        case LiteralOf(values) if any(isinstance(value, EnumMember) for value in values):
            return LiteralOf(tuple(_move_value(value, homes) for value in values))
        case _:
            return ty


def _move_value(value: LiteralValue | EnumMember, homes: Mapping[str, str]) -> LiteralValue | EnumMember:
    if not isinstance(value, EnumMember):
        return value
    owner, _, name = value.path.rpartition(".")
    return EnumMember(f"{homes.get(owner, owner)}.{name}")


def _select(item: Item, surface: Surface, homes: _Homes, selected: defaultdict[str, list[Item]]) -> None:
    home = surface.canonical[item.path]
    moved = _move(item, home, homes)
    if moved is None:
        return
    selected[home.module].append(moved)
    if isinstance(moved, Alias) and isinstance(moved.target, UnionOf):
        return
    named = {home.name}
    for other in sorted(surface.others.get(item.path, ()), key=lambda each: (len(each.path), each.path)):
        if isinstance(moved, Function | Constant) and other.name not in named:
            # Another word for it, as `abs` for `absolute`, is one that a program may use.
            named.add(other.name)
            selected[other.module].append(evolve(moved, name=other.name, path=other.path))
        else:
            selected[other.module].append(Alias(other.name, other.path, Ref(home.path)))


def _make_modules(
    package: Package, selected: Mapping[str, list[Item]], files: Mapping[str, str]
) -> list[Module]:
    """Return a module for every name that holds items, in the order of the package, new ones last."""
    old = {module.name: module for module in package.modules}
    kept = [name for name in old if name in selected]
    added = sorted(name for name in selected if name not in old)
    modules = []
    for name in (*kept, *added):
        base = old.get(name) or Module(name, files.get(name, ""), ())
        modules.append(evolve(base, items=tuple(selected[name]), imports=(), exports=None))
    return modules


def _move(item: Item, home: PublicName, homes: _Homes) -> Item | None:
    """Return `item` at its home with references rewritten; None for what has no place on the surface."""
    match item:
        case Class():
            return _move_class(item, home, homes)
        case Function():
            decorators = _move_decorators(item.decorators, homes)
            if decorators or item.path != home.path or item.name != home.name:
                item = evolve(item, name=home.name, path=home.path, decorators=decorators)
            return homes.move_types(item)
        case Constant():
            return homes.move_types(evolve(item, name=home.name, path=home.path))
        case Variant():
            return homes.move_types(evolve(item, name=home.name, path=home.path))
        case Alias(target=Ref(path)) if path in homes.paths:
            # `Float32 = Floating[Bits32]` names the class; its arguments say nothing to a caller.
            return evolve(item, name=home.name, path=home.path, target=Ref(homes.paths[path]), type_params=())
        case Alias(target=UnionOf(), type_params=()):
            # Nobody refers to it any more; close-unions takes its name for the union.
            return homes.move_types(evolve(item, name=home.name, path=home.path))
        case _:
            return None


def _move_class(cls: Class, home: PublicName, homes: _Homes) -> Class:
    moved = evolve(
        cls,
        name=home.name,
        path=home.path,
        defined=cls.path if cls.path != home.path else cls.defined,
        decorators=_move_decorators(cls.decorators, homes),
        casts=tuple(Cast(homes.find(cast.base)) for cast in cls.casts),
        fields=_select_members(tuple(each for each in cls.fields if not is_dunder(each.name)), home.path),
        properties=_select_members(cls.properties, home.path),
        methods=_select_members(cls.methods, home.path),
        constructors=_select_members(cls.constructors, home.path),
    )
    return homes.move_types(moved)


def _select_members(members: tuple[_MemberT, ...], owner: str) -> tuple[_MemberT, ...]:
    """Return the public ones of `members`, as members of `owner`."""
    return tuple(
        [
            each if (path := f"{owner}.{each.name}") == each.path else evolve(each, path=path)
            for each in members
            if not is_private_member(each.name)
        ]
    )


def _move_decorators(decorators: tuple[Decorator, ...], homes: _Homes) -> tuple[Decorator, ...]:
    return tuple(Decorator(homes.find(each.path), each.arguments) for each in decorators)


def _make_function(public: PublicName, member: Member) -> Function | None:
    """Return the function that a method is under the name of a module.

    A method taken from a value has its receiver; one taken from the class still asks for it.
    """
    method = next((each for each in member.owner.methods if each.name == member.name), None)
    if method is None or is_private_member(public.name):
        return None
    bound = method.binding is Binding.CLASS_METHOD or (member.bound and method.binding is Binding.METHOD)
    signatures = tuple(
        evolve(signature, params=signature.params[1:] if bound else signature.params)
        for signature in method.signatures
    )
    return Function(public.name, public.path, signatures, info=method.info)
