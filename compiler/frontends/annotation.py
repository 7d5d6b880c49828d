"""One type expression as text, and the bridge type it stands for.

    type     = postfix ("|" postfix)*
    postfix  = atom ("." NAME)* ("[" arguments "]")?
    atom     = NAME | STRING+ | "None" | "..." | "(" type ")" | "[" types "]" | "*" postfix

This is the grammar of type expressions of the typing specification, read by hand: the
same reader serves annotations, forward references inside strings, aliases, bases and
PEP 695 parameter lists, and it does not depend on the Python that runs the compiler. What
does not fit becomes `Unsupported`, as small a part as possible. Never fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, final

from ...ir.items import TypeParam, TypeParamKind
from ...ir.refusals import SkipReason
from ...ir.source import Span
from ...ir.types import (
    ANY,
    NONE,
    BridgeType,
    EnumMember,
    FunOf,
    ListOf,
    LiteralOf,
    LiteralValue,
    Ref,
    TupleOf,
    TypeVarRef,
    UnionOf,
    Unsupported,
)
from .scopes import Scope
from .source_text import decode_int, decode_string, one_line
from .type_tokens import CLOSING, Token, tokenize

Locate: TypeAlias = Callable[[int, int], Span]
"""Makes a span from two offsets, in code points, inside the text being read."""

_MAX_DEPTH = 40
_KEYWORDS = frozenset(("True", "False", "lambda", "if", "else", "not", "and", "or", "await", "yield"))


def parse_annotation(text: str, scope: Scope, locate: Locate | None = None) -> BridgeType:
    """Return the type that `text` stands for in `scope`.

    `locate` places what is unsupported; without it `Unsupported.span` is None.
    """
    known = scope.cache.get(text)
    if known is not None:
        return known
    parser = _Parser(text, scope, locate, 0)
    ty = parser.read_all()
    if not parser.unsupported:
        scope.cache[text] = ty
    return ty


def parse_type_params(text: str, scope: Scope, locate: Locate | None = None) -> tuple[TypeParam, ...]:
    """Return the parameters of a PEP 695 list, `[T: int = str, *Ts, **P]` with its brackets.

    Bounds and defaults are read in `scope`, which must already know the names
    (`type_param_names`), since PEP 695 lets them refer to each other.
    """
    return _Parser(text, scope, locate, 0).read_type_params()


class _NoTypeError(Exception):
    """The tokens at hand are no type expression."""


@final
class _Parser:
    """A position in the tokens of one text. `depth` counts brackets and nested strings."""

    __slots__ = ("_depth", "_locate", "_position", "_scope", "_text", "_tokens", "unsupported")

    def __init__(self, text: str, scope: Scope, locate: Locate | None, depth: int) -> None:
        self._text = text
        self._scope = scope
        self._locate = locate
        self._depth = depth
        self._tokens = tokenize(text)
        self._position = 0
        self.unsupported = False

    def read_all(self) -> BridgeType:
        try:
            ty = self._type()
        except _NoTypeError:
            return self._unsupported(0, len(self._text))
        if self._position < len(self._tokens):
            return self._unsupported(0, len(self._text))
        return ty

    def read_type_params(self) -> tuple[TypeParam, ...]:
        params: list[TypeParam] = []
        self._position = 1
        try:
            while self._peek() not in ("]", ""):
                params.append(self._type_param())
                if self._peek() == ",":
                    self._position += 1
        except _NoTypeError:
            # tree-sitter has reported the syntax error; the parameters before it stand.
            pass
        return tuple(params)

    # --- the grammar ------------------------------------------------------------------

    def _type(self) -> BridgeType:
        first = self._postfix()
        if self._peek() != "|":
            return first
        members = [first]
        while self._peek() == "|":
            self._position += 1
            members.append(self._postfix())
        return UnionOf(tuple(members))

    def _postfix(self) -> BridgeType:
        kind, token, start, _ = self._next()
        if kind == "name":
            if token == "None":
                return NONE
            if token in _KEYWORDS:
                raise _NoTypeError
            return self._named(token, start)
        if kind == "string":
            return self._forward_reference(token, start)
        if token == "(":
            return self._parenthesized()
        if token == "[":
            return TupleOf(tuple(self._arguments("]")))
        if token == "*":
            self._descend()
            inner = self._postfix()
            self._depth -= 1
            return Ref("typing.Unpack", (inner,))
        if token == "...":
            return ANY
        raise _NoTypeError

    def _named(self, name: str, start: int) -> BridgeType:
        while self._peek() == ".":
            self._position += 1
            kind, part, _, _ = self._next()
            if kind != "name":
                raise _NoTypeError
            name = f"{name}.{part}"
        root = name.partition(".")[0]
        subscripted = self._peek() == "["
        if root in self._scope.type_params and root not in self._scope.class_names:
            if subscripted:
                raise _NoTypeError
            return TypeVarRef(root)
        path = self._scope.qualify(name)
        if not subscripted:
            return Ref(path)
        self._position += 1
        ty = self._subscripted(path)
        if self._peek() in ("[", ".", "("):
            raise _NoTypeError
        return ty

    def _subscripted(self, path: str) -> BridgeType:
        last = path.rpartition(".")[2]
        if last == "Literal":
            return self._literal()
        if last == "Annotated":
            return self._annotated()
        opened = self._position
        arguments = self._arguments("]")
        is_group = self._tokens[opened][1] == "(" and self._tokens[self._position - 2][1] == ")"
        if last == "Callable":
            return _callable(path, arguments)
        if last in ("tuple", "Tuple"):
            # `...` is the only thing that reads as ANY.
            if len(arguments) == 2 and arguments[1] is ANY:
                return ListOf(arguments[0])
            if is_group and arguments == [TupleOf(())]:
                return TupleOf(())
        if is_group and len(arguments) == 1 and isinstance(arguments[0], TupleOf):
            # `X[(A, B)]` is `X[A, B]`.
            return Ref(path, arguments[0].elements)
        return Ref(path, tuple(arguments))

    def _arguments(self, close: str) -> list[BridgeType]:
        """Read types up to `close`; an argument that is no type is unsupported by itself."""
        self._descend()
        arguments: list[BridgeType] = []
        while self._peek() != close:
            arguments.append(self._operand((",", close)))
            if self._peek() == ",":
                self._position += 1
        self._position += 1
        self._depth -= 1
        return arguments

    def _parenthesized(self) -> BridgeType:
        begin = self._position
        arguments = self._arguments(")")
        plain = len(arguments) == 1 and self._tokens[self._position - 2][1] != ","
        if plain and self._position > begin:
            return arguments[0]
        return TupleOf(tuple(arguments))

    def _annotated(self) -> BridgeType:
        """Read `Annotated[T, …]`: the metadata may be any expression and is dropped (PEP 593)."""
        self._descend()
        ty = self._type()
        while self._peek() != "]":
            if not self._peek():
                raise _NoTypeError
            self._skip()
        self._position += 1
        self._depth -= 1
        return ty

    def _forward_reference(self, literal: str, start: int) -> BridgeType:
        self._descend()
        while self._position < len(self._tokens) and self._tokens[self._position][0] == "string":
            literal += self._next()[1]
        text = decode_string(literal)
        if not isinstance(text, str):
            raise _NoTypeError
        offset = start + len(literal) - len(literal.lstrip("rRuU")) + (3 if '"""' in literal[:5] else 1)
        locate = self._locate
        inner = _Parser(
            text.strip(),
            self._scope,
            (lambda a, b: locate(a + offset, b + offset)) if locate else None,
            self._depth,
        )
        ty = inner.read_all()
        self.unsupported |= inner.unsupported
        self._depth -= 1
        return ty

    def _literal(self) -> BridgeType:
        """Read the values of `Literal[…]` (PEP 586); `None` among them is a member of a union."""
        values: list[LiteralValue | EnumMember] = []
        has_none = False
        self._descend()
        while self._peek() != "]":
            kind, token, start, end = self._next()
            sign = 1
            if token in ("-", "+"):
                sign = -1 if token == "-" else 1
                kind, token, _, end = self._next()
            if kind == "string":
                while self._position < len(self._tokens) and self._tokens[self._position][0] == "string":
                    end = self._next()[3]
                decoded = decode_string(self._text[start:end])
                if decoded is None:
                    raise _NoTypeError
                values.append(decoded)
            elif kind == "number":
                number = decode_int(token)
                if number is None:
                    raise _NoTypeError
                values.append(sign * number)
            elif token == "None":
                has_none = True
            elif token in ("True", "False"):
                values.append(token == "True")
            elif kind == "name":
                nested = self._named(token, start)
                has_none |= nested is NONE
                values.extend(_literal_values(nested))
            else:
                raise _NoTypeError
            if self._peek() == ",":
                self._position += 1
            elif self._peek() != "]":
                raise _NoTypeError
        self._position += 1
        self._depth -= 1
        if not values:
            if has_none:
                return NONE
            raise _NoTypeError
        literal = LiteralOf(tuple(values))
        return UnionOf((literal, NONE)) if has_none else literal

    def _type_param(self) -> TypeParam:
        kind = TypeParamKind.TYPE
        if self._peek() in ("*", "**"):
            kind = TypeParamKind.TUPLE if self._peek() == "*" else TypeParamKind.PARAM_SPEC
            self._position += 1
        token_kind, name, _, _ = self._next()
        if token_kind != "name":
            raise _NoTypeError
        bound: BridgeType | None = None
        constraints: tuple[BridgeType, ...] = ()
        default: BridgeType | None = None
        if self._peek() == ":":
            self._position += 1
            written = self._operand(("=", ",", "]"))
            if isinstance(written, TupleOf):
                constraints = written.elements
            else:
                bound = written
        if self._peek() == "=":
            self._position += 1
            default = self._operand((",", "]"))
        return TypeParam(name, kind, bound, constraints, default)

    def _operand(self, ends: tuple[str, ...]) -> BridgeType:
        """Read a type up to one of `ends`; what is no type up to there is unsupported by itself."""
        begin, depth = self._position, self._depth
        try:
            ty = self._type()
            if self._peek() in ends:
                return ty
        except _NoTypeError:
            self._depth = depth
        self._position = begin
        start = self._next()[2]
        self._position = begin
        while self._peek() not in ends:
            self._skip()
        return self._unsupported(start, max(start, self._tokens[self._position - 1][3]))

    # --- tokens -----------------------------------------------------------------------

    def _peek(self) -> str:
        return self._tokens[self._position][1] if self._position < len(self._tokens) else ""

    def _next(self) -> Token:
        if self._position >= len(self._tokens):
            raise _NoTypeError
        token = self._tokens[self._position]
        self._position += 1
        return token

    def _descend(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _NoTypeError

    def _skip(self) -> None:
        """Step over one token, or over a bracketed group as a whole."""
        closers: list[str] = []
        while True:
            _, token, _, _ = self._next()
            if token in CLOSING:
                closers.append(CLOSING[token])
            elif closers and token == closers[-1]:
                closers.pop()
            if not closers:
                return

    def _unsupported(self, start: int, end: int) -> Unsupported:
        self.unsupported = True
        span = self._locate(start, end) if self._locate else None
        text = one_line(self._text[start:end])
        return Unsupported(SkipReason.UNSUPPORTED_TYPING_CONSTRUCT, text, span)


def _callable(path: str, arguments: list[BridgeType]) -> BridgeType:
    """Return `Callable[[A], R]` or `Callable[..., R]` as a function; a ParamSpec leaves it a name."""
    match arguments:
        case [TupleOf(params), result]:
            return FunOf(params, result)
        case [first, result] if first is ANY:
            return FunOf(None, result)
        case _:
            return Ref(path, tuple(arguments))


def _literal_values(nested: BridgeType) -> tuple[LiteralValue | EnumMember, ...]:
    """Return the values of a `Literal` inside a `Literal`, or the enum member a name stands for."""
    match nested:
        case LiteralOf(values):
            return values
        case UnionOf((LiteralOf(values), *_)):
            return values
        case Ref(path, ()):
            return (EnumMember(path),)
        case _ if nested is NONE:
            return ()
        case _:
            raise _NoTypeError
