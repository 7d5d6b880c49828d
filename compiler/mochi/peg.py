"""A parser for grammars in which the order of alternatives counts, as Mochi's is one.

Mochi's parser tries the alternatives of a rule in order, takes back what an alternative or
an optional part has read when it fails, and reports the error that lies deepest in the text.
Which of several errors at one place wins decides Mochi's error code, so the bookkeeping of
`_Reader` follows that parser step by step. A part of a rule gives one of three answers:

    True        it matched
    None        it does not start here; nothing was read, and nothing is wrong
    a Failure   it started and could not go on
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, final

from attrs import define, field, frozen

from .lexer import Kind, Tokens


@final
@frozen
class Failure:
    """Reading stopped at token `at`, where `expected` had to follow; or, without it, for `reason`."""

    at: int
    expected: str = ""
    reason: str = ""


Answer: TypeAlias = bool | Failure | None
Part: TypeAlias = Callable[["_Reader"], Answer]
Build: TypeAlias = Callable[["Match"], object]

_LOOKAHEAD = 999


@final
@frozen
class Match:
    """What a rule matched: the tokens from `start` to `end`, and the captures in order."""

    start: int
    end: int
    captures: list[tuple[str, Any]]


class CaptureError(Exception):
    """Raised by a build function for a token that cannot be a value, such as a number too large."""


@define
class _Reader:
    kinds: list[Kind]
    values: list[str]
    position: int = 0
    deepest: int = 0
    failure: Failure | None = None
    captures: list[tuple[str, Any]] = field(factory=list)
    value: Any = None

    def note(self, failure: Failure) -> None:
        """Keep `failure` unless a deeper one is known."""
        if self.position >= self.deepest:
            self.failure, self.deepest = failure, self.position

    def give_up(self, failure: Failure, position: int, deepest: int, before: Failure | None) -> bool:
        """Go back to `position` after a branch failed; tell whether it had gone too far for that."""
        reached, reached_deepest, reached_failure = self.position, self.deepest, self.failure
        self.position = position
        if reached_deepest <= deepest:
            self.failure, self.deepest = before, deepest
            if reached >= deepest:
                self.failure, self.deepest = failure, max(reached, reached_deepest)
        if reached > position + _LOOKAHEAD:
            self.position = reached
            if reached_deepest >= self.deepest:
                self.failure, self.deepest = reached_failure, reached_deepest
            return True
        return False


# --- the parts of a grammar ---------------------------------------------------------------


@final
@frozen
class First:
    """The tokens a part can start with. A part that has no `First` must always be tried."""

    values: frozenset[str]
    kinds: frozenset[Kind]

    def allows(self, value: str, kind: Kind) -> bool:
        """Tell whether the part may match at a token."""
        return value in self.values or kind in self.kinds


def literal(text: str, kind: Kind | None) -> Part:
    """Match a token by its text, whatever its kind: a string counts as its content."""

    def run(reader: _Reader) -> Answer:
        position = reader.position
        if reader.values[position] != text or (kind is not None and reader.kinds[position] is not kind):
            return None
        if reader.kinds[position] is Kind.END:
            return None
        reader.position = position + 1
        reader.value = text
        return True

    return run


def token(kind: Kind) -> Part:
    """Match any token of `kind`."""

    def run(reader: _Reader) -> Answer:
        position = reader.position
        if reader.kinds[position] is not kind:
            return None
        reader.position = position + 1
        reader.value = reader.values[position]
        return True

    return run


def sequence(parts: list[tuple[Part, First | None, str]]) -> Part:
    """Match all parts in turn; each comes with the text of itself and its successors."""
    (head, _, _), *rest = parts

    def run(reader: _Reader) -> Answer:
        answer = head(reader)
        if answer is not True:
            return answer
        for part, first, expected in rest:
            position = reader.position
            if first is not None and not first.allows(reader.values[position], reader.kinds[position]):
                return Failure(position, expected)
            answer = part(reader)
            if answer is not True:
                return answer or Failure(position, expected)
        return True

    return run


def choice(parts: list[tuple[Part, First | None]]) -> Part:
    """Match the first of `parts` that does."""
    by_token: dict[tuple[str, Kind], tuple[Part, ...]] = {}
    known = frozenset[str]().union(*(first.values for _, first in parts if first))

    def candidates(value: str, kind: Kind) -> tuple[Part, ...]:
        key = (value if value in known else "", kind)
        found = by_token.get(key)
        if found is None:
            found = tuple(part for part, first in parts if first is None or first.allows(value, kind))
            by_token[key] = found
        return found

    def run(reader: _Reader) -> Answer:
        position = reader.position
        best: Failure | None = None
        best_reached = 0
        for part in candidates(reader.values[position], reader.kinds[position]):
            deepest, before, mark = reader.deepest, reader.failure, len(reader.captures)
            answer = part(reader)
            if answer is True:
                return True
            if answer is not None and answer is not False:
                del reader.captures[mark:]
                reached = reader.position
                if reader.give_up(answer, position, deepest, before):
                    return answer
                if reached >= best_reached:
                    best, best_reached = answer, reached
        if best is not None:
            reader.note(best)
        return best

    return run


def repeat(part: Part, first: First | None, least: int, most: int, text: str) -> Part:
    """Match `part` from `least` to `most` times; a failing turn is taken back."""

    def run(reader: _Reader) -> Answer:
        count = 0
        while count < most:
            position = reader.position
            if first is not None and not first.allows(reader.values[position], reader.kinds[position]):
                break
            deepest, before, mark = reader.deepest, reader.failure, len(reader.captures)
            answer = part(reader)
            if answer is None:
                break
            if answer is not True and answer is not False:
                del reader.captures[mark:]
                if position >= deepest:
                    deepest, before = position, answer
                if reader.give_up(answer, position, deepest, before):
                    return answer
                break
            count += 1
            if reader.position == position:
                break
        if count < least:
            return Failure(reader.position, reason=f"sub-expression {text} must match at least once")
        return True

    return run


def capture(name: str, part: Part) -> Part:
    """Keep what `part` matched under `name`."""

    def run(reader: _Reader) -> Answer:
        answer = part(reader)
        if answer is True:
            reader.captures.append((name, reader.value))
        return answer

    return run


def rule(part: Part, build: Build) -> Part:
    """Match `part` and make a node of its captures."""

    def run(reader: _Reader) -> Answer:
        start, mark = reader.position, len(reader.captures)
        answer = part(reader)
        if answer is True:
            match = Match(start, reader.position, reader.captures[mark:])
            del reader.captures[mark:]
            try:
                reader.value = build(match)
            except CaptureError as error:
                return Failure(start, reason=str(error))
            return True
        if answer:
            reader.note(answer)
        return answer

    return run


def parse(start: Part, tokens: Tokens) -> tuple[Any, Failure | None]:
    """Return what `start` makes of all `tokens`, or the failure that Mochi's parser reports."""
    reader = _Reader(tokens.kinds, tokens.values)
    answer = start(reader)
    if isinstance(answer, Failure):
        return None, answer
    position = reader.position
    if answer is True and tokens.kinds[position] is Kind.END:
        return reader.value, None
    if position >= reader.deepest or reader.failure is None:
        return None, Failure(position)
    return None, reader.failure


Rules: TypeAlias = Mapping[str, Part]
