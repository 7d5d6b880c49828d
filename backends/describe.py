"""What a person reads above a declaration: the Python signature, its origin, and what was lost.

Nothing is said twice. `f` has the signature and the origin, `f_with` below it the types of the options;
a setter stands below its getter. The first of several overload arms has the summary and names the others.
A loss is told where the part that lost its type is declared.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..ir.helpers import ASYNC_LEAVE, CLASS_OBJECT, IMPLEMENT, LEAVE, RUN_ASYNC_WITH, RUN_WITH, is_helper
from ..ir.items import Binding, CallForm, CallPlan, Degradation, Function, Info, Param, ParamKind, Signature
from ..ir.types import UNANNOTATED, BridgeType, Unsupported
from .entries import Call, Entry, EntryKind, TypeDeclaration, takes_options
from .mochi_types import MochiTypes


def describe(entry: Entry, types: MochiTypes) -> list[str]:
    """Return the lines of the comment above `entry`, not yet escaped."""
    operation, info = entry.operation, entry.info
    if isinstance(operation, Call):
        lines = _describe_call(entry, operation, types)
    elif entry.kind is EntryKind.SETTER:
        lines = _describe_value(entry, types)
    else:
        lines = [info.doc] if info.doc else []
        lines += _describe_value(entry, types)
        _add_origin(lines, info, info.deprecated)
    if info.degradations:
        lines += _describe_losses(entry)
    return lines


def _describe_call(entry: Entry, call: Call, types: MochiTypes) -> list[str]:
    function, plan = call.function, call.plan
    if plan.form is CallForm.WITH_OPTIONS:
        return _describe_options(plan, types)
    first = function.calls[0].arm
    lines = [entry.info.doc] if entry.info.doc and plan.arm == first else []
    if is_helper(function):
        lines += _describe_helper(function)
    elif plan.arm < len(function.signatures):
        lines.append(python_signature(function, function.signatures[plan.arm], types, brief=True))
    else:
        lines += _describe_value(entry, types)
    _add_origin(lines, entry.info, deprecation(entry))
    if plan.arm == first:
        others = [each for each in function.calls if each.arm != first and each.form is CallForm.REQUIRED]
        lines += [f"also: {', '.join([each.exported or '' for each in others])}"] if others else []
    return lines


def _describe_value(entry: Entry, types: MochiTypes) -> list[str]:
    if entry.kind is EntryKind.CAST:
        return [f"{types.shown(entry.parameters[0].type)} as {types.shown(entry.result)}"]
    return [f"{entry.path}: {types.shown(value_type(entry))}"] if entry.module else []


def _describe_helper(function: Function) -> Iterator[str]:
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


def describe_type(ty: TypeDeclaration) -> list[str]:
    """Return the lines of the comment above the declaration of `ty`, not yet escaped."""
    lines = [ty.info.doc] if ty.info.doc else []
    lines.append(ty.path)
    _add_origin(lines, ty.info, ty.info.deprecated)
    lines += [_loss(loss, loss.where) for loss in ty.info.degradations]
    return lines


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
    shown = function.binding is not Binding.CONSTRUCTOR and _is_annotated(signature.result)
    result = f" -> {types.shown(signature.result)}" if shown else ""
    return f"{prefix}{function.path}({', '.join(pieces)}){result}"


def _param(param: Param, types: MochiTypes, *, brief: bool) -> str:
    text, default = param.name, param.default
    if param.kind is ParamKind.VAR_POSITIONAL:
        text = f"*{text}"
    elif param.kind is ParamKind.VAR_KEYWORD:
        text = f"**{text}"
    if (brief and default is not None) or not _is_annotated(param.type):
        return text if default is None else f"{text}={default.text}"
    text = f"{text}: {types.shown(param.type)}"
    return text if default is None else f"{text} = {default.text}"


def _is_annotated(ty: BridgeType) -> bool:
    return type(ty) is not Unsupported or ty != UNANNOTATED


def deprecation(entry: Entry) -> str | None:
    """Return what the deprecation of an item or of its overload arm says (PEP 702), None without one."""
    operation, deprecated = entry.operation, entry.info.deprecated
    if deprecated is None and isinstance(operation, Call):
        signatures, arm = operation.function.signatures, operation.plan.arm
        return signatures[arm].deprecated if arm < len(signatures) else None
    return deprecated


def _add_origin(lines: list[str], info: Info, deprecated: str | None) -> None:
    """Add the place, and what the deprecation says."""
    if info.span is not None:
        lines.append(f"{info.span.file}:{info.span.line}")
    if deprecated is not None:
        lines.append(f"deprecated: {deprecated}" if deprecated else "deprecated")


def _describe_losses(entry: Entry) -> list[str]:
    places = [(loss, _place_in(loss, entry)) for loss in entry.info.degradations]
    return [_loss(loss, where) for loss, where in places if where]


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


def _loss(loss: Degradation, where: str) -> str:
    return f"degraded: {loss.reason.value}, {where}: {loss.detail}"


def _describe_options(plan: CallPlan, types: MochiTypes) -> list[str]:
    lines = ["options:"]
    for option in plan.options:
        default = "" if option.default is None else f" = {option.default.text}"
        lines.append(f"  {option.name}: {types.shown(option.type)}{default}")
    if plan.open_options is not None:
        lines.append(f"  any other name: {types.shown(plan.open_options)}")
    return lines
