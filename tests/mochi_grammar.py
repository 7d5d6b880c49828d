"""A small reader of Mochi declarations, written from the measured grammar.

It knows imports, type declarations, externs and comments: what a shim may hold. Everything
else becomes a `Statement`. What the real front end would not read is a `Violation`; reading
goes on at the next line that opens with `import`, `type` or `extern`.
"""

from __future__ import annotations

from typing import TypeAlias

from attrs import Factory, define, frozen
from mochi_tokens import Token, Violation, tokenize

from mochic_py.ir.keywords import MOCHI_KEYWORDS

# --- the tree ------------------------------------------------------------------------------


@frozen
class Name:
    """A name where it stands; as a type, a type without arguments."""

    text: str
    line: int


@frozen
class Generic:
    """`head<arguments>`; `[T]` is a `list` too."""

    head: Name
    arguments: tuple[Type, ...]


@frozen
class Option:
    """`inner?`."""

    inner: Type


@frozen
class FunType:
    """`fun(params): result`."""

    params: tuple[Type, ...]
    result: Type | None


@frozen
class Struct:
    """An inline record type."""

    fields: tuple[Member, ...]
    line: int


Type: TypeAlias = Name | Generic | Option | FunType | Struct


@frozen
class Member:
    """A parameter, a record field or a variant field; only a parameter may lack its type."""

    name: Name
    type: Type | None


@frozen
class Variant:
    """One case of a union."""

    name: Name
    fields: tuple[Member, ...]


@frozen
class Import:
    """`import language string as alias`."""

    line: int
    language: str
    string: str
    alias: Name | None


@frozen
class Record:
    """`type name { fields }`."""

    name: Name
    fields: tuple[Member, ...]
    has_methods: bool = False


@frozen
class Union:
    """`type name = A(…) | B`."""

    name: Name
    variants: tuple[Variant, ...]


@frozen
class Alias:
    """`type name = target`."""

    name: Name
    target: Type


@frozen
class ExternFun:
    """`extern [python] fun a.b(params): result`."""

    line: int
    is_python: bool
    parts: tuple[Name, ...]
    params: tuple[Member, ...]
    result: Type | None


@frozen
class ExternValue:
    """`extern let a.b: type`, or `extern var`."""

    line: int
    keyword: str
    parts: tuple[Name, ...]
    type: Type


@frozen
class OtherExtern:
    """`extern type`, `extern object`, and externs of other languages."""

    line: int
    keyword: str
    name: str


@frozen
class Statement:
    """Anything that is not a declaration, by its first word."""

    line: int
    text: str


Declaration: TypeAlias = Import | Record | Union | Alias | ExternFun | ExternValue | OtherExtern | Statement

# --- declarations --------------------------------------------------------------------------


class _ReadError(Exception):
    """The parser stopped at `token`, where it wanted something else."""

    def __init__(self, token: Token, wanted: str) -> None:
        super().__init__(wanted)
        self.violation = Violation(
            token.line, "syntax", f"wanted {wanted}, found `{token.text or 'the end'}`"
        )


_LANGUAGES = {
    "go",
    "python",
    "typescript",
    "zig",
    "lua",
    "clj",
    "clojure",
    "rust",
    "kotlin",
    "erlang",
    "java",
}


def parse(text: str) -> tuple[list[Declaration], list[Violation]]:
    """Return the declarations of `text` in order, and what could not be read."""
    tokens, violations = tokenize(text)
    parser = _Parser(tokens, violations)
    declarations: list[Declaration] = []
    while parser.token.kind != "end":
        try:
            declarations.append(parser.declaration())
        except _ReadError as error:
            violations.append(error.violation)
            parser.skip_to_declaration()
    return declarations, violations


