"""Build types and tokens from IR text: a method per rule or token of `ir/ir.lark`."""

# ruff: noqa: D102, N802  (the grammar describes and names the methods)

from __future__ import annotations

import re
from typing import Any, TypeAlias

from .dist import Tier
from .items import (
    Binding,
    CallForm,
    ClassKind,
    Default,
    DefaultKind,
    EvidenceSource,
    FieldKind,
    NoteKind,
    Probe,
)
from .loops import LoopUse
from .refusals import SkipReason
from .source import Span
from .types import (
    UNANNOTATED,
    AsyncOf,
    BridgeType,
    EnumMember,
    FunOf,
    IteratorOf,
    ListOf,
    LiteralOf,
    MapOf,
    OptionOf,
    Ref,
    Scalar,
    ScalarKind,
    SelfType,
    SetOf,
    StreamOf,
    TupleOf,
    TypeObject,
    TypeVarRef,
    UnionOf,
    Unsupported,
)

# What Lark hands over has no static type.
Children: TypeAlias = list[Any]

_ESCAPED = re.compile(r"\\(?:x(..)|u(....)|U(.{8})|(.))")
_CONTROL = {"n": "\n", "r": "\r", "t": "\t"}
_NAMED_TYPES: dict[str, BridgeType] = {kind.value: Scalar(kind) for kind in ScalarKind}
_NAMED_TYPES |= {"self": SelfType(), "unannotated": UNANNOTATED}
_GENERICS: dict[str, Any] = {
    "list<": ListOf,
    "set<": SetOf,
    "async<": AsyncOf,
    "stream<": StreamOf,
    "iterator<": IteratorOf,
    "type<": TypeObject,
}
_FIELD_KINDS = {"var": FieldKind.INSTANCE, "classvar": FieldKind.CLASS_VAR, "member": FieldKind.MEMBER}
_PREFIX = re.compile(r"(/|\*\*?|kw[ \t]+|pos[ \t]+)?(.*?):?", re.DOTALL)


