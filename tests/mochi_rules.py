"""Checks the text of a shim against every measured rule of Mochi, and against our own.

`check_shim(text, style)` returns what is wrong, one line each. A rule in `STRICTER` is ours:
the real front end lets the text pass, for the reason not to rely on it given there. All
other rules are the front end's.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterator

import mochi_grammar as g
from attrs import Factory, define
from mochi_tokens import Violation

from mochic_py.ir.keywords import MOCHI_BUILTINS, MOCHI_GENERICS, MOCHI_SCALARS

STYLES = ("module", "dotted", "linked")

STRICTER = {
    "statement": "a shim declares and does nothing else",
    "comment-control": "a lone CR or a line separator does not end a comment for Mochi, but does on a screen",
    "digit-trap": "names such as `a1e5` pass only because they look like numbers",
    "builtin-name": "calls may be judged or taken over by the builtin",
    "builtin-type": "redefines a type that every other program knows",
    "python-keyword": "the wrapper and the generated Python use the same name",
    "extern-type": "declares nothing for the checker: every use fails",
    "other-extern": "means nothing to Python",
    "extern-var": "a Python value is read, not assigned: `extern let`",
    "import": "the default alias is cut at dots, and only Python is bound",
    "untyped-param": "is `any` without saying so, and refused by the Python back end",
    "missing-result": "is `any`, not `unit`",
    "inline-record": "refused by the Python back end; a named record says the same",
    "empty-record": "an alias of an empty structure, not a record",
    "record-method": "parses but is never lowered",
    "unknown-generic": "is silently `any`",
    "map-key": "only string and int keys exist at run time",
    "one-letter-type": "an undeclared capital letter is silently `any`",
    "value-as-type": "the name of a function or value is silently taken as its type",
    "type-order": "a later record or variant is seen without its fields",
    "recursive-type": "the inner reference is an empty stub, and a recursive union can kill the checker",
    "variant-name": "a variant named like its type, or like a builtin type, cannot be built",
    "variant-field": "a variant with a field named like a builtin cannot be built",
    "duplicate": "the last declaration silently wins, or the Python back end refuses both",
    "deep-dots": "calls of a name of three parts are not checked",
    "style": "does not belong into a shim of this style",
    "linked-type": "refused by the Python back end at the call site",
}
"""Rules that the real front end does not have, each with the reason for it."""

_LINKED_SCALARS = {"int", "float", "bool", "string"}
_LINKED_TAKEN = {"main", "Print", "dataclass", "Callable", "MochiPanic", "_panic_code"}


def check_shim(text: str, style: str) -> list[str]:
    """Return what is wrong with the shim `text` of `style`, in the order of lines."""
    return [str(violation) for violation in find_violations(text, style)]


def find_violations(text: str, style: str) -> list[Violation]:
    """Return the violations in `text`, sorted by line."""
    if style not in STYLES:
        raise ValueError(style)
    declarations, violations = g.parse(text)
    checker = _Checker(style, declarations, violations)
    for declaration in declarations:
        checker.check(declaration)
    return sorted(checker.violations, key=lambda violation: violation.line)


@define
class _Checker:
    style: str
    declarations: list[g.Declaration]
    violations: list[Violation]
    types: set[str] = Factory(set)
    all_types: set[str] = Factory(set)
    values: set[str] = Factory(set)
    globals: set[str] = Factory(set)
    flat: dict[str, str] = Factory(dict)

    def __attrs_post_init__(self) -> None:
        kinds = (g.Record, g.Union, g.Alias)
        self.all_types = {each.name.text for each in self.declarations if isinstance(each, kinds)}

    def report(self, line: int, rule: str, text: str) -> None:
        self.violations.append(Violation(line, rule, text))

    def check(self, declaration: g.Declaration) -> None:
        match declaration:
            case g.Import():
                self.check_import(declaration)
            case g.Record() | g.Union() | g.Alias():
                self.check_type_declaration(declaration)
            case g.ExternFun():
                self.check_fun(declaration)
            case g.ExternValue(line, word, parts, ty):
                if word == "var":
                    self.report(line, "extern-var", _dotted(parts))
                self.check_extern_name(line, parts)
                self.check_type(ty, line)
                self.check_style(line, "extern let", len(parts))
            case g.OtherExtern(line, word, name):
                self.report(line, "extern-type" if word == "type" else "other-extern", f"{word} {name}")
            case g.Statement(line, text):
                self.report(line, "statement", f"`{text}`")

    # --- declarations -----------------------------------------------------------------------

    def check_import(self, found: g.Import) -> None:
        if found.language != "python":
            self.report(found.line, "import", f"language `{found.language}`")
        if found.alias is None:
            self.report(found.line, "import", f"{found.string} without `as`")
        else:
            self.values.add(found.alias.text)
            if found.alias.text == "print":
                self.report(found.line, "import", "the alias `print` is the builtin")
        if self.style == "linked":
            self.report(found.line, "style", "an import in linked style")

    def check_type_declaration(self, found: g.Record | g.Union | g.Alias) -> None:
        line, name = found.name.line, found.name.text
        if name in MOCHI_SCALARS or name in MOCHI_GENERICS:
            self.report(line, "builtin-type", f"`{name}`")
        self.claim(found.name)
        if self.style == "linked":
            self.report(line, "style", f"type `{name}` in linked style")
        match found:
            case g.Record(_, fields, has_methods):
                if has_methods:
                    self.report(line, "record-method", f"in `{name}`")
                self.check_members(fields, "field", owner=name)
            case g.Union(_, variants):
                for variant in variants:
                    self.check_variant(variant, name)
            case g.Alias(_, target):
                if isinstance(target, g.Struct) and not target.fields:
                    self.report(line, "empty-record", f"`{name}`")
                else:
                    self.check_type(target, line, owner=name)
        self.types.add(name)

    def check_variant(self, variant: g.Variant, owner: str) -> None:
        name = variant.name
        if name.text in MOCHI_SCALARS or name.text in MOCHI_GENERICS or name.text == owner:
            self.report(name.line, "variant-name", f"`{name.text}`")
        elif name.text in MOCHI_BUILTINS:
            self.report(name.line, "builtin-name", f"variant `{name.text}`")
        if name.text != owner:
            self.claim(name)
        for field in variant.fields:
            if field.name.text in MOCHI_BUILTINS:
                self.report(field.name.line, "variant-field", f"`{field.name.text}` in `{name.text}`")
        self.check_members(variant.fields, "field", owner=owner)

    def check_fun(self, found: g.ExternFun) -> None:
        self.check_extern_name(found.line, found.parts)
        if len(found.parts) == 1 and found.parts[0].text in MOCHI_BUILTINS:
            self.report(found.line, "builtin-name", f"`{found.parts[0].text}`")
        self.check_members(found.params, "parameter")
        if found.result is None:
            self.report(found.line, "missing-result", _dotted(found.parts))
        else:
            self.check_type(found.result, found.line)
        self.check_style(
            found.line, "extern python fun" if found.is_python else "extern fun", len(found.parts)
        )
        if self.style == "linked":
            self.check_linked(found)

    def check_extern_name(self, line: int, parts: tuple[g.Name, ...]) -> None:
        name = _dotted(parts)
        if len(parts) > 2:
            self.report(line, "deep-dots", f"`{name}`")
        if len(parts) == 1:
            self.claim(parts[0])
            self.values.add(name)
        else:
            self.values.add(parts[0].text)
            self.check_python_keyword(parts[-1])
            if name in self.globals:
                self.report(line, "duplicate", f"`{name}`")
            self.globals.add(name)
        flat = name.replace(".", "_")
        if self.flat.setdefault(flat, name) != name:
            self.report(
                line, "duplicate", f"`{name}` and `{self.flat[flat]}` are both `{flat}` when flattened"
            )

    def check_style(self, line: int, what: str, parts: int) -> None:
        if self.style == "linked" and (what != "extern python fun" or parts > 1):
            self.report(line, "style", f"{what} of {parts} parts in linked style")
        if self.style == "module" and parts > 1:
            self.report(line, "style", "a dotted name in module style")
        if self.style == "dotted" and what == "extern python fun" and parts > 1:
            self.report(line, "style", "a dotted `extern python fun` declares the flat name")

    def check_linked(self, found: g.ExternFun) -> None:
        if found.parts[0].text in _LINKED_TAKEN:
            self.report(found.line, "linked-type", f"`{found.parts[0].text}` is taken by generated Python")
        for param in found.params:
            if param.type is not None and not _crosses(param.type):
                self.report(param.name.line, "linked-type", f"parameter `{param.name.text}`")
        if found.result is not None and not _is_scalar(found.result, "unit"):
            self.report(found.line, "linked-type", f"result of `{_dotted(found.parts)}`")

    # --- names and types ----------------------------------------------------------------------

    def claim(self, name: g.Name) -> None:
        """Enter `name` into the one space of types, variants, functions and values."""
        self.check_python_keyword(name)
        if name.text in self.globals:
            self.report(name.line, "duplicate", f"`{name.text}`")
        self.globals.add(name.text)

    def check_python_keyword(self, name: g.Name) -> None:
        if keyword.iskeyword(name.text):
            self.report(name.line, "python-keyword", f"`{name.text}`")

    def check_members(self, members: tuple[g.Member, ...], what: str, owner: str = "") -> None:
        seen: set[str] = set()
        for member in members:
            name = member.name
            self.check_python_keyword(name)
            if name.text in seen:
                self.report(name.line, "duplicate", f"{what} `{name.text}`")
            seen.add(name.text)
            if member.type is None:
                self.report(name.line, "untyped-param", f"`{name.text}`")
            else:
                self.check_type(member.type, name.line, owner)

    def check_type(self, ty: g.Type, line: int, owner: str = "") -> None:
        """Check `ty`; `owner` is the type declaration it stands in, empty in an extern."""
        match ty:
            case g.Name(name):
                self.check_type_name(name, ty.line, owner)
            case g.Generic(head, arguments):
                if MOCHI_GENERICS.get(head.text) != len(arguments):
                    self.report(head.line, "unknown-generic", f"`{head.text}` of {len(arguments)}")
                    return
                key = arguments[0]
                if head.text in ("map", "omap") and not (
                    isinstance(key, g.Name) and key.text in ("string", "int")
                ):
                    self.report(head.line, "map-key", f"in `{head.text}`")
            case g.Struct(_, struct_line):
                self.report(struct_line, "inline-record", "in a type")
            case _:
                pass
        for part in _parts(ty):
            self.check_type(part, line, owner)

    def check_type_name(self, name: str, line: int, owner: str) -> None:
        if name in MOCHI_SCALARS:
            return
        if name == owner:
            self.report(line, "recursive-type", f"`{name}`")
        elif name in self.all_types:
            if owner and name not in self.types:
                self.report(line, "type-order", f"`{name}` is declared behind `{owner}`")
        elif len(name) == 1 and name.isascii() and name.isupper():
            self.report(line, "one-letter-type", f"`{name}`")
        elif name in self.values or name in MOCHI_BUILTINS:
            self.report(line, "value-as-type", f"`{name}`")
        else:
            self.report(line, "unknown-type", f"`{name}`")


def _dotted(parts: tuple[g.Name, ...]) -> str:
    return ".".join(part.text for part in parts)


def _parts(ty: g.Type) -> Iterator[g.Type]:
    match ty:
        case g.Generic(_, arguments):
            yield from arguments
        case g.Option(inner):
            yield inner
        case g.FunType(params, result):
            yield from params
            if result is not None:
                yield result
        case g.Struct(fields):
            yield from (field.type for field in fields if field.type is not None)
        case g.Name():
            return


def _is_scalar(ty: g.Type | None, *more: str) -> bool:
    return isinstance(ty, g.Name) and ty.text in {*_LINKED_SCALARS, *more}


def _crosses(ty: g.Type) -> bool:
    """Tell whether a parameter of the Python back end may have type `ty`."""
    if not isinstance(ty, g.FunType):
        return _is_scalar(ty)
    result = ty.result is None or _is_scalar(ty.result, "unit")
    return result and all(_is_scalar(param) for param in ty.params)
