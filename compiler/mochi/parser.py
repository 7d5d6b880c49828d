"""Text to tree: Mochi's parser, and the checks of shape that follow it there."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, final

from attrs import fields, frozen

from . import expressions as e
from . import peg, tree
from .grammar import compile_grammar, list_captures
from .lexer import Kind, Tokens, tokenize
from .problem import Problem, ProblemError
from .shape import check_shape
from .syntax_codes import code_of_failure

_INT_LIMIT = 2**63
_FLOAT_LIMIT = 1.7976931348623157e308
_DEEPEST = "this program is nested too deeply to be read"


@final
@frozen
class Parsed:
    """A program that Mochi's parser accepts, with the tokens its positions count."""

    program: tree.Program
    tokens: Tokens


def parse(text: str) -> Parsed:
    """Return the tree of `text`; raises ProblemError with the code of Mochi's parser."""
    tokens = tokenize(text)
    try:
        program, failure = peg.parse(_grammar(), tokens)
    except RecursionError:
        raise ProblemError(Problem(None, _DEEPEST, 0, 0)) from None
    if failure is not None:
        start, end = tokens.starts[failure.at], tokens.ends[failure.at]
        raise ProblemError(Problem(code_of_failure(failure, tokens), _describe(failure, tokens), start, end))
    assert isinstance(program, tree.Program)
    check_shape(program, tokens)
    return Parsed(program, tokens)


def _describe(failure: peg.Failure, tokens: Tokens) -> str:
    if failure.reason == _TOO_LARGE:
        return f"`{tokens.values[failure.at]}` is larger than the number type of Mochi"
    if failure.reason:
        return "a second variant has to follow"
    found = tokens.values[failure.at]
    what = "the end of the text" if tokens.kinds[failure.at] is Kind.END else f"`{found}`"
    wanted = _first_wanted(failure.expected)
    return f"{what} cannot stand here" + (f": {wanted} is expected" if wanted else "")


_WORDS = {
    "Expr": "an expression",
    "Postfix": "an expression",
    "Unary": "an operand",
    "TypeRef": "a type",
    "Variant": "a variant",
    "Field": "a field",
    "Member": "a field or method",
    "Param": "a parameter",
    "Predicate": "a predicate",
    "MapLiteral": "a map",
}


def _first_wanted(expected: str) -> str:
    found = re.match(r'\(*(?:"(?P<text>[^"]+)"|<(?P<kind>\w+)>|(?P<rule>\w+))(?P<rest>.*)', expected)
    if found is None or found["rest"].startswith(("?", "*")):
        return ""
    if text := found["text"]:
        return f"`{text}`"
    if kind := found["kind"]:
        return {"ident": "a name", "string": "a string"}.get(kind, f"a token of kind {kind}")
    return _WORDS.get(found["rule"], "")


# --- nodes --------------------------------------------------------------------------------

_TOO_LARGE = "value out of range"
_EXTERNS = {
    "ExternFun": "extern_fun",
    "ExternGo": "extern_go_fun",
    "ExternPython": "extern_python_fun",
    "ExternJs": "extern_js_fun",
    "ExternJava": "extern_java_fun",
}
_TREE: dict[str, type[tree.Node]] = {
    "Test": tree.Block,
    "Bench": tree.Block,
    "VariantHead": tree.Variant,
    "Intent": tree.Fun,
    "Fact": tree.Logic,
    "Rule": tree.Logic,
    "OMapLiteral": e.MapLiteral,
}


@cache
def _grammar() -> peg.Part:
    captures = list_captures()
    makers = {name: _maker(name, names) for name, names in captures.items()}
    return compile_grammar(lambda name, match: makers[name](match))


