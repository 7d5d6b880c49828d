"""`mochic-py report`: its text, JSON and HTML, the latter in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Page, find_browser, open_browser
from local_packages import mochic

from mochic_py.compiler.report_html import embed_json, fill_page

BROWSER = find_browser()
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no browser of the Chromium family is installed")

HOSTILE = (
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "<!--<script>",
    "@DATA@ @SCRIPT@ @TITLE@",
    "\u202egnorw\u2066 \u2028 \x00 \ud800",
    '"\\u003c\\"',
    "&lt;b&gt;",
)


# Text and JSON


def test_the_text_adds_up(desk: Path) -> None:
    outcome = mochic("report", "shapes", "tally")
    assert outcome.code == 0
    table, _, rest = outcome.out.partition("\n\n")
    header, *rows = [line.split() for line in table.splitlines()]
    assert header == ["package", "version", "types", "public", "bound", "degraded", "refused"]
    assert [row[0] for row in rows] == ["shapes", "tally", "all"]
    figures = [list(map(int, row[-4:])) for row in rows]
    assert figures[2] == [a + b for a, b in zip(figures[0], figures[1], strict=True)]
    for public, *statuses in figures:
        assert public == sum(statuses)
    assert "SkipNoComplexType" in rest


def test_json_is_the_report_of_compile(desk: Path) -> None:
    reported = json.loads(mochic("report", "shapes", "--format", "json").out)
    compiled = json.loads(mochic("compile", "--package", "shapes", "--report", "json").out)
    assert reported["packages"] == compiled["packages"]
    assert reported["files"] == []


def test_without_arguments_the_project_is_reported(desk: Path) -> None:
    (desk / "app.mochi").write_text('import python "tally" as t\n', "utf-8")
    assert "tally 2.0.0 as t" in mochic("report").out or " as t, types:" in mochic("report").out


def test_a_repeat_says_the_same(desk: Path) -> None:
    first, second = (mochic("report", "shapes", "--strict") for _ in range(2))
    assert first == second
    assert "is not bound in strict mode" in first.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "there are no programs here"),
        (("--corpus", "shapes"), "takes no packages"),
        (("--corpus", "--format", "html"), "gives text or JSON"),
    ],
)
def test_wrong_usage(desk: Path, arguments: tuple[str, ...], said: str) -> None:
    outcome = mochic("report", *arguments)
    assert outcome.code == 2
    assert said in outcome.err


def test_what_cannot_be_bound_fails(desk: Path) -> None:
    outcome = mochic("report", "nowhere")
    assert (outcome.code, outcome.out) == (1, "")
    assert "error[" in outcome.err


# HTML


def test_the_page_holds_all_it_shows(desk: Path) -> None:
    assert mochic("report", "shapes", "--format", "html", "-o", "report.html").code == 0
    page = (desk / "report.html").read_text("utf-8")
    assert not re.search(r"https?:|//cdn|url\(|@import|<link|src=", page)
    data = _data_of(page)
    compiled = json.loads(mochic("compile", "--package", "shapes", "--report", "json").out)
    assert [item[1] for item in data["items"]] == [
        item["python"] for item in compiled["packages"][0]["items"]
    ]
    (mix,) = [item for item in data["items"] if item[1] == "shapes.Circle.mix"]
    assert mix[7].startswith("shapes.Circle.mix(")
    assert mix[8].startswith("extern python fun Circle_mix(")
    assert mix[10][0][0] == "SkipNoComplexType"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_data(text: str) -> None:
    page = fill_page(text, _data([_item(text, losses=[[text, text, text]])]))
    assert page.lower().count("<script") == 2
    assert page.count("</script>") == 2
    assert _data_of(page)["items"][0][1] == text
    assert json.loads(embed_json(text)) == text


@needs_browser
def test_the_page_shows_hostile_names_as_they_are(page: Page, tmp_path: Path) -> None:
    names = [name for name in HOSTILE if "\ud800" not in name]
    items = [_item(name, losses=[[name, name, name]], signature=name, declaration=name) for name in names]
    _open(page, tmp_path, fill_page("hostile", _data(items)))
    shown = page.evaluate("[...document.querySelectorAll('.row code')].map(node => node.textContent)")
    assert shown == names
    for at in range(len(names)):
        page.click(f".row:nth-child({at + 2})")
        assert page.evaluate("document.querySelector('.detail h2').textContent") == names[at]
    assert page.evaluate("document.title") == "hostile"
    assert page.evaluate("document.querySelectorAll('img, iframe, link').length") == 0
    assert page.evaluate("performance.getEntriesByType('resource').length") == 0


@needs_browser
def test_search_and_filters(page: Page, tmp_path: Path) -> None:
    items = [
        _item("zoo.feed", signature="zoo.feed(animal: Ape) -> None"),
        _item("zoo.count", status=1, reason=1, losses=[["SkipOpenUnion", "result", "int | str"]]),
        _item("zoo.Ape.climb", kind=1, status=2, reason=2, losses=[["SkipParamSpec", "", "P"]]),
        _item("park.open", package=1, origin=1, notes=[["inferred", "result", "return"]]),
    ]
    _open(page, tmp_path, fill_page("zoo", _data(items)))
    assert _shown(page) == ["zoo.feed", "zoo.count", "zoo.Ape.climb", "park.open"]
    assert page.evaluate("document.querySelector('#said').textContent") == "4 of 4 items"

    page.press("/")
    page.type("APE zoo")
    assert _shown(page) == ["zoo.feed", "zoo.Ape.climb"]
    page.press("ArrowDown")
    assert page.evaluate("document.querySelector('.detail h2').textContent") == "zoo.Ape.climb"
    assert "Why it is refused" in page.evaluate("document.querySelector('.detail').textContent")
    page.press("Escape")
    assert len(_shown(page)) == 4

    page.click("[data-status=bound]")
    assert _shown(page) == ["zoo.count", "zoo.Ape.climb"]
    page.click("[data-status=bound]")
    for select, value, left in (
        ("reason", "SkipOpenUnion", ["zoo.count"]),
        ("kind", "method", ["zoo.Ape.climb"]),
        ("note", "inferred", ["park.open"]),
        ("package", "1", ["park.open"]),
    ):
        _choose(page, select, value)
        assert _shown(page) == left
        _choose(page, select, "")
    page.click("#own")
    assert _shown(page) == ["zoo.feed", "zoo.count", "zoo.Ape.climb"]
    page.click("#own")
    page.click("#packages tr:nth-child(2)")
    assert _shown(page) == ["park.open"]
    page.click("#packages tr:nth-child(2)")
    page.press("/")
    page.type("nothing of the kind")
    assert _shown(page) == []
    assert page.evaluate("document.querySelector('.empty').textContent") == "Nothing matches these filters."


@needs_browser
def test_ten_thousand_items_are_there_at_once(page: Page, tmp_path: Path) -> None:
    items = [
        _item(
            f"zoo.module_{index % 97}.Class{index % 311}.method_{index}",
            signature=f"zoo.method_{index}(first: int, second: str = 'x', *rest: float) -> list[int]",
            declaration=f"extern python fun method_{index}(first: int): list<int>",
            status=index % 3,
            reason=1 if index % 3 == 1 else 0,
            losses=[["SkipOpenUnion", "parameter first", "int | str"]] if index % 3 == 1 else [],
        )
        for index in range(10_000)
    ]
    _open(page, tmp_path, fill_page("zoo", _data(items)))
    loaded = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    assert loaded < 1500
    assert page.evaluate("document.querySelectorAll('.row').length") < 100
    page.press("/")
    seconds = page.evaluate(
        "(() => { const start = performance.now(); const box = document.getElementById('search');"
        " for (const text of ['m', 'me', 'method_99', 'method_9999'])"
        " { box.value = text; box.dispatchEvent(new Event('input')); }"
        " return (performance.now() - start) / 1000; })()"
    )
    assert seconds < 1
    assert _shown(page) == ["zoo.module_8.Class47.method_9999"]
    # The end of the list is reached by scrolling, and drawn then.
    page.press("Escape")
    page.evaluate("document.getElementById('list').scrollTop = 1e9")
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
    assert _shown(page)[-1].endswith("method_9999")


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    assert BROWSER is not None
    with open_browser(BROWSER, tmp_path / "profile") as opened:
        yield opened


def _open(page: Page, folder: Path, text: str) -> None:
    file = folder / "report.html"
    file.write_text(text, "utf-8")
    page.open(file)


def _shown(page: Page) -> list[str]:
    rows = page.evaluate("[...document.querySelectorAll('.row code')].map(node => node.textContent)")
    assert isinstance(rows, list)
    return rows


def _choose(page: Page, select: str, value: str) -> None:
    box = f"document.getElementById({json.dumps(select)})"
    page.evaluate(f"{box}.value = {json.dumps(value)}; {box}.dispatchEvent(new Event('change'))")


def _data_of(page: str) -> Any:  # noqa: ANN401  -- any JSON value
    match = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert match is not None
    return json.loads(match[1])


def _data(items: list[list[Any]]) -> dict[str, Any]:
    counts = {"public": 4, "bound": 2, "degraded": 1, "refused": 1}
    packages = [
        {"alias": name, "version": "1.0", "tier": "inline", "counts": counts} for name in ("zoo", "park")
    ]
    return {
        "packages": packages,
        "kinds": ["function", "method"],
        "reasons": ["", "SkipOpenUnion", "SkipParamSpec"],
        "origins": ["own", "inherited"],
        "items": items,
    }


def _item(
    python: str,
    *,
    package: int = 0,
    kind: int = 0,
    status: int = 0,
    reason: int = 0,
    origin: int = 0,
    signature: str = "",
    declaration: str = "",
    losses: list[list[str]] | None = None,
    notes: list[list[str]] | None = None,
) -> list[Any]:
    mochi = "" if status == 2 else python
    place = "zoo/__init__.py:1"
    known = [signature, declaration, place, losses or [], notes or [], "exists"]
    return [package, python, mochi, kind, status, reason, origin, *known]
