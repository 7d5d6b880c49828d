"""The Python that a Mochi module compiles to: found, compared with the module, moved into a package.

Mochi's back end writes top-level packages, `mochi_user_<module>` and the runtime beside it. Two distributions
with the same runtime would overwrite each other's files, so all of them move into the package that is
published, and absolute imports among them follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, final

import libcst as cst
from attrs import frozen

from ..backends.literals import python_string
from ..backends.package_module import COMPILED_PREFIX
from ..ir import codes
from ..ir.diagnostics import Diagnostic, DiagnosticError
from ..ir.items import Class, Constant, Function, Item, Package, Refusal, Variant
from ..ir.parts import evolve
from ..ir.refusals import SkipReason

FOLDER: Final = "_compiled"
_SOURCES: Final = (".py", ".pyi")


@final
@frozen
class CompiledCode:
    """Files by their path below the folder that is on Python's path; `module` is where Mochi's module is."""

    files: Mapping[str, bytes]
    module: str

    @property
    def path(self) -> str:
        """The file of the module."""
        return f"{self.module.replace('.', '/')}.py"


def find_compiled(files: Mapping[str, bytes], stem: str) -> CompiledCode | None:
    """Return the code of the module `stem` among `files`, the content of a folder that the back end wrote."""
    source = "src/"
    inside = {
        path.removeprefix(source): data for path, data in files.items() if path.startswith(source)
    } or files
    name = stem.replace("-", "_")
    usual = f"mochi_user_{name}/generated/{name}.py"
    others = sorted(path for path in inside if path.rpartition("/")[2] == f"{name}.py")
    place = usual if usual in inside else others[0] if len(others) == 1 else None
    if place is None:
        return None
    return CompiledCode(inside, place.removesuffix(".py").replace("/", "."))


def match_surface(package: Package, code: CompiledCode) -> Package:
    """Return `package` without the values that `code` does not keep.

    Raises `DiagnosticError` (PY562) where it lacks a function or type, or has another form of one.
    """
    found = _Found(_parse(code.path, code.files[code.path]))
    problems: list[Diagnostic] = []
    modules = []
    for module in package.modules:
        items = tuple(_match(item, found, problems) for item in module.items)
        modules.append(evolve(module, items=items))
    if problems:
        raise DiagnosticError(*problems)
    return evolve(package, modules=tuple(modules))


def relocate(code: CompiledCode, package: str) -> CompiledCode:
    """Return `code` below the package `package`, with its absolute imports changed accordingly."""
    home = f"{package}.{FOLDER}"
    moved = frozenset(path.partition("/")[0].removesuffix(".py") for path in code.files)
    folder = home.replace(".", "/")
    files = {f"{folder}/{path}": _rewrite(path, data, home, moved) for path, data in code.files.items()}
    files.setdefault(f"{folder}/__init__.py", b"")
    return CompiledCode(files, f"{home}.{code.module}")


@final
class _Found:
    """What a compiled module defines: parameters of functions, fields of classes, other names."""

    def __init__(self, module: cst.Module) -> None:
        self.functions: dict[str, int] = {}
        self.classes: dict[str, list[str]] = {}
        self.names: set[str] = set()
        for node in module.body:
            match node:
                case cst.FunctionDef(name=cst.Name(name), params=params):
                    self.functions[name] = len(params.posonly_params) + len(params.params)
                case cst.ClassDef(name=cst.Name(name), body=cst.IndentedBlock(body)):
                    self.classes[name] = [field for line in body for field in _annotated(line)]
                case cst.ClassDef(name=cst.Name(name)):
                    self.classes[name] = []
                case cst.SimpleStatementLine(body=parts):
                    self.names.update(_assigned(parts))
                case _:
                    pass


def _annotated(line: cst.CSTNode) -> list[str]:
    parts = line.body if isinstance(line, cst.SimpleStatementLine) else ()
    targets = [part.target for part in parts if isinstance(part, cst.AnnAssign)]
    return [target.value for target in targets if isinstance(target, cst.Name)]


def _assigned(parts: Iterable[cst.BaseSmallStatement]) -> Iterator[str]:
    for part in parts:
        match part:
            case cst.Assign(targets=targets):
                yield from (each.target.value for each in targets if isinstance(each.target, cst.Name))
            case cst.AnnAssign(target=cst.Name(name)) | cst.TypeAlias(name=cst.Name(name)):
                yield name
            case _:
                pass


def _match(item: Item, found: _Found, problems: list[Diagnostic]) -> Item:
    wrong = ""
    match item:
        case Function(name=name, signatures=(signature,)):
            count = found.functions.get(f"{COMPILED_PREFIX}{name}")
            if count is None:
                wrong = f"the compiled module has no function `{COMPILED_PREFIX}{name}`"
            elif count != len(signature.params):
                wrong = f"`{name}` has {len(signature.params)} parameters, and {count} in the compiled module"
        case Class(name=name, fields=fields):
            known = found.classes.get(name)
            if known is None:
                wrong = f"the compiled module has no class `{name}`"
            elif known != [field.name for field in fields]:
                wrong = f"`{name}` has other fields in the compiled module: {', '.join(known) or 'none'}"
        case Variant(name=name) if name not in found.names and name not in found.classes:
            wrong = f"the compiled module has no type `{name}`"
        case Constant(name=name, value=None) if name not in found.names:
            reason = "the compiled module keeps no such value"
            return Refusal(name, item.path, "constant", SkipReason.DYNAMIC_ATTRIBUTE, reason, item.info)
        case _:
            pass
    if wrong:
        help = "compile the Mochi module again"
        problems.append(codes.COMPILED_CODE_DIFFERS.at(item.info.span, wrong, help=help))
    return item


def _rewrite(path: str, data: bytes, home: str, moved: frozenset[str]) -> bytes:
    """Return the content of a file with `home` before every import of what has moved."""
    if not path.endswith(_SOURCES):
        return data
    return _parse(path, data).visit(_Mover(home, moved)).bytes


def _parse(path: str, data: bytes) -> cst.Module:
    """Return the tree of a Python file, whatever version of Python this is."""
    try:
        return cst.parse_module(data)
    except cst.ParserSyntaxError as error:
        reason = f"line {error.raw_line} is no Python that this version of the tool knows"
    except (SyntaxError, ValueError, LookupError):
        reason = "its text has no encoding that Python knows"
    message = f"the compiled file `{path}` cannot be read: {reason}"
    raise DiagnosticError(codes.COMPILED_CODE_DIFFERS.at(None, message))


@final
class _Mover(cst.CSTTransformer):
    """Puts `home` before the modules `moved`, in import statements and calls that import by name."""

    def __init__(self, home: str, moved: frozenset[str]) -> None:
        super().__init__()
        self._home = home
        self._moved = moved

    def leave_ImportFrom(  # noqa: N802
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom:
        """`from a import b`."""
        module = updated_node.module
        if updated_node.relative or module is None or not self._is_moved(name := _dotted(module)):
            return updated_node
        return updated_node.with_changes(module=_name(f"{self._home}.{name}"))

    def leave_Import(  # noqa: N802
        self, original_node: cst.Import, updated_node: cst.Import
    ) -> cst.BaseSmallStatement | cst.FlattenSentinel[cst.BaseSmallStatement]:
        """`import a.b, c as d`."""
        if not any(self._is_moved(_dotted(each.name)) for each in updated_node.names):
            return updated_node
        texts = [text for each in updated_node.names for text in self._import(each)]
        parsed = cst.parse_statement("; ".join(texts))
        assert isinstance(parsed, cst.SimpleStatementLine)
        *before, last = parsed.body
        return cst.FlattenSentinel([*before, last.with_changes(semicolon=updated_node.semicolon)])

    def _import(self, alias: cst.ImportAlias) -> Iterator[str]:
        name, bound = _dotted(alias.name), alias.asname
        shown = f" as {cst.ensure_type(bound.name, cst.Name).value}" if bound else ""
        if not self._is_moved(name):
            yield f"import {name}{shown}"
            return
        if bound or "." in name:
            yield f"import {self._home}.{name}{shown}"
        if not bound:
            yield f"from {self._home} import {name.partition('.')[0]}"

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:  # noqa: N802
        """`import_module("a")`."""
        match updated_node:
            case cst.Call(
                func=cst.Name(called) | cst.Attribute(attr=cst.Name(called)),
                args=[cst.Arg(value=cst.SimpleString() as literal) as first, *others],
            ) if called in ("import_module", "__import__"):
                name = literal.evaluated_value
                if isinstance(name, str) and self._is_moved(name):
                    text = cst.SimpleString(python_string(f"{self._home}.{name}"))
                    return updated_node.with_changes(args=[first.with_changes(value=text), *others])
            case _:
                pass
        return updated_node

    def _is_moved(self, module: str) -> bool:
        return module.partition(".")[0] in self._moved


def _dotted(node: cst.BaseExpression) -> str:
    """Return the text of `a.b.c`."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    return ".".join([cst.ensure_type(node, cst.Name).value, *reversed(parts)])


def _name(dotted: str) -> cst.Attribute | cst.Name:
    parsed = cst.parse_expression(dotted)
    assert isinstance(parsed, cst.Attribute | cst.Name)
    return parsed