def _maker(name: str, captured: frozenset[str]) -> Callable[[peg.Match], Any]:
    """Return the function that makes the node of rule `name`."""
    if "it" in captured:
        return _pass_on
    if name in _SPECIAL:
        return _SPECIAL[name]
    found = _TREE.get(name) or getattr(tree, name, None) or getattr(e, name, None)
    if found is None:
        return lambda match: None
    cls: type[tree.Node] = found
    extra = {"Var": {"mutable": True}, "OMapLiteral": {"ordered": True}}.get(name, {})
    lists = {each for each in captured if _default(cls, each) == ()}
    flags = {each for each in captured if _default(cls, each) is False}
    if name in ("Fact", "Rule", "LogicQuery"):
        return lambda match: cls(start=match.start, end=match.end)

    def make(match: peg.Match) -> object:
        values: dict[str, Any] = dict(extra)
        for key, value in match.captures:
            if key in lists:
                values[key] = (*values[key], value) if key in values else (value,)
            else:
                values[key] = True if key in flags else value
        return cls(start=match.start, end=match.end, **values)

    return make


def _default(cls: type[tree.Node], name: str) -> object:
    return next((each.default for each in fields(cls) if each.name == name), None)


def _pass_on(match: peg.Match) -> object:
    (name, value), *_ = match.captures
    if name == "group":
        return e.Group(start=match.start, end=match.end, value=value)
    return value


def _binding(mutable: bool) -> Callable[[peg.Match], Any]:
    return lambda match: tree.Binding(
        start=match.start, end=match.end, mutable=mutable, **dict(match.captures)
    )


def _extern(kind: str) -> Callable[[peg.Match], Any]:
    def make(match: peg.Match) -> object:
        every = match.captures
        params = tuple(value for key, value in every if key == "params")
        if kind == "extern_java_fun":
            params = tuple(tree.Param(start=each.start, end=each.end, name="", type=each) for each in params)
        return tree.ExternFun(
            start=match.start,
            end=match.end,
            kind=kind,
            parts=tuple(value for key, value in every if key == "parts"),
            params=params,
            result=next((value for key, value in every if key == "result"), None),
            alias=next((value for key, value in every if key == "alias"), ""),
        )

    return make


def _assign(match: peg.Match) -> object:
    every = match.captures
    return tree.Assign(
        start=match.start,
        end=match.end,
        name=every[0][1],
        indexes=tuple(value for key, value in every if key == "indexes"),
        fields=tuple(value.name for key, value in every if key == "fields"),
        value=every[-1][1],
    )


def _literal(match: peg.Match) -> object:
    ((kind, value),) = match.captures
    if kind == "int":
        _check_int(value)
    elif kind == "float" and float(value) > _FLOAT_LIMIT:
        raise peg.CaptureError(_TOO_LARGE)
    return e.Literal(start=match.start, end=match.end, kind=kind, value=value)


def _term(match: peg.Match) -> None:
    for key, value in match.captures:
        if key == "number":
            _check_int(value)


def _check_int(digits: str) -> None:
    base = {"x": 16, "b": 2, "o": 8}.get(digits[1:2].lower(), 10) if digits[0] == "0" else 10
    too_long = len(digits) > 70
    if too_long or int(digits[2:] if base != 10 else digits, base) >= _INT_LIMIT:
        raise peg.CaptureError(_TOO_LARGE)


def _word(kind: str, word: str) -> Callable[[peg.Match], Any]:
    if kind == "jump":
        return lambda match: tree.Jump(start=match.start, end=match.end, word=word)
    return lambda match: tree.ExternName(
        start=match.start, end=match.end, kind=word, name=match.captures[0][1]
    )


_SPECIAL: dict[str, Callable[[peg.Match], Any]] = {
    **{rule: _extern(kind) for rule, kind in _EXTERNS.items()},
    "Let": _binding(mutable=False),
    "Var": _binding(mutable=True),
    "Assign": _assign,
    "Literal": _literal,
    "Term": _term,
    "Break": _word("jump", "break"),
    "Continue": _word("jump", "continue"),
    "ExternType": _word("extern", "extern_type"),
    "ExternObject": _word("extern", "extern_object"),
}
