"""assign-names: every declaration gets its one name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, assert_never, final

from attrs import define, field, frozen

from ..ir.items import (
    Alias,
    Argument,
    CallForm,
    CallPlan,
    Cast,
    Class,
    ClassKind,
    Constant,
    Field,
    FieldKind,
    Function,
    Item,
    Package,
    Property,
    Refusal,
    TypeVariable,
    Variant,
)
from ..ir.parts import evolve, map_all, with_parts
from ..ir.traverse import map_items, walk_items
from .arm_names import name_arms
from .context import PassContext
from .name_claims import Claim, ClaimKey, grant_local_names, grant_names
from .named_parts import NamedFunction, NamedParts, call_role, find_parts, is_record_field, is_settable
from .operations import OPERATIONS


@final
@frozen
class AssignNames:
    """Set `exported`, `getter`, `setter`, `up` and `down` everywhere. All are legal in Mochi and Python.

    Before:
        function m.sub.load(path)         class m.Reader: get(key), __len__, field text
    =>  sub_load(path)                    Reader: Reader_get(self, key), Reader_len(self), Reader_text(self)

    Types, functions, variants and constants share one namespace. Its names are granted in
    four steps, and no step takes a name away that an earlier one gave:

    1. types (`Class`, or `sub_mod_Class` where two want that; a type of the package goes before a
       generated or foreign one, an alias of a union between them), module functions and constants
       (`sub_mod_name`). The principal import package is left out of names, others are not.
    2. members: `Class_method`, `Class_field`, `Class_new`, `Enum_MEMBER`, `Variant_Case`; special
       methods by `operations` (`Class_len`), or `Class_eq` where a method is called `equals`.
    3. derived names: `…_with`, `Class_set_field`, `Class_as_Base`, `Base_as_Class`.
    4. further overload arms by what tells them apart (`read_csv_iterator`), then their `…_with`.

    A function whose awaitable the wrapper drives ends in `_sync`. Parameters and record fields
    are unique within their function or record; `self` is the receiver, `options` the map of a
    `_with` form.
    """

    name: ClassVar[str] = "assign-names"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with every name set; the same names when run twice."""
        parts = {id(item): find_parts(item) for item in walk_items(package)}
        renamer = _Renamer(_grant(package, list(parts.values())))

        def rename(item: Item) -> Item:
            return renamer.item(parts[id(item)])

        return with_parts(map_items(package, rename), generated=map_all(package.generated, rename))


# --- claims -----------------------------------------------------------------------------

_Names = dict[ClaimKey, str]


def _grant(package: Package, parts: Sequence[NamedParts]) -> _Names:
    principal = package.import_names[0] if package.import_names else ""
    taken: set[str] = set()
    own = [
        claim for module in package.modules for each in module.items for claim in _claim_item(each, principal)
    ]
    made = [claim for each in package.generated for claim in _claim_item(each, principal, _rank_made(each))]
    names = grant_names([*own, *made], taken)
    made_paths = {item.path for item in package.generated}
    members = [
        claim
        for each in parts
        for claim in _claim_members(each, names, 2 if each.item.path in made_paths else 0)
    ]
    names |= grant_names(members, taken)
    derived = [claim for each in parts for claim in _claim_derived(each, names)]
    names |= grant_names(derived, taken)
    overloaded = [each for item in parts for each in _find_overloaded(item)]
    for form in (CallForm.REQUIRED, CallForm.WITH_OPTIONS):
        arms = [claim for each in overloaded for claim in _claim_arms(each, form, names)]
        names |= grant_names(arms, taken)
    return names


def _claim_item(item: Item, principal: str, rank: int = 0) -> Iterator[Claim]:
    match item:
        case Class() | Variant():
            yield Claim(
                (item.path, "type"), _flat(item.name), _qualify(item.path, principal), rank, _companions(item)
            )
        case Function():
            if item.calls:
                ending = "_sync" if item.calls[0].is_awaited else ""
                name = _qualify(item.path, principal) + ending
                yield Claim((item.path, "function"), name, name, rank)
        case Constant():
            name = _qualify(item.path, principal)
            yield Claim((item.path, "constant"), name, name, rank)
        case Alias() | TypeVariable() | Refusal():
            return
        case _:
            assert_never(item)


def _rank_made(item: Item) -> int:
    """Return how much a type that a pass made wants its name: more where the package has it as an alias."""
    return 1 if isinstance(item, Variant) and not item.path.startswith("mochi.") else 2


def _companions(item: Class | Variant) -> tuple[str, ...]:
    """Return the endings of the names that backends make from the name of `item`."""
    if isinstance(item, Variant) or item.kind is ClassKind.RECORD:
        return ()
    return ("_value",) if item.kind is ClassKind.ENUM else ("Ref",)


