"""What must hold of a package, at the latest when the passes that ensure it have run.

Rules without a stage are the invariants that the docstrings of `types.py` and `items.py`
state. The others follow from `Package.passes`: what a pass removes may not come back.
"""

from __future__ import annotations

from typing import assert_never, final

from attrs import define, field

from .items import (
    Alias,
    Binding,
    CallForm,
    CallPlan,
    Class,
    ClassKind,
    Constant,
    Function,
    Item,
    Package,
    ParamKind,
    Refusal,
    Signature,
    TypeParam,
    TypeVariable,
    Variant,
)
from .text import format_type
from .traverse import children, walk_items
from .types import (
    ANY,
    BIGINT,
    INT,
    NEVER,
    NONE,
    STRING,
    AsyncOf,
    BridgeType,
    EnumMember,
    FunOf,
    IteratorOf,
    LiteralOf,
    MapOf,
    OptionOf,
    Ref,
    Scalar,
    SelfType,
    TupleOf,
    TypeObject,
    TypeVarRef,
    UnionOf,
    Unsupported,
    has_one_value,
)
from .verify_names import repeated, verify_names, verify_order

_NEVER_LEGAL = (
    TupleOf,
    IteratorOf,
    TypeVarRef,
    SelfType,
    TypeObject,
    Unsupported,
)
# Names that mean a shape wherever they stand as a type; bind-names leaves none of them.
_FORMS = frozenset(
    """
    builtins.bool builtins.int builtins.float builtins.str builtins.bytes builtins.object
    builtins.list builtins.set builtins.frozenset builtins.dict
    typing.Any typing.Optional typing.Union typing.List typing.Set typing.FrozenSet typing.Dict typing.Tuple
    typing.Literal typing.Callable typing.Self typing.NoReturn typing.Never typing.Iterable typing.Sequence
    typing.Mapping typing.Iterator typing.AsyncIterator typing.Awaitable typing.Annotated
    """.split()  # noqa: SIM905
)
_PARAM_RANK = {kind: rank for rank, kind in enumerate(ParamKind)}
_VARIADIC = (ParamKind.VAR_POSITIONAL, ParamKind.VAR_KEYWORD)


# The passes that add rules for types, and those that add rules for items.
_TYPE_STAGES = frozenset(
    {"bind-names", "flatten-unions", "desugar-options", "widen-literals", "legalize-types", "close-unions"}
)
_ITEM_STAGES = _TYPE_STAGES | {"classify-classes", "plan-calls", "expose-results", "lower-async"}


@final
@define(eq=False)
class Verified:
    """Parts that were found valid, so that the next pass pays only for what it changed.

    Parts are known by identity, and kept so that no other object takes their place. They are
    forgotten when a rule is added that they were not held against.
    """

    _rules: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
    _classes: frozenset[str] = frozenset()
    types: dict[int, BridgeType | Signature] = field(factory=dict)
    inward: dict[int, BridgeType] = field(factory=dict)
    items: dict[int, Item] = field(factory=dict)

    def start(self, ran: frozenset[str], classes: frozenset[str]) -> None:
        """Forget what the rules after the passes `ran` no longer vouch for."""
        rules = (ran & _TYPE_STAGES, ran & _ITEM_STAGES)
        moved = "legalize-types" in ran and classes != self._classes
        if moved or rules[0] != self._rules[0]:
            self.types.clear()
            self.inward.clear()
        if moved or rules != self._rules:
            self.items.clear()
        self._rules, self._classes = rules, classes


def verify_package(package: Package, verified: Verified | None = None) -> tuple[str, ...]:
    """Return what is wrong with `package`, each as `path: problem`; nothing when all is well.

    The rules depend on `package.passes`, the passes that have run. `verified` carries what is
    known from one pass of a run to the next.
    """
    ran = frozenset(package.passes)
    classes = frozenset([item.path for item in walk_items(package) if isinstance(item, (Class, Variant))])
    verified = verified or Verified()
    verified.start(ran, classes)
    verifier = _Verifier(ran, classes, verified)
    verifier.package(package)
    return tuple(verifier.problems)


