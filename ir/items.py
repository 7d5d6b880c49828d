"""Items: what a package declares, from the text of a stub to an emitted name.

A `Package` holds modules, a module holds items. Frontends build them, passes rewrite
them, backends print them; nobody mutates them. Fields under "set by" start empty and
are filled by the pass named there.
"""

from __future__ import annotations

import enum
from functools import cached_property
from typing import TypeAlias, final

from attrs import field, frozen

from .abi import Abi
from .dist import Target, Tier
from .info import Degradation as Degradation
from .info import Evidence as Evidence
from .info import EvidenceSource as EvidenceSource
from .info import Info as Info
from .info import Note as Note
from .info import NoteKind as NoteKind
from .info import Probe as Probe
from .loops import AsyncPlan, LoopUse
from .refusals import SkipReason
from .source import Span
from .types import UNANNOTATED, BridgeType, ConstantValue, LiteralValue


@final
@frozen
class Decorator:
    """A decorator: its name qualified like a `Ref` path, and its arguments as text."""

    path: str
    arguments: str = ""


# --- signatures ------------------------------------------------------------------------


@final
class ParamKind(enum.Enum):
    """The five kinds of parameter; the value is the prefix in IR text."""

    POSITIONAL_ONLY = "/"
    POSITIONAL_OR_KEYWORD = ""
    VAR_POSITIONAL = "*"
    KEYWORD_ONLY = "kw"
    VAR_KEYWORD = "**"

    # Members are compared by identity; hashing their names is what costs where kinds are looked up.
    __hash__ = object.__hash__


@final
class DefaultKind(enum.Enum):
    """How much is known of a default: its value, its text, or only that there is one."""

    LITERAL = "literal"
    EXPRESSION = "expression"
    UNKNOWN = "unknown"


@final
@frozen
class Default:
    """A default and its source text (`...` for an unknown one). Never sent by a wrapper."""

    kind: DefaultKind
    text: str


@final
@frozen
class Param:
    """One parameter. Invariant: `VAR_*` parameters have no default."""

    name: str
    kind: ParamKind = ParamKind.POSITIONAL_OR_KEYWORD
    type: BridgeType = UNANNOTATED
    default: Default | None = None
    span: Span | None = field(default=None, eq=False, repr=False)


@final
class TypeParamKind(enum.Enum):
    """What a type variable ranges over."""

    TYPE = "typevar"
    PARAM_SPEC = "paramspec"
    TUPLE = "typevartuple"


@final
@frozen
class TypeParam:
    """A type variable with its bound, constraints and default (PEP 484, 612, 646, 695, 696)."""

    name: str
    kind: TypeParamKind = TypeParamKind.TYPE
    bound: BridgeType | None = None
    constraints: tuple[BridgeType, ...] = ()
    default: BridgeType | None = None


@final
@frozen
class Signature:
    """One way to call a function: a plain definition, or one overload arm.

    `params` of a method include its receiver (`self`, `cls`) until plan-calls.
    `is_async` is true for `async def` only; a plain `def` may still return `AsyncOf`.
    `deprecated` is the message of an arm that is deprecated on its own (PEP 702).
    """

    params: tuple[Param, ...]
    result: BridgeType = UNANNOTATED
    type_params: tuple[TypeParam, ...] = ()
    is_async: bool = False
    span: Span | None = field(default=None, eq=False, repr=False)
    deprecated: str | None = None

    @cached_property
    def inputs(self) -> frozenset[int]:
        """The ids of the types of the parameters, by which a rewrite sees that it has no work here."""
        return frozenset([id(param.type) for param in self.params])


# --- call plans (set by plan-calls) -----------------------------------------------------


@final
class CallForm(enum.Enum):
    """`name(required…)` or `name_with(required…, options)`."""

    REQUIRED = "required"
    WITH_OPTIONS = "with"


@final
class Passing(enum.Enum):
    """How the wrapper hands an argument to Python."""

    POSITIONAL = "positional"
    KEYWORD = "keyword"


