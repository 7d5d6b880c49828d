"""Give what has no annotation the type that the source shows.

    fun name(self)   evidence return "result" string       =>  fun name(self): string
    fun f(n = literal "0")                                  =>  fun f(n: int = literal "0")
    class B(@m.A)  fun put(self, item)                      =>  fun put(self, item: int), as `m.A.put` has it

Tried in turn: what a base class of the package declares, what is assigned or returned, the docstring; for
parameters the base class, then default and docstring together. A type is taken only where all of it is
known. Each is recorded as a note, the wrapper checks it like any other, and the evidence is gone
afterwards. An annotation is never touched; with `[python] infer = false` nothing else is either.
"""

from __future__ import annotations

from typing import ClassVar, final

from attrs import frozen

from ..ir.items import (
    Class,
    Constant,
    Field,
    Function,
    Info,
    Item,
    Note,
    NoteKind,
    Package,
    Param,
    Property,
    Signature,
)
from ..ir.parts import evolve, map_all, with_parts
from ..ir.traverse import map_items
from ..ir.types import ANY, BridgeType
from .context import PassContext
from .conventions import is_missing
from .inference import VARIADIC, Found, Inference
from .receivers import has_receiver


@final
@frozen
class InferTypes:
    """Missing annotations are filled in from the source."""

    name: ClassVar[str] = "infer-types"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with types for missing annotations, and without evidence."""
        inference = Inference(package) if ctx.options.infer else None
        return map_items(package, lambda item: _rewrite(item, inference))


def _rewrite(item: Item, inference: Inference | None) -> Item:
    match item:
        case Function():
            return _function(item, None, inference)
        case Class():
            return with_parts(
                item,
                fields=map_all(item.fields, lambda each: _field(each, item, inference)),
                properties=map_all(item.properties, lambda each: _property(each, item, inference)),
                methods=map_all(item.methods, lambda each: _function(each, item, inference)),
            )
        case Constant():
            found = inference.constant(item) if inference and is_missing(item.type) else None
            if found is None:
                return evolve(item, info=_settle(item.info, [])) if item.info.evidence else item
            return evolve(item, type=found.type, info=_settle(item.info, [("value", found)]))
        case _:
            return item


def _function(function: Function, owner: Class | None, inference: Inference | None) -> Function:
    notes: list[tuple[str, Found]] = []
    signatures = function.signatures
    if inference is not None and len(signatures) == 1:
        signatures = (_signature(function, signatures[0], owner, inference, notes),)
    elif inference is not None:
        # The source has no arms, so what it tells is of none of them.
        signatures = tuple([_variadic(each, number, notes) for number, each in enumerate(signatures, 1)])
    if not notes and not function.info.evidence:
        return function
    return with_parts(function, signatures=signatures, info=_settle(function.info, notes))


def _signature(
    function: Function,
    signature: Signature,
    owner: Class | None,
    inference: Inference,
    notes: list[tuple[str, Found]],
) -> Signature:
    params = signature.params
    # Most parameters have a type: a look at its class is all that is spent on them.
    for index, param in enumerate(signature.params):
        if is_missing(param.type):
            if index == 0 and has_receiver(function, signature):
                continue
            found = inference.parameter(function, owner, param.name)
            if found is not None:
                notes.append((f"parameter {param.name}", found))
                inferred = Param(param.name, param.kind, found.type, param.default, param.span)
                params = (*params[:index], inferred, *params[index + 1 :])
    result: BridgeType = signature.result
    if is_missing(result):
        found = inference.result(function, owner)
        if found is not None:
            notes.append(("result", found))
            result = found.type
    if not notes:
        return signature
    return Signature(params, result, signature.type_params, signature.is_async, signature.span)


def _variadic(signature: Signature, number: int, notes: list[tuple[str, Found]]) -> Signature:
    """Return `signature`, the overload of this number, with `*args` and `**kwargs` that take anything."""
    params = signature.params
    for index, param in enumerate(signature.params):
        if param.kind in VARIADIC and is_missing(param.type):
            notes.append((f"overload {number}: parameter {param.name}", Found(ANY, "variadic")))
            params = (*params[:index], evolve(param, type=ANY), *params[index + 1 :])
    return with_parts(signature, params=params)


def _field(field: Field, owner: Class, inference: Inference | None) -> Field:
    found = inference.field(field, owner) if inference and is_missing(field.type) else None
    if found is None:
        return with_parts(field, info=_settle(field.info, [])) if field.info.evidence else field
    return with_parts(field, type=found.type, info=_settle(field.info, [("field", found)]))


def _property(member: Property, owner: Class, inference: Inference | None) -> Property:
    notes: list[tuple[str, Found]] = []
    ty, setter = member.type, member.setter_type
    if inference is not None and is_missing(ty):
        found = inference.property(member, owner)
        if found is not None:
            notes.append(("result", found))
            ty = found.type
    if inference is not None and setter is not None and is_missing(setter) and not is_missing(ty):
        # What is read back is what was set.
        notes.append(("setter", Found(ty, "getter")))
        setter = ty
    if not notes and not member.info.evidence:
        return member
    return evolve(member, type=ty, setter_type=setter, info=_settle(member.info, notes))


def _settle(info: Info, found: list[tuple[str, Found]]) -> Info:
    notes = [Note(NoteKind.INFERRED, where, each.source) for where, each in found]
    return with_parts(info, notes=(*info.notes, *notes), evidence=())
