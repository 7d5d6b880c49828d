"""Which type the source shows for a part of an item that has no annotation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import final

from attrs import define, field, frozen

from ..ir.items import (
    Class,
    Constant,
    DefaultKind,
    Evidence,
    EvidenceSource,
    Field,
    Function,
    Package,
    Param,
    ParamKind,
    Property,
    Signature,
)
from ..ir.traverse import walk_items, walk_type
from ..ir.types import (
    ANY,
    BOOL,
    FLOAT,
    INT,
    NONE,
    STRING,
    UNANNOTATED,
    AsyncOf,
    BridgeType,
    IteratorOf,
    Ref,
    StreamOf,
    TypeVarRef,
    Unsupported,
)
from .apply_decorators import MANAGERS
from .conventions import find_conventions
from .inferred_values import Surroundings, Values
from .names import Names
from .receivers import has_receiver
from .resolution_order import ResolutionOrders
from .substitution import substitute
from .unions import union_of

VARIADIC = (ParamKind.VAR_POSITIONAL, ParamKind.VAR_KEYWORD)

_VAGUE_PARTS = (Unsupported, TypeVarRef)

# What `object` and the data model say of parameters of special methods (typeshed, language reference 3.3).
_SPECIAL_PARAMS: dict[str, tuple[BridgeType, ...]] = {
    "__eq__": (ANY,),
    "__ne__": (ANY,),
    "__contains__": (ANY,),
    "__delattr__": (STRING,),
    "__format__": (STRING,),
    "__getattr__": (STRING,),
    "__getattribute__": (STRING,),
    "__reduce_ex__": (INT,),
    "__setattr__": (STRING, ANY),
    "__set_name__": (ANY, STRING),
}


@final
@frozen
class Found:
    """A type and where it comes from, in words."""

    type: BridgeType
    source: str


@final
@define(eq=False)
class Inference:
    """Infers over one package; every answer is remembered. A part that is being inferred has no type yet."""

    package: Package
    names: Names = field(init=False)
    orders: ResolutionOrders = field(init=False)
    _conventions: Mapping[str, BridgeType] = field(init=False)
    _known: dict[tuple[str, str], Found | None] = field(factory=dict)
    _children: dict[str, list[Class]] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.names = Names(self.package)
        self.orders = ResolutionOrders(self.names)
        self._conventions = find_conventions(self.package)

    @property
    def _values(self) -> Values:
        # Not kept: that would be a cycle, which only the collector frees.
        return Values(self.names, self.orders, self)

    # --- results ------------------------------------------------------------------------

    def result(self, function: Function, owner: Class | None) -> Found | None:
        """Return the result of a function that declares none."""
        key = (_key(function, owner), "result")
        if key not in self._known:
            self._known[key] = None
            self._known[key] = self._result(function, owner)
        return self._known[key]

    def _result(self, function: Function, owner: Class | None) -> Found | None:
        if function.name in ("__init__", "__new__"):
            # A constructor gives its class, whatever else is said.
            return None
        declared = self._base_result(function, owner)
        if declared is not None:
            return declared
        around = Surroundings(owner, function)
        evidence = function.info.evidence
        yields = [piece for piece in evidence if piece.source is EvidenceSource.YIELD]
        if yields and isinstance(yields[0].type, IteratorOf | StreamOf):
            return Found(_generator(function, yields[0].type), "yield")
        shown = self._shown("result", EvidenceSource.RETURN, evidence, around)
        told = self._shown("result", EvidenceSource.DOCSTRING, evidence, around)
        if shown is None:
            return Found(told, "docstring") if told is not None else None
        if told is not None and _is_vague(shown) and type(told) is type(shown):
            return Found(told, "docstring")
        if shown is NONE and not self._is_final_none(function, owner):
            return None
        return Found(shown, "return")

    def _is_final_none(self, function: Function, owner: Class | None) -> bool:
        """Return whether a method without result is one in every subclass too: it may be a mere hook."""
        if owner is None:
            return True
        for cls in self._subclasses(owner):
            method = next((each for each in cls.methods if each.name == function.name), None)
            if method is not None and self.declared_result(method, cls) not in (NONE, AsyncOf(NONE)):
                return False
        return True

    def _subclasses(self, owner: Class) -> Iterator[Class]:
        if not self._children:
            for item in walk_items(self.package):
                for base in item.bases if isinstance(item, Class) else ():
                    if isinstance(base, Ref) and isinstance(item, Class):
                        self._children.setdefault(base.path, []).append(item)
        pending, seen = [owner.path], {owner.path}
        while pending:
            for cls in self._children.get(pending.pop(), ()):
                if cls.path not in seen:
                    seen.add(cls.path)
                    pending.append(cls.path)
                    yield cls

    def declared_result(self, function: Function, owner: Class | None) -> BridgeType | None:
        """Return what a call of `function` gives: its annotation, else what is inferred."""
        results = {_call_result(each) for each in function.signatures}
        if len(results) != 1:
            return None
        declared = results.pop()
        if declared != UNANNOTATED:
            return declared
        found = self.result(function, owner)
        if found is None:
            return None
        is_async = function.signatures[0].is_async and not isinstance(found.type, StreamOf)
        return AsyncOf(found.type) if is_async else found.type

    def _base_result(self, function: Function, owner: Class | None) -> Found | None:
        for base, method, types in self.orders.find_overridden(function, owner):
            signature = method.signatures[0]
            if len(method.signatures) != 1 or signature.result == UNANNOTATED:
                continue
            ty = substitute(signature.result, types)
            if _is_usable(ty) and signature.is_async == function.signatures[0].is_async:
                return Found(ty, f"base class {base.name}")
            return None
        return None

    # --- parameters ---------------------------------------------------------------------

    def parameter(self, function: Function, owner: Class | None, name: str) -> Found | None:
        """Return the type of a parameter without annotation."""
        key = (_key(function, owner), f"parameter {name}")
        if key not in self._known:
            self._known[key] = None
            param = next(each for each in function.signatures[0].params if each.name == name)
            self._known[key] = self._parameter(function, owner, param)
        return self._known[key]

    def _parameter(self, function: Function, owner: Class | None, param: Param) -> Found | None:
        found = self._special_param(function, owner, param) or self._base_param(function, owner, param)
        if found is not None:
            return found
        where = f"parameter {param.name}"
        evidence = tuple([piece for piece in function.info.evidence if piece.where == where])
        shown = _default_type(param)
        if evidence:
            around = Surroundings(owner, function)
            told = self._shown(where, EvidenceSource.DOCSTRING, evidence, around)
            if told is not None:
                return self._join_default(told, shown, param, "docstring")
            used = self._used(evidence, around)
            if used is not None:
                return self._join_default(used, shown, param, "use")
        sources = [piece.source for piece in evidence]
        is_described = EvidenceSource.DOCSTRING in sources
        if shown is not None and (shown is BOOL or not is_described):
            # A docstring that could not be read tells of more than the default, which may stand for none.
            return Found(shown, "default")
        if EvidenceSource.UNUSED in sources:
            return Found(ANY, "unused")
        if param.kind in VARIADIC:
            return Found(ANY, "variadic")
        return self._conventional(param) if not is_described else None

    def _conventional(self, param: Param) -> Found | None:
        """Return what parameters of this name are elsewhere in the package."""
        ty = self._conventions.get(param.name)
        if ty is None or param.default is None:
            return Found(ty, "convention") if ty is not None else None
        if param.default.kind is DefaultKind.LITERAL and param.default.text == "None":
            return Found(union_of((ty, NONE)), "convention")
        return None

    def _used(self, evidence: tuple[Evidence, ...], around: Surroundings) -> BridgeType | None:
        """Return what the first callee takes that says something: the value is handed to all of them."""
        for piece in evidence:
            if piece.source is EvidenceSource.USE:
                ty = self._values.find_stored(piece, around)
                if ty is not None and _is_usable(ty):
                    return ty
        return None

    def _join_default(
        self, told: BridgeType, shown: BridgeType | None, param: Param, source: str
    ) -> Found | None:
        """Join what is told with the default, which is allowed whatever is told."""
        if param.kind in VARIADIC:
            return Found(ANY, "variadic")
        default = param.default
        if default is not None and default.kind is DefaultKind.LITERAL and default.text == "None":
            shown = NONE
        ty = told if shown is None else union_of((told, shown))
        return Found(ty, source if shown is None else f"{source} and default")

    def _special_param(self, function: Function, owner: Class | None, param: Param) -> Found | None:
        types = _SPECIAL_PARAMS.get(function.name) if owner is not None else None
        if types is None:
            return None
        names = [each.name for each in function.signatures[0].params[1:]]
        index = names.index(param.name) if param.name in names else len(types)
        return Found(types[index], "what Python demands") if index < len(types) else None

    def _base_param(self, function: Function, owner: Class | None, param: Param) -> Found | None:
        for base, method, types in self.orders.find_overridden(function, owner):
            if len(method.signatures) != 1:
                return None
            same = _same_param(function, method.signatures[0], method, param)
            if (
                same is None
                or same.type == UNANNOTATED
                or (same.kind in VARIADIC) != (param.kind in VARIADIC)
            ):
                continue
            ty = substitute(same.type, types)
            return Found(ty, f"base class {base.name}") if _is_usable(ty) or ty is ANY else None
        return None

    # --- attributes and values ----------------------------------------------------------

    def field(self, member: Field, owner: Class) -> Found | None:
        """Return the type of an attribute without annotation."""
        key = (f"{owner.path}.{member.name}", "field")
        if key not in self._known:
            self._known[key] = None
            self._known[key] = self._field(member, owner)
        return self._known[key]

    def _field(self, member: Field, owner: Class) -> Found | None:
        for base in () if member.name.startswith("__") else self.orders.find(owner)[1:]:
            same = next((each for each in base.fields if each.name == member.name), None)
            if same is not None and same.type != UNANNOTATED:
                if _is_usable(same.type):
                    return Found(same.type, f"base class {base.name}")
                return None
        init = next((method for method in owner.methods if method.name == "__init__"), None)
        around = Surroundings(owner, init)
        shown = self._shown("field", EvidenceSource.ASSIGNMENT, member.info.evidence, around)
        told = self._shown("field", EvidenceSource.DOCSTRING, member.info.evidence, around)
        if shown is not None and not (told is not None and _is_vague(shown)):
            return Found(shown, "assignment")
        return Found(told, "docstring") if told is not None else None

    def property(self, member: Property, owner: Class) -> Found | None:
        """Return the type of a property whose getter declares none."""
        key = (f"{owner.path}.{member.name}", "property")
        if key not in self._known:
            self._known[key] = None
            self._known[key] = self._property(member, owner)
        return self._known[key]

    def _property(self, member: Property, owner: Class) -> Found | None:
        for base in self.orders.find(owner)[1:]:
            same = next((each for each in base.properties if each.name == member.name), None)
            if same is not None and same.type != UNANNOTATED:
                if _is_usable(same.type):
                    return Found(same.type, f"base class {base.name}")
                return None
        around = Surroundings(owner, None)
        shown = self._shown("result", EvidenceSource.RETURN, member.info.evidence, around)
        told = self._shown("result", EvidenceSource.DOCSTRING, member.info.evidence, around)
        if shown is not None and shown is not NONE and not (told is not None and _is_vague(shown)):
            return Found(shown, "return")
        return Found(told, "docstring") if told is not None else None

    def constant(self, item: Constant) -> Found | None:
        """Return the type of a value of a module without annotation."""
        key = (item.path, "value")
        if key not in self._known:
            self._known[key] = None
            shown = self._shown(
                "value", EvidenceSource.ASSIGNMENT, item.info.evidence, Surroundings(None, None)
            )
            self._known[key] = Found(shown, "assignment") if shown is not None else None
        return self._known[key]

    # --- evidence -----------------------------------------------------------------------

    def _shown(
        self, where: str, source: EvidenceSource, evidence: tuple[Evidence, ...], around: Surroundings
    ) -> BridgeType | None:
        """Return the one type of all evidence from `source` for `where`, None where a piece has none."""
        pieces = [piece for piece in evidence if piece.where == where and piece.source is source]
        types: list[BridgeType] = []
        for piece in pieces:
            ty = self._values.find(piece, around)
            if ty is None or not _is_usable(ty):
                return None
            types.append(ty)
        return union_of(types) if types else None


def _key(function: Function, owner: Class | None) -> str:
    return f"{owner.path}.{function.name}" if owner is not None else function.path


def _call_result(signature: Signature) -> BridgeType:
    result = signature.result
    if signature.is_async and result != UNANNOTATED and not isinstance(result, StreamOf):
        return AsyncOf(result)
    return result


def _generator(function: Function, ty: BridgeType) -> BridgeType:
    """Return what a generator function gives; under `contextmanager` it is the manager."""
    manager = next((MANAGERS[each.path] for each in function.decorators if each.path in MANAGERS), None)
    if manager is not None and isinstance(ty, IteratorOf | StreamOf):
        return Ref(manager, (ty.element,))
    return ty


def _default_type(param: Param) -> BridgeType | None:
    """Return the type that a literal default stands for."""
    default = param.default
    if default is None or default.kind is not DefaultKind.LITERAL:
        return None
    text = default.text
    if text in ("True", "False"):
        return BOOL
    if text == "None":
        return None
    if text[:1] in "\"'" or text[:2].lower() in ("r'", 'r"', "u'", 'u"'):
        return STRING
    number = text.lstrip("+- ")
    if number[:1].isdigit() or number[:1] == ".":
        return INT if number.replace("_", "").isdigit() else FLOAT
    return None


def _same_param(function: Function, base: Signature, method: Function, param: Param) -> Param | None:
    """Return the parameter of the overridden method that `param` stands for: the same name, else place."""
    same = next((each for each in base.params if each.name == param.name), None)
    if same is not None:
        return same
    own = function.signatures[0].params
    if not has_receiver(function, function.signatures[0]) or not has_receiver(method, base):
        return None
    index = own.index(param)
    if index >= len(base.params) or any(each.name == base.params[index].name for each in own):
        return None
    other = base.params[index]
    return other if other.kind is param.kind is ParamKind.POSITIONAL_OR_KEYWORD else None


def _is_vague(ty: BridgeType) -> bool:
    return any(inner is ANY for inner in walk_type(ty))


def _is_usable(ty: BridgeType) -> bool:
    """Return whether every part of `ty` says something that does not depend on its place."""
    if ty is ANY:
        return False
    return not any(type(inner) in _VAGUE_PARTS for inner in walk_type(ty))
