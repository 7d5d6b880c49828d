"""The type of a value that evidence leads to: from where it begins, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, final

from attrs import define, frozen

from ..ir.items import Binding, Class, Constant, Evidence, Function, Param, ParamKind
from ..ir.traverse import map_children, walk_type
from ..ir.types import (
    ANY,
    NONE,
    STRING,
    UNANNOTATED,
    AsyncOf,
    BridgeType,
    ListOf,
    MapOf,
    OptionOf,
    Ref,
    SelfType,
    TypeObject,
    TypeVarRef,
    UnionOf,
)
from .forms import canonical_path
from .names import Definition, External, Member, ModuleName, Names
from .receivers import has_receiver
from .resolution_order import ResolutionOrders
from .stdlib_names import ENUM_BASES
from .stdlib_results import function_result, is_class, method_result

if TYPE_CHECKING:
    from .inference import Inference

_STATELESS = frozenset(("builtins.type", "builtins.super", "builtins.property", "builtins.classmethod"))

_POSITIONAL = (ParamKind.POSITIONAL_ONLY, ParamKind.POSITIONAL_OR_KEYWORD)
_COLLECTED: dict[ParamKind, BridgeType] = {
    ParamKind.VAR_POSITIONAL: ListOf(ANY),
    ParamKind.VAR_KEYWORD: MapOf(STRING, ANY),
}


@final
@frozen
class Surroundings:
    """Where a piece of evidence stands: the class around it and the function whose parameters it sees."""

    owner: Class | None
    function: Function | None


@final
@frozen
class _Method:
    """A function, and the class on a value of which it was reached."""

    function: Function
    owner: Class | None = None
    receiver: BridgeType | None = None


@final
@frozen
class _PlainMethod:
    """A method of a string or of bytes."""

    result: BridgeType


@final
@frozen
class _ClassObject:
    path: str


@final
@frozen
class _Super:
    """What `super()` gives inside of `owner`."""

    owner: Class


_Place: TypeAlias = BridgeType | _Method | _PlainMethod | _ClassObject | _Super | External | ModuleName


@final
@define(eq=False)
class Values:
    """Follows evidence through one package."""

    names: Names
    orders: ResolutionOrders
    inference: Inference

    def find(self, piece: Evidence, around: Surroundings) -> BridgeType | None:
        """Return the type at the end of `piece`, None where it is not known."""
        place, steps = self._begin(piece, around)
        for step in steps:
            if place is None:
                return None
            place = self._step(place, step, around)
        match place:
            case _ClassObject(path):
                return TypeObject(Ref(path))
            case External(path):
                made = function_result(path) if path not in _STATELESS else None
                return TypeObject(made) if made is not None and is_class(path) else None
            case _Method() | _PlainMethod() | _Super() | ModuleName() | None:
                return None
            case _:
                return place

    def find_stored(self, piece: Evidence, around: Surroundings) -> BridgeType | None:
        """Return what may be put where `piece` leads: a property takes what its setter takes."""
        owner = around.owner
        if owner is None or piece.name or len(piece.steps) != 1:
            return self.find(piece, around)
        for cls in self.orders.find(owner):
            for prop in cls.properties:
                if prop.name == piece.steps[0]:
                    return _known(prop.setter_type, SelfType()) if prop.setter_type is not None else None
            for field in cls.fields:
                if field.name == piece.steps[0]:
                    # What is inferred of an attribute may itself come from this parameter.
                    return _known(field.type, SelfType())
        return None

    def _begin(self, piece: Evidence, around: Surroundings) -> tuple[_Place | None, tuple[str, ...]]:
        if not piece.name:
            return piece.type, piece.steps
        if piece.name == "super":
            return (_Super(around.owner) if around.owner is not None else None), piece.steps
        if "." not in piece.name:
            return self._parameter(piece.name, around), piece.steps
        return self._global(piece.name, piece.steps)

    def _parameter(self, name: str, around: Surroundings) -> BridgeType | None:
        function = around.function
        if function is None:
            return None
        param = next((each for each in function.signatures[0].params if each.name == name), None)
        if param is None or param.kind in _COLLECTED:
            return _COLLECTED[param.kind] if param is not None else None
        if param.type != UNANNOTATED:
            return param.type
        found = self.inference.parameter(function, around.owner, name)
        return found.type if found is not None else None

    def _global(self, path: str, steps: tuple[str, ...]) -> tuple[_Place | None, tuple[str, ...]]:
        """Return what a qualified name means, taking the attributes behind it that belong to the name."""
        count = next((i for i, step in enumerate(steps) if step in ("()", "await")), len(steps))
        for taken in range(count, -1, -1):
            place = self._named(".".join((path, *steps[:taken])))
            if place is not None:
                return place, steps[taken:]
        return None, ()

    def _named(self, path: str) -> _Place | None:
        match self.names.find(path):
            case Definition(Function() as function):
                return _Method(function)
            case Definition(Class() as cls):
                return _ClassObject(cls.path)
            case Definition(Constant() as item):
                return self._constant(item)
            case Member(owner=owner, name=name, bound=bound):
                return self._member(owner, name, Ref(owner.path) if bound else None)
            case External() | ModuleName() as found:
                return found
            case _:
                return None

    def _constant(self, item: Constant) -> BridgeType | None:
        if item.type != UNANNOTATED:
            return item.type
        found = self.inference.constant(item)
        return found.type if found is not None else None

    # --- steps --------------------------------------------------------------------------

    def _step(self, place: _Place, step: str, around: Surroundings) -> _Place | None:
        if step == "()":
            return self._call(place, around)
        if step == "await":
            return place.inner if isinstance(place, AsyncOf) else None
        if step.startswith("argument "):
            return self._argument(place, step.removeprefix("argument "))
        match place:
            case _Super(owner):
                for base in self.orders.find(owner)[1:]:
                    found = self._member(base, step, SelfType(), alone=True)
                    if found is not None:
                        return found
                return None
            case _ClassObject(path):
                cls = self.names.find_class(path)
                return self._member(cls, step, None) if cls is not None else None
            case External(path):
                return External(f"{path}.{step}")
            case ModuleName() | _Method() | _PlainMethod():
                return None
            case _:
                return self._attribute(place, step, around)

    def _attribute(self, ty: BridgeType, name: str, around: Surroundings) -> _Place | None:
        """Return attribute `name` of a value; one that may be None is not None where it is used."""
        match ty:
            case SelfType():
                return self._member(around.owner, name, ty) if around.owner is not None else None
            case OptionOf(inner):
                return self._attribute(inner, name, around)
            case UnionOf(members):
                rest = [member for member in members if member is not NONE]
                return self._attribute(rest[0], name, around) if len(rest) == 1 else None
            case Ref(path):
                cls = self.names.find_class(path)
                return self._member(cls, name, ty) if cls is not None and not cls.type_params else None
            case _:
                result = method_result(ty, name)
                return _PlainMethod(result) if result is not None else None

    def _member(
        self, cls: Class, name: str, receiver: BridgeType | None, *, alone: bool = False
    ) -> _Place | None:
        for owner in self.orders.find(cls)[: 1 if alone else None]:
            for method in owner.methods:
                if method.name == name:
                    return _Method(method, owner, receiver)
            for prop in owner.properties:
                if prop.name == name:
                    if receiver is None:
                        return None
                    inferred = self.inference.property(prop, owner) if prop.type == UNANNOTATED else None
                    return inferred.type if inferred else _known(prop.type, receiver)
            for field in owner.fields:
                if field.name == name and receiver is None and _is_enum(owner):
                    return Ref(owner.path)
                if field.name == name:
                    found = self.inference.field(field, owner) if field.type == UNANNOTATED else None
                    return found.type if found else _known(field.type, receiver)
        return None

    def _argument(self, place: _Place, where: str) -> BridgeType | None:
        """Return what a callee takes as its argument at `where`: a place among them, or a name."""
        if isinstance(place, _ClassObject):
            cls = self.names.find_class(place.path)
            found = self._member(cls, "__init__", Ref(place.path)) if cls is not None else None
            return self._argument(found, where) if isinstance(found, _Method) else None
        if not isinstance(place, _Method) or len(place.function.signatures) != 1:
            return None
        function, signature = place.function, place.function.signatures[0]
        is_bound = place.receiver is not None or function.binding is Binding.CLASS_METHOD
        params = signature.params[1:] if is_bound and has_receiver(function, signature) else signature.params
        param = _find_param(params, where)
        if param is None:
            return None
        if param.type != UNANNOTATED:
            return _known(param.type, place.receiver)
        if param.kind in _COLLECTED:
            return None
        found_type = self.inference.parameter(function, place.owner, param.name)
        return _known(found_type.type, place.receiver) if found_type is not None else None

    def _call(self, place: _Place, around: Surroundings) -> BridgeType | None:
        match place:
            case _Method(function, owner, receiver):
                result = self.inference.declared_result(function, owner)
                return None if result is None else _known(result, receiver)
            case _PlainMethod(result):
                return result
            case _ClassObject(path):
                return Ref(path)
            case External(path):
                return None if path in _STATELESS else function_result(path)
            case _Super() | ModuleName():
                return None
            case Ref() | SelfType():
                found = self._attribute(place, "__call__", around)
                return self._call(found, around) if isinstance(found, _Method) else None
            case _:
                return None


def _is_enum(cls: Class) -> bool:
    bases = (canonical_path(base.path) for base in cls.bases if isinstance(base, Ref))
    return not ENUM_BASES.isdisjoint(bases)


def _find_param(params: tuple[Param, ...], where: str) -> Param | None:
    """Return the parameter that takes the argument at the place, or of the name, `where`."""
    if not where.isdigit():
        named = next((each for each in params if each.name == where and each.kind not in _COLLECTED), None)
        return named or next((each for each in params if each.kind is ParamKind.VAR_KEYWORD), None)
    index = int(where)
    plain = [each for each in params if each.kind in _POSITIONAL]
    if index < len(plain):
        return plain[index]
    return next((each for each in params if each.kind is ParamKind.VAR_POSITIONAL), None)


def _known(ty: BridgeType, receiver: BridgeType | None) -> BridgeType | None:
    """Return `ty` as seen from `receiver`, None where it says nothing by itself."""
    if ty == UNANNOTATED or any(isinstance(inner, TypeVarRef) for inner in walk_type(ty)):
        return None
    if receiver is None or isinstance(receiver, SelfType):
        return ty if receiver is not None or not _mentions_self(ty) else None
    return _replace_self(ty, receiver)


def _replace_self(ty: BridgeType, receiver: BridgeType) -> BridgeType:
    if isinstance(ty, SelfType):
        return receiver
    return map_children(ty, lambda inner: _replace_self(inner, receiver))


def _mentions_self(ty: BridgeType) -> bool:
    return any(isinstance(inner, SelfType) for inner in walk_type(ty))
