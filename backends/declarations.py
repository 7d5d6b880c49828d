"""From a package that went through the standard pipeline to its declarations."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from typing import assert_never, final

from ..ir.items import (
    Alias,
    Binding,
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
from ..ir.keywords import handle_case, mochi_local_name, mochi_name
from ..ir.traverse import walk_items, walk_type
from ..ir.types import ANY, BYTES, INT, NONE, STRING, BridgeType, ListOf, MapOf, OptionOf, Ref
from .entries import (
    NO_INFO,
    BytesHelper,
    Call,
    Declarations,
    Downcast,
    Entry,
    EntryKind,
    EnumCase,
    EnumType,
    EnumValue,
    HandleType,
    Parameter,
    ReadAttribute,
    ReadConstant,
    RecordField,
    RecordShape,
    RecordType,
    SumCase,
    SumType,
    TypeDeclaration,
    Upcast,
    WriteAttribute,
)
from .names import Names, exported, make_distinct


@final
class ShimStyle(enum.Enum):
    """The three forms of a shim; `docs/adr/0003-shim-styles.md` tells them apart."""

    MODULE = "module"
    DOTTED = "dotted"
    LINKED = "linked"


OPTIONS = MapOf(STRING, ANY)
_OPTIONS = Parameter("options", "options", OPTIONS)
TUPLE_PREFIX = "mochi.tuple."

_KINDS = {
    Binding.FUNCTION: EntryKind.FUNCTION,
    Binding.METHOD: EntryKind.METHOD,
    Binding.CLASS_METHOD: EntryKind.CLASS_METHOD,
    Binding.STATIC_METHOD: EntryKind.STATIC_METHOD,
    Binding.CONSTRUCTOR: EntryKind.CONSTRUCTOR,
}
_BYTES_HELPERS: tuple[tuple[str, str, BridgeType, BridgeType], ...] = (
    ("bytes_from_string", "text", STRING, BYTES),
    ("bytes_to_string", "data", BYTES, STRING),
    ("bytes_len", "data", BYTES, INT),
    ("bytes_from_list", "values", ListOf(INT), BYTES),
    ("bytes_to_list", "data", BYTES, ListOf(INT)),
)


def declare(package: Package) -> Declarations:
    """Return what is declared for `package`.

    Raises InternalError where a pass of the standard pipeline has left something out.
    """
    items = list(walk_items(package))
    classes = {item.path: item for item in items if isinstance(item, Class)}
    type_names = _type_names(items)
    entries: list[Entry] = []
    for module in package.modules:
        for item in module.items:
            _add_entries(item, module.name, type_names, entries)
    for item in package.generated:
        _add_entries(item, _module_of(item), type_names, entries)
    names = Names(_exported_names(items, type_names, entries))
    types = [_declare_type(item, classes, names) for item in items if isinstance(item, Class | Variant)]
    entries += _enum_values(types, names)
    uses_bytes = _has_bytes(entries, types)
    if uses_bytes:
        entries += [
            Entry(name, name, EntryKind.BYTES, (Parameter(arg, arg, taken),), result, BytesHelper())
            for name, arg, taken, result in _BYTES_HELPERS
        ]
    refusals = tuple(item for item in items if isinstance(item, Refusal))
    return Declarations(_in_order(types), tuple(entries), refusals, type_names, uses_bytes)


# --- types ------------------------------------------------------------------------------


def _type_names(items: Iterable[Item]) -> dict[str, str]:
    return {
        item.path: exported(item.exported, item.path) for item in items if isinstance(item, Class | Variant)
    }


def _exported_names(
    items: Iterable[Item], type_names: dict[str, str], entries: Iterable[Entry]
) -> Iterator[str]:
    """Yield every name of the one scope that types, variants and functions share."""
    yield from type_names.values()
    for entry in entries:
        yield entry.name
    for item in items:
        match item:
            case Variant():
                yield from (case.exported for case in item.cases if case.exported)
            case Class():
                for cast in item.casts:
                    yield from (name for name in (cast.up, cast.down) if name)
                if item.kind is ClassKind.ENUM:
                    yield from (member.exported for member in item.fields if member.exported)
            case _:
                pass


def _declare_type(item: Class | Variant, classes: dict[str, Class], names: Names) -> TypeDeclaration:
    name = exported(item.exported, item.path)
    if isinstance(item, Variant):
        cases = tuple(SumCase(exported(case.exported, item.path), case.type) for case in item.cases)
        return SumType(name, item.path, cases, item.info)
    members = [field for field in item.fields if field.kind is FieldKind.MEMBER]
    if item.kind is ClassKind.ENUM and members:
        enum_cases = tuple(EnumCase(exported(m.exported, m.path), m.name) for m in members)
        return EnumType(name, item.path, enum_cases, item.info)
    fields = [field for field in item.fields if field.kind is FieldKind.INSTANCE]
    if item.kind is ClassKind.RECORD and fields:
        record_fields = tuple(
            RecordField(
                field.exported or mochi_local_name(field.name), field.name, _field_type(field), field.required
            )
            for field in fields
        )
        return RecordType(name, item.path, record_fields, _record_shape(item, classes), item.info)
    return HandleType(name, names.fresh_mochi(handle_case(name)), item.path, item.info)


def _field_type(field: Field) -> BridgeType:
    """Return the type of a record's field: optional where a TypedDict may lack the key."""
    if field.required or field.type in (ANY, NONE) or isinstance(field.type, OptionOf):
        return field.type
    return OptionOf(field.type)


