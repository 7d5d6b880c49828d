"""Spell out the keywords that `**kwargs: Unpack[TypedDict]` stands for (PEP 692).

    class K(@typing.TypedDict): var a: int; optional var b: string
    fun f(**kwargs: @typing.Unpack<@m.K>)      =>  fun f(kw a: int, kw b: string = ...)

An `Unpack` of anything but a TypedDict of the package becomes `any`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, final

from attrs import frozen

from ..ir.items import (
    Class,
    Default,
    DefaultKind,
    Field,
    Function,
    Item,
    Package,
    Param,
    ParamKind,
    Signature,
)
from ..ir.parts import evolve
from ..ir.traverse import map_items
from ..ir.types import ANY, BridgeType, Ref
from .context import PassContext
from .forms import TYPED_DICT, UNPACK
from .names import Names


@final
@frozen
class UnpackKeywords:
    """Keywords by TypedDict become keyword-only parameters."""

    name: ClassVar[str] = "unpack-keywords"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` without `Unpack` in parameters."""
        names = Names(package)
        return map_items(package, lambda item: _rewrite(item, names))


def _rewrite(item: Item, names: Names) -> Item:
    match item:
        case Function() if _is_unpacking(item):
            return _unpack(item, names)
        case Class() if any(map(_is_unpacking, item.methods)):
            methods = (_unpack(each, names) if _is_unpacking(each) else each for each in item.methods)
            return evolve(item, methods=tuple(methods))
        case _:
            return item


def _is_unpacking(function: Function) -> bool:
    return any(
        type(param.type) is Ref and param.type.path == UNPACK
        for signature in function.signatures
        for param in signature.params
    )


def _is_unpack(ty: BridgeType) -> bool:
    return isinstance(ty, Ref) and ty.path == UNPACK


def _unpack(function: Function, names: Names) -> Function:
    return evolve(
        function,
        signatures=tuple(_unpack_signature(signature, names) for signature in function.signatures),
    )


def _unpack_signature(signature: Signature, names: Names) -> Signature:
    taken = {param.name for param in signature.params}
    params: list[Param] = []
    for param in signature.params:
        match param:
            case Param(kind=ParamKind.VAR_KEYWORD, type=Ref(path, (Ref(target),))) if path == UNPACK:
                fields = _find_fields(target, names, set())
                if fields is None:
                    params.append(evolve(param, type=ANY))
                else:
                    params += [_make_param(each, param) for name, each in fields.items() if name not in taken]
            case _:
                params.append(evolve(param, type=ANY) if _is_unpack(param.type) else param)
    return evolve(signature, params=tuple(params))


def _find_fields(path: str, names: Names, visited: set[str]) -> dict[str, Field] | None:
    """Return the keys of the TypedDict at `path`, those of its bases first; None for anything else."""
    cls = names.find_class(path)
    if cls is None or path in visited:
        return None
    visited.add(path)
    fields: dict[str, Field] = {}
    is_typed_dict = False
    for base in _base_paths(cls):
        inherited = {} if base == TYPED_DICT else _find_fields(base, names, visited)
        if inherited is not None:
            is_typed_dict = True
            fields.update(inherited)
    if not is_typed_dict:
        return None
    fields.update((member.name, member) for member in cls.fields)
    return fields


def _base_paths(cls: Class) -> Iterator[str]:
    for base in cls.bases:
        if isinstance(base, Ref):
            yield base.path


def _make_param(key: Field, keywords: Param) -> Param:
    default = None if key.required else Default(DefaultKind.UNKNOWN, "...")
    return Param(key.name, ParamKind.KEYWORD_ONLY, key.type, default, keywords.span)
