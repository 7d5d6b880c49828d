"""Calls of pyparsing: grammars built from handles, callbacks, results, errors."""

from __future__ import annotations

import pyparsing as pp

SPEC = "pyparsing@==3.3.3"


def calls(w):
    yield "a word", lambda: results(w, w.ParserElement_parse_string(word(w), "abc 1")), lambda: ["abc"]
    yield (
        "no match",
        lambda: w.ParserElement_parse_string(word(w), "1"),
        lambda: pp.Word("abc").parse_string("1"),
    )
    yield (
        "the whole text",
        lambda: w.ParserElement_parse_string_with(word(w), "abc 1", {"parse_all": True}),
        lambda: pp.Word("abc").parse_string("abc 1", parse_all=True),
    )
    yield (
        "several",
        lambda: results(w, w.ParserElement_parse_string(w.OneOrMore_new(word(w)), "ab ca x")),
        lambda: pp.OneOrMore(pp.Word("abc")).parse_string("ab ca x").as_list(),
    )
    yield (
        "in groups",
        lambda: results(w, w.ParserElement_parse_string(w.Group_new(word(w)), "ab")),
        lambda: pp.Group(pp.Word("abc")).parse_string("ab").as_list(),
    )
    yield (
        "one of some",
        lambda: results(w, w.ParserElement_parse_string(w.one_of("<= < ="), "<=")),
        lambda: pp.one_of("<= < =").parse_string("<=").as_list(),
    )
    yield (
        "an action",
        lambda: results(w, w.ParserElement_parse_string(doubled(w), "ab")),
        lambda: pp.Word("abc").set_parse_action(lambda tokens: tokens[0] * 2).parse_string("ab").as_list(),
    )
    yield (
        "a length",
        lambda: w.ParseResults_len(w.ParserElement_parse_string(w.OneOrMore_new(word(w)), "a b c")),
        lambda: 3,
    )
    yield (
        "found in a text",
        lambda: w.ParserElement_transform_string(doubled(w), "1 ab 2"),
        lambda: pp.Word("abc").set_parse_action(lambda tokens: tokens[0] * 2).transform_string("1 ab 2"),
    )


def word(w):
    return w.Word_new_with({"init_chars": "abc"})


def doubled(w):
    made = word(w)
    w.ParserElement_set_parse_action_with(made, {"args": [lambda tokens: tokens[0] * 2]})
    return made


def results(w, found):
    return w.ParseResults_as_list(found)
