"""Calls of lxml, a compiled parser: elements as handles, paths, text and bytes, errors."""

from __future__ import annotations

from lxml import etree

SPEC = "lxml@==6.1.3"

TEXT = '<a x="1"><b>one</b><b>two</b></a>'


def calls(w):
    yield "a tag", lambda: root(w).tag, lambda: etree.fromstring(TEXT).tag
    yield "to bytes", lambda: w.etree_tostring(root(w)), lambda: etree.tostring(etree.fromstring(TEXT))
    yield (
        "indented",
        lambda: w.etree_tostring_with(root(w), {"pretty_print": True}),
        lambda: etree.tostring(etree.fromstring(TEXT), pretty_print=True),
    )
    yield (
        "all of a path",
        lambda: [each.text for each in w.Element_findall(root(w), "b")],
        lambda: [each.text for each in etree.fromstring(TEXT).findall("b")],
    )
    yield "the first text", lambda: w.Element_findtext(root(w), "b"), lambda: "one"
    yield (
        "an attribute",
        lambda: (w.Element_get(root(w), "x"), w.Element_get(root(w), "y")),
        lambda: ("1", None),
    )
    yield "attributes", lambda: w.Element_items(root(w)), lambda: etree.fromstring(TEXT).items()
    yield "length", lambda: w.Element_len(root(w)), lambda: 2
    yield "malformed", lambda: w.etree_fromstring("<a>"), lambda: etree.fromstring("<a>")
    yield "texts", lambda: w.Element_itertext(root(w)), lambda: etree.fromstring(TEXT).itertext()


def root(w):
    return w.etree_fromstring(TEXT)
