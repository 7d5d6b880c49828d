"""The words of Mochi's declarations, as its lexer is measured to read them."""

from __future__ import annotations

import re
import unicodedata

from attrs import frozen

from mochic_py.ir.keywords import MOCHI_KEYWORDS, is_mochi_identifier


@frozen
class Violation:
    """A broken rule: where, which, and what was found."""

    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.rule}: {self.text}"


@frozen
class Token:
    """`kind` is `name`, `string`, `number`, `mark` or `end`; a string's text is still quoted."""

    kind: str
    text: str
    line: int
    opens_line: bool


_COMMENT = re.compile(r"(//|#)[^\n]*|/\*.*?\*/", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ESCAPE = re.compile(
    r'\\(?:["\\abfnrtv]|x[0-9A-Fa-f]{2}|[0-7]{3}|u(?![dD][89A-Fa-f])[0-9A-Fa-f]{4}'
    r"|U000[0-9A-Fa-f]{5}|U0010[0-9A-Fa-f]{4})"
)
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]+|0[bB][01]+|0[oO][0-7]+|[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_MARKS = re.compile(r"=>|==|:=|->|\.\.|[-+*/%=<>!?:.,|()\[\]{}]")
_HIDDEN_IN_COMMENT = re.compile("\r(?!\n)|[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_BLANKS = " \t\n\r;"


def tokenize(text: str) -> tuple[list[Token], list[Violation]]:
    """Return the tokens of `text`, an `end` token last, and what could not be lexed."""
    tokens: list[Token] = []
    violations: list[Violation] = []
    position = 1 if text.startswith("\ufeff") else 0
    line, opens_line = 1, True

    def report(rule: str, found: str) -> None:
        violations.append(Violation(line, rule, found))

    while position < len(text):
        ch = text[position]
        if ch in _BLANKS:
            end = position + 1
            opens_line = opens_line or ch == "\n"
        elif ch == "#" or text.startswith(("//", "/*"), position):
            comment = _COMMENT.match(text, position)
            end = comment.end() if comment else len(text)
            if comment is None:
                report("syntax", "a comment without an end")
            elif _HIDDEN_IN_COMMENT.search(comment[0].replace("\r\n", "\n").rstrip("\r")):
                report("comment-control", repr(comment[0]))
        elif ch == '"':
            string = _STRING.match(text, position)
            end = string.end() if string else len(text)
            if string is None:
                report("syntax", "a string without an end")
            for escape in re.finditer(r"\\.", string[0] if string else "", re.DOTALL):
                if string and not _ESCAPE.match(string[0], escape.start()):
                    report("string-escape", repr(escape[0]))
            tokens.append(Token("string", text[position:end], line, opens_line))
            opens_line = False
        else:
            kind, end = _lex_word(text, position)
            word = text[position:end]
            if kind == "name" and word not in MOCHI_KEYWORDS and not is_mochi_identifier(word):
                report("digit-trap" if re.search("[0-9](?![0-9]*$)", word) else "keyword-prefix", f"`{word}`")
            if kind == "number" and end < len(text) and (text[end] == "_" or text[end].isalpha()):
                report("digit-trap", f"`{text[position : end + 1]}`")
            if kind == "unknown":
                report("character", repr(ch))
            else:
                tokens.append(Token(kind, word, line, opens_line))
                opens_line = False
        line += text.count("\n", position, end)
        opens_line = opens_line or "\n" in text[position:end]
        position = end
    tokens.append(Token("end", "", line, True))
    return tokens, violations


def _lex_word(text: str, start: int) -> tuple[str, int]:
    if number := _NUMBER.match(text, start):
        return "number", number.end()
    if mark := _MARKS.match(text, start):
        return "mark", mark.end()
    end = start
    while end < len(text) and _is_word(text[end]):
        end += 1
    return ("name", end) if end > start else ("unknown", start + 1)


def _is_word(ch: str) -> bool:
    category = unicodedata.category(ch)
    return ch == "_" or category[0] in "LN" or category == "So"
