"""Apply the closed type table; what it cannot keep is recorded, or refused in strict mode.

fun f(x: tuple<int, string>): iterator<int>   =>   fun f(x: @mochi.tuple.IntStringPair): list<int>
fun g(x: float | int | string)                =>   fun g(x: float | string)
fun h(): @ssl.SSLContext                      =>   the same, and a generated handle class
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_
from typing import ClassVar, TypeVar, assert_never, final

from attrs import define, field, frozen

from ..ir.items import (
    Alias,
    Binding,
    Class,
    ClassKind,
    Constant,
    Field,
    FieldKind,
    Function,
    Info,
    Item,
    Module,
    Package,
    Property,
    Refusal,
    Signature,
    TypeVariable,
    Variant,
    VariantCase,
)
from ..ir.parts import evolve, with_parts
from ..ir.traverse import retype_all, walk_items
from ..ir.types import (
    ANY,
    BOOL,
    FLOAT,
    INT,
    NONE,
    STRING,
    UNANNOTATED,
    BridgeType,
    ConstantValue,
    Ref,
    UnionOf,
)
from .context import PassContext
from .generated_types import GeneratedTypes
from .legal_types import Scope, TypeTable
from .losses import PlacedLoss, record_losses, refuse
from .receivers import has_receiver
from .records import drop_unused, find_obtainable, find_recursive_records
from .unions import literal_scalar


@final
@frozen
class LegalizeTypes:
    """Leaves only types that Mochi has; see `docs/types.md` for the table.

    Type parameters and module-level type variables disappear, tuples become records and
    foreign classes handles in `Package.generated`. A record that contains itself becomes a
    handle. In strict mode a function arm, property, field or constant that would lose a
    type is refused instead, with a warning of the code of its reason.
    """

    name: ClassVar[str] = "legalize-types"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with legal types only."""
        known = {item.path: item for item in walk_items(package)}
        generated = GeneratedTypes.of(package.generated)
        legalizer = _Legalizer(
            ctx,
            TypeTable(
                known,
                generated,
                own=frozenset(package.import_names),
                obtainable=find_obtainable(package),
                repeated=self.name in package.passes,
            ),
        )
        modules = tuple(legalizer.module(module) for module in package.modules)
        # What foreign classes lose is recorded; nobody can do anything about it.
        quiet = _Legalizer(PassContext(ctx.options), legalizer.table)
        for item in package.generated:
            for legal in quiet.items(item):
                generated.replace(legal)
        modules = _demote(modules, generated)
        items = drop_unused(modules, generated.items())
        if modules == package.modules and items == package.generated:
            return package
        return evolve(package, modules=modules, generated=items)


def _demote(modules: tuple[Module, ...], generated: GeneratedTypes) -> tuple[Module, ...]:
    """Make handles of the records that contain themselves."""
    items = [item for module in modules for item in module.items]
    recursive = find_recursive_records([*items, *generated.items()])
    if not recursive:
        return modules

    def demote(item: Item) -> Item:
        if isinstance(item, Class) and item.path in recursive:
            return evolve(item, kind=ClassKind.HANDLE)
        return item

    return tuple(evolve(module, items=tuple(map(demote, module.items))) for module in modules)


