"""What overload arms are called: the ending that tells each arm from the plainest one.

Endings are made of the arm and the plainest arm alone. Only where two arms would have one ending does the
later one say more, so an arm more changes no other name, unless it is the plainest itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import count
from typing import assert_never

from ..ir.items import Argument, CallForm, CallPlan, Function
from ..ir.types import (
    NONE,
    AsyncOf,
    BridgeType,
    FunOf,
    IteratorOf,
    ListOf,
    LiteralOf,
    MapOf,
    OptionOf,
    Ref,
    Scalar,
    SelfType,
    SetOf,
    StreamOf,
    TupleOf,
    TypeObject,
    TypeVarRef,
    UnionOf,
    Unsupported,
)

_TAKEN = frozenset({"with", "sync", "async"})
"""Endings that mean something else."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_TUPLE = re.compile(r"(?:Pair|Triple|Tuple(?:Of[A-Z][a-z]+)?)$")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_LONGEST_VALUE = 24


def name_arms(function: Function) -> dict[int, str]:
    """Return the ending of every arm but the first by its index: `iterator` for `read_csv_iterator`."""
    plans = [call for call in function.calls if call.form is CallForm.REQUIRED and not call.lazy]
    endings: dict[int, str] = {}
    taken = set(_TAKEN)
    for plan in plans[1:]:
        endings[plan.arm] = _free_ending(_words(plan, plans[0]), taken)
        taken.add(endings[plan.arm])
    return endings


def _free_ending(words: Iterable[str], taken: set[str]) -> str:
    """Return the fewest of `words` that no other arm has, numbered where all are taken."""
    said: list[str] = []
    for word in words:
        if word in said:
            continue
        said.append(word)
        ending = "_".join(said)
        if ending not in taken:
            return ending
    stem = f"{said[0]}_" if said else ""
    return next(each for each in (f"{stem}{number}" for number in count(2)) if each not in taken)


def _words(plan: CallPlan, plainest: CallPlan) -> Iterator[str]:
    """Yield what tells `plan` from `plainest`, the most telling first.

    The literals it asks for; the parameters that only it requires, where the choice is free; the result;
    the types of arguments that both require; what is inside the result; what only the plainest requires;
    what only it requires.
    """
    known = {argument.name: argument.type for argument in plainest.arguments}
    fixed = [each for each in plan.arguments if each.fixed and known.get(each.name) != each.type]
    more_than_default = [argument for argument in fixed if not _is_off(argument.type)]
    if fixed:
        yield "_".join(map(_value_word, more_than_default or fixed))
    more = [argument for argument in plan.arguments if argument.name not in known and not argument.fixed]
    yield from (argument.name for argument in more if not isinstance(argument.type, LiteralOf))
    if plan.result != plainest.result:
        is_option = plan.result == OptionOf(plainest.result)
        yield from ("optional",) if is_option else _type_words(plan.result)
    for argument in plan.arguments:
        plain = known.get(argument.name, argument.type)
        if not argument.fixed and plain != argument.type:
            new = [member for member in _members(argument.type) if member not in _members(plain)]
            yield from [word for member in new for word in _type_words(member)][:1]
    if plan.result != plainest.result:
        yield from _detail_words(plan.result)
    own = {argument.name for argument in plan.arguments}
    yield from (f"without_{name}" for name in known if name not in own)
    yield from (argument.name for argument in more)


def _is_off(ty: BridgeType) -> bool:
    return ty is NONE or (isinstance(ty, LiteralOf) and ty.values == (False,))


def _value_word(argument: Argument) -> str:
    """Return what names a fixed argument: its name for a switch, else its value."""
    match argument.type:
        case LiteralOf((True,)):
            return argument.name
        case LiteralOf((str(value),)) if _WORD.fullmatch(value) and len(value) <= _LONGEST_VALUE:
            return value
        case LiteralOf((int(value),)) if value is not False and value >= 0:
            return f"{argument.name}_{value}"
        case LiteralOf((False,)):
            return f"no_{argument.name}"
        case ty if ty is NONE:
            return f"no_{argument.name}"
        case _:
            return argument.name


def _members(ty: BridgeType) -> tuple[BridgeType, ...]:
    match ty:
        case OptionOf(UnionOf(members)) | UnionOf(members):
            return members
        case _:
            return (ty,)


def _type_words(ty: BridgeType) -> tuple[str, ...]:
    """Return a word for `ty` (`string`, `list`, `text_file_reader`), or none where it has no public name."""
    match ty:
        case Scalar(kind):
            return (kind.value,)
        case Ref(path):
            return _class_words(path)
        case ListOf():
            return ("list",)
        case SetOf():
            return ("set",)
        case MapOf():
            return ("map",)
        case UnionOf(members):
            return next((words for words in map(_type_words, members) if words), ())
        case FunOf():
            return ("fun",)
        case TupleOf():
            return ("tuple",)
        case OptionOf(inner) | AsyncOf(inner) | TypeObject(inner):
            return _type_words(inner)
        case StreamOf() | IteratorOf():
            return ("stream",)
        case LiteralOf() | TypeVarRef() | SelfType() | Unsupported():
            return ()
        case _:
            assert_never(ty)


def _detail_words(ty: BridgeType) -> tuple[str, ...]:
    """Return a word for what is inside a container, a tuple or a union."""
    match ty:
        case ListOf(inner) | SetOf(inner) | MapOf(value=inner):
            return _type_words(inner)
        case OptionOf(inner):
            return _detail_words(inner)
        case Ref(path) if path.startswith("mochi."):
            parts = _HUMP.sub("_", _TUPLE.sub("", path.rpartition(".")[2])).lower()
            return (parts,) if parts and len(parts) <= _LONGEST_VALUE else ()
        case _:
            return ()


def _class_words(path: str) -> tuple[str, ...]:
    name = path.rpartition(".")[2]
    if path.startswith("mochi."):
        # These names list what they are made of.
        shape = _TUPLE.search(name)
        name = shape[0] if shape else path.split(".")[1]
    return () if name.startswith("_") else (_HUMP.sub("_", name).lower(),)
