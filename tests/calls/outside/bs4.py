"""Calls of beautifulsoup4: documents and tags as handles, searches, changes."""

from __future__ import annotations

import bs4

SPEC = "beautifulsoup4@==4.15.0"

PAGE = '<html><body><p class="x">one</p><p>two <b>bold</b></p></body></html>'


def calls(w):
    yield "a tag", lambda: str(w.Tag_find_with(soup(w), {"name": "b"})), lambda: str(directly().find("b"))
    yield (
        "all of a kind",
        lambda: [w.Tag_name(each) for each in w.Tag_find_all_with(soup(w), {"name": "p"})],
        lambda: [each.name for each in directly().find_all("p")],
    )
    yield (
        "by style",
        lambda: [str(each) for each in w.Tag_select(soup(w), "p.x")],
        lambda: [str(each) for each in directly().select("p.x")],
    )
    yield "text", lambda: w.PageElement_get_text(soup(w)), lambda: directly().get_text()
    yield "an attribute", lambda: w.Tag_get_item(tag(w), "class"), lambda: directly().p["class"]
    yield "an attribute that is not there", lambda: w.Tag_get_item(tag(w), "id"), lambda: directly().p["id"]
    yield "indented", lambda: w.Tag_prettify(soup(w)), lambda: directly().prettify()
    yield "nothing found", lambda: w.Tag_find_with(soup(w), {"name": "table"}), lambda: None
    yield "a change", lambda: changed(w), lambda: '<p class="x">one<i>new</i></p>'


def soup(w):
    return w.BeautifulSoup_new_with({"markup": PAGE, "features": "html.parser"})


def directly():
    return bs4.BeautifulSoup(PAGE, "html.parser")


def tag(w):
    return w.Tag_find_with(soup(w), {"name": "p"})


def changed(w):
    page = soup(w)
    made = w.BeautifulSoup_new_tag_with(page, "i", {"string": "new"})
    w.Tag_append(page.p, made)
    return str(page.p)
