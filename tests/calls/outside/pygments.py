"""Calls of pygments: lexers and formatters found by name, tokens, errors."""

from __future__ import annotations

import pygments
from pygments import formatters, lexers, styles

SPEC = "pygments@==2.21.0"

CODE = "def f(x):\n    return x + 1\n"


def calls(w):
    yield (
        "HTML",
        lambda: html(w),
        lambda: pygments.highlight(CODE, lexers.PythonLexer(), formatters.HtmlFormatter()),
    )
    yield (
        "tokens",
        lambda: [text for _, text in map(pair, w.lex("x = 1", w.PythonLexer_new()))],
        lambda: [text for _, text in pygments.lex("x = 1", lexers.PythonLexer())],
    )
    yield (
        "a lexer by name",
        lambda: w.lexers_get_lexer_by_name("json").name,
        lambda: lexers.get_lexer_by_name("json").name,
    )
    yield (
        "an unknown lexer",
        lambda: w.lexers_get_lexer_by_name("nosuch"),
        lambda: lexers.get_lexer_by_name("nosuch"),
    )
    yield (
        "a lexer for a file",
        lambda: w.lexers_get_lexer_for_filename("a.rs").name,
        lambda: lexers.get_lexer_for_filename("a.rs").name,
    )
    yield (
        "a formatter by name",
        lambda: w.formatters_get_formatter_by_name("latex").name,
        lambda: formatters.get_formatter_by_name("latex").name,
    )
    yield (
        "styles",
        lambda: sorted(w.styles_get_all_styles()),
        lambda: sorted(styles.get_all_styles()),
    )
    yield (
        "an option",
        lambda: pygments.highlight("x", lexers.PythonLexer(), w.HtmlFormatter_new_with({"nowrap": True})),
        lambda: pygments.highlight("x", lexers.PythonLexer(), formatters.HtmlFormatter(nowrap=True)),
    )


def html(w):
    return w.highlight(CODE, w.PythonLexer_new(), w.HtmlFormatter_new())


def pair(record):
    return record.first, record.second
