"""Reads import specs and specifiers by `importspec.lark`, and says where they are wrong."""

from __future__ import annotations

from functools import cache

from attrs import field, frozen
from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from ...ir import codes
from ...ir.diagnostics import Diagnostic
from ...ir.dist import GitSource, IndexRequest, PathSource, RegistryRequest, RequestSource, Requirement
from ...ir.source import Span
from .importspec import parse_name
from .problem import Problem
from .sources import GIT_SCHEMES, INDEX_SCHEMES, check_path, check_url, normalise_path
from .specifier import Clause, build_specifier

_FORMS = (
    "the forms are `name`, `name[extra]@>=1.2`, `name@git+URL#REV`, `name@path+PATH` and `name@index+URL`"
)


def read_import_spec(text: str, span: Span | None) -> tuple[Requirement | None, tuple[Diagnostic, ...]]:
    """Read an import spec by the grammar; see `importspec.parse_import_spec`."""
    try:
        tree = _grammar().parse(text, start="start")
    except UnexpectedInput as error:
        return None, (_explain(text, error, "an import spec", _FORMS).locate(text, span),)
    reader = _Reader(text)
    requirement = reader.read(tree, span)
    diagnostics = tuple(problem.locate(text, span) for problem in reader.problems)
    return (None if diagnostics else requirement), diagnostics


def read_specifier(text: str, span: Span | None) -> tuple[str | None, tuple[Diagnostic, ...]]:
    """Read a specifier by the grammar; see `importspec.parse_specifier`."""
    try:
        tree = _grammar().parse(text, start="specifier")
    except UnexpectedInput as error:
        help = "write for example `>=1.2,<2` or `^1.2`"
        return None, (_explain(text, error, "a specifier", help).locate(text, span),)
    specifier, problems = build_specifier(_clauses(tree))
    return specifier, tuple(problem.locate(text, span) for problem in problems)


@cache
def _grammar() -> Lark:
    return Lark.open(
        "importspec.lark", rel_to=__file__, parser="lalr", lexer="contextual", start=["start", "specifier"]
    )


@frozen
class _Reader:
    """Turns the tree of a spec into a requirement, and collects what is wrong on the way."""

    text: str
    problems: list[Problem] = field(factory=list)

    def read(self, tree: Tree[Token], span: Span | None) -> Requirement | None:
        name, *rest = tree.children
        assert isinstance(name, Token)
        normal = self._read_name(name)
        extras: tuple[str, ...] = ()
        source: RequestSource | None = RegistryRequest()
        for part in rest:
            assert isinstance(part, Tree)
            if part.data == "extras":
                names = [
                    self._read_name(token, "an extra") for token in part.children if isinstance(token, Token)
                ]
                extras = tuple(sorted({extra for extra in names if extra is not None}))
            else:
                source = self._read_source(part)
        if normal is None or source is None:
            return None
        return Requirement(normal, source, extras, written=self.text, span=span)

    def _read_name(self, token: Token, of: str = "a distribution") -> str | None:
        match parse_name(str(token), of):
            case Problem() as problem:
                self._add(problem, token)
                return None
            case name:
                return name

    def _read_source(self, tree: Tree[Token]) -> RequestSource | None:
        tokens = {child.type: child for child in tree.children if isinstance(child, Token)}
        match tree.data:
            case "specifier" | "compared":
                specifier, problems = build_specifier(_clauses(tree))
                self.problems.extend(problems)
                return RegistryRequest(specifier) if specifier is not None else None
            case "git":
                url = self._read_url(tokens.get("URL"), "git", GIT_SCHEMES)
                return GitSource(url, str(tokens.get("REV", ""))) if url else None
            case "index":
                url = self._read_url(tokens.get("URL"), "index", INDEX_SCHEMES)
                return IndexRequest(url) if url else None
            case "path":
                return self._read_path(tokens.get("PLACE"))
            case _:
                self._add(_explain_scheme(tokens["SCHEME"]), tokens["SCHEME"])
                return None

    def _read_url(self, token: Token | None, kind: str, schemes: tuple[str, ...]) -> str | None:
        problem = check_url(str(token or ""), kind, schemes)
        if problem is not None:
            self._add(problem, token)
            return None
        return str(token)

    def _read_path(self, token: Token | None) -> PathSource | None:
        problem = check_path(str(token or ""))
        if problem is not None:
            self._add(problem, token)
            return None
        return PathSource(normalise_path(str(token)))

    def _add(self, problem: Problem, token: Token | None) -> None:
        start = token.start_pos if token is not None else None
        self.problems.append(problem.shift(start or 0, len(token or self.text)))


def _clauses(tree: Tree[Token]) -> list[Clause]:
    """Return the clauses of a `specifier` or `compared` node; the latter opens with a bare one."""
    clauses = [_clause(part.children) for part in tree.find_data("clause")]
    if tree.data == "compared":
        clauses.insert(0, _clause(tree.children[:2]))
    return clauses


def _clause(children: list[Token | Tree[Token]]) -> Clause:
    tokens = [child for child in children if isinstance(child, Token)]
    start, end = tokens[0].start_pos, tokens[-1].end_pos
    assert start is not None
    assert end is not None
    return Clause(str(tokens[0]) if len(tokens) == 2 else "", str(tokens[-1]), start, end)


def _explain_scheme(scheme: Token) -> Problem:
    if scheme.endswith(":"):
        help = "a package comes from an index, a repository (`git+…`) or a path (`path+…`)"
        return Problem(codes.INVALID_SOURCE, "a package cannot be taken from a bare URL", help)
    from difflib import get_close_matches  # costs more than the rest of this module

    near = get_close_matches(scheme.lower(), ["git+", "path+", "index+"], 1)
    help = f"did you mean `{near[0]}`?" if near else "the sources are `git+`, `path+` and `index+`"
    return Problem(codes.INVALID_SOURCE, f"`{scheme}` is not a source", help)


def _explain(text: str, error: UnexpectedInput, what: str, forms: str) -> Problem:
    """Say what `text`, which should be `what`, lacks where the grammar gave up."""
    code = codes.INVALID_IMPORT_SPEC if forms is _FORMS else codes.INVALID_SPECIFIER
    if not text.strip():
        return Problem(code, f"{what} cannot be empty", forms)
    if text.count("[") > text.count("]"):
        forms = "close the extras with `]`"
    ended = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    if ended or not isinstance(error, UnexpectedCharacters | UnexpectedToken):
        return Problem(code, f"{what} breaks off here", forms, len(text.rstrip()) - 1)
    at = error.pos_in_stream or 0
    found = text[at]
    if found == "\n":
        return Problem(code, f"{what} stands on one line", "is the closing quote missing?", at, at + 1)
    if found == ";":
        forms = "markers belong into `[python-dependencies]` of mochi.toml"
    elif isinstance(error, UnexpectedToken) and "COMMA" in error.expected and found in "<>=!~^":
        forms = "separate the clauses by a comma"
    return Problem(code, f"`{found}` is out of place in {what}", forms, at, at + 1)
