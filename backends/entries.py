"""The Mochi view of a package: its types in order, and one entry per declared name.

The shim, the wrapper, the symbol table and the report are all printed from this, so they
cannot disagree about what a name is.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from functools import cached_property
from typing import TypeAlias, final

from attrs import field, frozen

from ..ir.items import CallForm, CallPlan, Function, Info, Refusal
from ..ir.types import BridgeType
from .mochi_types import MochiTypes
from .names import make_distinct, python_parameter

NO_INFO = Info()

# --- types ------------------------------------------------------------------------------


@final
@frozen
class HandleType:
    """`type Response = ResponseRef(id: int)`: an object that stays in Python.

    `case` is the name of the one variant.
    """

    name: str
    case: str
    path: str
    info: Info = NO_INFO


@final
class RecordShape(enum.Enum):
    """What a record is in Python: how it is built, and how it is described."""

    TUPLE = "tuple"
    MAPPING = "typed dict"
    OBJECT = "class"


@final
@frozen
class RecordField:
    """A field: its name in Mochi and in Python. A TypedDict may lack one that is not `required`."""

    name: str
    python: str
    type: BridgeType
    required: bool = True


@final
@frozen
class RecordType:
    """`type Point { x: float, y: float }`: a value that crosses field by field."""

    name: str
    path: str
    fields: tuple[RecordField, ...]
    shape: RecordShape
    info: Info = NO_INFO


@final
@frozen
class EnumCase:
    """A member of an enum: its variant in Mochi and its name in Python."""

    name: str
    python: str


@final
@frozen
class EnumType:
    """`type Color = RED | GREEN`.

    An enum with a single member is `type E = ONE(id: int)`: Mochi reads `type E = ONE` as
    an alias, so the only variant must have a field.
    """

    name: str
    path: str
    cases: tuple[EnumCase, ...]
    info: Info = NO_INFO


@final
@frozen
class SumCase:
    """A variant with one field, `value`."""

    name: str
    type: BridgeType


@final
@frozen
class SumType:
    """`type IntOrString = IntV(value: int) | StringV(value: string)`."""

    name: str
    path: str
    cases: tuple[SumCase, ...]
    info: Info = NO_INFO


TypeDeclaration: TypeAlias = HandleType | RecordType | EnumType | SumType

# --- entries ----------------------------------------------------------------------------


@final
class EntryKind(enum.Enum):
    """What an entry is on the Python side; the value is its word in reports."""

    FUNCTION = "function"
    METHOD = "method"
    CLASS_METHOD = "classmethod"
    STATIC_METHOD = "staticmethod"
    CONSTRUCTOR = "constructor"
    GETTER = "getter"
    SETTER = "setter"
    CONSTANT = "constant"
    CAST = "cast"
    ENUM_VALUE = "enum-value"
    BYTES = "bytes"

    # Members are compared by identity; hashing their names is what costs in tables by kind.
    __hash__ = object.__hash__


@final
@frozen
class Call:
    """Call `function` as `plan` says."""

    function: Function
    plan: CallPlan


@final
@frozen
class ReadAttribute:
    """Read attribute `name` of the receiver, or of the class where there is none."""

    name: str
    on_class: bool


@final
@frozen
class WriteAttribute:
    """Write attribute `name` of the receiver, or of the class where there is none."""

    name: str
    on_class: bool


@final
@frozen
class ReadConstant:
    """Read a name of a module."""


@final
@frozen
class Upcast:
    """Hand the receiver on as its base class."""


@final
@frozen
class Downcast:
    """Check that the argument is of the class at `path`."""

    path: str


@final
@frozen
class EnumValue:
    """Return the Python value of an enum's variant."""


@final
@frozen
class BytesHelper:
    """Run the helper of the entry's own name."""


Operation: TypeAlias = (
    Call | ReadAttribute | WriteAttribute | ReadConstant | Upcast | Downcast | EnumValue | BytesHelper
)


@final
@frozen
class Parameter:
    """A parameter of an entry: its name in Mochi and in Python."""

    name: str
    python: str
    type: BridgeType


@final
@frozen
class Custom:
    """A function of a hand-written sidecar that replaces an item: its module, name and line."""

    module: str
    name: str
    line: int = 0


@final
@frozen
class Entry:
    """A function (or, in the dotted style, a value) that the shim declares.

    `path` is the Python path. `module` is the module to import for it and `owner` the
    dotted path of the class inside it, empty for module members; both are empty where
    nothing is imported. `custom` is what a sidecar puts in its place.
    """

    name: str
    path: str
    kind: EntryKind
    parameters: tuple[Parameter, ...]
    result: BridgeType
    operation: Operation
    info: Info = field(default=NO_INFO, repr=False)
    module: str = ""
    owner: str = ""
    custom: Custom | None = None


def takes_options(entry: Entry) -> bool:
    """Tell whether the last parameter of `entry` is the map of options."""
    operation = entry.operation
    return isinstance(operation, Call) and operation.plan.form is CallForm.WITH_OPTIONS


@final
@frozen
class Declarations:
    """Everything that is declared for a package, and what is not.

    `types` are in dependency order. `type_names` maps the Python path of every declared
    type to its Mochi name. `uses_bytes` says that some type holds bytes, `partial` that entries
    are left out which no program uses.
    """

    types: tuple[TypeDeclaration, ...]
    entries: tuple[Entry, ...]
    refusals: tuple[Refusal, ...]
    type_names: Mapping[str, str]
    uses_bytes: bool
    partial: bool = False
    _signatures: dict[str, str] = field(init=False, eq=False, repr=False, factory=dict)
    _locals: dict[str, list[str]] = field(init=False, eq=False, repr=False, factory=dict)

    def signature(self, entry: Entry) -> str:
        """Return the parameters and the result of `entry` as Mochi writes them: `(a: int): string`."""
        known = self._signatures.get(entry.name)
        if known is None:
            text = self.texts.text
            parameters = ", ".join([f"{each.name}: {text(each.type)}" for each in entry.parameters])
            known = self._signatures[entry.name] = f"({parameters}): {text(entry.result)}"
        return known

    def locals(self, entry: Entry) -> list[str]:
        """Return the names that the parameters of `entry` have in the wrapper and in its stub."""
        known = self._locals.get(entry.name)
        if known is None:
            names = [python_parameter(each.python) for each in entry.parameters]
            known = self._locals[entry.name] = make_distinct(names)
        return known

    @cached_property
    def exported(self) -> frozenset[str]:
        """The names that a wrapper exports."""
        names = {entry.name for entry in self.entries}
        for ty in self.types:
            names.add(ty.name)
            if isinstance(ty, EnumType | SumType):
                names.update(case.name for case in ty.cases)
        return frozenset(names)

    @cached_property
    def by_path(self) -> Mapping[str, TypeDeclaration]:
        """The types by their Python paths."""
        return {ty.path: ty for ty in self.types}

    @cached_property
    def texts(self) -> MochiTypes:
        """The texts of the package's types."""
        return MochiTypes(self.type_names)
