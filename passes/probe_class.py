"""The members of a class beside those of the class at run time."""

from __future__ import annotations

from typing import TypeVar, final

from attrs import define, field

from ..ir.helpers import is_helper
from ..ir.inventory import Inventory, MemberKind, RuntimeMember, RuntimeObject
from ..ir.items import Binding, Cast, Class, ClassKind, Field, FieldKind, Function, Probe, Property, Refusal
from ..ir.parts import evolve
from .operations import is_dunder
from .verdicts import ABSENT, judge_calls, mark, refuse

_BY_OBJECT = frozenset(
    f"__{name}__"
    for name in (
        *("bool", "delattr", "dir", "eq", "format", "getattribute", "hash", "init", "ne", "new"),
        *("reduce", "reduce_ex", "repr", "setattr", "sizeof", "str"),
    )
)
"""What every object can do, whatever its class declares."""

_FALLBACKS = {
    "__iter__": ("__getitem__",),
    "__contains__": ("__iter__", "__getitem__"),
    "__reversed__": ("__getitem__",),
    "__int__": ("__index__", "__trunc__"),
    "__float__": ("__index__",),
    "__complex__": ("__float__", "__index__"),
    "__ge__": ("__le__",),
    "__le__": ("__ge__",),
    "__gt__": ("__lt__",),
    "__lt__": ("__gt__",),
}
"""What Python does in place of a special method that is missing."""

_AS_CLASS = (Binding.CLASS_METHOD, Binding.STATIC_METHOD)


@final
@define(eq=False)
class ClassProbe:
    """One class and its counterpart; `refusals` are the members that are not there."""

    inventory: Inventory
    number: int
    cls: Class
    strict: bool
    refusals: list[Refusal] = field(factory=list)

    @property
    def found(self) -> RuntimeObject:
        """The class at run time."""
        return self.inventory.objects[self.number]

    def judge(self) -> Class:
        """Return the class with verdicts, without the members that are refused."""
        cls = self.cls
        constructors = [self._constructor(each) for each in cls.constructors]
        methods = [self._method(each) for each in cls.methods]
        properties = [self._attribute(each) for each in cls.properties]
        fields = [self._field(each) for each in cls.fields]
        judged = evolve(
            cls,
            constructors=tuple(self._keep(constructors)),
            methods=tuple(self._keep(methods)),
            properties=tuple(self._keep(properties)),
            fields=tuple(self._keep(fields)),
        )
        return mark(judged, Probe.EXISTS)

    def _keep(self, judged: list[_JudgedT | Refusal]) -> list[_JudgedT]:
        kept: list[_JudgedT] = []
        for each in judged:
            if isinstance(each, Refusal):
                self.refusals.append(each)
            else:
                kept.append(each)
        return kept

    def _name(self, member: Function | Field | Property) -> str:
        return f"{self.cls.name}.{member.name}"

    @property
    def _is_open(self) -> bool:
        return any(each.open for each in self.inventory.lineage(self.found))

    @property
    def _metaclass(self) -> RuntimeObject | None:
        number = self.found.cls.metaclass if self.found.cls else None
        return None if number is None else self.inventory.objects[number]

    def _on_metaclass(self, name: str) -> bool:
        """Whether the metaclass has `name`, or answers for any name."""
        meta = self._metaclass
        if meta is None:
            return False
        lineage = list(self.inventory.lineage(meta))
        return any(name in each.members or each.open for each in lineage)

    def _is_stored(self, name: str) -> bool:
        """Whether instances have the attribute `name` by a declaration or an assignment."""
        lineage = self.inventory.lineage(self.found)
        return any(name in each.declared or name in each.stored for each in lineage)

    def _is_on_subclass(self, name: str) -> bool:
        """Whether objects have `name` by a class below: the types promise it of all of them."""
        below = self.inventory.subclasses(self.number)
        return any(self.inventory.member(each, name) is not None for each in below)

    # --- calls --------------------------------------------------------------------------

    def _constructor(self, function: Function) -> Function | Refusal:
        name, owner = self._name(function), self.cls.path
        return judge_calls(function, self.found.signature, name, "constructor", self.strict, owner)

    def _method(self, function: Function) -> Function | Refusal:
        member = self.inventory.member(self.found, function.name)
        name = self._name(function)
        if is_helper(function):
            return mark(function, Probe.EXISTS)
        if member is None or member.kind is MemberKind.NONE:
            return self._missing_method(function, name)
        if member.kind is MemberKind.VALUE:
            return refuse(function, name, "method", "differs at run time: it cannot be called")
        on_class = function.binding in _AS_CLASS
        if member.kind is MemberKind.DATA:
            if on_class:
                return refuse(function, name, "method", "differs at run time: only instances have it")
            return mark(function, Probe.UNKNOWN)
        signature = _effective(member, on_class)
        return judge_calls(function, signature, name, "method", self.strict, self.cls.path)

    def _missing_method(self, function: Function, name: str) -> Function | Refusal:
        special = is_dunder(function.name)
        if special and self._has_fallback(function.name):
            return mark(function, Probe.EXISTS)
        if function.binding in _AS_CLASS:
            known = self._on_metaclass(function.name)
        elif special:
            # Python looks special methods up on the class alone.
            known = False
        else:
            known = self._is_open or self._is_stored(function.name)
        if known:
            return mark(function, Probe.UNKNOWN)
        if function.binding is Binding.METHOD and self._is_on_subclass(function.name):
            return mark(function, Probe.TYPING_ONLY)
        if not special and _is_for_checkers(function):
            return mark(function, Probe.TYPING_ONLY)
        return refuse(function, name, "method", ABSENT)

    def _has_fallback(self, name: str) -> bool:
        if name in _BY_OBJECT:
            member = self.inventory.member(self.found, name)
            return member is None or member.kind is not MemberKind.NONE
        found = (self.inventory.member(self.found, other) for other in _FALLBACKS.get(name, ()))
        return any(member is not None and member.kind is not MemberKind.NONE for member in found)

    # --- attributes ---------------------------------------------------------------------

    def _attribute(self, member: _AttributeT) -> _AttributeT | Refusal:
        """Judge what is read from an instance."""
        name = member.name
        found = self.inventory.member(self.found, name)
        if found is not None and found.kind is MemberKind.METHOD and isinstance(member, Property):
            return refuse(member, self._name(member), "property", "differs at run time: it is a method")
        if found is not None or self._is_stored(name):
            return mark(member, Probe.EXISTS)
        closed = self.found.cls is not None and self.found.cls.closed
        if self._is_open or not closed:
            return mark(member, Probe.UNKNOWN)
        if _is_for_checkers(member) or self._is_on_subclass(name):
            return mark(member, Probe.TYPING_ONLY)
        kind = "property" if isinstance(member, Property) else "field"
        return refuse(member, self._name(member), kind, ABSENT)

    def _field(self, member: Field) -> Field | Refusal:
        if self.cls.kind is ClassKind.RECORD:
            has = self._is_stored(member.name) or self.inventory.member(self.found, member.name) is not None
            return mark(member, Probe.EXISTS if has else Probe.UNKNOWN)
        match member.kind:
            case FieldKind.INSTANCE:
                return self._attribute(member)
            case FieldKind.MEMBER:
                known = self.found.cls.enum_members if self.found.cls else None
                has = known is None or member.name in known
                has = has or self.inventory.member(self.found, member.name) is not None
            case FieldKind.CLASS_VAR:
                has = self.inventory.member(self.found, member.name) is not None
                has = has or self._on_metaclass(member.name)
                if not has and self._is_stored(member.name):
                    # Only annotated: each instance has one, the class has none.
                    return mark(evolve(member, kind=FieldKind.INSTANCE), Probe.DIFFERS)
        return mark(member, Probe.EXISTS) if has else refuse(member, self._name(member), "field", ABSENT)