def _record_shape(cls: Class, classes: dict[str, Class]) -> RecordShape:
    if cls.path.startswith(TUPLE_PREFIX):
        return RecordShape.TUPLE
    seen: set[str] = set()
    pending = [cls]
    while pending:
        for base in pending.pop().bases:
            if not isinstance(base, Ref) or base.path in seen:
                continue
            seen.add(base.path)
            if base.path.rpartition(".")[2] == "TypedDict":
                return RecordShape.MAPPING
            if base.path in classes:
                pending.append(classes[base.path])
    return RecordShape.OBJECT


def _in_order(types: list[TypeDeclaration]) -> tuple[TypeDeclaration, ...]:
    """Return `types` with handles and enums first, then every type behind those it holds."""
    by_path = {ty.path: ty for ty in types}
    done: dict[str, TypeDeclaration] = {}

    plain = [ty for ty in types if isinstance(ty, HandleType | EnumType)]
    done.update((ty.path, ty) for ty in sorted(plain, key=lambda ty: (isinstance(ty, EnumType), ty.name)))
    opened: set[str] = set()
    # Those that wait are a stack: a type is opened once, and done when all that it holds is.
    pending = sorted(types, key=lambda ty: ty.name, reverse=True)
    while pending:
        ty = pending[-1]
        if ty.path in done or ty.path in opened:
            done.setdefault(pending.pop().path, ty)
            continue
        opened.add(ty.path)
        held = [ref.path for part in _parts(ty) for ref in walk_type(part) if isinstance(ref, Ref)]
        pending += [by_path[path] for path in reversed(held) if path in by_path and path not in opened]
    return tuple(done.values())


def _parts(ty: TypeDeclaration) -> list[BridgeType]:
    match ty:
        case HandleType() | EnumType():
            return []
        case RecordType():
            return [field.type for field in ty.fields]
        case SumType():
            return [case.type for case in ty.cases]
        case _:
            assert_never(ty)


def _has_bytes(entries: Iterable[Entry], types: Iterable[TypeDeclaration]) -> bool:
    """Tell whether any declaration holds bytes; each type object is looked at once."""
    seen: set[int] = set()
    for outer in _outer_types(entries, types):
        if id(outer) not in seen:
            seen.add(id(outer))
            if any(part is BYTES for part in walk_type(outer)):
                return True
    return False


def _outer_types(entries: Iterable[Entry], types: Iterable[TypeDeclaration]) -> Iterator[BridgeType]:
    for entry in entries:
        yield entry.result
        for parameter in entry.parameters:
            yield parameter.type
    for ty in types:
        yield from _parts(ty)


# --- entries ----------------------------------------------------------------------------


def _module_of(item: Item) -> str:
    """Return the module that a generated item is imported from: the tail of its path is its name."""
    return item.path.removesuffix(f".{item.name}")


