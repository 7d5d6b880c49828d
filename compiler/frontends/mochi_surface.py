"""What a Mochi module offers to Python: `.mochi` to IR.

Functions marked `export`, all types of the top level, and constants. Bodies are read, as the grammar
needs, and left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeVar, final

from attrs import define, field

from ...ir import codes
from ...ir.diagnostics import Diagnostic, DiagnosticError
from ...ir.dist import Target, Tier
from ...ir.info import Degradation, Note, NoteKind
from ...ir.items import (
    Alias,
    Class,
    ClassKind,
    Constant,
    Field,
    FieldKind,
    Function,
    Info,
    Item,
    Module,
    Package,
    Param,
    ParamKind,
    Refusal,
    Signature,
    TypeParam,
    Variant,
    VariantCase,
)
from ...ir.parts import evolve
from ...ir.refusals import SkipReason
from ...ir.source import SourceFile
from ...ir.types import (
    ANY,
    BIGINT,
    BOOL,
    FLOAT,
    INT,
    NONE,
    STRING,
    AsyncOf,
    BridgeType,
    ConstantValue,
    FunOf,
    ListOf,
    MapOf,
    OptionOf,
    Ref,
    SetOf,
    StreamOf,
    TypeVarRef,
)
from ..mochi import expressions, tree
from ..mochi.lexer import Tokens
from ..mochi.mochi_codes import code_named
from ..mochi.parser import Parsed, parse
from ..mochi.problem import Problem, ProblemError

_SCALARS: Final[Mapping[str, BridgeType]] = {
    "int": INT,
    "int64": INT,
    "bigint": BIGINT,
    "float": FLOAT,
    "string": STRING,
    "bool": BOOL,
    "unit": NONE,
    "any": ANY,
    "value": ANY,
}
_LITERALS: Final[Mapping[str, BridgeType]] = {"int": INT, "float": FLOAT, "bool": BOOL, "text": STRING}
_UNSUPPORTED: Final = SkipReason.UNSUPPORTED_TYPING_CONSTRUCT
_T = TypeVar("_T", Function, Class, Variant, Constant, Alias)
_DOC: Final = re.compile(r"[ \t]*///[ ]?(?P<text>[^\n]*?)\r?\n?")


def read_surface(source: SourceFile, package: str, version: str, target: Target) -> Package:
    """Return what the module `source` offers as the Python package `package`.

    Raises `DiagnosticError` where Mochi's parser refuses the program, or where it offers nothing.
    """
    try:
        parsed = parse(source.text)
    except ProblemError as error:
        problem = error.problem
        place = source.span(problem.start, problem.end)
        raise DiagnosticError(
            code_named(problem.code).at(place, problem.message, help=problem.help)
        ) from None
    items = tuple(_Reader(source, parsed, package).read())
    if not items:
        raise DiagnosticError(_explain_nothing(source))
    module = Module(package, source.path, items)
    return Package(package, version, (package,), Tier.INLINE, target, (module,))


def _describe(source: SourceFile, problem: Problem) -> Diagnostic:
    place = source.span(problem.start, problem.end)
    return code_named(problem.code).at(place, problem.message, help=problem.help)


def _explain_nothing(source: SourceFile) -> Diagnostic:
    message = "this module offers nothing that Python could call"
    return codes.NOTHING_EXPORTED.at(source.span(0, 0), message, help="write `export fun` before a function")


@final
@define(eq=False)
class _Reader:
    source: SourceFile
    parsed: Parsed
    package: str
    _declared: dict[str, tree.TypeDecl] = field(init=False, factory=dict)
    _cases: set[str] = field(init=False, factory=set)
    _generic: frozenset[str] = field(init=False, default=frozenset())
    _losses: list[str] = field(init=False, factory=list)

    @property
    def _tokens(self) -> Tokens:
        return self.parsed.tokens

    def read(self) -> Iterator[Item]:
        """Yield the items of the top level in the order of the text."""
        statements = self.parsed.program.statements
        for each in statements:
            if isinstance(each, tree.TypeDecl):
                self._declared[each.name] = each
                self._cases.update(case.name for case in each.variants)
        for each in statements:
            match each:
                case tree.TypeDecl():
                    yield from self._read_type(each)
                case tree.Fun(export=True):
                    yield self._read_function(each)
                case tree.Binding(mutable=False):
                    yield from self._read_constant(each)
                case _:
                    pass

    def _read_function(self, fun: tree.Fun) -> Item:
        self._generic = frozenset(fun.type_params)
        params = tuple(
            Param(each.name, ParamKind.POSITIONAL_ONLY, self._type(each.type) if each.type else ANY)
            for each in fun.params
        )
        result = self._type(fun.result) if fun.result else NONE
        generics = tuple(TypeParam(name) for name in fun.type_params)
        info = self._info(fun)
        signature = Signature(params, result, generics, span=info.span)
        notes = tuple(Note(NoteKind.EFFECT, "function", label) for label in fun.effects)
        return self._finish(
            Function(fun.name, self._path(fun.name), (signature,), info=evolve(info, notes=notes)), "function"
        )

    def _read_type(self, decl: tree.TypeDecl) -> Iterator[Item]:
        path, info = self._path(decl.name), self._info(decl)
        if decl.members:
            fields = [each for each in decl.members if isinstance(each, tree.Field)]
            yield self._finish(self._record(decl.name, fields, info), "class")
            for method in decl.members:
                if isinstance(method, tree.Fun):
                    name = f"{decl.name}.{method.name}"
                    reason = "the Python back end of Mochi leaves methods out"
                    yield Refusal(name, self._path(name), "method", _UNSUPPORTED, reason, self._info(method))
        elif decl.variants:
            for case in decl.variants:
                yield self._finish(self._record(case.name, case.fields, self._info(case)), "class")
            cases = tuple(
                VariantCase(case.name, Ref(self._path(case.name)))
                for case in decl.variants
                if case.name.isidentifier()
            )
            yield self._finish(Variant(decl.name, path, cases, info), "type")
        elif decl.alias is not None:
            yield self._finish(Alias(decl.name, path, self._type(decl.alias), info=info), "alias")

    def _record(self, name: str, fields: Iterable[tree.Field], info: Info) -> Class:
        path = self._path(name)
        own = tuple(
            Field(
                each.name,
                f"{path}.{each.name}",
                self._type(each.type),
                FieldKind.INSTANCE,
                writable=False,
                info=self._info(each),
            )
            for each in fields
        )
        return Class(name, path, kind=ClassKind.RECORD, fields=own, info=info)

    def _read_constant(self, binding: tree.Binding) -> Iterator[Item]:
        found = _literal(binding.value)
        if found is None and binding.type is None:
            return
        kind, value = found or ("", None)
        ty = self._type(binding.type) if binding.type else _LITERALS[kind]
        if isinstance(value, int) and ty is FLOAT:
            value = float(value)
        constant = Constant(binding.name, self._path(binding.name), ty, value, self._info(binding))
        yield self._finish(constant, "constant")

    def _finish(self, item: _T, kind: str) -> _T | Refusal:
        """Return `item` with what its types lost, or a refusal where it has no name in Python."""
        losses, self._losses = self._losses, []
        if not item.name.isidentifier():
            reason = f"`{item.name}` is no name in Python"
            return Refusal(item.name, item.path, kind, _UNSUPPORTED, reason, item.info)
        lost = tuple(Degradation(_UNSUPPORTED, kind, reason) for reason in dict.fromkeys(losses))
        return evolve(item, info=evolve(item.info, degradations=lost)) if lost else item

    # --- types --------------------------------------------------------------------------

    def _type(self, ref: tree.TypeRef) -> BridgeType:
        plain = self._plain_type(ref)
        return OptionOf(plain) if ref.optional else plain

    def _plain_type(self, ref: tree.TypeRef) -> BridgeType:
        if ref.fun is not None:
            result = self._type(ref.fun.result) if ref.fun.result else NONE
            return FunOf(tuple(map(self._type, ref.fun.params)), result)
        if ref.stream is not None:
            return StreamOf(self._type(ref.stream))
        if ref.element is not None:
            return ListOf(self._type(ref.element))
        if ref.generic is not None:
            return self._applied(ref.generic)
        if ref.struct is not None:
            return self._lose("a record type without a name has no class in Python")
        assert ref.name is not None
        return self._named(ref.name)

    def _applied(self, generic: tree.Generic) -> BridgeType:
        arguments = tuple(map(self._type, generic.args))
        match generic.name, arguments:
            case "list", (element,):
                return ListOf(element)
            case "set", (element,):
                return SetOf(element)
            case (("map" | "omap"), (key, value)):
                return MapOf(key, value)
            case "future", (inner,):
                return AsyncOf(inner)
            case "stream", (element,):
                return StreamOf(element)
            case (("chan" | "sub"), _):
                return self._lose(f"`{generic.name}` has no form in Python")
            case _:
                return ANY  # an unknown generic is `any` to Mochi's checker too

    def _named(self, name: str) -> BridgeType:
        if name in self._generic:
            return TypeVarRef(name)
        if (name in self._declared or name in self._cases) and name.isidentifier():
            return Ref(self._path(name))
        if name == "bigrat":
            return self._lose("`bigrat` has no form in Python")
        return _SCALARS.get(name, ANY)

    def _lose(self, reason: str) -> BridgeType:
        self._losses.append(reason)
        return ANY

    # --- places and words ---------------------------------------------------------------

    def _path(self, name: str) -> str:
        return f"{self.package}.{name}"

    def _info(self, node: tree.Node) -> Info:
        start = self._tokens.starts[node.start]
        return Info(
            span=self.source.span(start, start), tier=Tier.INLINE, doc=_find_doc(self.source.text, start)
        )


def _find_doc(text: str, offset: int) -> str:
    """Return the `///` block right above the line of `offset`, without its marks."""
    end = text.rfind("\n", 0, offset) + 1
    if text[end:offset].strip():
        return ""
    lines: list[str] = []
    while end > 0:
        start = text.rfind("\n", 0, end - 1) + 1
        found = _DOC.fullmatch(text, start, end)
        if found is None:
            break
        lines.append(found["text"].rstrip())
        end = start
    return "\n".join(reversed(lines)).strip()


def _literal(value: expressions.Expr | None) -> tuple[str, ConstantValue] | None:
    """Return kind and value of an expression that is a literal, with its sign."""
    if value is None or value.rest or value.left.value.ops:
        return None
    literal = value.left.value.target
    if not isinstance(literal, expressions.Literal) or literal.kind == "none":
        return None
    signs = value.left.ops
    match literal.kind:
        case "int":
            number: int | float = int(literal.value, 0 if literal.value[1:2].isalpha() else 10)
        case "float":
            number = float(literal.value)
        case "bool":
            return None if signs else ("bool", literal.value == "true")
        case _:
            return None if signs else ("text", literal.value)
    if any(sign != "-" for sign in signs):
        return None
    return literal.kind, -number if len(signs) % 2 else number
