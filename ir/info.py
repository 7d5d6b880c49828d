"""What every item keeps beside its own facts: place, summary, losses, notes, evidence."""

from __future__ import annotations

import enum
from typing import final

from attrs import field, frozen

from .dist import Tier
from .extensions import Guard
from .refusals import SkipReason
from .source import Span
from .types import ANY, BridgeType


@final
class Probe(enum.Enum):
    """What the installed package says of a name. `UNKNOWN`: it was asked and does not tell."""

    EXISTS = "exists"
    TYPING_ONLY = "typing-only"
    ABSENT = "absent"
    DIFFERS = "differs"
    UNKNOWN = "unknown"


@final
@frozen
class Degradation:
    """A loss that was recorded: which part of the item, why, and what stood there."""

    reason: SkipReason
    where: str
    detail: str


@final
class NoteKind(enum.Enum):
    """What a note tells of a type.

    `DECLARED_ANY`: the declaration itself says `Any` or `object`. `ERASED`: a type variable
    without a bound became `any`. `CHECKED`: a union that Mochi sees as `any` and the wrapper
    checks. `INFERRED`: no annotation; the type follows from what `Note.detail` names.
    `NOT_IMPORTABLE`: the module does not import where the package was looked at, for want of an optional
    dependency or on another system. `EFFECT`: what a Mochi function may do to the world, by its label.
    """

    DECLARED_ANY = "declared-any"
    ERASED = "erased"
    CHECKED = "checked"
    INFERRED = "inferred"
    NOT_IMPORTABLE = "not-importable"
    EFFECT = "effect"

    # As with `SkipReason`.
    __hash__ = object.__hash__


@final
@frozen
class Note:
    """Something worth telling about a part of an item that takes nothing away from it."""

    kind: NoteKind
    where: str
    detail: str


@final
class EvidenceSource(enum.Enum):
    """Where evidence for a type was found."""

    DOCSTRING = "docstring"
    ASSIGNMENT = "assignment"
    RETURN = "return"
    YIELD = "yield"
    USE = "use"
    UNUSED = "unused"


@final
@frozen
class Evidence:
    """What the source says of a part of an item that has no annotation. Gone after infer-types.

    The value at `where` begins with one of `type`, or with what `name` means: a parameter, `super`, or a
    qualified name (with a dot). `steps` lead on from there: the name of an attribute, `()` for a call,
    `await`, `argument 0` or `argument name` for what the callee takes there. Several pieces with one
    place and source are alternatives, and all there are.
    """

    where: str
    source: EvidenceSource
    type: BridgeType = ANY
    name: str = ""
    steps: tuple[str, ...] = ()


@final
@frozen
class Info:
    """Facts that every item carries: its place, summary, what was lost on the way and what is to note.

    `doc` is the first sentence of the docstring on one line. `evidence` is there until infer-types. `guards`
    are the locks that a call holds, sorted by name; set by insert-locks.
    """

    span: Span | None = field(default=None, eq=False, repr=False)
    tier: Tier = Tier.INLINE
    doc: str = ""
    deprecated: str | None = None
    probe: Probe | None = None
    degradations: tuple[Degradation, ...] = ()
    notes: tuple[Note, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    guards: tuple[Guard, ...] = ()
