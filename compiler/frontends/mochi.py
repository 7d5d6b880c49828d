"""Find the imports and the top-level names of a Mochi program.

Only those: `mochi.lark` reads any text without failing, and what else the program says is
Mochi's business. The facts behind it were measured on Mochi's own parser; on every program
that Mochi accepts, `find_imports` finds what Mochi finds.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import final

from attrs import field, frozen
from lark import Lark, Token, Tree

from ...ir import codes
from ...ir.diagnostics import Diagnostic
from ...ir.keywords import is_legal_mochi_alias, is_mochi_identifier
from ...ir.source import SourceFile, Span


@final
@frozen
class ImportStatement:
    """`import LANGUAGE "SPEC" as ALIAS auto ! EFFECTS`, in any block of a program.

    `language` is None where none is written. `spec` is the decoded string; `spec_span` covers
    the string with its quotes. `nested` tells that the import stands inside braces, where its
    alias lives only to their end. `line` is that of the word `import`.
    """

    language: str | None
    spec: str
    alias: str | None
    auto: bool
    effects: tuple[str, ...]
    nested: bool
    line: int
    span: Span = field(eq=False, repr=False)
    spec_span: Span = field(eq=False, repr=False)
    alias_span: Span | None = field(default=None, eq=False, repr=False)

    @property
    def bound_name(self) -> str | None:
        """The name the import binds: the alias, else what Mochi derives from the spec.

        Mochi takes the last path segment and cuts its last `.suffix`: `google.cloud` is
        `google`, and `a.b.c`, whose rest is no identifier, binds nothing that can be used.
        """
        if self.alias is not None:
            return self.alias
        segment = self.spec.rstrip("/").rpartition("/")[2]
        name = segment.rpartition(".")[0] or segment
        return name if is_mochi_identifier(name) else None


@final
@frozen
class Declaration:
    """A name that a program declares at its top level; `kind` is Mochi's word for it."""

    kind: str
    name: str
    span: Span = field(eq=False, repr=False)


@final
@frozen
class Program:
    """What a Mochi file says that matters here."""

    imports: tuple[ImportStatement, ...]
    declarations: tuple[Declaration, ...]
    diagnostics: tuple[Diagnostic, ...]


def find_imports(source: SourceFile) -> tuple[tuple[ImportStatement, ...], tuple[Diagnostic, ...]]:
    """Return the imports of `source`, of every language, in order, and what is wrong with them.

    Never fails: in a text that is not Mochi, it finds what looks like an import there.
    """
    if "import" not in source.text:
        return (), ()
    program = read_program(source)
    return program.imports, program.diagnostics


def find_declarations(source: SourceFile) -> tuple[Declaration, ...]:
    """Return the names of top-level `let`, `var`, `fun`, `type`, `agent` and `stream`, in order.

    Externs count; a dotted one (`extern fun m.f`) declares no name of its own.
    """
    return read_program(source).declarations


def read_program(source: SourceFile) -> Program:
    """Return the imports and declarations of `source` in one reading."""
    reader = _Reader(source)
    reader.read(_grammar().parse(_normalise(source.text)))
    return Program(tuple(reader.imports), tuple(reader.declarations), tuple(reader.diagnostics))


@cache
def _grammar() -> Lark:
    return Lark.open("mochi.lark", rel_to=__file__, parser="lalr", lexer="contextual")


def _normalise(text: str) -> str:
    """Map every non-ASCII character to one that stands for its class, offsets unchanged.

    Mochi's identifiers are made of letters, numbers and symbols of category So, which no
    class of Python's `re` names; the rest of Unicode is no part of the language.
    """
    if text.isascii():
        return text
    classes = {ord(ch): _classify(ch) for ch in set(text) if not ch.isascii()}
    blank = " " if text[0] == "\ufeff" else text[0].translate(classes)
    return blank + text[1:].translate(classes)


def _classify(ch: str) -> str:
    category = unicodedata.category(ch)
    if category[0] == "L" or category == "So":
        return "é"
    return "٣" if category[0] == "N" else "\0"