def _add_entries(item: Item, module: str, type_names: dict[str, str], entries: list[Entry]) -> None:
    match item:
        case Function():
            entries += [_call_entry(item, plan, module, "") for plan in item.calls]
        case Class():
            _add_class_entries(item, module, type_names, entries)
        case Constant() if item.exported is not None:
            name = exported(item.exported, item.path)
            kind = EntryKind.CONSTANT
            entries.append(Entry(name, item.path, kind, (), item.type, ReadConstant(), item.info, module))
        case Constant() | Variant() | Alias() | TypeVariable() | Refusal():
            return
        case _:
            assert_never(item)


def _add_class_entries(cls: Class, module: str, type_names: dict[str, str], entries: list[Entry]) -> None:
    owner = cls.path.removeprefix(f"{module}.") if module else ""
    # All members share one receiver, for what is known of a type is found by its object.
    this = Parameter("self", "self", Ref(cls.path))
    for function in (*cls.constructors, *cls.methods):
        entries += [_call_entry(function, plan, module, owner, this) for plan in function.calls]
    for members in (cls.fields, cls.properties):
        for member in members:
            if member.getter is not None or member.setter is not None:
                entries += _accessors(member, this, module, owner)
    for cast in cls.casts:
        if cast.base in type_names:
            entries += _casts(cast, cls, this, module, owner)


def _call_entry(
    function: Function, plan: CallPlan, module: str, owner: str, this: Parameter | None = None
) -> Entry:
    """Return the entry of a call; `this` is the usual receiver of the class that has `function`."""
    receiver, parameters = plan.receiver, []
    if receiver is not None:
        is_usual = this is not None and receiver == this.type
        parameters.append(this if this and is_usual else Parameter("self", "self", receiver))
    parameters += [
        Parameter(argument.exported or mochi_local_name(argument.name), argument.name, argument.type)
        for argument in plan.arguments
        if not argument.fixed
    ]
    if plan.form is CallForm.WITH_OPTIONS:
        parameters.append(_OPTIONS)
    return Entry(
        exported(plan.exported, function.path),
        function.path,
        _KINDS[function.binding],
        _with_distinct_names(parameters),
        plan.result,
        Call(function, plan),
        function.info,
        module,
        owner,
    )


def _with_distinct_names(parameters: list[Parameter]) -> tuple[Parameter, ...]:
    wanted = [parameter.name for parameter in parameters]
    names = make_distinct(wanted)
    if names is wanted:
        return tuple(parameters)
    return tuple(
        Parameter(name, each.python, each.type) for name, each in zip(names, parameters, strict=True)
    )


def _accessors(member: Field | Property, receiver: Parameter, module: str, owner: str) -> Iterator[Entry]:
    on_class = isinstance(member, Field) and member.kind is not FieldKind.INSTANCE
    this = () if on_class else (receiver,)
    if member.getter is not None:
        name = exported(member.getter, member.path)
        read = ReadAttribute(member.name, on_class)
        yield Entry(name, member.path, EntryKind.GETTER, this, member.type, read, member.info, module, owner)
    if member.setter is not None:
        name = exported(member.setter, member.path)
        taken = member.type if isinstance(member, Field) else member.setter_type or member.type
        parameters = (*this, Parameter("value", "value", taken))
        write = WriteAttribute(member.name, on_class)
        yield Entry(name, member.path, EntryKind.SETTER, parameters, NONE, write, member.info, module, owner)


def _casts(cast: Cast, cls: Class, this: Parameter, module: str, owner: str) -> Iterator[Entry]:
    here, base = this.type, Ref(cast.base)
    if cast.up is not None:
        name = exported(cast.up, cls.path)
        yield Entry(name, cls.path, EntryKind.CAST, (this,), base, Upcast(), NO_INFO, module, owner)
    if cast.down is not None:
        down = (Parameter("value", "value", base),)
        name = exported(cast.down, cls.path)
        yield Entry(name, cls.path, EntryKind.CAST, down, here, Downcast(cls.path), NO_INFO, module, owner)


def _enum_values(types: list[TypeDeclaration], names: Names) -> Iterator[Entry]:
    for ty in types:
        if isinstance(ty, EnumType):
            name = names.fresh_mochi(mochi_name(f"{ty.name}_value"))
            this = (Parameter("self", "self", Ref(ty.path)),)
            yield Entry(name, ty.path, EntryKind.ENUM_VALUE, this, ANY, EnumValue(), ty.info)
