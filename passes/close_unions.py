"""Give every union that flows out a nominal sum type; tell of those that flow in.

fun get(): int | string                 =>   fun get(): @mochi.union.IntOrString, and this variant
fun each(f: fun(int | string): none)    =>   fun each(f: fun(@mochi.union.IntOrString): none)
type Id = int | string                  =>   the variant is @m.Id, wherever the union flows out
fun put(x: int | string)                =>   the same, note: checked "parameter x" "int | string"
fun any(): @m.Proto | @m.OtherProto     =>   fun any(): any, degraded: SkipOpenUnion
"""

from __future__ import annotations

from operator import is_
from typing import ClassVar, TypeVar, assert_never, final

from attrs import define, field, frozen

from ..ir.items import (
    Alias,
    Class,
    ClassKind,
    Constant,
    Field,
    FieldKind,
    Function,
    Info,
    Item,
    Module,
    NoteKind,
    Package,
    Property,
    Refusal,
    Signature,
    TypeVariable,
    Variant,
)
from ..ir.parts import evolve, with_parts
from ..ir.refusals import SkipReason
from ..ir.traverse import map_children, map_type, retype_all, walk_items, walk_type
from ..ir.types import ANY, BridgeType, FunOf, LiteralOf, OptionOf, Ref, UnionOf
from .context import PassContext
from .losses import Loss, PlacedLoss, record_losses, refuse, show_type
from .records import drop_unused
from .variants import Variants
from .widen_literals import widen_literal


