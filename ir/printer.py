"""IR as text. `ir/ir.lark` describes the format; `ir/parser.py` reads it back.

The text is canonical: equal packages with equal spans print the same bytes, one item
per group of lines. What has its default value is left out: a path that is the module's
or class's path and the name, the file of a span that is the module's file, the tier of
the package, a missing annotation.
"""

from __future__ import annotations

from typing import assert_never, final

from attrs import frozen

from .dist import Tier
from .items import (
    Alias,
    Argument,
    Binding,
    CallPlan,
    Class,
    Constant,
    Decorator,
    Default,
    DefaultKind,
    Evidence,
    Field,
    FieldKind,
    Function,
    Import,
    Info,
    Item,
    Module,
    Option,
    Package,
    Param,
    Passing,
    Property,
    Refusal,
    Signature,
    StarExport,
    TypeParam,
    TypeParamKind,
    TypeVariable,
    Variant,
)
from .text import (
    format_span,
    format_type,
    format_value,
    format_words,
    is_bare,
    join_path,
    name_text,
    quote,
    word_text,
)
from .types import BridgeType

__all__ = ["FORMAT_VERSION", "format_item", "format_package", "format_type"]

FORMAT_VERSION = 1

_WIDTH = 110
_TYPE_PARAM_PREFIX = {TypeParamKind.TYPE: "", TypeParamKind.PARAM_SPEC: "**", TypeParamKind.TUPLE: "*"}
_FIELD_HEAD = {FieldKind.INSTANCE: "var", FieldKind.CLASS_VAR: "classvar", FieldKind.MEMBER: "member"}


def format_package(package: Package) -> str:
    """Return `package` as IR text. `parse_package` is its inverse, spans included."""
    target = package.target
    version = f"{target.python[0]}.{target.python[1]}{'t' if target.free_threaded else ''}"
    lines = [
        f"mochic-ir {FORMAT_VERSION}",
        f"package {word_text(package.name)} {quote(package.version)}",
        *([f"imports {format_words(package.import_names)}"] if package.import_names else []),
        f"tier {package.tier.value}",
        f"target {word_text(target.platform)} {version} {word_text(target.implementation)}",
        *([f"passes {format_words(package.passes)}"] if package.passes else []),
    ]
    if package.async_plan is not None:
        plan = package.async_plan
        lines.append(f"loop {plan.driver.value} cancel {plan.cancel_timeout}")
    if package.abi is not None:
        abi = package.abi
        stable = f" stable {abi.stable[0]}.{abi.stable[1]}" if abi.stable else ""
        lines.append(f"abi {quote(abi.platform)}{stable} gil {abi.gil.value}")
    for module in package.modules:
        lines += ["", *_Printer(package.tier, module.name, module.file).module(module)]
    if package.generated:
        printer = _Printer(package.tier, "", "")
        body = [line for item in package.generated for line in printer.item(item)]
        lines += ["", *_block("generated", body)]
    return "\n".join(lines) + "\n"


def format_item(item: Item) -> str:
    """Return `item` as it prints in the module that its path names."""
    suffix = f".{item.name}"
    prefix = item.path.removesuffix(suffix) if item.path.endswith(suffix) else ""
    return "\n".join(_Printer(Tier.INLINE, prefix, "").item(item)) + "\n"