def _claim_members(parts: NamedParts, names: _Names, rank: int = 0) -> Iterator[Claim]:
    """Yield the claims of the members of an item, whose own names matter more the lower `rank` is."""
    match parts.item:
        case Class() as cls:
            owner = names[cls.path, "type"]
            for member, role in parts.attributes:
                if not is_record_field(cls, member):
                    yield _claim_member(owner, member.path, role, member.name, rank)
            for each in parts.functions:
                if each.function.calls:
                    yield _claim_function(owner, each, rank)
        case Variant() as variant:
            for case in variant.cases:
                owner = names[variant.path, "type"]
                yield _claim_member(owner, variant.path, f"case {case.name}", case.name)
        case _:
            return


def _claim_function(owner: str, named: NamedFunction, rank: int) -> Claim:
    """Claim the name of a constructor or method."""
    function, ending = named.function, named.ending
    key = (function.path, named.role)
    if named.role.startswith("constructor"):
        return _claim_member(owner, *key, "new" + ending, rank)
    operation = OPERATIONS.get(function.name)
    if operation is None:
        return _claim_member(owner, *key, function.name + ending, rank)
    if function.name == "__iter__" and any(call.lazy for call in function.calls):
        # The iterator itself has the name of the operation.
        return Claim(key, _extend(owner, "to_list"), f"{owner}_iter_to_list", rank + 1)
    name, other = _extend(owner, operation + ending), f"{owner}_{function.name.strip('_')}{ending}"
    return Claim(key, name, other, rank + 1)


def _claim_member(owner: str, path: str, role: str, name: str, rank: int = 0) -> Claim:
    return Claim((path, role), _extend(owner, name), f"{owner}_{name}", rank)


def _claim_derived(parts: NamedParts, names: _Names) -> Iterator[Claim]:
    for each in parts.functions:
        # One call of the required form has the name of the function.
        if len(each.function.calls) > 1 or each.first < 0:
            yield from _claim_calls(each, names)
    cls = parts.item
    if not isinstance(cls, Class):
        return
    owner = names[cls.path, "type"]
    for member, role in parts.attributes:
        if is_settable(cls, member):
            yield _claim_member(owner, member.path, f"{role} setter", f"set_{member.name}")
    for cast in cls.casts:
        base = names.get((cast.base, "type")) or _flat(cast.base.rpartition(".")[2])
        yield _claim_member(owner, cls.path, f"up {cast.base}", f"as_{base}")
        yield _claim_member(base, cls.path, f"down {cast.base}", f"as_{owner}")


def _claim_calls(named: NamedFunction, names: _Names) -> Iterator[Claim]:
    """Claim a name for the form with options of the first arm, whose other form has that of `function`."""
    function, role, first = named.function, named.role, named.first
    for index, call in enumerate(function.calls):
        if index == first or call.arm != function.calls[first].arm:
            continue
        stem = names[function.path, role]
        key = (function.path, call_role(role, index))
        if call.lazy:
            name = _lazy_name(function, stem, call)
            yield Claim(key, name, name)
        elif call.form is CallForm.WITH_OPTIONS:
            yield Claim(key, _extend(stem, "with"), f"{stem}_with")
        else:
            yield Claim(key, stem, stem)


@final
@frozen(eq=False)
class _Overloaded:
    """A function with more arms than one: the calls of all but the first, and what these arms are called."""

    named: NamedFunction
    others: tuple[tuple[int, CallPlan], ...]
    endings: Mapping[int, str]


def _find_overloaded(parts: NamedParts) -> Iterator[_Overloaded]:
    for named in parts.functions:
        function, first = named.function, named.first
        if first < 0 or len(function.signatures) < 2:
            continue
        arm = function.calls[first].arm
        later = enumerate(function.calls[first + 1 :], first + 1)
        others = tuple([(index, call) for index, call in later if call.arm != arm])
        if others:
            yield _Overloaded(named, others, name_arms(function))


def _claim_arms(overloaded: _Overloaded, form: CallForm, names: _Names) -> Iterator[Claim]:
    """Claim a name for the forms of every arm but the first."""
    function, role, endings = overloaded.named.function, overloaded.named.role, overloaded.endings
    plain = [(index, call) for index, call in overloaded.others if not call.lazy]
    required = {call.arm: index for index, call in plain if call.form is CallForm.REQUIRED}
    stem = names[function.path, role].removesuffix(overloaded.named.ending)
    for index, call in overloaded.others:
        if call.form is not form:
            continue
        if call.lazy:
            name = _lazy_name(function, _extend(stem, endings[call.arm]), call)
        elif form is CallForm.REQUIRED:
            name = _extend(stem, endings[call.arm]) + ("_sync" if call.is_awaited else "")
        else:
            name = _extend(names[function.path, call_role(role, required[call.arm])], "with")
        yield Claim((function.path, call_role(role, index)), name, name)


