"""Evidence from a source for what the stub beside it leaves unannotated.

    m.pyi   def pop(self): ...            =>    fun pop(self)
    m.py    def pop(self):                        evidence return "result" of "m.Token" then "()"
                return Token()

Nothing else of the source counts: what a module declares is what its stub says.
"""

from __future__ import annotations

from ...ir.items import (
    Binding,
    Class,
    Constant,
    DefaultKind,
    Field,
    Function,
    Info,
    Item,
    Module,
    Param,
    ParamKind,
    Property,
    Signature,
)
from ...ir.parts import evolve
from ...ir.types import UNANNOTATED

_PLAIN = (Binding.FUNCTION, Binding.STATIC_METHOD)
_VARIADIC = (ParamKind.VAR_POSITIONAL, ParamKind.VAR_KEYWORD)


def find_bare(stub: Module) -> frozenset[str]:
    """Return the names in a module whose functions or classes lack an annotation in its stub."""
    return frozenset(item.name.partition(".")[0] for item in stub.items if _lacks(item))


def _lacks(item: Item) -> bool:
    """Return whether `item` is public and lacks an annotation; an attribute is not worth a second file."""
    if _is_private(item.name):
        return False
    if isinstance(item, Class):
        members: tuple[Property | Function, ...] = (*item.properties, *item.methods)
        return any(_is_bare(member) for member in members if not _is_private(member.name))
    return isinstance(item, Function) and _is_bare(item)


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def _is_bare(member: Property | Function) -> bool:
    if isinstance(member, Property):
        return UNANNOTATED in (member.type, member.setter_type)
    if len(member.signatures) != 1:
        return False
    signature = member.signatures[0]
    if signature.result == UNANNOTATED and member.name not in ("__init__", "__new__"):
        return True
    is_plain = member.binding in _PLAIN and member.name != "__new__"
    params = signature.params if is_plain else signature.params[1:]
    return any(param.type == UNANNOTATED and param.kind not in _VARIADIC for param in params)


def add_twin_evidence(stub: Module, source: Module) -> Module:
    """Return `stub` with the evidence of `source`, the same module as Python runs it."""
    known = {item.name: item for item in source.items}
    return evolve(stub, items=tuple(_graft(item, known.get(item.name)) for item in stub.items))


def _graft(item: Item, twin: Item | None) -> Item:
    match item, twin:
        case Function(), Function():
            return _graft_function(item, twin)
        case Class(), Class():
            return evolve(
                item,
                fields=tuple(_graft_field(each, twin) for each in item.fields),
                properties=tuple(_graft_property(each, twin) for each in item.properties),
                methods=tuple(_graft_method(each, twin) for each in item.methods),
            )
        case Constant(), Constant() if item.type == UNANNOTATED:
            return evolve(item, info=_with_evidence(item.info, twin.info, {"value"}))
        case _:
            return item


def _graft_method(method: Function, twin: Class) -> Function:
    known = next((each for each in twin.methods if each.name == method.name), None)
    return method if known is None else _graft_function(method, known)


def _graft_field(member: Field, twin: Class) -> Field:
    known = next((each for each in twin.fields if each.name == member.name), None)
    if known is None or member.type != UNANNOTATED:
        return member
    if known.type != UNANNOTATED:
        return evolve(member, type=known.type)
    return evolve(member, info=_with_evidence(member.info, known.info, {"field"}))


def _graft_property(member: Property, twin: Class) -> Property:
    known = next((each for each in twin.properties if each.name == member.name), None)
    if known is None or member.type != UNANNOTATED:
        return member
    return evolve(member, info=_with_evidence(member.info, known.info, {"result"}))


def _graft_function(function: Function, twin: Function) -> Function:
    if len(function.signatures) != 1 or len(twin.signatures) != 1 or not _is_bare(function):
        return function
    signature = function.signatures[0]
    places = {f"parameter {param.name}" for param in signature.params if param.type == UNANNOTATED}
    places |= {"result"} if signature.result == UNANNOTATED else set()
    defaults = {param.name: param for param in twin.signatures[0].params}
    params = tuple(_graft_default(param, defaults.get(param.name)) for param in signature.params)
    signatures = (_with_params(signature, params),)
    return evolve(function, signatures=signatures, info=_with_evidence(function.info, twin.info, places))


def _graft_default(param: Param, twin: Param | None) -> Param:
    """Return `param` with the default that `...` stands for."""
    if param.default is None or param.default.kind is not DefaultKind.UNKNOWN or param.type != UNANNOTATED:
        return param
    if twin is None or twin.default is None:
        return param
    return Param(param.name, param.kind, param.type, twin.default, param.span)


def _with_params(signature: Signature, params: tuple[Param, ...]) -> Signature:
    return Signature(params, signature.result, signature.type_params, signature.is_async, signature.span)


def _with_evidence(info: Info, twin: Info, places: set[str]) -> Info:
    found = tuple(piece for piece in twin.evidence if piece.where in places)
    return evolve(info, evidence=found) if found else info
