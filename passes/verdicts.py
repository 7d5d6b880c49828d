"""Verdicts on single items: how what the probe found is written down, and what becomes of calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

from ..ir.inventory import RuntimeParam, parse_signature
from ..ir.items import (
    Class,
    Constant,
    Default,
    DefaultKind,
    Degradation,
    Field,
    Function,
    Info,
    Note,
    NoteKind,
    Param,
    Probe,
    Property,
    Refusal,
    Variant,
)
from ..ir.parts import evolve
from ..ir.refusals import SkipReason
from ..ir.types import ANY, UNANNOTATED, BridgeType, Ref
from .call_fit import fit_plans
from .plan_calls import plan_calls
from .receivers import has_receiver

Judged: TypeAlias = Function | Class | Constant | Variant | Field | Property

ABSENT = "declared, but not in the installed package"

_MarkedT = TypeVar("_MarkedT", Function, Class, Constant, Variant, Field, Property)


def mark(item: _MarkedT, probe: Probe) -> _MarkedT:
    """Return `item` with this verdict."""
    return item if item.info.probe is probe else evolve(item, info=evolve(item.info, probe=probe))


def mark_unimportable(item: _MarkedT, error: str) -> _MarkedT:
    """Return `item` of a module that does not import."""
    note = Note(NoteKind.NOT_IMPORTABLE, "module", error)
    notes = item.info.notes if note in item.info.notes else (*item.info.notes, note)
    return evolve(item, info=evolve(item.info, probe=Probe.UNKNOWN, notes=notes))


def refuse(item: Judged, name: str, kind: str, detail: str) -> Refusal:
    """Return the refusal of what is declared in vain: absent, or something else at run time."""
    probe = Probe.ABSENT if detail == ABSENT else Probe.DIFFERS
    return Refusal(name, item.path, kind, SkipReason.UNKNOWN, detail, _bare(item.info, probe))


def _bare(info: Info, probe: Probe) -> Info:
    return evolve(info, probe=probe, degradations=(), notes=(), evidence=())


def judge_calls(
    function: Function, signature: str | None, name: str, kind: str, strict: bool, owner: str | None = None
) -> Function | Refusal:
    """Return `function` with calls that bind to `signature`, or why there are none; `owner` is its class.

    With `strict` nothing is lost: a function that is not as declared is refused.
    """
    if signature is None or not function.calls:
        return mark(function, Probe.EXISTS)
    params = parse_signature(signature)
    fit = fit_plans(function.calls, params)
    if strict and (fit.lost or not fit.plans):
        misfit = fit.misfit or fit.lost[0][1]
        return refuse(function, name, kind, f"differs at run time: it {misfit}")
    if not fit.plans:
        adopted = adopt_signature(function, params, owner, fit.misfit)
        if fit_plans(adopted.calls, params).plans != adopted.calls:
            return refuse(function, name, kind, f"differs at run time: it {fit.misfit}")
        return adopted
    if fit.plans == function.calls and not fit.lost:
        return mark(function, Probe.EXISTS)
    lost = (Degradation(SkipReason.UNKNOWN, where, f"at run time it {detail}") for where, detail in fit.lost)
    degradations = tuple(dict.fromkeys((*function.info.degradations, *lost)))
    info = evolve(function.info, probe=Probe.DIFFERS, degradations=degradations)
    return evolve(function, calls=fit.plans, info=info)


def adopt_signature(
    function: Function, params: Sequence[RuntimeParam], owner: str | None, misfit: str
) -> Function:
    """Return `function` with the parameters it has at run time; those declared under a name keep its type."""
    declared = function.signatures[function.calls[0].arm]
    receiver = declared.params[:1] if has_receiver(function, declared) else ()
    rest = declared.params[len(receiver) :]
    types = {param.name: param.type for param in rest if param.type != UNANNOTATED}
    if any(param.name == each.name for param in params for each in receiver):
        receiver = (evolve(receiver[0], name="self"),)
    own = tuple(_make_param(param, types.get(param.name, ANY)) for param in params)
    signature = evolve(declared, params=(*receiver, *own))
    untyped = (
        Degradation(SkipReason.UNTYPED_PACKAGE, f"parameter {param.name}", "")
        for param in params
        if param.name not in types
    )
    lost = (Degradation(SkipReason.UNKNOWN, "call", f"at run time it {misfit}"), *untyped)
    info = evolve(function.info, probe=Probe.DIFFERS, degradations=lost)
    adopted = evolve(function, signatures=(signature,), calls=(), info=info)
    return evolve(adopted, calls=plan_calls(adopted, None if owner is None else Ref(owner)))


def _make_param(param: RuntimeParam, ty: BridgeType) -> Param:
    return Param(param.name, param.kind, ty, Default(DefaultKind.UNKNOWN, "...") if param.optional else None)
