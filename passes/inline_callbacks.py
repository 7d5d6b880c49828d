"""Write a protocol that only says how its values are called as the function type that it is (PEP 544).

    class m.Handler(@typing.Protocol): fun __call__(self, n: int): string
    fun on(h: @m.Handler | none)             =>  fun on(h: fun(int): string | none)

Only where a program gives the value: it has functions, and no objects of the protocol. A callback with
options or further parameters takes any, `fun(...): string`.
"""

from __future__ import annotations

from typing import ClassVar, final

from attrs import define, evolve, field, frozen

from ..ir.items import Binding, Class, Function, Item, Package, Param, ParamKind, Signature
from ..ir.traverse import map_children, map_items
from ..ir.types import ANY, UNANNOTATED, AsyncOf, BridgeType, FunOf, Ref, SelfType
from .context import PassContext
from .forms import PROTOCOL
from .names import Names
from .substitution import match_arguments, substitute

_PLAIN = (ParamKind.POSITIONAL_ONLY, ParamKind.POSITIONAL_OR_KEYWORD)


@final
@frozen
class InlineCallbacks:
    """Callback protocols in parameters become function types."""

    name: ClassVar[str] = "inline-callbacks"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with function types in its parameters."""
        return map_items(package, _Inliner(Names(package)).item)


@final
@define(eq=False)
class _Inliner:
    names: Names
    _callbacks: dict[str, tuple[Class, Function] | None] = field(factory=dict)

    def item(self, item: Item) -> Item:
        match item:
            case Function():
                return self.function(item)
            case Class():
                methods = tuple(map(self.function, item.methods))
                constructors = tuple(map(self.function, item.constructors))
                same = methods == item.methods and constructors == item.constructors
                return item if same else evolve(item, methods=methods, constructors=constructors)
            case _:
                return item

    def function(self, function: Function) -> Function:
        signatures = tuple(map(self.signature, function.signatures))
        return function if signatures == function.signatures else evolve(function, signatures=signatures)

    def signature(self, signature: Signature) -> Signature:
        params = tuple(self.param(param) for param in signature.params)
        return signature if params == signature.params else evolve(signature, params=params)

    def param(self, param: Param) -> Param:
        ty = self.inline(param.type)
        return param if ty is param.type else evolve(param, type=ty)

    def inline(self, ty: BridgeType) -> BridgeType:
        """Return `ty` with function types; what a function takes and gives stays as it is."""
        match ty:
            case FunOf():
                return ty
            case Ref(path, arguments):
                found = self.find(path)
                if found is None:
                    return ty
                cls, call = found
                types = match_arguments(cls.type_params, arguments)
                return substitute(_function_type(call), types)
            case _:
                return map_children(ty, self.inline)

    def find(self, path: str) -> tuple[Class, Function] | None:
        """Return the class at `path` and its `__call__`, if that is all it says."""
        if path not in self._callbacks:
            cls = self.names.find_class(path)
            self._callbacks[path] = None if cls is None else _read_callback(cls)
        return self._callbacks[path]


def _read_callback(cls: Class) -> tuple[Class, Function] | None:
    is_protocol = any(isinstance(base, Ref) and base.path == PROTOCOL for base in cls.bases)
    if not is_protocol or len(cls.bases) > 1 or cls.fields or cls.properties:
        return None
    match cls.methods:
        case (Function(name="__call__", binding=Binding.METHOD) as call,):
            return cls, call
        case _:
            return None


def _function_type(call: Function) -> FunOf:
    if len(call.signatures) > 1:
        return FunOf(None, ANY)
    signature = call.signatures[0]
    params = signature.params[1:]
    known = {param.name for param in signature.type_params}
    result = ANY if signature.result in (UNANNOTATED, SelfType()) else signature.result
    if known:
        result = substitute(result, dict.fromkeys(known, ANY))
    if signature.is_async:
        result = AsyncOf(result)
    if any(param.kind not in _PLAIN or param.default is not None for param in params):
        return FunOf(None, result)
    types = (substitute(param.type, dict.fromkeys(known, ANY)) for param in params)
    return FunOf(tuple(ANY if ty == SelfType() else ty for ty in types), result)