class TypeBuilder:
    """Holds what the text read so far says about the text that follows.

    `file` stands in spans that name none. One builder reads one text at a time.
    """

    def __init__(self) -> None:
        self.begin("")

    def begin(self, file: str) -> None:
        """Forget everything, before another text is read."""
        self.file = file
        self.package_tier_value = Tier.INLINE
        self.module_path = ""
        self.class_path: str | None = None
        self.prefixed: dict[str, tuple[str, str]] = {}
        self.refs: dict[str, Ref] = {}

    # --- tokens -------------------------------------------------------------------------

    def NAME(self, token: str) -> str:
        return unquote(token) if token[0] == "`" else str(token)

    WORD = NAME

    def STRING(self, token: str) -> str:
        return unquote(token)

    def BYTES(self, token: str) -> bytes:
        return unquote(token[1:]).encode("latin-1")

    def INT(self, token: str) -> int:
        return int(token, 16) if "x" in token else int(token)

    def FLOAT(self, token: str) -> float:
        return float(token)

    def BOOL(self, token: str) -> bool:
        return token == "true"

    def AT(self, token: str) -> Span:
        file, position = self.file, token[2:]
        if '"' in token:
            quoted, _, position = position.rpartition('"')
            file = unquote(quoted.strip() + '"')
        start, _, end = position.partition("-")
        line, _, column = start.partition(":")
        end_line, _, end_column = end.rpartition(":")
        first = int(line)
        return Span(file, first, int(column), int(end_line) if end_line else first, int(end_column))

    def DEFAULT(self, token: str) -> Default:
        kind, quoted, text = token[1:].partition('"')
        if not quoted:
            return Default(DefaultKind.UNKNOWN, "...")
        return Default(DefaultKind(kind.strip()), unquote(quoted + text))

    def BARE_PARAM(self, token: str) -> tuple[str, str]:
        """Return the prefix and the name."""
        known = self.prefixed.get(token)
        if known is None:
            known = self.prefixed[str(token)] = _split_prefix(token)
        return known

    PARAM = BARE_PARAM

    def NAMED_TYPE(self, token: str) -> BridgeType:
        return _NAMED_TYPES[token]

    def REF(self, token: str) -> Ref:
        known = self.refs.get(token)
        if known is None:
            known = self.refs[str(token)] = Ref(self.NAME(token[1:]))
        return known

    def REF_OPEN(self, token: str) -> str:
        return self.NAME(token[1:-1])

    def TYPE_VAR(self, token: str) -> TypeVarRef:
        return TypeVarRef(self.NAME(token[1:]))

    def SKIP_REASON(self, token: str) -> SkipReason:
        return SkipReason.from_token(token)

    def TIER(self, token: str) -> tuple[str, Tier]:
        return "tier", Tier(token)

    def EVIDENCE_SOURCE(self, token: str) -> EvidenceSource:
        return EvidenceSource(str(token))

    def NOTE_KIND(self, token: str) -> NoteKind:
        return NoteKind(str(token))

    def PROBE(self, token: str) -> tuple[str, Probe]:
        return "probe", Probe(token)

    def ASYNC(self, _token: str) -> tuple[str, bool]:
        return "is_async", True

    def ABSTRACT(self, _token: str) -> tuple[str, bool]:
        return "abstract", True

    def BINDING(self, token: str) -> tuple[str, Binding]:
        return "binding", Binding(token)

    def CLASS_KIND(self, token: str) -> tuple[str, ClassKind]:
        return "kind", ClassKind(token)

    def FIELD_KIND(self, token: str) -> tuple[str, FieldKind]:
        return "kind", _FIELD_KINDS[token]

    def READONLY(self, _token: str) -> tuple[str, bool]:
        return "writable", False

    def OPTIONAL(self, _token: str) -> tuple[str, bool]:
        return "required", False

    def DEFAULTED(self, _token: str) -> tuple[str, bool]:
        return "has_default", True

    def EXPLICIT(self, _token: str) -> tuple[str, bool]:
        return "explicit", True

    def LOOP_USE(self, token: str) -> tuple[str, LoopUse]:
        return "loop", LoopUse(" ".join(token.split()))

    def ALWAYS(self, _token: str) -> tuple[str, bool]:
        return "always", True

    def LAZY(self, _token: str) -> tuple[str, bool]:
        return "lazy", True

    def CALL_FORM(self, token: str) -> tuple[str, CallForm]:
        return "form", CallForm(token)

    # --- types --------------------------------------------------------------------------

    def types(self, children: Children) -> tuple[BridgeType, ...]:
        return tuple(children)

    def union(self, children: Children) -> UnionOf:
        return UnionOf(tuple(children))

    def function_type(self, children: Children) -> FunOf:
        return FunOf(children[0] if len(children) > 1 else (), children[-1])

    def any_function_type(self, children: Children) -> FunOf:
        return FunOf(None, children[0])

    def option(self, children: Children) -> OptionOf:
        return OptionOf(children[0])

    def group(self, children: Children) -> BridgeType:
        ty: BridgeType = children[0]
        return ty

    def generic(self, children: Children) -> BridgeType:
        ty: BridgeType = _GENERICS[children[0]](children[1])
        return ty

    def generic_ref(self, children: Children) -> Ref:
        return Ref(children[0], children[1])

    def map_type(self, children: Children) -> MapOf:
        return MapOf(children[0], children[1])

    def tuple_type(self, children: Children) -> TupleOf:
        return TupleOf(children[0] if children else ())

    def short_union(self, children: Children) -> UnionOf:
        return UnionOf((*children,))

    def literal(self, children: Children) -> LiteralOf:
        return LiteralOf((*[value for value in children if value is not None],))

    def enum_member(self, children: Children) -> EnumMember:
        return EnumMember(children[0].path)

    def unsupported(self, children: Children) -> Unsupported:
        return Unsupported(*children)


def unquote(quoted: str) -> str:
    """Return the text between the marks of `quoted`, with escapes replaced."""
    text = quoted[1:-1]
    return _ESCAPED.sub(_unescape, text) if "\\" in text else text


def _split_prefix(token: str) -> tuple[str, str]:
    match = _PREFIX.fullmatch(token)
    assert match is not None, "the grammar has checked the token"
    name = match[2]
    return (match[1] or "").rstrip(), unquote(name) if name.startswith("`") else name


def _unescape(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    return chr(int(code, 16)) if code else _CONTROL.get(match[4], match[4])