@final
@define
class _Legalizer:
    """Rewrites items; keeps the refusals that the members of a class leave behind."""

    ctx: PassContext
    table: TypeTable
    outside: Scope = field(factory=lambda: Scope({}))

    def module(self, module: Module) -> Module:
        items = tuple([legal for item in module.items for legal in self.items(item)])
        same = len(items) == len(module.items) and all(map(is_, items, module.items))
        return module if same else evolve(module, items=items)

    def items(self, item: Item) -> list[Item]:
        """Return `item` legalized, and the refusals of its members; no items for a type variable."""
        match item:
            case Function():
                return [self.function(item, self.outside, "function", item.name)]
            case Class():
                return self.class_items(item)
            case Constant():
                return [self.constant(item)]
            case Variant():
                return [self.variant(item)]
            case Alias():
                return [self.alias(item)]
            case TypeVariable():
                return []
            case Refusal():
                return [item]
            case _:
                assert_never(item)

    # --- functions ----------------------------------------------------------------------

    def function(self, function: Function, scope: Scope, kind: str, shown: str) -> Function | Refusal:
        """Return `function` with legal arms; in strict mode without the arms that lose a type."""
        kept: list[Signature] = []
        losses: list[PlacedLoss] = []
        strict, several = self.ctx.options.strict, len(function.signatures) > 1
        for number, signature in enumerate(function.signatures, 1):
            before = len(losses)
            arm = self.signature(
                function, signature, scope, f"overload {number}: " if several else "", losses
            )
            if not (strict and len(losses) > before):
                kept.append(arm)
        if strict and losses:
            if not kept:
                path = f"{scope.owner.path}.{function.name}" if scope.owner else function.path
                return self.refuse(shown, path, kind, losses[0], function.info)
            return evolve(function, signatures=tuple(kept))
        info = record_losses(function.info, losses)
        if info is function.info and all(map(is_, kept, function.signatures)):
            return function
        return evolve(function, signatures=tuple(kept), info=info)

    def signature(
        self, function: Function, signature: Signature, scope: Scope, place: str, losses: list[PlacedLoss]
    ) -> Signature:
        """Return `signature`, which is at `place` of `function`, legalized."""
        if signature.type_params:
            scope = scope.with_params(signature.type_params)
        types: list[BridgeType] = []
        params, table = signature.params, self.table
        if has_receiver(function, signature):
            types.append(_receiver_type(function, scope))
            params = params[1:]
        for param in params:
            legal = table.given.get(id(param.type)) or table.legalize(param.type, scope, inward=True)
            types.append(legal.type)
            if legal.losses:
                where = f"{place}parameter {param.name}"
                losses += [PlacedLoss(where, loss, param.span) for loss in legal.losses]
        result = self.result(function, signature, scope, place, losses)
        retyped = retype_all(signature.params, types)
        if retyped is signature.params and result is signature.result and not signature.type_params:
            return signature
        return Signature(retyped, result, (), signature.is_async, signature.span, signature.deprecated)

    def result(
        self, function: Function, signature: Signature, scope: Scope, place: str, losses: list[PlacedLoss]
    ) -> BridgeType:
        if function.binding is Binding.CONSTRUCTOR and scope.owner:
            return signature.result if signature.result == scope.owner else scope.owner
        declared = signature.result
        special = _SPECIAL_RESULTS.get(function.name)
        if special is not None and declared == UNANNOTATED and function.binding is Binding.METHOD:
            declared = special
        found = self.table.legalize_result(declared, scope, signature.is_async)
        if found.losses:
            losses += [PlacedLoss(f"{place}result", loss, signature.span) for loss in found.losses]
        return found.type

    # --- classes ------------------------------------------------------------------------

    def class_items(self, cls: Class) -> list[Item]:
        owner = self.table.share(Ref(cls.path))
        assert isinstance(owner, Ref)
        scope = Scope({}, owner).with_params(cls.type_params)
        refusals: list[Item] = []
        fields = _keep(cls.fields, [self.field(cls, each, scope) for each in cls.fields], refusals)
        kind = cls.kind
        if kind is ClassKind.RECORD and len(fields) < len(cls.fields):
            # A record without one of its fields could not be built.
            kind = ClassKind.HANDLE
        properties = [self.property(cls, each, scope) for each in cls.properties]
        constructors = self.methods(cls, cls.constructors, scope, "constructor")
        methods = self.methods(cls, cls.methods, scope, "method")
        bases = tuple([_plain(base) for base in cls.bases if isinstance(base, Ref)])
        legal = with_parts(
            cls,
            bases=cls.bases if bases == cls.bases else bases,
            kind=kind,
            type_params=(),
            fields=fields,
            properties=_keep(cls.properties, properties, refusals),
            constructors=_keep(cls.constructors, constructors, refusals),
            methods=_keep(cls.methods, methods, refusals),
        )
        return [legal, *refusals]

    def methods(
        self, cls: Class, methods: tuple[Function, ...], scope: Scope, kind: str
    ) -> list[Function | Refusal]:
        return [self.function(each, scope, kind, f"{cls.name}.{each.name}") for each in methods]

    def field(self, cls: Class, member: Field, scope: Scope) -> Field | Refusal:
        declared = _inferred(member.type, member.value)
        legal = self.table.legalize(declared, scope)
        if member.kind is FieldKind.MEMBER:
            # The type of an enum member is its enum; what stands here is the type of its value.
            return member if legal.type is member.type else evolve(member, type=legal.type)
        losses = [PlacedLoss("field", loss, member.info.span) for loss in legal.losses]
        if losses and self.ctx.options.strict:
            return self.refuse(f"{cls.name}.{member.name}", member.path, "field", losses[0], member.info)
        info = record_losses(member.info, losses)
        same = legal.type is member.type and info is member.info
        return member if same else evolve(member, type=legal.type, info=info)

    def property(self, cls: Class, member: Property, scope: Scope) -> Property | Refusal:
        legal = self.table.legalize(member.type, scope)
        losses = [PlacedLoss("result", loss, member.info.span) for loss in legal.losses]
        setter_type = member.setter_type
        if setter_type is not None:
            found = self.table.legalize(setter_type, scope, inward=True)
            losses += [PlacedLoss("setter", loss, member.info.span) for loss in found.losses]
            setter_type = found.type
        if losses and self.ctx.options.strict:
            return self.refuse(f"{cls.name}.{member.name}", member.path, "property", losses[0], member.info)
        info = record_losses(member.info, losses)
        if legal.type is member.type and setter_type is member.setter_type and info is member.info:
            return member
        return evolve(member, type=legal.type, setter_type=setter_type, info=info)

    # --- other items --------------------------------------------------------------------

    def constant(self, item: Constant) -> Constant | Refusal:
        legal = self.table.legalize(_inferred(item.type, item.value), self.outside)
        losses = [PlacedLoss("value", loss, item.info.span) for loss in legal.losses]
        if losses and self.ctx.options.strict:
            return self.refuse(item.name, item.path, "constant", losses[0], item.info)
        info = record_losses(item.info, losses)
        same = legal.type is item.type and info is item.info
        return item if same else evolve(item, type=legal.type, info=info)

    def variant(self, item: Variant) -> Variant:
        cases: list[VariantCase] = []
        losses: list[PlacedLoss] = []
        for case in item.cases:
            legal = self.table.legalize(case.type, self.outside)
            losses += [PlacedLoss(f"case {case.name}", loss, item.info.span) for loss in legal.losses]
            cases.append(case if legal.type is case.type else evolve(case, type=legal.type))
        return evolve(item, cases=tuple(cases), info=record_losses(item.info, losses))

    def alias(self, item: Alias) -> Alias:
        """The name of a function, class or constant stays; a type expression is legalized.

        Nothing is recorded here: the items that use the type record what they lose. A union is
        legalized as one that flows out, for which close-unions needs a name.
        """
        if isinstance(item.target, Ref) and item.target.path in self.table.known:
            target: BridgeType = _plain(item.target)
        else:
            scope = self.outside.with_params(item.type_params)
            inward = not isinstance(item.target, UnionOf)
            target = self.table.legalize(item.target, scope, inward=inward).type
        if target is item.target and not item.type_params:
            return item
        return evolve(item, target=target, type_params=())

    def refuse(self, name: str, path: str, kind: str, placed: PlacedLoss, info: Info) -> Refusal:
        refusal, diagnostic = refuse(name, path, kind, placed, info)
        self.ctx.report(diagnostic)
        return refusal


