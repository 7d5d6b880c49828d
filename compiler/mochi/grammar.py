"""Reads `mochi.peg` and makes a parser of it.

The notation is explained at the top of that file. `Expected` texts are written as Mochi's
parser writes what it wanted, for its error codes are chosen by them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias, final

from attrs import define, frozen

from . import peg
from .lexer import Kind

_MANY = 1_000_000
_KINDS = {
    "Ident": Kind.IDENT,
    "Keyword": Kind.KEYWORD,
    "String": Kind.STRING,
    "Int": Kind.INT,
    "Float": Kind.FLOAT,
    "Punct": Kind.PUNCT,
}
_NOTATION = re.compile(r'//[^\n]*|\s+|"[^"]+"|[A-Za-z_]+|:=|\+=|\?=|[=|\[\]{}()?+:]')
_NOTHING = peg.First(frozenset(), frozenset())


# --- the notation as a tree ---------------------------------------------------------------


@final
@frozen
class _Text:
    text: str
    kind: Kind | None


@final
@frozen
class _Name:
    name: str


@final
@frozen
class _Capture:
    name: str
    part: _Part


@final
@frozen
class _Repeat:
    """`part` between `least` and `most` times; both 1 for plain parentheses."""

    part: _Part
    least: int
    most: int


@final
@frozen
class _All:
    parts: tuple[_Part, ...]


@final
@frozen
class _Any:
    parts: tuple[_Part, ...]


_Part: TypeAlias = _Text | _Name | _Capture | _Repeat | _All | _Any


@define
class _NotationReader:
    words: list[str]
    index: int = 0

    @property
    def word(self) -> str:
        return self.words[self.index] if self.index < len(self.words) else ""

    def take(self) -> str:
        self.index += 1
        return self.words[self.index - 1]

    def rules(self) -> Iterator[tuple[str, _Part]]:
        while self.word:
            name = self.take()
            assert self.take() == ":=", name
            yield name, self.choice()

    def choice(self) -> _Part:
        parts = [self.all()]
        while self.word == "|":
            self.take()
            parts.append(self.all())
        return parts[0] if len(parts) == 1 else _Any(tuple(parts))

    def all(self) -> _Part:
        parts = []
        while self.word not in ("", "|", ")", "]", "}") and self.words[self.index + 1 :][:1] != [":="]:
            parts.append(self.term())
        return parts[0] if len(parts) == 1 else _All(tuple(parts))

    def term(self) -> _Part:
        part = self.plain()
        if self.word in ("?", "+"):
            return _Repeat(part, 0, 1) if self.take() == "?" else _Repeat(part, 1, _MANY)
        return part

    def plain(self) -> _Part:
        word = self.take()
        if word in ("[", "{", "("):
            part = self.choice()
            self.take()
            least, most = {"[": (0, 1), "{": (0, _MANY), "(": (1, 1)}[word]
            return _Repeat(part, least, most)
        if word.startswith('"'):
            if self.word == ":":
                self.take()
                return _Text(word[1:-1], _KINDS[self.take()])
            return _Text(word[1:-1], None)
        if self.word in ("=", "+=", "?="):
            self.take()
            return _Capture(word, self.plain())
        return _Name(word)


@cache
def _read_rules() -> dict[str, _Part]:
    text = files(__package__).joinpath("mochi.peg").read_text("utf-8")
    words = [found[0] for found in _NOTATION.finditer(text) if not found[0].startswith(("//", " ", "\n"))]
    return dict(_NotationReader([word for word in words if word.strip()]).rules())


def list_captures() -> Mapping[str, frozenset[str]]:
    """Return the names that each rule captures."""
    return {name: frozenset(_captures(part)) for name, part in _read_rules().items()}


def _captures(part: _Part) -> Iterator[str]:
    match part:
        case _Capture(name, _):
            yield name
        case _Repeat(inner, _, _):
            yield from _captures(inner)
        case _All(parts) | _Any(parts):
            for each in parts:
                yield from _captures(each)
        case _:
            pass


# --- the tree as a parser -----------------------------------------------------------------


def compile_grammar(build: Callable[[str, peg.Match], Any]) -> peg.Part:
    """Return the parser of a program; `build` makes a node of a rule's name and its match."""
    compiler = _Compiler(_read_rules(), build, {}, {})
    return compiler.rule("Program")


@define
class _Compiler:
    rules: dict[str, _Part]
    build: Callable[[str, peg.Match], Any]
    parts: dict[str, peg.Part]
    firsts: dict[str, peg.First | None]

    def rule(self, name: str) -> peg.Part:
        """Return the parser of a rule; one that is still being made is reached through a detour."""
        if name in self.parts:
            return self.parts[name]
        self.parts[name] = lambda reader: self.parts[name](reader)
        made = peg.rule(self.part(self.rules[name]), lambda match: self.build(name, match))
        self.parts[name] = made
        return made

    def part(self, part: _Part) -> peg.Part:
        match part:
            case _Text(text, kind):
                return peg.literal(text, kind)
            case _Name(name):
                return peg.token(_KINDS[name]) if name in _KINDS else self.rule(name)
            case _Capture(name, inner):
                return peg.capture(name, self.part(inner))
            case _Repeat(inner, 1, 1):
                return self.part(inner)
            case _Repeat(inner, least, most):
                return peg.repeat(self.part(inner), self.first(inner), least, most, _show(inner, False) + "+")
            case _Any(parts):
                return peg.choice([(self.part(each), self.first(each)) for each in parts])
            case _All(parts):
                tails = [" ".join(_show(each, False) for each in parts[i:]) for i in range(len(parts))]
                return peg.sequence(
                    [(self.part(p), self.first(p), t) for p, t in zip(parts, tails, strict=True)]
                )

    def first(self, part: _Part) -> peg.First | None:
        """Return what `part` can start with; None where it can match nothing or fail at once."""
        match part:
            case _Text(text, _):
                return peg.First(frozenset({text}), frozenset())
            case _Name(name) if name in _KINDS:
                return peg.First(frozenset(), frozenset({_KINDS[name]}))
            case _Name(name):
                if name not in self.firsts:
                    self.firsts[name] = _NOTHING
                    self.firsts[name] = self.first(self.rules[name])
                return self.firsts[name]
            case _Capture(_, inner) | _Repeat(inner, 1, 1):
                return self.first(inner)
            case _Repeat():
                return None
            case _All(parts):
                return self.first(parts[0])
            case _Any(parts):
                firsts = [self.first(each) for each in parts]
                known = [each for each in firsts if each is not None]
                if len(known) < len(firsts):
                    return None
                return peg.First(
                    frozenset().union(*(each.values for each in known)),
                    frozenset().union(*(each.kinds for each in known)),
                )


def _show(part: _Part, root: bool) -> str:
    """Write `part` as Mochi's parser does in what it expected."""
    match part:
        case _Text(text, _):
            return f'"{text}"'
        case _Name(name):
            return f"<{name.lower()}>" if name in _KINDS else name
        case _Capture(_, inner):
            return _show(inner, root)
        case _Repeat(inner, least, most):
            mark = {(0, 1): "?", (0, _MANY): "*", (1, _MANY): "+"}.get((least, most), "")
            return _show(inner, False) + mark
        case _All(parts):
            text = " ".join(_show(each, False) for each in parts)
        case _Any(parts):
            text = " | ".join(_show(each, False) for each in parts)
    return text if root else f"({text})"