@final
@frozen
class Argument:
    """A required parameter as Mochi sees it. `exported` is set by assign-names.

    A `fixed` one Mochi does not see: its type has one value, which the wrapper sends.
    """

    name: str
    type: BridgeType
    passing: Passing = Passing.POSITIONAL
    exported: str | None = None
    fixed: bool = False


@final
@frozen
class Option:
    """A parameter that may be left out, by its Python name; `args` stands for `*args`."""

    name: str
    type: BridgeType
    default: Default | None
    passing: Passing = Passing.KEYWORD


@final
@frozen
class CallPlan:
    """One Mochi declaration made from a function.

    `receiver` is the type of the `self` argument, None for functions, constructors,
    class and static methods. `open_options` is the type of further keyword options
    where the stub has `**kwargs`, else None. `loop` is set by lower-async.
    The `lazy` form of a call that gives an iterator gives a handle of the
    iterator, not a list. `exported` is set by assign-names.
    """

    form: CallForm
    arm: int
    receiver: BridgeType | None
    arguments: tuple[Argument, ...]
    options: tuple[Option, ...]
    open_options: BridgeType | None
    result: BridgeType
    loop: LoopUse | None = None
    exported: str | None = None
    lazy: bool = False

    @property
    def is_awaited(self) -> bool:
        """Whether the wrapper waits for the result: then there is a form for Python to await too."""
        return self.loop in (LoopUse.AWAITED, LoopUse.AWAITED_INSIDE)


# --- items ------------------------------------------------------------------------------


@final
class Binding(enum.Enum):
    """How a function hangs on its surroundings."""

    FUNCTION = "function"
    METHOD = "method"
    CLASS_METHOD = "classmethod"
    STATIC_METHOD = "staticmethod"
    CONSTRUCTOR = "constructor"


@final
@frozen
class Function:
    """A function or method. `path` is the qualified name at which it is reached.

    `signatures` holds one entry, or every arm of an overload in order.
    """

    name: str
    path: str
    signatures: tuple[Signature, ...]
    binding: Binding = Binding.FUNCTION
    decorators: tuple[Decorator, ...] = ()
    abstract: bool = False
    info: Info = Info()
    calls: tuple[CallPlan, ...] = ()


@final
class FieldKind(enum.Enum):
    """Where an attribute lives."""

    INSTANCE = "instance"
    CLASS_VAR = "class"
    MEMBER = "member"


@final
@frozen
class Field:
    """An attribute of a class, or a member of an enum.

    `required` is false for `NotRequired` keys; `has_default` says that a constructor may
    leave it out. `specifier` is the call that stands for the value, `field(init=False)`, until
    add-constructors. `getter`, `setter` and `exported` (the field or variant name in Mochi)
    are set by assign-names; `writable` is false for `Final` and frozen classes.
    """

    name: str
    path: str
    type: BridgeType
    kind: FieldKind = FieldKind.INSTANCE
    writable: bool = True
    required: bool = True
    has_default: bool = False
    value: LiteralValue | None = None
    specifier: Decorator | None = None
    info: Info = Info()
    exported: str | None = None
    getter: str | None = None
    setter: str | None = None


@final
@frozen
class Property:
    """A property. `setter_type` is None for a read-only one."""

    name: str
    path: str
    type: BridgeType
    setter_type: BridgeType | None = None
    info: Info = Info()
    getter: str | None = None
    setter: str | None = None
    abstract: bool = False


@final
class ClassKind(enum.Enum):
    """What a class is in Mochi. `UNKNOWN` until classify-classes."""

    UNKNOWN = "class"
    HANDLE = "handle"
    RECORD = "record"
    ENUM = "enum"
    INTERFACE = "interface"
    ERROR = "error"


@final
@frozen
class Cast:
    """A public base class that is reached by conversion instead of inherited members.

    `up` (`Class_as_Base`) and `down` (`Base_as_Class`) are set by assign-names.
    """

    base: str
    up: str | None = None
    down: str | None = None