@final
@define(eq=False)
class _Verifier:
    """Collects problems. `classes` are the paths of the nominal types of the package."""

    ran: frozenset[str]
    classes: frozenset[str]
    verified: Verified
    problems: list[str] = field(factory=list)

    def fail(self, path: str, problem: str) -> None:
        self.problems.append(f"{path}: {problem}")

    def package(self, package: Package) -> None:
        for name in repeated(module.name for module in package.modules):
            self.fail(name, "two modules of this name")
        for module in package.modules:
            self.items(module.name, module.items)
        self.items("generated", package.generated)
        if package.abi is not None and "check-abi" not in self.ran:
            self.fail(package.name, "an ABI before check-abi")
        if "assign-names" in self.ran:
            verify_names(package, self.fail)
        if "sort-items" in self.ran:
            verify_order(package, self.fail)

    def items(self, where: str, items: tuple[Item, ...]) -> None:
        declared = [item for item in items if not isinstance(item, Refusal)]
        for path in repeated(item.path for item in declared):
            self.fail(where, f"two items at the path `{path}`")
        for item in items:
            if not item.name or not item.path:
                self.fail(where, "an item without a name")
            self.item(item)

    def item(self, item: Item) -> None:
        known = self.verified.items
        if id(item) in known:
            return
        before = len(self.problems)
        self.check_item(item)
        if len(self.problems) == before:
            known[id(item)] = item

    def check_item(self, item: Item) -> None:
        match item:
            case Function():
                self.function(item)
            case Class():
                self.class_item(item)
            case Variant():
                for name in repeated(case.name for case in item.cases):
                    self.fail(item.path, f"two cases of the name `{name}`")
                for case in item.cases:
                    self.type(case.type, item.path)
            case Constant():
                self.type(item.type, item.path)
            case Alias():
                self.type_params(item.type_params, item.path)
                if not isinstance(item.target, Ref) or item.target.arguments:
                    self.type(item.target, item.path, inward=True)
            case TypeVariable():
                self.type_params((item.param,), item.path)
            case Refusal():
                if not item.kind:
                    self.fail(item.path, "a refusal that does not say what it was")
            case _:
                assert_never(item)

    def class_item(self, cls: Class) -> None:
        if "classify-classes" in self.ran and cls.kind is ClassKind.UNKNOWN:
            self.fail(cls.path, "a class of unknown kind after classify-classes")
        self.type_params(cls.type_params, cls.path)
        for members in (cls.fields, cls.properties, cls.methods):
            for name in repeated([member.name for member in members]) if len(members) > 1 else ():
                self.fail(cls.path, f"two members of the name `{name}`")
        for base in repeated(cast.base for cast in cls.casts):
            self.fail(cls.path, f"two casts to `{base}`")
        for cast in cls.casts:
            if "legalize-types" in self.ran and cast.base not in self.classes:
                self.fail(cls.path, f"a cast to `{cast.base}`, which is no class of the package")
        for member in cls.fields:
            self.type(member.type, member.path)
        for prop in cls.properties:
            self.type(prop.type, prop.path)
            if prop.setter_type is not None:
                self.type(prop.setter_type, prop.path, inward=True)
        for function in (*cls.constructors, *cls.methods):
            self.item(function)

    # --- functions ----------------------------------------------------------------------

    def function(self, function: Function) -> None:
        if not function.signatures:
            self.fail(function.path, "a function without a signature")
        for signature in function.signatures:
            self.signature(signature, function.path)
        if "plan-calls" in self.ran and not function.calls:
            self.fail(function.path, "no call plan after plan-calls")
        for call in function.calls:
            self.call(call, function)

    def signature(self, signature: Signature, path: str) -> None:
        known = self.verified.types
        if id(signature) in known:
            return
        before = len(self.problems)
        self.check_signature(signature, path)
        if len(self.problems) == before:
            known[id(signature)] = signature

    def check_signature(self, signature: Signature, path: str) -> None:
        if signature.type_params:
            self.type_params(signature.type_params, path)
        if [param for param in signature.params if param.kind is not ParamKind.POSITIONAL_OR_KEYWORD]:
            self.param_kinds(signature, path)
        if not signature.inputs <= self.verified.inward.keys():
            for param in signature.params:
                self.type(param.type, path, inward=True)
        if len(signature.params) > 1:
            for name in repeated([param.name for param in signature.params]):
                self.fail(path, f"two parameters of the name `{name}`")
        result = signature.result.inner if isinstance(signature.result, AsyncOf) else signature.result
        if isinstance(result, IteratorOf):
            result = result.element
        if id(result) not in self.verified.types:
            self.type(result, path)

    def param_kinds(self, signature: Signature, path: str) -> None:
        last = 0
        for param in signature.params:
            rank = _PARAM_RANK[param.kind]
            variadic = param.kind in _VARIADIC
            if rank < last:
                self.fail(path, f"parameter `{param.name}` is out of order")
            last = rank + variadic
            if variadic and param.default is not None:
                self.fail(path, f"parameter `{param.kind.value}{param.name}` has a default")

    def call(self, call: CallPlan, function: Function) -> None:
        path = function.path
        if not 0 <= call.arm < len(function.signatures):
            self.fail(path, f"a call plan for arm {call.arm}, which is not there")
        if call.form is CallForm.REQUIRED and (call.options or call.open_options is not None):
            self.fail(path, "a call plan of the required form has options")
        if (call.receiver is not None) != (function.binding is Binding.METHOD):
            self.fail(path, f"a call plan of a {function.binding.value} with a wrong receiver")
        known = self.verified.inward
        taken = [argument.name for argument in call.arguments] + [option.name for option in call.options]
        for name in repeated(taken) if len(taken) > 1 else ():
            self.fail(path, f"a call plan takes `{name}` twice")
        for argument in call.arguments:
            if id(argument.type) not in known:
                self.type(argument.type, path, inward=True)
            if argument.fixed and not has_one_value(argument.type):
                self.fail(path, f"a fixed argument `{argument.name}` of more than one value")
        for option in call.options:
            if id(option.type) not in known:
                self.type(option.type, path, inward=True)
        for ty in (call.receiver, call.open_options):
            if ty is not None and id(ty) not in known:
                self.type(ty, path, inward=True)
        result = call.result
        if isinstance(result, AsyncOf):
            if "lower-async" in self.ran and not call.is_awaited:
                self.fail(path, "nobody awaits the result of a call after lower-async")
            result = result.inner
        if isinstance(result, IteratorOf) and "expose-results" not in self.ran:
            result = result.element
        if id(result) not in self.verified.types:
            self.type(result, path)

    # --- types --------------------------------------------------------------------------

    def type_params(self, params: tuple[TypeParam, ...], path: str) -> None:
        for name in repeated([param.name for param in params]):
            self.fail(path, f"two type parameters of the name `{name}`")
        if params and "legalize-types" in self.ran:
            self.fail(path, "type parameters after legalize-types")

    def type(self, ty: BridgeType, path: str, *, inward: bool = False) -> None:
        """Check `ty`, whose values a program gets or, `inward`, gives."""
        known = self.verified.inward if inward else self.verified.types
        if id(ty) in known:
            return
        if problem := self._find_problem(ty, inward):
            self.fail(path, f"`{format_type(ty)}`: {problem}")
            return
        before = len(self.problems)
        if isinstance(ty, FunOf):
            # What the function takes flows against what it gives.
            for param in ty.params or ():
                self.type(param, path, inward=not inward)
            self.type(ty.result, path, inward=inward)
        else:
            for child in children(ty):
                self.type(child, path, inward=inward)
        if len(self.problems) == before:
            known[id(ty)] = ty

    def _find_problem(self, ty: BridgeType, inward: bool) -> str:
        legal = "legalize-types" in self.ran
        if legal and (type(ty) in _NEVER_LEGAL or (type(ty) is Scalar and ty in (BIGINT, NEVER))):
            return "this type may not stand here after legalize-types"
        match ty:
            case Scalar():
                return ""
            case OptionOf(inner) if isinstance(inner, OptionOf) or inner in (NONE, ANY):
                return "an option of none, `any` or an option"
            case UnionOf():
                if "close-unions" in self.ran and not inward:
                    return "a union in what flows out after close-unions"
                return self._find_union_problem(ty)
            case LiteralOf(values):
                if "widen-literals" in self.ran and not inward:
                    return "a literal type in what flows out after widen-literals"
                if legal and any(isinstance(value, EnumMember) for value in values):
                    return "a member of an enum in a literal type after legalize-types"
                return "" if values else "a literal type without values"
            case MapOf(key) if legal and key not in (STRING, INT):
                return "a key that is neither `string` nor `int` after legalize-types"
            case Ref() if legal and (ty.arguments or ty.path not in self.classes):
                return (
                    "type arguments after legalize-types" if ty.arguments else "no such class in the package"
                )
            case Ref() if "bind-names" in self.ran and ty.path in _FORMS:
                return "a name that means a shape after bind-names"
            case _:
                return ""

    def _find_union_problem(self, union: UnionOf) -> str:
        members = union.members
        if len(members) == 1 and "legalize-types" in self.ran and isinstance(members[0], Ref):
            return ""
        if len(members) < 2:
            return "a union of fewer than two types"
        if "flatten-unions" in self.ran:
            if any(isinstance(member, UnionOf) for member in members):
                return "a union in a union after flatten-unions"
            if ANY in members:
                return "`any` in a union after flatten-unions"
            if len(set(members)) < len(members):
                return "a type twice in a union after flatten-unions"
        if "desugar-options" in self.ran and any(
            member is NONE or isinstance(member, OptionOf) for member in members
        ):
            return "none or an option in a union after desugar-options"
        return ""
