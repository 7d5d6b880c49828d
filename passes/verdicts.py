"""Verdicts on single items: how what the probe found is written down, and what becomes of calls."""

from __future__ import annotations

from typing import TypeAlias, TypeVar

from attrs import evolve

from ..ir.inventory import parse_signature
from ..ir.items import (
    Class,
    Constant,
    Degradation,
    Field,
    Function,
    Info,
    Note,
    NoteKind,
    Probe,
    Property,
    Refusal,
    Variant,
)
from ..ir.refusals import SkipReason
from .call_fit import fit_plans

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


def judge_calls(function: Function, signature: str | None, name: str, kind: str) -> Function | Refusal:
    """Return `function` with calls that bind to `signature`, or why there are none."""
    if signature is None or not function.calls:
        return mark(function, Probe.EXISTS)
    fit = fit_plans(function.calls, parse_signature(signature))
    if not fit.plans:
        return refuse(function, name, kind, f"differs at run time: it {fit.misfit}")
    if fit.plans == function.calls and not fit.lost:
        return mark(function, Probe.EXISTS)
    lost = (Degradation(SkipReason.UNKNOWN, where, f"at run time it {detail}") for where, detail in fit.lost)
    degradations = tuple(dict.fromkeys((*function.info.degradations, *lost)))
    info = evolve(function.info, probe=Probe.DIFFERS, degradations=degradations)
    return evolve(function, calls=fit.plans, info=info)
