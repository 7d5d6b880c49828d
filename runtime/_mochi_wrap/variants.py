"""Converters of enums, unions and literals."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from .failures import ConversionError, fail, shown
from .modules import load_object
from .scalars import Converter
from .tests import EXACT, InstanceTest, RecordTest, Test

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Case:
    """A variant without fields. Two cases are equal when they are of one class."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class OnlyCase(Case):
    """The only variant of an enum. It has the field that Mochi demands then, which says nothing."""

    __slots__ = ("id",)

    def __init__(self, id: int = 0) -> None:
        self.id = id


def enum_of(cases: Mapping[str, Callable[[], Any]], name: str) -> Converter:
    """Make the converter of an enum member to its variant, by the name of the member."""
    made: dict[str, Any] = {}

    def as_variant(value: Any, where: str) -> Any:
        member = getattr(value, "name", None)
        if not isinstance(member, str) or member not in cases:
            fail(where, name, value)
        if member not in made:
            made[member] = cases[member]()
        return made[member]

    return as_variant


def to_enum(path: str, cases: Mapping[str, str], name: str) -> Converter:
    """Make the converter of a variant to the member of the enum at `path`.

    `cases` maps names of variants to names of members. A variant is known by the name of
    its class, so that the ones of a Mochi program are taken too.
    """

    def from_variant(value: Any, where: str) -> Any:
        cls = load_object(path)
        if isinstance(value, cls):
            return value
        member = cases.get(type(value).__name__)
        if member is None:
            fail(where, name, value)
        return getattr(cls, member)

    return from_variant


def variant_of(
    cases: tuple[tuple[Callable[[Any], Any], Test, Converter], ...], name: str
) -> Converter:
    """Make the converter of a value to the variant of its type.

    Of several classes that a value is an instance of, the most derived one is meant; they
    stand first. What no test takes for sure belongs to the one case whose test could not tell.
    """
    exact = {
        cls: (make, convert)
        for make, test, convert in reversed(cases)
        for cls in EXACT.get(test, ())
    }

    def as_variant(value: Any, where: str) -> Any:
        make, convert = exact.get(type(value)) or find(value, where)
        return make(convert(value, where))

    def find(value: Any, where: str) -> tuple[Callable[[Any], Any], Converter]:
        taken: tuple[Callable[[Any], Any], Converter] | None = None
        taken_by: Test | None = None
        unsure = []
        for make, test, convert in cases:
            if taken_by is not None and not isinstance(test, InstanceTest):
                break
            answer = test(value)
            if answer is None:
                unsure.append((make, convert))
            elif answer and (taken_by is None or _narrows(test, taken_by)):
                taken, taken_by = (make, convert), test
        if taken is None and len(unsure) == 1:
            taken = unsure[0]
        if taken is None:
            fail(where, name, value)
        return taken

    return as_variant


def _narrows(test: Test, other: Test) -> bool:
    if isinstance(test, InstanceTest) and isinstance(other, InstanceTest):
        return test.narrows(other)
    return False


def to_union(
    members: tuple[tuple[Test, Converter], ...], name: str, tags: Collection[str] = ()
) -> Converter:
    """Make the converter of a value that must be of one of `members`, bare or tagged.

    A tagged value is an object of a class that `tags` names; what it holds is meant. `as_any`
    hands a value on as it is. A record is known by the name of its class, before its fields are looked at:
    those of another record may be the same. Of a map, the record with the most fields is meant.
    """
    exact = {cls for test, _ in members for cls in EXACT.get(test, ())}
    named = {
        test.name: convert for test, convert in members if isinstance(test, RecordTest)
    }
    members = _most_fields_first(members)

    def from_union(value: Any, where: str) -> Any:
        if type(value) in exact:
            return value
        if type(value).__name__ in tags:
            return from_union(value.value, where)
        if named:
            for cls in type(value).__mro__:
                if cls.__name__ in named:
                    return named[cls.__name__](value, where)
        unsure = False
        for test, convert in members:
            answer = test(value)
            if answer:
                return convert(value, where)
            unsure = unsure or answer is None
        if unsure:
            return value
        return fail(where, name, value)

    return from_union


def _most_fields_first(
    members: tuple[tuple[Test, Converter], ...],
) -> tuple[tuple[Test, Converter], ...]:
    """Return `members` with the records among them in order of their fields, in the places they have."""
    records = [
        (each.fields, member)
        for member in members
        if isinstance(each := member[0], RecordTest)
    ]
    ordered = iter(sorted(records, key=lambda found: -len(found[0])))
    return tuple(
        next(ordered)[1] if isinstance(member[0], RecordTest) else member
        for member in members
    )


def to_variant(
    cases: Mapping[str, tuple[Test, Converter]], name: str, tags: Collection[str] = ()
) -> Converter:
    """Make the converter of a variant, known by the name of its class, to the value it holds.

    A bare value is taken too, as by `to_union`.
    """
    bare = to_union(tuple(cases.values()), name, tags)

    def from_variant(value: Any, where: str) -> Any:
        known = cases.get(type(value).__name__)
        if known is None:
            return bare(value, where)
        return known[1](value.value, where)

    return from_variant


def to_literal(values: tuple[Any, ...], name: str) -> Converter:
    """Make the converter that takes these values and no others; `True` is not 1 (PEP 586)."""
    allowed = {(type(value), value) for value in values}

    def from_literal(value: Any, where: str) -> Any:
        try:
            if (type(value), value) in allowed:
                return value
        except TypeError:
            pass
        for each in values:
            # An enum of strings, or a scalar of an array.
            if type(each) is not bool and type(value) is not bool and value == each:
                return each
        raise ConversionError(where, name, _shown_value(value, values))

    return from_literal


def _shown_value(value: object, values: tuple[Any, ...]) -> str:
    """Return `value` for a message, with the nearest of `values` where that is a hint."""
    found = shown(value)
    if not isinstance(value, str):
        return found
    import difflib  # only needed for this message

    texts = [each for each in values if isinstance(each, str)]
    near = difflib.get_close_matches(value, texts, n=1)
    return f"{found}; did you mean {near[0]!r}?" if near else found