_JudgedT = TypeVar("_JudgedT", Function, Field, Property)
_AttributeT = TypeVar("_AttributeT", Field, Property)


def _is_for_checkers(member: Function | Field | Property) -> bool:
    """Whether the source of the package itself declares what it does not have.

    It does so under `if TYPE_CHECKING`, of objects that get the member in another way, so it is there
    on the object that a call is made with.
    """
    if isinstance(member, Function) and member.binding is not Binding.METHOD:
        return False
    span = member.info.span
    return span is not None and span.file.endswith(".py")


def _effective(member: RuntimeMember, on_class: bool) -> str | None:
    """Return the signature without what Python fills in, None where there is none to tell."""
    text = member.signature
    if text is None:
        return None
    if member.kind in (MemberKind.STATIC, MemberKind.CLASS_SLOT) or (
        member.kind is MemberKind.METHOD and on_class
    ):
        return text
    if member.kind not in (MemberKind.METHOD, MemberKind.CLASS):
        return None
    first, _, rest = text.partition(" ")
    return text if first.startswith("*") else rest


def strip_class(cls: Class, probe: Probe, detail: str) -> tuple[Class, list[Refusal]]:
    """Return `cls` as a mere type, for there is no such class to be used, and what that takes away."""
    lost: list[Refusal] = []

    def name(member: Function | Field) -> str:
        return f"{cls.name}.{member.name}"

    methods = []
    for method in cls.methods:
        if method.binding in _AS_CLASS and is_helper(method):
            continue  # a pass made it of the class that is not there
        if method.binding in _AS_CLASS:
            lost.append(refuse(method, name(method), "method", detail))
        else:
            methods.append(mark(method, probe))
    lost += [refuse(each, name(each), "constructor", detail) for each in cls.constructors]
    fields = []
    for each in cls.fields:
        if each.kind is FieldKind.INSTANCE or cls.kind is ClassKind.RECORD:
            fields.append(mark(each, probe))
        else:
            lost.append(refuse(each, name(each), "field", detail))
    kind = cls.kind if cls.kind in (ClassKind.RECORD, ClassKind.INTERFACE) else ClassKind.HANDLE
    casts: tuple[Cast, ...] = ()
    properties = tuple(mark(each, probe) for each in cls.properties)
    stripped = evolve(
        cls,
        kind=kind,
        methods=tuple(methods),
        constructors=(),
        fields=tuple(fields),
        properties=properties,
        casts=casts,
    )
    return mark(stripped, probe), lost
