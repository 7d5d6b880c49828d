"""What a person reads above a declaration: the Python signature, its origin, and what was lost.

Nothing is said twice. `f` has the signature and the origin, `f_with` below it the types of the options;
a setter stands below its getter. The first of several overload arms has the summary and names the others.
A loss is told where the part that lost its type is declared.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from ..ir.helpers import ASYNC_LEAVE, CLASS_OBJECT, IMPLEMENT, LEAVE, RUN_ASYNC_WITH, RUN_WITH, is_helper
from ..ir.items import Binding, CallForm, Degradation, Function, Info, Param, ParamKind, Signature
from ..ir.types import UNANNOTATED, BridgeType
from .entries import Call, Entry, EntryKind, TypeDeclaration, takes_options
from .mochi_types import MochiTypes

_STARS = {ParamKind.VAR_POSITIONAL: "*", ParamKind.VAR_KEYWORD: "**"}


def describe(entry: Entry, types: MochiTypes) -> Iterator[str]:
    """Yield the lines of the comment above `entry`, not yet escaped."""
    if takes_options(entry):
        yield from _describe_options(entry, types)
        yield from _describe_losses(entry)
        return
    if entry.info.doc and entry.kind is not EntryKind.SETTER and not _is_further_arm(entry):
        yield entry.info.doc
    match entry.operation:
        case Call(function) if is_helper(function):
            yield from _describe_helper(function, entry)
        case Call(function, plan) if plan.arm < len(function.signatures):
            yield python_signature(function, function.signatures[plan.arm], types, brief=True)
        case _ if entry.kind is EntryKind.CAST:
            parameter = entry.parameters[0]
            taken, given = (types.shown(ty) for ty in (parameter.type, entry.result))
            yield f"{taken} as {given}"
        case _ if entry.module:
            yield f"{entry.path}: {types.shown(value_type(entry))}"
        case _:
            pass
    if entry.kind is not EntryKind.SETTER:
        yield from _describe_origin(entry.info, deprecation(entry))
    if others := _further_arms(entry):
        yield f"also: {', '.join(others)}"
    yield from _describe_losses(entry)


def _is_further_arm(entry: Entry) -> bool:
    match entry.operation:
        case Call(function, plan):
            return plan.arm != function.calls[0].arm
        case _:
            return False


def _further_arms(entry: Entry) -> list[str]:
    """Return the names of the other overload arms of what `entry` is the plainest arm of."""
    match entry.operation:
        case Call(function) if not _is_further_arm(entry):
            calls = [call for call in function.calls if call.arm != function.calls[0].arm]
            return [call.exported or "" for call in calls if call.form is CallForm.REQUIRED]
        case _:
            return []


def _describe_helper(function: Function, entry: Entry) -> Iterator[str]:
    """Yield what a member means that Python has no function for."""
    owner = function.path.rpartition(".")[0]
    match function.name:
        case name if name == CLASS_OBJECT:
            yield f"type[{owner}]"
        case name if name == IMPLEMENT:
            yield f"a {owner} with these members"
        case name if name in (RUN_WITH, RUN_ASYNC_WITH):
            yield f"{'async ' if name == RUN_ASYNC_WITH else ''}with {owner} as value: body(value)"
        case name if name in (LEAVE, ASYNC_LEAVE):
            yield f"{owner}.{'__aexit__' if name == ASYNC_LEAVE else '__exit__'}(None, None, None)"
        case "named":
            yield "the class at a path like `decimal.Decimal`"
        case name:
            yield f"{owner}: {name}"


def describe_type(ty: TypeDeclaration) -> Iterator[str]:
    """Yield the lines of the comment above the declaration of `ty`, not yet escaped."""
    if ty.info.doc:
        yield ty.info.doc
    yield ty.path
    yield from _describe_origin(ty.info, ty.info.deprecated)
    yield from map(_loss, ty.info.degradations)


def value_type(entry: Entry) -> BridgeType:
    """Return the type of the attribute or constant that `entry` reads or writes."""
    return entry.parameters[-1].type if entry.kind is EntryKind.SETTER else entry.result


def python_signature(
    function: Function, signature: Signature, types: MochiTypes, *, brief: bool = False
) -> str:
    """Return the Python signature as a reader of the package knows it, with Mochi's types.

    A `brief` one leaves out the types of optional parameters.
    """
    pieces: list[str] = []
    slash = False
    star = False
    params = signature.params
    if function.binding is Binding.CONSTRUCTOR and params and params[0].name in ("self", "cls"):
        params = params[1:]
    for param in params:
        if slash and param.kind is not ParamKind.POSITIONAL_ONLY:
            pieces.append("/")
        slash = param.kind is ParamKind.POSITIONAL_ONLY
        if param.kind is ParamKind.KEYWORD_ONLY and not star:
            pieces.append("*")
            star = True
        star = star or param.kind is ParamKind.VAR_POSITIONAL
        pieces.append(_param(param, types, brief=brief))
    pieces += ["/"] if slash else []
    prefix = "async " if signature.is_async else ""
    shown = signature.result != UNANNOTATED and function.binding is not Binding.CONSTRUCTOR
    result = f" -> {types.shown(signature.result)}" if shown else ""
    return f"{prefix}{function.path}({', '.join(pieces)}){result}"


def _param(param: Param, types: MochiTypes, *, brief: bool) -> str:
    text = f"{_STARS.get(param.kind, '')}{param.name}"
    typed = param.type != UNANNOTATED and not (brief and param.default is not None)
    if typed:
        text += f": {types.shown(param.type)}"
    if param.default is None:
        return text
    return f"{text} = {param.default.text}" if typed else f"{text}={param.default.text}"


def deprecation(entry: Entry) -> str | None:
    """Return what the deprecation of an item or of its overload arm says (PEP 702), None without one."""
    match entry.operation:
        case Call(function, plan) if entry.info.deprecated is None and plan.arm < len(function.signatures):
            return function.signatures[plan.arm].deprecated
        case _:
            return entry.info.deprecated


def _describe_origin(info: Info, deprecated: str | None) -> Iterator[str]:
    """Yield the place, and what the deprecation says."""
    if info.span is not None:
        yield f"{info.span.file}:{info.span.line}"
    if deprecated is not None:
        yield f"deprecated: {deprecated}" if deprecated else "deprecated"


def _describe_losses(entry: Entry) -> Iterator[str]:
    for loss in entry.info.degradations:
        where = _place_in(loss, entry)
        if where:
            yield _loss(evolve(loss, where=where))


def _place_in(loss: Degradation, entry: Entry) -> str:
    """Return where in `entry` the loss is, empty where it belongs to a declaration beside it."""
    match entry.operation:
        case Call(plan=plan):
            arm, colon, where = loss.where.rpartition(": ")
            if colon and arm != f"overload {plan.arm + 1}":
                return ""
            kind, _, name = where.partition(" ")
            is_option = kind == "parameter" and all(name != argument.name for argument in plan.arguments)
            if where == "overloads" and plan.arm:
                return ""
            return where if is_option is takes_options(entry) else ""
        case _:
            return loss.where if (loss.where == "setter") is (entry.kind is EntryKind.SETTER) else ""


def _loss(loss: Degradation) -> str:
    return f"degraded: {loss.reason.value}, {loss.where}: {loss.detail}"


def _describe_options(entry: Entry, types: MochiTypes) -> Iterator[str]:
    assert isinstance(entry.operation, Call)
    plan = entry.operation.plan
    yield "options:"
    for option in plan.options:
        default = "" if option.default is None else f" = {option.default.text}"
        yield f"  {option.name}: {types.shown(option.type)}{default}"
    if plan.open_options is not None:
        yield f"  any other name: {types.shown(plan.open_options)}"
