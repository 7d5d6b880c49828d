"""Write a protocol that only says how its values are called as the function type that it is (PEP 544).

    class m.Handler(@typing.Protocol): fun __call__(self, n: int): string
    fun on(h: @m.Handler | none)             =>  fun on(h: fun(int): string | none)

Only where a program gives the value: it has functions, and no objects of the protocol. A callback with
options or further parameters takes any, `fun(...): string`.
"""

from __future__ import annotations

from typing import ClassVar, final

from attrs import define, field, frozen

from ..ir.items import Binding, Class, Function, Item, Package, ParamKind, Signature
from ..ir.parts import map_all, with_parts
from ..ir.traverse import map_children, map_items, map_params, walk_items
from ..ir.types import ANY, UNANNOTATED, AsyncOf, BridgeType, FunOf, Ref, SelfType
from .context import PassContext
from .forms import is_protocol
from .substitution import match_arguments, substitute

_PLAIN = (ParamKind.POSITIONAL_ONLY, ParamKind.POSITIONAL_OR_KEYWORD)


@final
@frozen
class InlineCallbacks:
    """Callback protocols in parameters become function types."""

    name: ClassVar[str] = "inline-callbacks"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with function types in its parameters."""
        classes = (item for item in walk_items(package) if isinstance(item, Class))
        callbacks = {cls.path: call for cls in classes if (call := _read_callback(cls)) is not None}
        return map_items(package, _Inliner(callbacks).item) if callbacks else package


@final
@define(eq=False)
class _Inliner:
    """Rewrites items. `callbacks` are the callback protocols by path, each with its `__call__`."""

    callbacks: dict[str, tuple[Class, Function]]
    _seen: dict[int, tuple[BridgeType, BridgeType]] = field(factory=dict)
    _kept: set[int] = field(factory=set)

    def item(self, item: Item) -> Item:
        match item:
            case Function():
                return self.function(item)
            case Class():
                constructors = map_all(item.constructors, self.function)
                methods = map_all(item.methods, self.function)
                return with_parts(item, constructors=constructors, methods=methods)
            case _:
                return item

    def function(self, function: Function) -> Function:
        if all(map(self.keeps, function.signatures)):
            return function
        return with_parts(function, signatures=map_all(function.signatures, self.signature))

    def keeps(self, signature: Signature) -> bool:
        """Tell whether all types of the parameters are known to stay."""
        return signature.inputs <= self._kept

    def signature(self, signature: Signature) -> Signature:
        return with_parts(signature, params=map_params(signature.params, self.look_up))

    def look_up(self, ty: BridgeType) -> BridgeType:
        known = self._seen.get(id(ty))
        if known is None:
            known = self._seen[id(ty)] = (ty, self.inline(ty))
            if known[1] is ty:
                self._kept.add(id(ty))
        return known[1]

    def inline(self, ty: BridgeType) -> BridgeType:
        """Return `ty` with function types; what a function takes and gives stays as it is."""
        match ty:
            case FunOf():
                return ty
            case Ref(path, arguments):
                if path not in self.callbacks:
                    return ty
                cls, call = self.callbacks[path]
                return substitute(_function_type(call), match_arguments(cls.type_params, arguments))
            case _:
                return map_children(ty, self.inline)


def _read_callback(cls: Class) -> tuple[Class, Function] | None:
    if not is_protocol(cls) or len(cls.bases) > 1 or cls.fields or cls.properties:
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