@final
@frozen
class _Printer:
    """Prints what lies below `prefix`, the path of a module or of a class."""

    tier: Tier
    prefix: str
    file: str
    in_class: bool = False

    def module(self, module: Module) -> list[str]:
        flags = (" package" if module.is_package else "") + (" dynamic" if module.dynamic else "")
        body = [f"doc {quote(module.doc)}"] if module.doc else []
        if module.exports is not None:
            body += _list("exports [", [_export(export) for export in module.exports], "]")
        body += [self._import(imported) for imported in module.imports]
        body += [line for item in module.items for line in self.item(item)]
        return _block(f"module {name_text(module.name)} {quote(module.file)}{flags}", body)

    def item(self, item: Item) -> list[str]:
        match item:
            case Function():
                return self._function(item)
            case Class():
                return self._class(item)
            case Variant():
                return self._variant(item)
            case Constant():
                value = "" if item.value is None else f" = {format_value(item.value)}"
                head = f"let {self._name(item)}{self._of(item.type)}{value}{_named('as', item.exported)}"
                return self._leaf(head, item.info)
            case Alias():
                params = self._type_params(item.type_params)
                head = f"type {self._name(item)}{params} = {format_type(item.target, self.file)}"
                return self._leaf(head, item.info)
            case TypeVariable():
                return self._leaf(f"typevar {self._name(item)} = {self._type_param(item.param)}", item.info)
            case Refusal():
                reason = f"{item.reason.value} {quote(item.detail)}"
                return self._leaf(f"refused {name_text(item.kind)} {self._name(item)} {reason}", item.info)
            case _:
                assert_never(item)

    # --- classes ------------------------------------------------------------------------

    def _class(self, cls: Class) -> list[str]:
        head = f"{cls.kind.value} {self._name(cls)}{self._type_params(cls.type_params)}"
        if cls.bases:
            head += f"({', '.join([format_type(base, self.file) for base in cls.bases])})"
        body = self._info(cls.info)
        body += [f"defined {name_text(cls.defined)}"] if cls.defined else []
        body += [_decorator("keyword", keyword) for keyword in cls.keywords]
        body += [_decorator("decorator", decorator) for decorator in cls.decorators]
        members = _Printer(self.tier, cls.path, self.file, in_class=True)
        for field in cls.fields:
            body += members._field(field)
        for prop in cls.properties:
            body += members._property(prop)
        for constructor in cls.constructors:
            body += members._function(constructor, constructor=True)
        for method in cls.methods:
            body += members._function(method)
        for cast in cls.casts:
            body.append(f"cast {name_text(cast.base)}{_named('up', cast.up)}{_named('down', cast.down)}")
        return _block(f"{head}{_named('as', cls.exported)}{format_span(cls.info.span, self.file)}", body)

    def _field(self, field: Field) -> list[str]:
        flags = "" if field.writable else "readonly "
        flags += "" if field.required else "optional "
        flags += "defaulted " if field.has_default else ""
        value = "" if field.value is None else f" = {format_value(field.value)}"
        value += "" if field.specifier is None else f" {_decorator('by', field.specifier)}"
        names = _named("as", field.exported) + _named("get", field.getter) + _named("set", field.setter)
        head = f"{flags}{_FIELD_HEAD[field.kind]} {self._name(field)}{self._of(field.type)}{value}{names}"
        return self._leaf(head, field.info)

    def _property(self, prop: Property) -> list[str]:
        writes = "" if prop.setter_type is None else f" writes {format_type(prop.setter_type, self.file)}"
        names = _named("get", prop.getter) + _named("set", prop.setter)
        head = "abstract property" if prop.abstract else "property"
        return self._leaf(f"{head} {self._name(prop)}{self._of(prop.type)}{writes}{names}", prop.info)

    def _variant(self, variant: Variant) -> list[str]:
        cases = [
            f"case {name_text(case.name)}{self._of(case.type)}{_named('as', case.exported)}"
            for case in variant.cases
        ]
        head = f"variant {self._name(variant)}{_named('as', variant.exported)}"
        return _block(head + format_span(variant.info.span, self.file), [*self._info(variant.info), *cases])

    # --- functions ----------------------------------------------------------------------

    def _function(self, function: Function, *, constructor: bool = False) -> list[str]:
        usual = Binding.METHOD if self.in_class else Binding.FUNCTION
        usual = Binding.CONSTRUCTOR if constructor else usual
        first = function.signatures[0] if function.signatures else None
        head = "async " if first is not None and first.is_async else ""
        head += "abstract " if function.abstract else ""
        head += "" if function.binding is usual else f"{function.binding.value} "
        head += "new " if constructor else "fun "
        head += name_text(function.name)
        if function.path != (self.prefix if constructor else join_path(self.prefix, function.name)):
            head += f" path {name_text(function.path)}"
        body = self._info(function.info)
        span = function.info.span
        if span != (first.span if first else None):
            body.append(f"span{format_span(span, self.file) or ' none'}")
        body += [_decorator("decorator", decorator) for decorator in function.decorators]
        for arm in function.signatures[1:]:
            body += self._signature("async overload " if arm.is_async else "overload ", arm)
        for call in function.calls:
            body += self._call(call)
        lines = self._signature(head, first) if first is not None else [head]
        return [*lines[:-1], *_block(lines[-1], body)]

    def _signature(self, head: str, signature: Signature) -> list[str]:
        params = [self._param(param) for param in signature.params]
        warns = "" if signature.deprecated is None else f" warns {quote(signature.deprecated)}"
        tail = f"){self._of(signature.result)}{warns}{format_span(signature.span, self.file)}"
        return _list(f"{head}{self._type_params(signature.type_params)}(", params, tail)

    def _param(self, param: Param) -> str:
        prefix = param.kind.value
        head = f"kw {_param_name(param.name)}" if prefix == "kw" else prefix + _param_name(param.name)
        return f"{head}{self._of(param.type)}{_default(param.default)}{format_span(param.span, self.file)}"

    def _call(self, call: CallPlan) -> list[str]:
        head = f"call {call.form.value}" + (f" arm {call.arm}" if call.arm else "")
        head += _named("as", call.exported)
        head += "" if call.receiver is None else f" on {format_type(call.receiver, self.file)}"
        more = ""
        if call.options:
            more += f" options ({', '.join([self._option(option) for option in call.options])})"
        if call.open_options is not None:
            more += f" open {format_type(call.open_options, self.file)}"
        more += f" returns {format_type(call.result, self.file)}"
        more += (f" {call.loop.value}" if call.loop else "") + (" lazy" if call.lazy else "")
        return _list(f"{head} (", [self._argument(argument) for argument in call.arguments], f"){more}")

    def _argument(self, argument: Argument) -> str:
        prefix = "kw " if argument.passing is Passing.KEYWORD else ""
        exported = _named("as", argument.exported)
        fixed = " fixed" if argument.fixed else ""
        return f"{prefix}{_param_name(argument.name)}{self._of(argument.type)}{fixed}{exported}"

    def _option(self, option: Option) -> str:
        prefix = "pos " if option.passing is Passing.POSITIONAL else ""
        return f"{prefix}{_param_name(option.name)}{self._of(option.type)}{_default(option.default)}"

    # --- parts --------------------------------------------------------------------------

    def _name(self, item: Item | Field | Property) -> str:
        """Print the name, and the path where it is not the usual one."""
        name = name_text(item.name)
        usual = item.path == join_path(self.prefix, item.name)
        return name if usual else f"{name} path {name_text(item.path)}"

    def _of(self, ty: BridgeType) -> str:
        return "" if is_bare(ty) else f": {format_type(ty, self.file)}"

    def _leaf(self, head: str, info: Info) -> list[str]:
        return _block(head + format_span(info.span, self.file), self._info(info))

    def _info(self, info: Info) -> list[str]:
        """Print everything but the span, which ends the head."""
        lines = [] if info.tier is self.tier else [f"tier {info.tier.value}"]
        lines += [f"doc {quote(info.doc)}"] if info.doc else []
        lines += [] if info.deprecated is None else [f"deprecated {quote(info.deprecated)}"]
        lines += [] if info.probe is None else [f"probe {info.probe.value}"]
        for loss in info.degradations:
            lines.append(f"lost {loss.reason.value} {quote(loss.where)} {quote(loss.detail)}")
        for note in info.notes:
            lines.append(f"note {note.kind.value} {quote(note.where)} {quote(note.detail)}")
        lines += [f"guard {name_text(g.name)}{' always' if g.always else ''}" for g in info.guards]
        return lines + [self._evidence(piece) for piece in info.evidence]

    def _evidence(self, piece: Evidence) -> str:
        root = f"of {quote(piece.name)}" if piece.name else format_type(piece.type, self.file)
        steps = "".join([f" then {quote(step)}" for step in piece.steps])
        return f"evidence {piece.source.value} {quote(piece.where)} {root}{steps}"

    def _import(self, item: Import) -> str:
        star = item.attribute == "*"
        usual = item.module if item.attribute is None else "" if star else item.attribute
        head = "explicit " if item.explicit else ""
        if item.attribute is None:
            head += f"import {name_text(item.module)}"
        else:
            head += f"from {name_text(item.module)} import {'*' if star else name_text(item.attribute)}"
        renamed = "" if item.name == usual else f" as {name_text(item.name)}"
        return f"{head}{renamed}{format_span(item.span, self.file)}"

    def _type_params(self, params: tuple[TypeParam, ...]) -> str:
        return f"<{', '.join([self._type_param(param) for param in params])}>" if params else ""

    def _type_param(self, param: TypeParam) -> str:
        text = _TYPE_PARAM_PREFIX[param.kind] + _param_name(param.name)
        text += "" if param.bound is None else f": {format_type(param.bound, self.file)}"
        if param.constraints:
            text += f" in ({', '.join([format_type(ty, self.file) for ty in param.constraints])})"
        return text + ("" if param.default is None else f" = {format_type(param.default, self.file)}")


