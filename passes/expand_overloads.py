"""Keep the overload arms that are different calls in Mochi; those that one call can stand for are one.

fun f(x: int): int, overload (x: string): int          =>   fun f(x: int | string): int
fun f(x: int): int, overload (x: int, y: float): int   =>   fun f(x: int, kw y: float = ...): int
fun f(x: int): int, overload (x: string): string       =>   the same, to be called `f` and `f_string`
"""

from __future__ import annotations

from typing import ClassVar, final

from attrs import frozen

from ..ir import codes
from ..ir.info import Degradation, Info, Note, NoteKind
from ..ir.items import Class, Function, Item, Package, Signature
from ..ir.parts import evolve, map_all, with_parts
from ..ir.refusals import SkipReason
from ..ir.traverse import map_items
from .context import PassContext
from .overload_arms import Arm, ArmJoiner
from .overload_groups import group_arms
from .receivers import lacks_receiver


@final
@frozen
class ExpandOverloads:
    """Rewrites `Function.signatures`: the plainest arm first, then the others, `cap` at the most.

    Arms with equal results, of which the one requires what the other does and more, are one: an
    argument takes the types of all, and what only some arms require is an option. Where Mochi cannot
    tell by the arguments which result a call has, the plainest arm returns `any`, and the arms with
    their own results stay. There is no product of types and no arm that the package does not declare.
    What is beyond the cap is recorded once. It runs behind legalize-types, for arms are compared by
    what Mochi sees of them.
    """

    name: ClassVar[str] = "expand-overloads"
    cap: int = 8

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with the arms of every function joined."""
        joiner = ArmJoiner(ctx.options.strict)

        def expand(item: Item) -> Item:
            return self._expand_item(item, joiner, ctx)

        return with_parts(map_items(package, expand), generated=map_all(package.generated, expand))

    def _expand_item(self, item: Item, joiner: ArmJoiner, ctx: PassContext) -> Item:
        def expand(function: Function) -> Function:
            return function if len(function.signatures) < 2 else self._expand(function, joiner, ctx)

        match item:
            case Function():
                return expand(item)
            case Class():
                constructors = map_all(item.constructors, expand)
                return with_parts(item, constructors=constructors, methods=map_all(item.methods, expand))
            case _:
                return item

    def _expand(self, function: Function, joiner: ArmJoiner, ctx: PassContext) -> Function:
        arms = [
            joiner.read(function, signature, number)
            for number, signature in enumerate(function.signatures, 1)
            if not lacks_receiver(function, signature)
        ]
        if not arms:
            return function
        groups = group_arms(function, arms, joiner)
        kept = groups[: self.cap]
        reached = {number for arm in kept for number in arm.numbers}
        left_out = [arm for arm in groups[self.cap :] if not reached.issuperset(arm.numbers)]
        info = _tell_unions(_renumber(function.info, kept), kept, joiner)
        if left_out:
            detail = f"{len(left_out)} more arm{'s' if len(left_out) > 1 else ''}"
            lost = Degradation(SkipReason.OVERLOAD_AMBIGUITY, "overloads", detail)
            info = evolve(info, degradations=(*info.degradations, lost))
            if ctx.options.strict:
                message = f"`{function.path}` is bound without {detail} of {len(function.signatures)}"
                ctx.report(codes.OVERLOAD_AMBIGUITY.at(function.info.span, message))
        signatures: tuple[Signature, ...] = tuple(arm.signature for arm in kept)
        if signatures == function.signatures and info == function.info:
            return function
        return evolve(function, signatures=signatures, info=info)


def _tell_unions(info: Info, kept: list[Arm], joiner: ArmJoiner) -> Info:
    """Note the unions that joined arms ask for: Mochi declares `any` there, and the wrapper checks."""
    told: dict[str, Note] = {}
    for number, arm in enumerate(kept, 1):
        if len(arm.numbers) < 2:
            continue
        place = f"overload {number}: " if len(kept) > 1 else ""
        for param in arm.params.values():
            if text := joiner.show_union(param.type):
                where = f"{place}parameter {param.name}"
                told[where] = Note(NoteKind.CHECKED, where, text)
    if not told:
        return info
    others = [each for each in info.notes if each.where not in told or each.kind is not NoteKind.CHECKED]
    notes = (*others, *told.values())
    return info if notes == info.notes else evolve(info, notes=notes)


def _renumber(info: Info, kept: list[Arm]) -> Info:
    """Return `info` with places in the new arms; what was in arms that are left out goes with them."""
    numbers: dict[int, int] = {}
    for new, arm in enumerate(kept, 1):
        for old in arm.numbers:
            numbers.setdefault(old, new)
    losses: dict[Degradation, None] = {}
    for loss in info.degradations:
        where = _move(loss.where, numbers, len(kept))
        if where:
            losses[loss if where == loss.where else Degradation(loss.reason, where, loss.detail)] = None
    notes: dict[Note, None] = {}
    for note in info.notes:
        where = _move(note.where, numbers, len(kept))
        if where:
            notes[note if where == note.where else Note(note.kind, where, note.detail)] = None
    kept_losses, kept_notes = tuple(losses), tuple(notes)
    if kept_losses == info.degradations and kept_notes == info.notes:
        return info
    return evolve(info, degradations=kept_losses, notes=kept_notes)


def _move(where: str, numbers: dict[int, int], count: int) -> str:
    """Return the place in the new arms, empty where its arm is gone."""
    arm, colon, part = where.partition(": ")
    word, _, number = arm.partition(" ")
    if not colon or word != "overload" or not number.isdigit():
        return where
    new = numbers.get(int(number))
    if new is None:
        return ""
    return f"overload {new}: {part}" if count > 1 else part
