"""The corpus: pins, goldens by the command line, the census, and the bars."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from local_packages import mochic

from mochic_py.backends.tally import ReportCounts
from mochic_py.compiler import census as census_module
from mochic_py.compiler.api_changes import ApiChange
from mochic_py.compiler.bars import Row, build_corpus_report, find_bars, format_corpus_table
from mochic_py.compiler.census import NOTHING, Census, Measure, find_missing, read_census
from mochic_py.compiler.cli import corpus_report
from mochic_py.compiler.cli.golden_command import describe_refresh
from mochic_py.compiler.corpus import CorpusEntry, CorpusWheel, Keep, find_pins, format_corpus, read_corpus
from mochic_py.compiler.golden import Refreshed
from mochic_py.compiler.host import Host
from mochic_py.ir.dist import Target, Tier
from mochic_py.ir.inventory import Inventory, RuntimeKind, RuntimeModule, RuntimeObject
from mochic_py.ir.items import Alias, Function, Import, Module, Package, Signature
from mochic_py.ir.types import Ref

# Goldens


@pytest.fixture
def corpus(desk: Path) -> Path:
    """A corpus of two local packages, at versions that are not the newest."""
    host = Host()
    wanted = {"shapes": Keep.WHOLE, "tally": Keep.SHIM}
    entries = [
        find_pins(CorpusEntry(name, keep, ()), host, spec=f"{name}@<1.2" if name == "shapes" else name)
        for name, keep in wanted.items()
    ]
    (desk / "corpus").mkdir()
    (desk / "corpus" / "corpus.toml").write_text(format_corpus(entries), "utf-8")
    assert read_corpus(host, desk / "corpus") == {entry.name: entry for entry in entries}
    host.close()
    return desk / "corpus"


def test_goldens_are_written_and_then_hold(corpus: Path) -> None:
    assert mochic("golden", "--folder", corpus, "-j", "1").code == 1
    written = mochic("golden", "--folder", corpus, "--update", "-j", "1")
    assert written.code == 0
    assert f"missing {corpus / 'shapes' / 'shapes_shim.mochi'}\n" in written.out
    assert {path.name for path in (corpus / "tally").iterdir()} >= {
        "tally_shim.mochi",
        "counts.json",
        "digests.json",
    }
    held = mochic("golden", "--folder", corpus, "--check", "-j", "1")
    assert (held.code, held.out) == (0, "")


def test_any_changed_file_is_a_difference(corpus: Path) -> None:
    mochic("golden", "--folder", corpus, "--update", "-j", "1")
    shim = corpus / "shapes" / "shapes_shim.mochi"
    shim.write_text(shim.read_text("utf-8") + "\n", "utf-8")
    (corpus / "tally" / "stray.txt").write_text("", "utf-8")
    outcome = mochic("golden", "--folder", corpus, "-j", "1")
    assert outcome.code == 1
    assert outcome.out.splitlines() == [f"changed {shim}", f"stale {corpus / 'tally' / 'stray.txt'}"]
    assert mochic("golden", "tally", "--folder", corpus, "--update", "-j", "1").code == 0
    assert mochic("golden", "tally", "--folder", corpus, "-j", "1").code == 0


def test_refresh_moves_pins_and_tells_what_changed(corpus: Path) -> None:
    mochic("golden", "--folder", corpus, "--update", "-j", "1")
    outcome = mochic("golden", "--folder", corpus, "--refresh", "-j", "1")
    assert outcome.code == 0
    assert outcome.out.startswith("shapes 1.0.0 → 1.2.0: no changes\n")
    assert "tally" not in outcome.out
    assert read_corpus(Host(), corpus)["shapes"].wheel.version == "1.2.0"
    assert mochic("golden", "--folder", corpus, "-j", "1").code == 0
    assert "no packages moved" in mochic("golden", "--folder", corpus, "--refresh", "-j", "1").err


def test_an_api_change_is_shown_before_and_after() -> None:
    old, new = (
        CorpusEntry("zoo", Keep.SHIM, (CorpusWheel("zoo", version, "zoo.whl", "0" * 64),))
        for version in ("1.0", "2.0")
    )
    changes = (ApiChange("feed", "fun feed()", "fun feed(food: string)"), ApiChange("sing", "", "fun sing()"))
    assert describe_refresh(old, Refreshed(new, changes)).splitlines() == [
        "zoo 1.0 → 2.0: 2 changes",
        "  - fun feed()",
        "  + fun feed(food: string)",
        "  + fun sing()",
    ]


def test_another_file_under_a_pin_is_refused(corpus: Path) -> None:
    path = corpus / "corpus.toml"
    digest = read_corpus(Host(), corpus)["tally"].wheel.sha256
    path.write_text(path.read_text("utf-8").replace(digest, "0" * 64), "utf-8")
    outcome = mochic("golden", "tally", "--folder", corpus, "-j", "1")
    assert outcome.code == 1
    assert "error[PY427]" in outcome.err


def test_a_broken_corpus_file_is_blamed(corpus: Path) -> None:
    (corpus / "corpus.toml").write_text("[shapes]\nkeep = 'whole'\n", "utf-8")
    outcome = mochic("golden", "--folder", corpus)
    assert outcome.code == 1
    assert "cannot be read: KeyError: 'wheels'" in outcome.err


# The census


def test_the_census_is_of_the_corpus() -> None:
    census = read_census()
    assert census.keys() == read_corpus(Host(), Path(__file__).parent.parent / "golden" / "packages").keys()
    assert sum(each.typed for each in census.values()) == 21
    # 15,735 callables where stubs describe the four others, and their properties.
    assert 17_000 < sum(each.callables for each in census.values()) < 18_500


def test_names_that_only_run_time_shows_are_missing() -> None:
    signature = (Signature(()),)
    shown = Function("shown", "zoo.shown", signature)
    raw = Package(
        "zoo",
        "1.0",
        ("zoo",),
        Tier.INLINE,
        Target(),
        (
            Module("zoo", "zoo/__init__.py", (shown,), imports=(Import("kept", "zoo.park", "kept"),)),
            Module("zoo.park", "zoo/park.py", (Function("kept", "zoo.park.kept", signature),)),
        ),
    )
    objects = (
        RuntimeObject(RuntimeKind.FUNCTION, "zoo.shown"),
        RuntimeObject(RuntimeKind.FUNCTION, "zoo.park.kept"),
        RuntimeObject(RuntimeKind.FUNCTION, "zoo.hidden"),
        RuntimeObject(RuntimeKind.MODULE, "zoo.park"),
    )
    names = {"shown": 0, "again": 0, "kept": 1, "hidden": 2, "park": 3}
    inventory = Inventory({"zoo": RuntimeModule(names, (*names, "gone"))}, {}, objects)
    assert find_missing(raw, raw, inventory) == (5, ["zoo.hidden"])


def test_another_name_of_what_is_bound_is_not_missing() -> None:
    kept, hidden = "zoo.park.kept", "zoo.park.hidden"
    module = Module("zoo.park", "zoo/park.py", ())
    raw = Package("zoo", "1.0", ("zoo",), Tier.INLINE, Target(), (module,))
    final = evolve(raw, modules=(evolve(module, items=(Alias("kept", kept, Ref("zoo.kept")),)),))
    objects = (RuntimeObject(RuntimeKind.CLASS, kept), RuntimeObject(RuntimeKind.CLASS, hidden))
    names = {"kept": 0, "hidden": 1}
    inventory = Inventory({"zoo.park": RuntimeModule(names, tuple(names))}, {}, objects)
    assert find_missing(raw, final, inventory) == (2, [hidden])


# The bars


def test_every_bar_is_reached() -> None:
    rows = [_row("one", bound=95, degraded=5), _row("two", bound=90, degraded=9, refused=1)]
    assert all(bar.ok for bar in find_bars(rows, {}))
    assert "FAIL" not in format_corpus_table(rows, {})


@pytest.mark.parametrize(
    ("row", "failing"),
    [
        (
            {"bound": 80, "degraded": 11, "refused": 9},
            ["all packages", "each package", "all packages", "types"],
        ),
        ({"bound": 80, "degraded": 20}, ["without loss, all", "with types"]),
        ({"bound": 85, "degraded": 15}, ["with types"]),
        ({"bound": 100, "missing": ["zoo.a"], "exported": 50}, ["exported"]),
        ({"bound": 100, "missing": None, "exported": None}, ["exported"]),
        ({"bound": 100, "problem": "a name twice"}, ["checker"]),
        ({"bound": 100, "unstrict": "internal error"}, ["strict mode"]),
    ],
)
def test_a_bar_that_is_missed_is_named(row: dict[str, Any], failing: list[str]) -> None:
    missed = [bar for bar in find_bars([_row("zoo", **row)], {}) if not bar.ok]
    assert len(missed) == len(failing)
    for bar, words in zip(missed, failing, strict=True):
        assert words in bar.name
        assert not bar.short or "zoo" in bar.short[0]


def test_shares_are_of_the_larger_count() -> None:
    assert _row("zoo", bound=50, callables=200).public == 200
    assert _row("zoo", bound=50, callables=20).public == 50


def test_a_package_that_fails_does_not_hide_the_others() -> None:
    rows = [_row("one", bound=100)]
    text = format_corpus_table(rows, {"two": "the index has no `two`"})
    assert "FAIL  packages that are bound, 100%: 50%\n        two: the index has no `two`\n" in text
    report = build_corpus_report(rows, {"two": "the index has no `two`"})
    assert [bar["ok"] for bar in report["bars"]].count(False) == 2


def test_the_command_fails_below_a_bar(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = {name: _census(name, 4) for name in ("shapes", "tally")}
    monkeypatch.setattr(corpus_report, "read_census", lambda: table)
    monkeypatch.setattr(census_module, "read_census", lambda: table)
    arguments = ("report", "--corpus", "--folder", corpus, "-j", "1", "--no-probe")
    outcome = mochic(*arguments)
    assert outcome.code == 1
    assert "shapes not measured: `--no-probe`" in outcome.out
    assert "ok    shims that pass the checker, 100%: 100%" in outcome.out
    report = json.loads(mochic(*arguments, "--format", "json").out)
    assert [package["package"] for package in report["packages"]] == ["shapes", "tally"]
    assert [bar["ok"] for bar in report["bars"]].count(False) >= 1


def _row(
    name: str,
    *,
    bound: int = 0,
    degraded: int = 0,
    refused: int = 0,
    callables: int = 0,
    exported: int | None = 100,
    missing: list[str] | None = [],  # noqa: B006  -- never changed
    problem: str = "",
    unstrict: str = "",
) -> Row:
    counts = ReportCounts(
        public=bound + degraded + refused,
        bound=bound,
        degraded=degraded,
        refused=refused,
        degraded_by={},
        refused_by={},
        kinds={},
        operations=NOTHING,
        attributes=NOTHING,
        constants=0,
        types=0,
        names=0,
        apart={},
        notes={},
        probe={},
    )
    measure = Measure(
        package=name,
        version="1.0",
        tier="inline",
        counts=counts,
        strict=NOTHING,
        unstrict=unstrict,
        problem=problem,
        exported=exported,
        missing=missing,
        unprobed="",
        seconds=0.0,
    )
    return Row(_census(name, callables), measure)


def _census(name: str, callables: int) -> Census:
    kinds = {"function": callables, "method": 0, "constructor": 0, "property": 0}
    return Census(name, "1.0", "package", True, kinds, callables, 0)