def _param_name(name: str) -> str:
    """Print a name where `kw` and `pos` are prefixes of the name behind them."""
    return quote(name, "`") if name in ("kw", "pos") else name_text(name)


def _export(export: str | StarExport) -> str:
    return f"*{name_text(export.module)}" if isinstance(export, StarExport) else name_text(export)


def _decorator(keyword: str, decorator: Decorator) -> str:
    arguments = f" {quote(decorator.arguments)}" if decorator.arguments else ""
    return f"{keyword} {name_text(decorator.path)}{arguments}"


def _default(default: Default | None) -> str:
    if default is None:
        return ""
    if default.kind is DefaultKind.UNKNOWN and default.text == "...":
        return " = ..."
    return f" = {default.kind.value} {quote(default.text)}"


def _named(keyword: str, name: str | None) -> str:
    return "" if name is None else f" {keyword} {name_text(name)}"


def _block(head: str, body: list[str]) -> list[str]:
    return [f"{head} {{", *[f"  {line}" for line in body], "}"] if body else [head]


def _list(head: str, parts: list[str], tail: str) -> list[str]:
    """Join `parts` on one line if that fits, else put one part on a line."""
    if not parts or sum(map(len, parts), len(head) + len(tail) + 2 * len(parts)) <= _WIDTH:
        return [f"{head}{', '.join(parts)}{tail}"]
    return [head, *[f"  {part}," for part in parts[:-1]], f"  {parts[-1]}", tail]
