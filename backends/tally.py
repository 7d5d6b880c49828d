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
from typing import Final, NamedTuple, TypeAlias, TypedDict, final

from attrs import frozen

from ..ir.helpers import is_helper
from ..ir.items import Class, ClassKind, Info, Package, ParamKind, Property, Refusal
from ..ir.traverse import walk_items
from .entries import Call, Declarations, Entry, EntryKind, TypeDeclaration

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

    # Members are compared by identity; hashing their names is what costs in tables.
    __hash__ = object.__hash__


CALLABLES: Final = (Kind.FUNCTION, Kind.METHOD, Kind.CONSTRUCTOR, Kind.PROPERTY)
_ALONE: Final = (Kind.TYPE, Kind.CONSTANT, Kind.NAME)
_WORDS: Final = {kind: kind.value for kind in Kind}


@final
class Status(enum.Enum):
    """What became of an item."""

    BOUND = "bound"
    DEGRADED = "degraded"
    REFUSED = "refused"

    # Members are compared by identity; hashing their names is what costs in tables.
    __hash__ = object.__hash__


@final
class Origin(enum.Enum):
    """Whether an item is counted, `OWN`, or why not."""

    OWN = "own"
    INHERITED = "inherited"
    IMPLICIT = "implicit"
    FOREIGN = "foreign"

    # Members are compared by identity; hashing their names is what costs in tables.
    __hash__ = object.__hash__


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
    outcomes: dict[tuple[str, str], _Outcome] = {}
    for path, kind, each in _sight(package, declared):
        key = path, _WORDS[kind]
        known = outcomes.get(key)
        if known is None:
            outcomes[key] = _outcome(kind, each)
        elif known.declared.info is not each.info or isinstance(each, Refusal):
            # Most items that are declared twice are calls with and without options, which share their facts.
            outcomes[key] = _merge(known, _outcome(kind, each))
    return _mark_origins([(path, outcomes[path, word]) for path, word in sorted(outcomes)], package)


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


class _Outcome(NamedTuple):
    """What became of an item at some path."""

    kind: Kind
    status: Status
    reason: str | None
    declared: Declared


def _sight(package: Package, declared: Declarations) -> Iterator[tuple[str, Kind, Declared]]:
    """Yield every declaration and refusal with the path and the kind of its item, refusals last."""
    properties = {
        each.path
        for item in walk_items(package)
        if isinstance(item, Class)
        for each in item.properties
        if isinstance(each, Property)
    }
    for entry in declared.entries:
        operation, path = entry.operation, entry.path
        if isinstance(operation, Call) and is_helper(operation.function):
            continue
        if entry.kind is EntryKind.GETTER:
            yield path, Kind.PROPERTY if path in properties else Kind.ATTRIBUTE, entry
        elif entry.kind in _CALLS:
            yield path, _method_kind(_CALLS[entry.kind], path), entry
    for ty in declared.types:
        yield ty.path, Kind.TYPE, ty
    for refusal in declared.refusals:
        # What a refusal may be of is open; a word without an entry is that of a whole class or module.
        kind = _REFUSALS.get(refusal.kind, Kind.TYPE)
        path = _class_path(refusal.path) if kind is Kind.CONSTRUCTOR else refusal.path
        yield path, _method_kind(kind, path), refusal


def _outcome(kind: Kind, declared: Declared) -> _Outcome:
    if isinstance(declared, Refusal):
        return _Outcome(kind, Status.REFUSED, declared.reason.value, declared)
    losses = declared.info.degradations
    if losses:
        return _Outcome(kind, Status.DEGRADED, losses[0].reason.value, declared)
    return _Outcome(kind, Status.BOUND, None, declared)


def _method_kind(kind: Kind, path: str) -> Kind:
    if kind is not Kind.METHOD or not path.endswith("__"):
        return kind
    name = path.rpartition(".")[2]
    return Kind.OPERATION if len(name) > 4 and name.startswith("__") else kind


def _class_path(path: str) -> str:
    owner, _, name = path.rpartition(".")
    return owner if name in ("__init__", "__new__") else path


def _merge(first: _Outcome, second: _Outcome) -> _Outcome:
    """Return one outcome for two: the first that is bound, with a loss of either."""
    if first.status is Status.REFUSED and second.status is not Status.REFUSED:
        first, second = second, first
    if first.status is Status.BOUND and second.status is not Status.BOUND:
        return first._replace(status=Status.DEGRADED, reason=second.reason)
    return first


# --- origins ----------------------------------------------------------------------------


def _mark_origins(found: Iterable[tuple[str, _Outcome]], package: Package) -> list[Sighting]:
    classes = {item.path: item for item in walk_items(package) if isinstance(item, Class)}
    prefixes = tuple(f"{name}." for name in package.import_names)
    seen: set[tuple[str, int, int, str]] = set()
    marked = []
    for path, (kind, status, reason, declared) in found:
        definition = _definition(path, kind, declared.info)
        origin = Origin.OWN
        if not path.startswith(prefixes) and path not in package.import_names:
            origin = Origin.FOREIGN
        elif kind is Kind.CONSTRUCTOR and _is_implicit(declared, classes.get(path)):
            origin = Origin.IMPLICIT
        elif definition is not None:
            if definition in seen:
                origin = Origin.INHERITED
            seen.add(definition)
        marked.append(Sighting(path, kind, status, reason, declared.info, declared, origin))
    return marked


def _definition(path: str, kind: Kind, info: Info) -> tuple[str, int, int, str] | None:
    """Return what tells one definition from another: its place and name; None where it has no place.

    Types, constants and names are items of their own wherever they stand.
    """
    span = info.span
    if span is None or kind in _ALONE:
        return None
    name = "" if kind is Kind.CONSTRUCTOR else path.rpartition(".")[2]
    return span.file, span.line, span.column, name


def _is_implicit(declared: Declared, cls: Class | None) -> bool:
    """Whether a constructor stands where its class does and takes nothing of its own.

    Of a refused one the parameters are not known any more; then only that of an exception, which
    Python does not write out either, is taken for implicit.
    """
    span = declared.info.span
    if cls is None or (span is not None and span != cls.info.span):
        return False
    if not isinstance(declared, Entry) or not isinstance(declared.operation, Call):
        return isinstance(declared, Refusal) and cls.kind is ClassKind.ERROR
    params = declared.operation.function.signatures[0].params[1:]
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