@define
class _Parser:
    tokens: list[Token]
    violations: list[Violation] = Factory(list)
    index: int = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def at(self, *texts: str) -> bool:
        return self.token.kind in ("mark", "name") and self.token.text in texts

    def advance(self) -> Token:
        token = self.token
        self.index = min(self.index + 1, len(self.tokens) - 1)
        return token

    def accept(self, text: str) -> bool:
        if self.at(text):
            self.advance()
            return True
        return False

    def expect(self, text: str) -> Token:
        if not self.at(text):
            raise _ReadError(self.token, f"`{text}`")
        return self.advance()

    def name(self, what: str) -> Name:
        token = self.token
        if token.kind != "name":
            raise _ReadError(token, what)
        if token.text in MOCHI_KEYWORDS:
            self.violations.append(Violation(token.line, "keyword", f"`{token.text}` as {what}"))
        self.advance()
        return Name(token.text, token.line)

    def skip_to_declaration(self) -> None:
        self.advance()
        while self.token.kind != "end" and not (
            self.token.opens_line and self.at("import", "type", "extern")
        ):
            self.advance()

    def declaration(self) -> Declaration:
        line = self.token.line
        if self.accept("import"):
            return self.import_(line)
        if self.accept("type"):
            return self.type_declaration()
        if self.accept("extern"):
            return self.extern(line)
        text = self.token.text
        self.skip_to_declaration()
        return Statement(line, text)

    def import_(self, line: int) -> Import:
        language = self.advance().text if self.token.kind == "name" else ""
        if language and language not in _LANGUAGES:
            self.violations.append(Violation(line, "syntax", f"unknown language `{language}`"))
        if self.token.kind != "string":
            raise _ReadError(self.token, "a string")
        string = self.advance().text
        alias = self.name("an import alias") if self.accept("as") else None
        self.accept("auto")
        if self.accept("!"):
            self.name("an effect")
            while self.accept(","):
                self.name("an effect")
        return Import(line, language, string, alias)

    def dotted(self) -> tuple[Name, ...]:
        parts = [self.name("an extern")]
        while self.accept("."):
            parts.append(self.name("a name after a dot"))
        return tuple(parts)

    def extern(self, line: int) -> Declaration:
        if self.at("type", "object"):
            keyword = self.advance().text
            return OtherExtern(line, keyword, self.name(f"an extern {keyword}").text)
        if self.at("var", "let"):
            keyword = self.advance().text
            parts = self.dotted()
            self.expect(":")
            return ExternValue(line, keyword, parts, self.type())
        language = self.advance().text if self.at("python", "go", "js", "java") else ""
        self.expect("fun")
        parts = self.dotted()
        params = self.params()
        result = self.type() if self.accept(":") else None
        if language == "java" and self.expect("as"):
            self.name("a name")
        if language not in ("", "python"):
            return OtherExtern(line, f"{language} fun", parts[-1].text)
        return ExternFun(line, language == "python", parts, params, result)

    def params(self) -> tuple[Member, ...]:
        self.expect("(")
        found: list[Member] = []
        while not self.at(")") or found:
            name = self.name("a parameter")
            found.append(Member(name, self.type() if self.accept(":") else None))
            if not self.accept(","):
                break
            if self.at(")"):
                self.violations.append(Violation(self.token.line, "trailing-comma", f"behind `{name.text}`"))
                break
        self.expect(")")
        return tuple(found)

    def type_declaration(self) -> Record | Union | Alias:
        name = self.name("a type")
        has_equals = self.accept("=")
        if self.at("{") and not (has_equals and self.tokens[self.index + 1].text == "}"):
            return self.record(name)
        if not has_equals:
            raise _ReadError(self.token, "`=` or `{`")
        after = self.tokens[self.index + 1]
        if self.token.kind == "name" and self.token.text != "fun" and after.text in ("|", "(", "{"):
            variants = [self.variant()]
            while self.accept("|"):
                variants.append(self.variant())
            return Union(name, tuple(variants))
        return Alias(name, self.type())

    def record(self, name: Name) -> Record:
        self.expect("{")
        fields: list[Member] = []
        while not self.at("}") or not fields:
            if self.at("fun", "export") and self.tokens[self.index + 1].kind == "name":
                self.skip_braces()
                return Record(name, tuple(fields), has_methods=True)
            fields.append(self.field())
            self.accept(",")
        self.expect("}")
        return Record(name, tuple(fields))

    def skip_braces(self) -> None:
        depth = 1
        while depth and self.token.kind != "end":
            depth += {"{": 1, "}": -1}.get(self.advance().text, 0)

    def field(self) -> Member:
        name = self.name("a field")
        self.expect(":")
        return Member(name, self.type())

    def variant(self) -> Variant:
        name = self.name("a variant")
        if self.accept("("):
            fields = [self.field()]
            while self.accept(",") and not self.at(")"):
                fields.append(self.field())
            self.expect(")")
            return Variant(name, tuple(fields))
        found: list[Member] = []
        if self.accept("{"):
            while not self.at("}"):
                found.append(self.field())
            self.expect("}")
        return Variant(name, tuple(found))

    def type(self) -> Type:
        found = self.plain_type()
        if self.accept("?"):
            found = Option(found)
        if self.at("?", "|", "."):
            raise _ReadError(self.token, "the end of a type")
        return found

    def plain_type(self) -> Type:
        line = self.token.line
        if self.accept("["):
            element = self.type()
            self.expect("]")
            return Generic(Name("list", line), (element,))
        if self.accept("{"):
            return self.struct(line)
        if self.token.kind != "name":
            raise _ReadError(self.token, "a type")
        if self.at("fun") and self.tokens[self.index + 1].text == "(":
            self.advance()
            return FunType(self.type_list("(", ")"), self.type() if self.accept(":") else None)
        if self.tokens[self.index + 1].text == "<" and self.token.text not in ("true", "false"):
            head = Name(self.advance().text, line)
            arguments = self.type_list("<", ">")
            if not arguments:
                raise _ReadError(self.token, "a type")
            return Generic(head, arguments)
        return self.name("a type")

    def struct(self, line: int) -> Struct:
        fields: list[Member] = []
        while not self.at("}"):
            fields.append(self.field())
            if not self.accept(","):
                break
        self.expect("}")
        return Struct(tuple(fields), line)

    def type_list(self, opening: str, closing: str) -> tuple[Type, ...]:
        self.expect(opening)
        found: list[Type] = []
        while not self.at(closing):
            found.append(self.type())
            if not self.accept(","):
                break
            if self.at(closing):
                raise _ReadError(self.token, "a type")
        self.expect(closing)
        return tuple(found)
