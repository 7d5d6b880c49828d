"""Losses of type information: recorded on the item, or a refusal in strict mode."""

from __future__ import annotations

from typing import final

from attrs import field, frozen

from ..ir import codes
from ..ir.diagnostics import Code, Diagnostic
from ..ir.info import Degradation, Info, Note, NoteKind
from ..ir.items import Refusal
from ..ir.parts import evolve
from ..ir.refusals import SkipReason
from ..ir.source import Span
from ..ir.text import format_type
from ..ir.traverse import map_type, walk_type
from ..ir.types import BridgeType, Unsupported

_ANY_TEXT = "any"
_LONGEST_DETAIL = 200

_CODES = {
    SkipReason.OPEN_UNION: codes.OPEN_UNION,
    SkipReason.UNTYPED_PACKAGE: codes.UNANNOTATED,
    SkipReason.UNSUPPORTED_TYPING_CONSTRUCT: codes.UNSUPPORTED_TYPING_CONSTRUCT,
    SkipReason.PARAM_SPEC: codes.PARAM_SPEC,
    SkipReason.TYPE_VAR_TUPLE: codes.TYPE_VAR_TUPLE,
    SkipReason.FORWARD_REF: codes.FORWARD_REF,
    SkipReason.NO_COMPLEX_TYPE: codes.COMPLEX_TYPE,
    SkipReason.BYTEARRAY_MUTABLE: codes.BYTEARRAY_TYPE,
    SkipReason.OVERLOAD_AMBIGUITY: codes.OVERLOAD_AMBIGUITY,
    SkipReason.PRIVATE_NAME: codes.PRIVATE_TYPE,
    SkipReason.INCOMPATIBLE_ASYNC_RUNTIME: codes.ASYNC_RUNTIME,
}


@final
@frozen
class Loss:
    """One type that could not be kept: why, its IR text, and its place where that is known.

    With a `note` nothing is taken away but in strict mode, so it is told and not counted as a loss.
    Many uses of one erased type variable are told once.
    """

    reason: SkipReason
    detail: str
    span: Span | None = field(default=None, eq=False)
    note: NoteKind | None = None

    @property
    def is_explicit_any(self) -> bool:
        """Whether the declaration itself says `Any` or `object`."""
        return self.reason is SkipReason.UNSUPPORTED_TYPING_CONSTRUCT and self.detail == _ANY_TEXT


@final
@frozen
class PlacedLoss:
    """A loss in a part of an item: `parameter x`, `result`, `field`, `setter`."""

    where: str
    loss: Loss
    span: Span | None = field(default=None, eq=False)


def explicit_any() -> Loss:
    """Return what stands for `Any` or `object` in a declaration: the author says so."""
    return Loss(SkipReason.UNSUPPORTED_TYPING_CONSTRUCT, _ANY_TEXT, note=NoteKind.DECLARED_ANY)


def show_type(ty: BridgeType) -> str:
    """Return the IR text of `ty` for a loss or note: without places, cut where it is long."""
    has_span = any(type(part) is Unsupported for part in walk_type(ty))
    return shorten(format_type(map_type(ty, _without_span) if has_span else ty))


def shorten(text: str) -> str:
    """Return `text`, cut where it is long."""
    return text if len(text) <= _LONGEST_DETAIL else text[: _LONGEST_DETAIL - 1] + "…"


def _without_span(ty: BridgeType) -> BridgeType:
    if isinstance(ty, Unsupported) and ty.span is not None:
        return Unsupported(ty.reason, ty.text)
    return ty


def record_losses(info: Info, losses: list[PlacedLoss]) -> Info:
    """Return `info` with `losses` as degradations and notes, each once."""
    if not losses:
        return info
    if len(losses) == 1 and not info.degradations and not info.notes:  # as for most
        where, loss = losses[0].where, losses[0].loss
        if loss.note is None:
            return evolve(info, degradations=(Degradation(loss.reason, where, loss.detail),))
        return evolve(info, notes=(Note(loss.note, where, loss.detail),))
    # By their parts, which are cheaper to hash than the whole.
    kept = {(each.reason, each.where, each.detail): each for each in info.degradations}
    notes = {(each.kind, each.where, each.detail): each for each in info.notes}
    erased = {(_arm(each.where), each.detail) for each in info.notes if each.kind is NoteKind.ERASED}
    for placed in losses:
        where, loss = placed.where, placed.loss
        if loss.note is None:
            lost = (loss.reason, where, loss.detail)
            if lost not in kept:
                kept[lost] = Degradation(*lost)
            continue
        if loss.note is NoteKind.ERASED:
            variable = (_arm(where), loss.detail)
            if variable in erased:
                continue
            erased.add(variable)
        told = (loss.note, where, loss.detail)
        if told not in notes:
            notes[told] = Note(*told)
    if len(kept) == len(info.degradations) and len(notes) == len(info.notes):
        return info
    return evolve(info, degradations=tuple(kept.values()), notes=tuple(notes.values()))


def _arm(where: str) -> str:
    """Return the overload arm in which a place is, empty for the only arm."""
    return where.rpartition(": ")[0]


def refuse(name: str, path: str, kind: str, placed: PlacedLoss, info: Info) -> tuple[Refusal, Diagnostic]:
    """Return the refusal of an item for `placed`, and the diagnostic that tells of it."""
    loss = placed.loss
    lost = f"type `{loss.detail}`" if loss.detail else "no annotation"
    code = code_of(loss)
    diagnostic = code.at(
        loss.span or placed.span or info.span,
        f"{kind} `{path}` is not bound in strict mode: {placed.where} has {lost}",
        label=code.summary,
        help="without `strict` it is bound, and the loss is recorded",
    )
    return Refusal(name, path, kind, loss.reason, f"{placed.where}: {loss.detail}", info), diagnostic


def code_of(loss: Loss) -> Code:
    """Return the code under which `loss` is reported."""
    if loss.is_explicit_any:
        return codes.ANY_TYPE
    return _CODES.get(loss.reason, codes.UNSUPPORTED_TYPING_CONSTRUCT)
