"""What is counted of a package: each definition once, whatever paths lead to it.

Public callables are functions, methods, constructors and properties that the package itself
writes. Special methods (`operation`) and fields (`attribute`) are counted apart from them, and
three sorts of item not at all:

    inherited   the definition of another item, reached through a subclass or another name
    implicit    a constructor that nobody wrote: that of `object` or of an exception
    foreign     of another distribution or the standard library, bound because a type is needed
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias, TypedDict, final

from attrs import evolve, frozen

from ..ir.helpers import is_helper
from ..ir.items import Class, ClassKind, Info, Package, ParamKind, Property, Refusal
from ..ir.traverse import walk_items
from .entries import Call, Declarations, Entry, EntryKind, TypeDeclaration

Place: TypeAlias = tuple[str, int, int]
Declared: TypeAlias = Entry | TypeDeclaration | Refusal


@final
class Kind(enum.Enum):
    """What a counted item is in Python."""

    FUNCTION = "function"
    METHOD = "method"
    CONSTRUCTOR = "constructor"
    PROPERTY = "property"
    OPERATION = "operation"
    ATTRIBUTE = "attribute"
    CONSTANT = "constant"
    TYPE = "type"
    NAME = "name"


CALLABLES: Final = (Kind.FUNCTION, Kind.METHOD, Kind.CONSTRUCTOR, Kind.PROPERTY)


@final
class Status(enum.Enum):
    """What became of an item."""

    BOUND = "bound"
    DEGRADED = "degraded"
    REFUSED = "refused"


@final
class Origin(enum.Enum):
    """Whether an item is counted, `OWN`, or why not."""

    OWN = "own"
    INHERITED = "inherited"
    IMPLICIT = "implicit"
    FOREIGN = "foreign"


@final
@frozen
class Sighting:
    """A Python path and what became of it; `declared` is the first of its declarations, or its refusal."""

    path: str
    kind: Kind
    status: Status
    reason: str | None
    info: Info
    declared: Declared
    origin: Origin = Origin.OWN


class KindCounts(TypedDict):
    """Items of one kind."""

    bound: int
    degraded: int
    refused: int


class ReportCounts(TypedDict):
    """What a package has and what became of it.

    `public` to `kinds` count public callables, `operations` and `attributes` what stands beside
    them, `constants` and `types` the declarations of those. `names` are listed in `__all__` but
    found nowhere. `apart` counts the items that are not counted, by origin. `notes` and `probe` tell
    of bound callables.
    """

    public: int
    bound: int
    degraded: int
    refused: int
    degraded_by: dict[str, int]
    refused_by: dict[str, int]
    kinds: dict[str, KindCounts]
    operations: KindCounts
    attributes: KindCounts
    constants: int
    types: int
    names: int
    apart: dict[str, int]
    notes: dict[str, int]
    probe: dict[str, int]


def find_sightings(package: Package, declared: Declarations) -> list[Sighting]:
    """Return what became of each item of `package`, by path and kind."""
    merged: dict[tuple[str, Kind], Sighting] = {}
    for sighting in _sight(package, declared):
        key = sighting.path, sighting.kind
        known = merged.get(key)
        merged[key] = sighting if known is None else _merge(known, sighting)
    in_order = sorted(merged.values(), key=lambda each: (each.path, each.kind.value))
    return _mark_origins(in_order, package)


def count(sightings: Sequence[Sighting]) -> ReportCounts:
    """Return the counts of a package whose items are `sightings`."""
    definitions = [each for each in sightings if each.origin is Origin.OWN]
    public = [each for each in definitions if each.kind in CALLABLES]
    statuses = Counter(each.status for each in public)
    kinds = Counter(each.kind for each in sightings)
    bound = [each.info for each in public if each.status is not Status.REFUSED]
    notes = Counter(kind.value for info in bound for kind in {note.kind for note in info.notes})
    probe = Counter(info.probe.value for info in bound if info.probe is not None)
    return ReportCounts(
        public=len(public),
        bound=statuses[Status.BOUND],
        degraded=statuses[Status.DEGRADED],
        refused=statuses[Status.REFUSED],
        degraded_by=_reasons(public, Status.DEGRADED),
        refused_by=_reasons(public, Status.REFUSED),
        kinds={kind.value: _count_kind(public, kind) for kind in CALLABLES},
        operations=_count_kind(definitions, Kind.OPERATION),
        attributes=_count_kind(definitions, Kind.ATTRIBUTE),
        constants=kinds[Kind.CONSTANT],
        types=kinds[Kind.TYPE],
        names=kinds[Kind.NAME],
        apart=_sorted(Counter(each.origin.value for each in sightings if _is_apart(each))),
        notes=_sorted(notes),
        probe=_sorted(probe),
    )


# --- sightings --------------------------------------------------------------------------

_CALLS = {
    EntryKind.FUNCTION: Kind.FUNCTION,
    EntryKind.METHOD: Kind.METHOD,
    EntryKind.CLASS_METHOD: Kind.METHOD,
    EntryKind.STATIC_METHOD: Kind.METHOD,
    EntryKind.CONSTRUCTOR: Kind.CONSTRUCTOR,
    EntryKind.CONSTANT: Kind.CONSTANT,
}
_REFUSALS = {
    "function": Kind.FUNCTION,
    "method": Kind.METHOD,
    "constructor": Kind.CONSTRUCTOR,
    "property": Kind.PROPERTY,
    "field": Kind.ATTRIBUTE,
    "constant": Kind.CONSTANT,
    "name": Kind.NAME,
}


def _sight(package: Package, declared: Declarations) -> Iterator[Sighting]:
    properties = {
        each.path
        for item in walk_items(package)
        if isinstance(item, Class)
        for each in item.properties
        if isinstance(each, Property)
    }
    for entry in declared.entries:
        if isinstance(entry.operation, Call) and is_helper(entry.operation.function):
            continue
        if entry.kind is EntryKind.GETTER:
            kind = Kind.PROPERTY if entry.path in properties else Kind.ATTRIBUTE
            yield _bound(entry.path, kind, entry)
        elif entry.kind in _CALLS:
            yield _bound(entry.path, _method_kind(_CALLS[entry.kind], entry.path), entry)
    for ty in declared.types:
        yield _bound(ty.path, Kind.TYPE, ty)
    for refusal in declared.refusals:
        # What a refusal may be of is open; a word without an entry is that of a whole class or module.
        kind = _REFUSALS.get(refusal.kind, Kind.TYPE)
        path = _class_path(refusal.path) if kind is Kind.CONSTRUCTOR else refusal.path
        reason = refusal.reason.value
        kind = _method_kind(kind, path)
        yield Sighting(path, kind, Status.REFUSED, reason, refusal.info, refusal)


def _bound(path: str, kind: Kind, declared: Entry | TypeDeclaration) -> Sighting:
    losses = declared.info.degradations
    reason = losses[0].reason.value if losses else None
    status = Status.DEGRADED if losses else Status.BOUND
    return Sighting(path, kind, status, reason, declared.info, declared)


def _method_kind(kind: Kind, path: str) -> Kind:
    name = path.rpartition(".")[2]
    is_special = len(name) > 4 and name.startswith("__") and name.endswith("__")
    return Kind.OPERATION if kind is Kind.METHOD and is_special else kind


def _class_path(path: str) -> str:
    owner, _, name = path.rpartition(".")
    return owner if name in ("__init__", "__new__") else path


def _merge(first: Sighting, second: Sighting) -> Sighting:
    """Return one sighting for two: the first that is bound, with a loss of either."""
    if first.status is Status.REFUSED and second.status is not Status.REFUSED:
        first, second = second, first
    if first.status is Status.BOUND and second.status is not Status.BOUND:
        return evolve(first, status=Status.DEGRADED, reason=second.reason)
    return first


# --- origins ----------------------------------------------------------------------------


def _mark_origins(sightings: Iterable[Sighting], package: Package) -> list[Sighting]:
    classes = {item.path: item for item in walk_items(package) if isinstance(item, Class)}
    prefixes = tuple(f"{name}." for name in package.import_names)
    seen: set[tuple[Place, str]] = set()
    marked = []
    for each in sightings:
        definition = _definition(each)
        origin = Origin.OWN
        if not f"{each.path}.".startswith(prefixes):
            origin = Origin.FOREIGN
        elif each.kind is Kind.CONSTRUCTOR and _is_implicit(each, classes.get(each.path)):
            origin = Origin.IMPLICIT
        elif definition is not None and definition in seen:
            origin = Origin.INHERITED
        elif definition is not None:
            seen.add(definition)
        marked.append(each if origin is each.origin else evolve(each, origin=origin))
    return marked


def _definition(sighting: Sighting) -> tuple[Place, str] | None:
    """Return what tells one definition from another: its place and name; None where it has no place.

    Types, constants and names are items of their own wherever they stand.
    """
    span = sighting.info.span
    if span is None or sighting.kind in (Kind.TYPE, Kind.CONSTANT, Kind.NAME):
        return None
    name = "" if sighting.kind is Kind.CONSTRUCTOR else sighting.path.rpartition(".")[2]
    return (span.file, span.line, span.column), name


def _is_implicit(sighting: Sighting, cls: Class | None) -> bool:
    """Whether a constructor stands where its class does and takes nothing of its own.

    Of a refused one the parameters are not known any more; then only that of an exception, which
    Python does not write out either, is taken for implicit.
    """
    span, entry = sighting.info.span, sighting.declared
    if cls is None or (span is not None and span != cls.info.span):
        return False
    if not isinstance(entry, Entry) or not isinstance(entry.operation, Call):
        return isinstance(entry, Refusal) and cls.kind is ClassKind.ERROR
    params = entry.operation.function.signatures[0].params[1:]
    return all(param.kind in (ParamKind.VAR_POSITIONAL, ParamKind.VAR_KEYWORD) for param in params)


# --- counts -----------------------------------------------------------------------------


def _is_apart(sighting: Sighting) -> bool:
    return sighting.origin is not Origin.OWN and sighting.kind in CALLABLES


def _count_kind(sightings: Iterable[Sighting], kind: Kind) -> KindCounts:
    statuses = Counter(each.status for each in sightings if each.kind is kind)
    return KindCounts(
        bound=statuses[Status.BOUND], degraded=statuses[Status.DEGRADED], refused=statuses[Status.REFUSED]
    )


def _reasons(sightings: Iterable[Sighting], status: Status) -> dict[str, int]:
    return _sorted(Counter(each.reason or "" for each in sightings if each.status is status))


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