# What Python itself demands of special methods (language reference, 3.3 "Special method names").
_SPECIAL_RESULTS: dict[str, BridgeType] = {
    "__bool__": BOOL,
    "__contains__": BOOL,
    "__delitem__": NONE,
    "__float__": FLOAT,
    "__hash__": INT,
    "__int__": INT,
    "__len__": INT,
    "__repr__": STRING,
    "__setitem__": NONE,
    "__str__": STRING,
}

_MemberT = TypeVar("_MemberT", Field, Property, Function)


def _keep(
    before: tuple[_MemberT, ...], members: Sequence[_MemberT | Refusal], refusals: list[Item]
) -> tuple[_MemberT, ...]:
    """Return the members that were kept, `before` if that is all; the others go to `refusals`."""
    if all(map(is_, members, before)):
        return before
    kept: list[_MemberT] = []
    for member in members:
        if isinstance(member, Refusal):
            refusals.append(member)
        else:
            kept.append(member)
    return tuple(kept)


def _receiver_type(function: Function, scope: Scope) -> BridgeType:
    """`self` is the class; a class object, `cls`, has no type of its own and is never passed."""
    return ANY if function.binding is Binding.CLASS_METHOD or not scope.owner else scope.owner


def _inferred(ty: BridgeType, value: ConstantValue | None) -> BridgeType:
    """Return the type of an unannotated assignment of a literal, as type checkers infer it."""
    return literal_scalar(value) if ty == UNANNOTATED and value is not None else ty


def _plain(ref: Ref) -> Ref:
    return Ref(ref.path) if ref.arguments else ref