@final
@frozen
class Class:
    """A class. Nested classes are items of their own, named `Outer.Inner`.

    `defined` is where the class statement stands when that is not `path` (a re-export).
    `constructors` start as `__init__` and `__new__` among `methods` and are moved by
    classify-classes. `casts` are set by inherit-members, `exported` by assign-names.
    """

    name: str
    path: str
    bases: tuple[BridgeType, ...] = ()
    kind: ClassKind = ClassKind.UNKNOWN
    type_params: tuple[TypeParam, ...] = ()
    keywords: tuple[Decorator, ...] = ()
    decorators: tuple[Decorator, ...] = ()
    fields: tuple[Field, ...] = ()
    properties: tuple[Property, ...] = ()
    constructors: tuple[Function, ...] = ()
    methods: tuple[Function, ...] = ()
    casts: tuple[Cast, ...] = ()
    defined: str = ""
    info: Info = Info()
    exported: str | None = None

    @property
    def own_name(self) -> str:
        """The name in the class statement, which a re-export may have changed."""
        return self.defined.rpartition(".")[2] or self.name


@final
@frozen
class VariantCase:
    """One member of a closed union. `exported` is set by assign-names."""

    name: str
    type: BridgeType
    exported: str | None = None


@final
@frozen
class Variant:
    """A closed union as a nominal sum type, made by close-unions."""

    name: str
    path: str
    cases: tuple[VariantCase, ...]
    info: Info = Info()
    exported: str | None = None


@final
@frozen
class Constant:
    """A module-level value. `value` is set where the source shows a literal."""

    name: str
    path: str
    type: BridgeType
    value: ConstantValue | None = None
    info: Info = Info()
    exported: str | None = None


@final
@frozen
class Alias:
    """`A = B` or `type A = B`: another name for a type, class, function or module member."""

    name: str
    path: str
    target: BridgeType
    type_params: tuple[TypeParam, ...] = ()
    info: Info = Info()


@final
@frozen
class TypeVariable:
    """A module-level `T = TypeVar("T", …)` (or ParamSpec, TypeVarTuple)."""

    name: str
    path: str
    param: TypeParam
    info: Info = Info()


@final
@frozen
class Refusal:
    """An item that is not emitted, with the reason. `kind` is what it was (`function`, …)."""

    name: str
    path: str
    kind: str
    reason: SkipReason
    detail: str
    info: Info = Info()


Item: TypeAlias = Function | Class | Variant | Constant | Alias | TypeVariable | Refusal


@final
@frozen
class Import:
    """An import statement at module or class level, one per bound name.

    `import a.b as c` has `module="a.b"`, `attribute=None`; `from a import b as c` has
    `attribute="b"`; `from a import *` has `attribute="*"` and an empty `name`. Relative
    imports are already absolute. `explicit` marks `as` with the same name and stubs'
    re-export form.
    """

    name: str
    module: str
    attribute: str | None = None
    explicit: bool = False
    span: Span | None = field(default=None, eq=False, repr=False)


@final
@frozen
class StarExport:
    """`__all__ += m.__all__`: everything that module `module` exports."""

    module: str


@final
@frozen
class Module:
    """One module: what it imports, exports and declares, in source order.

    `exports` is `__all__` where it could be evaluated, else None. `dynamic` says that a
    module-level `__getattr__` may add names.
    """

    name: str
    file: str
    items: tuple[Item, ...]
    imports: tuple[Import, ...] = ()
    exports: tuple[str | StarExport, ...] | None = None
    is_package: bool = False
    dynamic: bool = False
    doc: str = ""


@final
@frozen
class Package:
    """A distribution's typed surface.

    `name` is the normalised distribution name, `import_names` its top-level import
    packages with the principal one first. `passes` are the names of the passes that have
    run, in order; the verifier's rules follow from them. `generated` holds types that
    passes made (tuple records, variants, external handles). `async_plan` is set by lower-async,
    `abi` by check-abi.
    """

    name: str
    version: str
    import_names: tuple[str, ...]
    tier: Tier
    target: Target
    modules: tuple[Module, ...]
    passes: tuple[str, ...] = ()
    generated: tuple[Item, ...] = ()
    async_plan: AsyncPlan | None = None
    abi: Abi | None = None