class _Reader:
    """Walks the flat tree of the grammar with the depth of braces."""

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.imports: list[ImportStatement] = []
        self.declarations: list[Declaration] = []
        self.diagnostics: list[Diagnostic] = []

    def read(self, tree: Tree[Token]) -> None:
        depth = 0
        for child in tree.children:
            if isinstance(child, Token):
                if child.type == "OPEN":
                    depth += 1
                elif child.type == "CLOSE":
                    depth = max(depth - 1, 0)
            elif child.data == "import_":
                self._read_import(child, depth > 0)
            elif child.data == "broken":
                self._report_broken(child)
            elif depth == 0:
                self._read_declaration(child)

    def _read_import(self, tree: Tree[Token], nested: bool) -> None:
        keyword, string = _token(tree, "IMPORT"), _token(tree, "STRING")
        language, auto = _find_token(tree, "WORD"), _find_token(tree, "AUTO")
        alias = next((_token(part, "WORD") for part in tree.find_data("alias")), None)
        effects = [token for part in tree.find_data("effects") for token in part.children]
        assert keyword.start_pos is not None
        last = max(token.end_pos or 0 for token in tree.scan_values(_is_token))
        statement = ImportStatement(
            language=self._text(language) if language else None,
            spec=self._decode(string),
            alias=self._text(alias) if alias else None,
            auto=auto is not None,
            effects=tuple(self._text(token) for token in effects if isinstance(token, Token)),
            nested=nested,
            line=self.source.position(keyword.start_pos)[0],
            span=self.source.span(keyword.start_pos, last),
            spec_span=self._span(string),
            alias_span=self._span(alias) if alias else None,
        )
        self.imports.append(statement)
        if statement.language == "python":
            self._check_name(statement)

    def _check_name(self, statement: ImportStatement) -> None:
        if statement.bound_name is None and not statement.auto:
            name = re.match(r"[A-Za-z_]+[0-9]*", statement.spec)
            alias = name[0] if name and is_legal_mochi_alias(name[0]) else "NAME"
            self.diagnostics.append(
                codes.MISSING_ALIAS.at(statement.spec_span, help=f"write `as {alias}` after the string")
            )

    def _read_declaration(self, tree: Tree[Token]) -> None:
        name = _find_token(tree, "WORD")
        if name is not None and _find_token(tree, "DOT") is None:
            kind = _token(tree, "DECLARE")
            self.declarations.append(Declaration(str(kind), self._text(name), self._span(name)))

    def _report_broken(self, tree: Tree[Token]) -> None:
        if quote := _find_token(tree, "QUOTE"):
            self.diagnostics.append(
                codes.UNTERMINATED_IMPORT.at(
                    self._span(quote), label="opens here", help='close the string with `"`'
                )
            )
            return
        keyword, language = _token(tree, "IMPORT"), _find_token(tree, "WORD")
        written = f"import {self._text(language)}" if language else "import"
        self.diagnostics.append(
            codes.INCOMPLETE_IMPORT.at(
                self._span(keyword), help=f'write `{written} "name" as alias` or remove the word'
            )
        )

    def _decode(self, string: Token) -> str:
        """Return the value of a string literal; an unknown escape is reported and kept."""
        assert string.start_pos is not None
        start = string.start_pos + 1
        raw = self.source.text[start : (string.end_pos or start) - 1]
        if "\\" not in raw:
            return raw
        # Escapes of one or two digits make bytes, as in Go: several may form one character.
        decoded = bytearray()
        position = 0
        for match in _ESCAPE.finditer(raw):
            decoded += raw[position : match.start()].encode("utf-8", "surrogatepass")
            value = _decode_escape(match)
            if value is None:
                span = self.source.span(start + match.start(), start + match.end())
                self.diagnostics.append(
                    codes.INVALID_ESCAPE.at(
                        span, help=r"the escapes are \\ \" \n \r \t \a \b \f \v \xHH \ooo \uHHHH \UHHHHHHHH"
                    )
                )
                value = match[0].encode("utf-8", "surrogatepass")
            decoded += value
            position = match.end()
        decoded += raw[position:].encode("utf-8", "surrogatepass")
        return decoded.decode("utf-8", "replace")

    def _text(self, token: Token) -> str:
        """Return what the program says where the normalised text has `token`."""
        return self.source.text[token.start_pos : token.end_pos]

    def _span(self, token: Token) -> Span:
        assert token.start_pos is not None
        assert token.end_pos is not None
        return self.source.span(token.start_pos, token.end_pos)


_ESCAPE = re.compile(
    r"\\(?:x(?P<hex>[0-9A-Fa-f]{2})|(?P<octal>[0-7]{3})|u(?P<short>[0-9A-Fa-f]{4})"
    r"|U(?P<long>[0-9A-Fa-f]{8})|(?P<one>.))"
)
_ONE = {
    "\\": b"\\",
    '"': b'"',
    "n": b"\n",
    "r": b"\r",
    "t": b"\t",
    "a": b"\a",
    "b": b"\b",
    "f": b"\f",
    "v": b"\v",
}


def _decode_escape(match: re.Match[str]) -> bytes | None:
    if match["hex"]:
        return bytes.fromhex(match["hex"])
    if match["octal"]:
        value = int(match["octal"], 8)
        return bytes([value]) if value < 256 else None
    if match["one"]:
        return _ONE.get(match["one"])
    point = int(match["short"] or match["long"], 16)
    if 0xD800 <= point < 0xE000 or point > 0x10FFFF:
        return None
    return chr(point).encode("utf-8")


def _is_token(value: object) -> bool:
    return isinstance(value, Token)


def _find_token(tree: Tree[Token], kind: str) -> Token | None:
    """Return the first token of `kind` among the direct children of `tree`."""
    for child in tree.children:
        if isinstance(child, Token) and child.type == kind:
            return child
    return None


def _token(tree: Tree[Token], kind: str) -> Token:
    token = _find_token(tree, kind)
    assert token is not None, f"the grammar promises a {kind}"
    return token
