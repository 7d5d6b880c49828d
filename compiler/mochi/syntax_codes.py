"""Which code Mochi's parser gives to a failure.

It looks for parts of sentences in the message of its parser library, in a fixed order, so the
message is rebuilt here: the token that was found, and what would have been right.
"""

from __future__ import annotations

from .lexer import Kind, Tokens
from .peg import Failure

_RULES: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    ("P001", ('expected "}"', 'expected "{"', "unexpected eof"), False),
    ("P011", ("expected", '"{"', "=>"), True),
    ("P020", ("expected expression", "expected primary"), False),
    ("P030", ("expected identifier",), False),
    ("P031", ('unexpected token ":"', "let"), True),
    ("P040", ("unterminated string", "invalid input text", '"unterminated'), False),
    ("P051", ('expected ","',), False),
    ("P052", ('expected "("', 'expected ")"'), False),
    ("P054", ('unexpected token ":"', 'expected ")"', '"{"'), True),
    ("P055", ('unexpected token "."',), False),
    ("P056", ('unexpected token "let"',), False),
)
"""Code, texts, and whether all of them have to stand in the message; the first rule wins."""


def code_of_failure(failure: Failure, tokens: Tokens) -> str:
    """Return the code for `failure`; P999 where no rule names another."""
    if "value out of range" in failure.reason:
        return "P045"
    message = (failure.reason or _message(failure, tokens)).lower()
    for code, texts, all_of_them in _RULES:
        found = [text in message for text in texts]
        if all(found) if all_of_them else any(found):
            return code
    return "P999"


def _message(failure: Failure, tokens: Tokens) -> str:
    value = "<EOF>" if tokens.kinds[failure.at] is Kind.END else tokens.values[failure.at]
    quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    expected = f" (expected {failure.expected})" if failure.expected else ""
    return f'unexpected token "{quoted}"{expected}'
