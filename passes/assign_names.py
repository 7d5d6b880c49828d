"""assign-names: every declaration gets its one name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, assert_never, final

from attrs import define, evolve, field, frozen

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
from ..ir.parts import map_all, with_parts
from ..ir.traverse import map_items, walk_items
from .arm_names import name_arms
from .context import PassContext
from .name_claims import Claim, ClaimKey, grant_local_names, grant_names
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
        renamer = _Renamer(_grant(package))
        generated = map_all(package.generated, renamer.item)
        return with_parts(map_items(package, renamer.item), generated=generated)


# --- claims -----------------------------------------------------------------------------

_Names = dict[ClaimKey, str]


def _grant(package: Package) -> _Names:
    principal = package.import_names[0] if package.import_names else ""
    items = list(walk_items(package))
    taken: set[str] = set()
    own = [
        claim for module in package.modules for each in module.items for claim in _claim_item(each, principal)
    ]
    made = [claim for each in package.generated for claim in _claim_item(each, principal, _rank_made(each))]
    names = grant_names([*own, *made], taken)
    made_paths = {item.path for item in package.generated}
    members = [
        claim for item in items for claim in _claim_members(item, names, 2 if item.path in made_paths else 0)
    ]
    names |= grant_names(members, taken)
    derived = [claim for item in items for claim in _claim_derived(item, names)]
    names |= grant_names(derived, taken)
    overloaded = [each for item in items for each in _find_overloaded(item)]
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
                name = _qualify(item.path, principal) + _ending(item)
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


def _claim_members(item: Item, names: _Names, rank: int = 0) -> Iterator[Claim]:
    """Yield the claims of the members of `item`, whose own names matter more the lower `rank` is."""
    match item:
        case Class():
            owner = names[item.path, "type"]
            for member, role in _attributes(item):
                if not _is_record_field(item, member):
                    yield _claim_member(owner, member.path, role, member.name, rank)
            for function, role in _functions(item):
                if not function.calls:
                    continue
                if role.startswith("constructor"):
                    yield _claim_member(owner, function.path, role, "new" + _ending(function), rank)
                elif function.name == "__iter__" and any(call.lazy for call in function.calls):
                    # The iterator itself has the name of the operation.
                    name, other = _extend(owner, "to_list"), f"{owner}_iter_to_list"
                    yield Claim((function.path, role), name, other, rank + 1)
                elif operation := OPERATIONS.get(function.name):
                    yield Claim(
                        (function.path, role),
                        _extend(owner, operation + _ending(function)),
                        f"{owner}_{function.name.strip('_')}{_ending(function)}",
                        rank + 1,
                    )
                else:
                    yield _claim_member(owner, function.path, role, function.name + _ending(function), rank)
        case Variant():
            for case in item.cases:
                yield _claim_member(names[item.path, "type"], item.path, f"case {case.name}", case.name)
        case _:
            return


def _claim_member(owner: str, path: str, role: str, name: str, rank: int = 0) -> Claim:
    return Claim((path, role), _extend(owner, name), f"{owner}_{name}", rank)


def _claim_derived(item: Item, names: _Names) -> Iterator[Claim]:
    if isinstance(item, Function):
        yield from _claim_calls(item, "function", names)
    if not isinstance(item, Class):
        return
    owner = names[item.path, "type"]
    for function, role in _functions(item):
        yield from _claim_calls(function, role, names)
    for member, role in _attributes(item):
        if _is_settable(item, member):
            yield _claim_member(owner, member.path, f"{role} setter", f"set_{member.name}")
    for cast in item.casts:
        base = names.get((cast.base, "type")) or _flat(cast.base.rpartition(".")[2])
        yield _claim_member(owner, item.path, f"up {cast.base}", f"as_{base}")
        yield _claim_member(base, item.path, f"down {cast.base}", f"as_{owner}")


def _claim_calls(function: Function, role: str, names: _Names) -> Iterator[Claim]:
    """Claim a name for the form with options of the first arm, whose other form has that of `function`."""
    first = _first_required(function)
    for index, call in enumerate(function.calls):
        if index == first or call.arm != function.calls[first].arm:
            continue
        stem = names[function.path, role]
        key = (function.path, f"{role} call {index:03}")
        if call.lazy:
            name = _lazy_name(function, stem, call)
            yield Claim(key, name, name)
        elif call.form is CallForm.WITH_OPTIONS:
            yield Claim(key, _extend(stem, "with"), f"{stem}_with")
        else:
            yield Claim(key, stem, stem)


@final
@frozen
class _Overloaded:
    """A function with more arms than one: the calls of all but the first, and what these arms are called."""

    function: Function
    role: str
    others: tuple[tuple[int, CallPlan], ...]
    endings: Mapping[int, str]


def _find_overloaded(item: Item) -> Iterator[_Overloaded]:
    functions: list[tuple[Function, str]] = []
    if isinstance(item, Function):
        functions.append((item, "function"))
    elif isinstance(item, Class):
        functions += _functions(item)
    for function, role in functions:
        first = _first_required(function)
        if first < 0:
            continue
        arm = function.calls[first].arm
        later = enumerate(function.calls[first + 1 :], first + 1)
        others = tuple([(index, call) for index, call in later if call.arm != arm])
        if not others:
            continue
        yield _Overloaded(function, role, others, name_arms(function))


def _claim_arms(overloaded: _Overloaded, form: CallForm, names: _Names) -> Iterator[Claim]:
    """Claim a name for the forms of every arm but the first."""
    function, role, endings = overloaded.function, overloaded.role, overloaded.endings
    plain = [(index, call) for index, call in overloaded.others if not call.lazy]
    required = {call.arm: index for index, call in plain if call.form is CallForm.REQUIRED}
    stem = names[function.path, role].removesuffix(_ending(function))
    for index, call in overloaded.others:
        if call.form is not form:
            continue
        if call.lazy:
            name = _lazy_name(function, _extend(stem, endings[call.arm]), call)
        elif form is CallForm.REQUIRED:
            name = _extend(stem, endings[call.arm]) + ("_sync" if call.is_awaited else "")
        else:
            name = _extend(names[function.path, f"{role} call {required[call.arm]:03}"], "with")
        yield Claim((function.path, f"{role} call {index:03}"), name, name)


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


def _first_required(function: Function) -> int:
    for index, call in enumerate(function.calls):
        if call.form is CallForm.REQUIRED:
            return index
    return -1


def _attributes(cls: Class) -> Iterator[tuple[Field | Property, str]]:
    """Yield the fields and properties of `cls`, each with its role."""
    for index, member in enumerate(cls.fields):
        yield member, f"field {index:03}"
    for index, prop in enumerate(cls.properties):
        yield prop, f"property {index:03}"


def _functions(cls: Class) -> Iterator[tuple[Function, str]]:
    """Yield the functions of `cls`, each with a role that tells it from others at its path."""
    for index, function in enumerate(cls.constructors):
        yield function, f"constructor {index:03}"
    for index, function in enumerate(cls.methods):
        yield function, f"method {index:03}"


def _ending(function: Function) -> str:
    """Return `_sync` where the wrapper waits for what the plainest arm returns."""
    return "_sync" if function.calls and function.calls[0].is_awaited else ""


def _is_record_field(cls: Class, member: Field | Property) -> bool:
    return cls.kind is ClassKind.RECORD and isinstance(member, Field) and member.kind is FieldKind.INSTANCE


def _is_settable(cls: Class, member: Field | Property) -> bool:
    match member:
        case Property():
            return member.setter_type is not None
        case Field():
            instance = member.kind is FieldKind.INSTANCE
            return instance and member.writable and not _is_record_field(cls, member)


def _qualify(path: str, principal: str) -> str:
    return _flat(path.removeprefix(f"{principal}."))


def _flat(path: str) -> str:
    return path.replace(".", "_")


# --- renaming ---------------------------------------------------------------------------


@final
@define(eq=False)
class _Renamer:
    """Puts the names that were granted into items. Calls with the same arguments share their labels."""

    names: _Names
    _labels: dict[tuple[tuple[str, ...], bool, CallForm], tuple[str, ...]] = field(factory=dict)

    def item(self, item: Item) -> Item:
        names = self.names
        match item:
            case Class():
                return self.class_item(item)
            case Variant():
                cases = tuple(
                    evolve(case, exported=names[item.path, f"case {case.name}"]) for case in item.cases
                )
                return evolve(item, exported=names[item.path, "type"], cases=cases)
            case Function():
                return self.function(item, "function")
            case Constant():
                return evolve(item, exported=names[item.path, "constant"])
            case Alias() | TypeVariable() | Refusal():
                return item
            case _:
                assert_never(item)

    def class_item(self, cls: Class) -> Class:
        names = self.names
        functions = [self.function(function, role) for function, role in _functions(cls)]
        stored = [member.name for member in cls.fields if _is_record_field(cls, member)]
        labels = iter(grant_local_names(stored, ()))
        fields: list[Field] = []
        properties: list[Property] = []
        for member, role in _attributes(cls):
            getter = names.get((member.path, role))
            setter = names.get((member.path, f"{role} setter"))
            if isinstance(member, Property):
                properties.append(evolve(member, getter=getter, setter=setter))
            elif _is_record_field(cls, member):
                fields.append(evolve(member, exported=next(labels), getter=None, setter=None))
            elif member.kind is FieldKind.MEMBER:
                fields.append(evolve(member, exported=getter, getter=None, setter=None))
            else:
                fields.append(evolve(member, exported=None, getter=getter, setter=setter))
        return evolve(
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

    def function(self, function: Function, role: str) -> Function:
        if not function.calls:
            return function
        first, path = _first_required(function), function.path
        calls = [
            self.call(call, self.names[path, role if index == first else f"{role} call {index:03}"])
            for index, call in enumerate(function.calls)
        ]
        return evolve(function, calls=tuple(calls))

    def call(self, call: CallPlan, name: str) -> CallPlan:
        shown = tuple([argument.name for argument in call.arguments if not argument.fixed])
        key = (shown, call.receiver is not None, call.form)
        labels = self._labels.get(key)
        if labels is None:
            reserved = [
                *(["self"] if call.receiver is not None else []),
                *(["options"] if call.form is CallForm.WITH_OPTIONS else []),
            ]
            labels = self._labels[key] = tuple(grant_local_names(shown, reserved))
        exported = iter(labels)
        arguments = tuple([each if each.fixed else _label(each, next(exported)) for each in call.arguments])
        return evolve(call, exported=name, arguments=arguments)


def _label(argument: Argument, exported: str) -> Argument:
    return Argument(argument.name, argument.type, argument.passing, exported)