def _lazy_name(function: Function, stem: str, call: CallPlan) -> str:
    """Return `lines_iter`, or `lines_iter_with`, from the name of the form that gives a list."""
    if function.name == "__iter__":
        stem = stem.removesuffix("_iter_to_list").removesuffix("_to_list")
    ending = "_sync" if call.is_awaited else ""
    options = "_with" if call.form is CallForm.WITH_OPTIONS else ""
    return f"{_extend(stem.removesuffix(ending), 'iter')}{ending}{options}"


def _extend(name: str, ending: str) -> str:
    """Return `name_ending`. A `_` that a reserved word got is not needed there: `load_with`."""
    return f"{name.removesuffix('_') or name}_{ending}"


def _qualify(path: str, principal: str) -> str:
    return _flat(path.removeprefix(f"{principal}."))


def _flat(path: str) -> str:
    return path.replace(".", "_")


# --- renaming ---------------------------------------------------------------------------


@final
@define(eq=False)
class _Renamer:
    """Puts the names that were granted into items. Calls with the same arguments share them."""

    names: _Names
    _labels: dict[tuple[tuple[str, ...], bool, bool], tuple[str, ...]] = field(factory=dict)
    _labelled: dict[int, tuple[Argument, ...]] = field(factory=dict)

    def item(self, parts: NamedParts) -> Item:
        names, item = self.names, parts.item
        match item:
            case Class():
                return self.class_item(item, parts)
            case Variant():
                cases = tuple(
                    evolve(case, exported=names[item.path, f"case {case.name}"]) for case in item.cases
                )
                return evolve(item, exported=names[item.path, "type"], cases=cases)
            case Function():
                return self.function(parts.functions[0])
            case Constant():
                return with_parts(item, exported=names[item.path, "constant"])
            case Alias() | TypeVariable() | Refusal():
                return item
            case _:
                assert_never(item)

    def class_item(self, cls: Class, parts: NamedParts) -> Class:
        names = self.names
        functions = [self.function(each) for each in parts.functions]
        stored = [member.name for member in cls.fields if is_record_field(cls, member)]
        labels = iter(grant_local_names(stored, ()) if stored else ())
        fields: list[Field] = []
        properties: list[Property] = []
        for member, role in parts.attributes:
            getter = names.get((member.path, role))
            setter = names[member.path, f"{role} setter"] if is_settable(cls, member) else None
            if isinstance(member, Property):
                properties.append(evolve(member, getter=getter, setter=setter))
            elif is_record_field(cls, member):
                fields.append(evolve(member, exported=next(labels), getter=None, setter=None))
            elif member.kind is FieldKind.MEMBER:
                fields.append(evolve(member, exported=getter, getter=None, setter=None))
            else:
                fields.append(evolve(member, exported=None, getter=getter, setter=setter))
        return with_parts(
            cls,
            exported=names[cls.path, "type"],
            fields=tuple(fields),
            properties=tuple(properties),
            constructors=tuple(functions[: len(cls.constructors)]),
            methods=tuple(functions[len(cls.constructors) :]),
            casts=tuple(
                Cast(cast.base, names[cls.path, f"up {cast.base}"], names[cls.path, f"down {cast.base}"])
                for cast in cls.casts
            ),
        )

    def function(self, named: NamedFunction) -> Function:
        function, role = named.function, named.role
        if not function.calls:
            return function
        names, first, path = self.names, named.first, function.path
        calls = [
            self.call(call, names[path, role if index == first else call_role(role, index)])
            for index, call in enumerate(function.calls)
        ]
        return evolve(function, calls=tuple(calls))

    def call(self, call: CallPlan, name: str) -> CallPlan:
        # Not `evolve`: there are more calls than anything else.
        return CallPlan(
            call.form,
            call.arm,
            call.receiver,
            self.arguments(call) if call.arguments else (),
            call.options,
            call.open_options,
            call.result,
            call.loop,
            name,
            call.lazy,
        )

    def arguments(self, call: CallPlan) -> tuple[Argument, ...]:
        # The package holds the arguments, so that no others get their id.
        known = self._labelled.get(id(call.arguments))
        if known is not None:
            return known
        shown = tuple([argument.name for argument in call.arguments if not argument.fixed])
        key = (shown, call.receiver is not None, call.form is CallForm.WITH_OPTIONS)
        labels = self._labels.get(key)
        if labels is None:
            reserved = [*(["self"] if key[1] else []), *(["options"] if key[2] else [])]
            labels = self._labels[key] = tuple(grant_local_names(shown, reserved))
        exported = iter(labels)
        arguments = tuple([each if each.fixed else _label(each, next(exported)) for each in call.arguments])
        if labels == shown and "self" not in shown and "options" not in shown:
            # So they are called in the other forms too.
            self._labelled[id(call.arguments)] = arguments
        return arguments


def _label(argument: Argument, exported: str) -> Argument:
    return Argument(argument.name, argument.type, argument.passing, exported)