@final
@frozen
class CloseUnions:
    """Leaves unions only where values flow in: there the wrapper checks what Mochi declares as `any`.

    Results, attributes, constants and the parameters of callbacks get a `Variant` in
    `Package.generated`, which the wrapper tags. It is the public alias of the union, the first one
    by path where there are several; without one it is called after its members. Where a value
    would not show which member it is of, the type is `any`, recorded as SkipOpenUnion. In strict
    mode the unions that flow in are closed too, and what cannot be closed is refused.

    The pass stands behind legalize-types, for members that are one type in Mochi are no union,
    and whether a value shows its type depends on what it is in Mochi (ADR 0009).
    """

    name: ClassVar[str] = "close-unions"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with sum types for the unions that flow out."""
        classes = {item.path: item for item in walk_items(package) if isinstance(item, (Class, Variant))}
        closer = _Closer(ctx, Variants(classes))
        package = closer.take_names(package)
        modules = tuple(closer.module(module) for module in package.modules)
        generated = [closed for item in package.generated for closed in closer.items(item)]
        known = {item.path for item in generated}
        generated += [item for item in closer.variants.items() if item.path not in known]
        items = drop_unused(modules, tuple(sorted(generated, key=lambda item: item.path)))
        if modules == package.modules and items == package.generated:
            return package
        return evolve(package, modules=modules, generated=items)


@final
@frozen
class _Closed:
    """A type without open unions, and what was lost or is to note of it.

    `origin` is kept beside the result, so that its id is not used again.
    """

    type: BridgeType
    origin: BridgeType
    losses: tuple[Loss, ...] = ()


def _by_size(alias: Alias) -> tuple[int, int, str]:
    return sum(1 for _ in walk_type(alias.target)), alias.path.count("."), alias.path


_ItemT = TypeVar("_ItemT", Constant, Field, Property, Function)


@final
@define(eq=False)
class _Closer:
    """Rewrites items. Types are closed once for each direction."""

    ctx: PassContext
    variants: Variants
    _inward: dict[int, _Closed] = field(factory=dict)
    _outward: dict[int, _Closed] = field(factory=dict)
    _kept_inward: set[int] = field(factory=set)
    _kept_outward: set[int] = field(factory=set)

    # --- types --------------------------------------------------------------------------

    def close(self, ty: BridgeType, *, inward: bool) -> _Closed:
        """Return `ty`, whose values flow in or out, with its unions closed."""
        seen = self._inward if inward else self._outward
        known = seen.get(id(ty))
        if known is None:
            losses: list[Loss] = []
            closed = self._close(ty, inward, losses)
            if any(type(each) is UnionOf for each in walk_type(closed)):
                losses.append(Loss(SkipReason.OPEN_UNION, show_type(closed), note=NoteKind.CHECKED))
            known = seen[id(ty)] = _Closed(closed, ty, tuple(dict.fromkeys(losses)))
            if closed is ty and not losses:
                (self._kept_inward if inward else self._kept_outward).add(id(ty))
        return known

    def _close(self, ty: BridgeType, inward: bool, losses: list[Loss]) -> BridgeType:
        match ty:
            case FunOf(params, result) if params is not None:
                taken = tuple(self._close(param, not inward, losses) for param in params)
                given = self._close(result, inward, losses)
                same = given is result and all(map(is_, taken, params))
                return ty if same else FunOf(taken, given)
            case OptionOf(inner):
                closed = self._close(inner, inward, losses)
                return ty if closed is inner else ANY if closed is ANY else OptionOf(closed)
            case UnionOf(members):
                return self._close_union(ty, members, inward, losses)
            case _:
                return map_children(ty, lambda inner: self._close(inner, inward, losses))

    def _close_union(
        self, ty: UnionOf, members: tuple[BridgeType, ...], inward: bool, losses: list[Loss]
    ) -> BridgeType:
        if inward and self.ctx.options.strict and any(isinstance(each, LiteralOf) for each in walk_type(ty)):
            # A sum type may flow either way, and only what flows in keeps its literals.
            return self._close(map_type(ty, widen_literal), inward, losses)
        closed = tuple(self._close(member, inward, losses) for member in members)
        if inward and not self.ctx.options.strict:
            return ty if all(map(is_, closed, members)) else UnionOf(closed)
        variant = None if ANY in closed else self.variants.close(closed)
        if variant is None:
            losses.append(Loss(SkipReason.OPEN_UNION, show_type(ty)))
        return variant or ANY

    # --- names --------------------------------------------------------------------------

    def take_names(self, package: Package) -> Package:
        """Return `package` without its aliases of types, which the unions of their members take up."""
        aliases = [
            item
            for item in walk_items(package)
            if isinstance(item, Alias) and not isinstance(item.target, Ref)
        ]
        if not aliases:
            return package
        # What is inside of a union is closed before it, and is smaller.
        for alias in sorted(aliases, key=_by_size):
            if isinstance(alias.target, UnionOf):
                closed = [self._close(each, False, []) for each in alias.target.members]
                self.variants.name(alias, closed)
        dropped = {id(alias) for alias in aliases}
        return evolve(
            package,
            modules=tuple(
                evolve(module, items=tuple(item for item in module.items if id(item) not in dropped))
                for module in package.modules
            ),
        )

    # --- items --------------------------------------------------------------------------

    def module(self, module: Module) -> Module:
        items = tuple(closed for item in module.items for closed in self.items(item))
        same = len(items) == len(module.items) and all(map(is_, items, module.items))
        return module if same else evolve(module, items=items)

    def items(self, item: Item) -> list[Item]:
        """Return `item` closed, and the refusals of its members."""
        match item:
            case Function():
                return [self.function(item, item.name, "function")]
            case Class():
                return self.class_items(item)
            case Constant():
                return [self.value(item, item.name, "value", "constant")]
            case Variant() | Alias() | TypeVariable() | Refusal():
                return [item]
            case _:
                assert_never(item)

    def class_items(self, cls: Class) -> list[Item]:
        fields = [self.field(cls, each) for each in cls.fields]
        properties = [self.property(each, f"{cls.name}.{each.name}") for each in cls.properties]
        constructors = [
            self.function(each, f"{cls.name}.{each.name}", "constructor") for each in cls.constructors
        ]
        methods = [self.function(each, f"{cls.name}.{each.name}", "method") for each in cls.methods]
        parts = [*fields, *properties, *constructors, *methods]
        if all(map(is_, parts, (*cls.fields, *cls.properties, *cls.constructors, *cls.methods))):
            return [cls]
        kept = tuple(each for each in fields if isinstance(each, Field))
        # A record without one of its fields could not be built.
        broken = cls.kind is ClassKind.RECORD and len(kept) < len(fields)
        closed = evolve(
            cls,
            kind=ClassKind.HANDLE if broken else cls.kind,
            fields=kept,
            properties=tuple(each for each in properties if isinstance(each, Property)),
            constructors=tuple(each for each in constructors if isinstance(each, Function)),
            methods=tuple(each for each in methods if isinstance(each, Function)),
        )
        return [closed, *(each for each in parts if isinstance(each, Refusal))]

    def field(self, cls: Class, member: Field) -> Field | Refusal:
        if member.kind is FieldKind.MEMBER:
            # The type of an enum member is its enum; what stands here is the type of its value.
            ty = self.close(member.type, inward=False).type
            return member if ty is member.type else evolve(member, type=ty)
        return self.value(member, f"{cls.name}.{member.name}", "field", "field")

    def value(self, item: _ItemT, shown: str, place: str, kind: str) -> _ItemT | Refusal:
        assert isinstance(item, (Constant, Field))
        closed = self.close(item.type, inward=False)
        losses = [PlacedLoss(place, loss, item.info.span) for loss in closed.losses]
        changed = item if closed.type is item.type else evolve(item, type=closed.type)
        return self.record(item, changed, shown, kind, losses)

    def property(self, member: Property, shown: str) -> Property | Refusal:
        closed = self.close(member.type, inward=False)
        losses = [PlacedLoss("result", loss, member.info.span) for loss in closed.losses]
        setter = member.setter_type
        if setter is not None:
            taken = self.close(setter, inward=True)
            losses += [PlacedLoss("setter", loss, member.info.span) for loss in taken.losses]
            setter = taken.type
        same = closed.type is member.type and setter is member.setter_type
        changed = member if same else evolve(member, type=closed.type, setter_type=setter)
        return self.record(member, changed, shown, "property", losses)

    def function(self, function: Function, shown: str, kind: str) -> Function | Refusal:
        """Return `function` with closed arms; in strict mode without the arms that stay open."""
        arms: list[Signature] = []
        losses: list[PlacedLoss] = []
        lost: list[PlacedLoss] = []
        for number, signature in enumerate(function.signatures, 1):
            if signature.inputs <= self._kept_inward and id(signature.result) in self._kept_outward:
                arms.append(signature)
                continue
            found: list[PlacedLoss] = []
            place = f"overload {number}: " if len(function.signatures) > 1 else ""
            arm = self.signature(signature, place, found)
            if self.ctx.options.strict:
                open_parts = [each for each in found if each.loss.note is None]
                if open_parts:
                    lost += open_parts
                    continue
            losses += found
            arms.append(arm)
        if not arms and lost:
            return self.record(function, function, shown, kind, lost)
        same = len(arms) == len(function.signatures) and all(map(is_, arms, function.signatures))
        changed = function if same else evolve(function, signatures=tuple(arms))
        return self.record(function, changed, shown, kind, losses)

    def signature(self, signature: Signature, place: str, losses: list[PlacedLoss]) -> Signature:
        """Return `signature`, which is at `place` of its function, closed."""
        types: list[BridgeType] = []
        seen = self._inward
        for param in signature.params:
            closed = seen.get(id(param.type)) or self.close(param.type, inward=True)
            types.append(closed.type)
            if closed.losses:
                where = f"{place}parameter {param.name}"
                losses += [PlacedLoss(where, loss, param.span) for loss in closed.losses]
        result = self.close(signature.result, inward=False)
        if result.losses:
            losses += [PlacedLoss(f"{place}result", loss, signature.span) for loss in result.losses]
        return with_parts(signature, params=retype_all(signature.params, types), result=result.type)

    def record(
        self, before: _ItemT, after: _ItemT, shown: str, kind: str, losses: list[PlacedLoss]
    ) -> _ItemT | Refusal:
        """Return `after` with `losses` recorded, or the refusal of `before` for one in strict mode."""
        if not losses:
            return after
        lost = [each for each in losses if each.loss.note is None]
        if lost and self.ctx.options.strict:
            refusal, diagnostic = refuse(shown, before.path, kind, lost[0], before.info)
            self.ctx.report(diagnostic)
            return refusal
        told = {note.where for note in before.info.notes if note.kind is NoteKind.CHECKED}
        fresh = [each for each in losses if each.loss.note is None or each.where not in told]
        info: Info = record_losses(before.info, fresh)
        return after if info is before.info else evolve(after, info=info)
