"""The pass manager and pipelines as text."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import ClassVar

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from mochic_py.ir import codes
from mochic_py.ir.diagnostics import Diagnostic, DiagnosticError
from mochic_py.ir.dist import Target, Tier
from mochic_py.ir.items import Constant, Function, Item, Module, Package, Param, Signature
from mochic_py.ir.parser import parse_package
from mochic_py.ir.printer import format_package
from mochic_py.ir.source import SourceFile
from mochic_py.ir.types import INT, Ref
from mochic_py.passes import registry
from mochic_py.passes.context import Pass, PassContext
from mochic_py.passes.manager import (
    IrPrinter,
    PassError,
    PassManager,
    PassReport,
    Verify,
    count_items,
    is_changed,
)
from mochic_py.passes.registry import (
    STANDARD_PIPELINE,
    format_pipeline,
    load_pass,
    parse_pipeline,
    pass_names,
    passes_until,
    standard_passes,
)


def make_package(*items: Item) -> Package:
    module = Module("m", "m.pyi", items)
    return Package("m", "1", ("m",), Tier.INLINE, Target(), (module,))


@frozen
class DropItems:
    """Drops every item after the first `keep`."""

    name: ClassVar[str] = "drop-items"
    keep: int = 0

    def run(self, package: Package, ctx: PassContext) -> Package:
        modules = tuple(evolve(module, items=module.items[: self.keep]) for module in package.modules)
        return evolve(package, modules=modules)


@frozen
class Repeat:
    """Breaks the IR: every item twice."""

    name: ClassVar[str] = "repeat"

    def run(self, package: Package, ctx: PassContext) -> Package:
        return evolve(
            package, modules=tuple(evolve(module, items=module.items * 2) for module in package.modules)
        )


@frozen
class RepeatOnce:
    """Breaks the IR the first time it runs."""

    name: ClassVar[str] = "repeat-once"
    seen: ClassVar[list[Package]] = []

    def run(self, package: Package, ctx: PassContext) -> Package:
        self.seen.append(package)
        return package if len(self.seen) > 1 else Repeat().run(package, ctx)


@frozen
class Crash:
    """Raises."""

    name: ClassVar[str] = "crash"
    text: str = "boom"
    loud: bool = False

    def run(self, package: Package, ctx: PassContext) -> Package:
        raise LookupError(self.text)


PACKAGE = make_package(Constant("a", "m.a", INT), Constant("b", "m.b", INT))


# --- the manager ------------------------------------------------------------------------


def test_passes_run_in_order_and_leave_their_names() -> None:
    after = PassManager((DropItems(keep=1), DropItems())).run(PACKAGE, PassContext())
    assert after == evolve(make_package(), passes=("drop-items", "drop-items"))


def test_a_crash_carries_what_replays_it() -> None:
    manager = PassManager((DropItems(keep=1), Crash(text="bang", loud=True)))
    with pytest.raises(PassError, match=r"pass `crash` raised LookupError\('bang'\)") as caught:
        manager.run(PACKAGE, PassContext())
    reproducer = caught.value.reproducer
    replayed, problems = parse_package(SourceFile("reproducer.ir", reproducer.ir_text))
    before = evolve(make_package(Constant("a", "m.a", INT)), passes=("drop-items",))
    assert (replayed, problems) == (before, ())
    assert reproducer.pipeline_text == "crash{text=bang loud=true}"
    assert isinstance(caught.value.__cause__, LookupError)


def test_errors_come_out_of_workers() -> None:
    """They are pickled on the way."""
    with pytest.raises(PassError) as caught:
        PassManager((Crash(text="bang", loud=True),)).run(PACKAGE, PassContext())
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.reproducer) == (str(caught.value), caught.value.reproducer)
    error = DiagnosticError(codes.NETWORK.at(None, "the net is down"), codes.NETWORK.at(None, "and the host"))
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.diagnostics) == ("the net is down; and the host", error.diagnostics)


def test_broken_ir_is_rejected_with_its_text() -> None:
    with pytest.raises(PassError, match="the IR after pass `repeat` is not valid") as caught:
        PassManager((Repeat(),)).run(PACKAGE, PassContext())
    broken = evolve(Repeat().run(PACKAGE, PassContext()), passes=("repeat",))
    assert caught.value.__notes__ == [format_package(broken)]
    assert caught.value.reproducer.ir_text == format_package(PACKAGE)


def test_the_verifier_can_be_switched_off() -> None:
    after = PassManager((Repeat(),), verify=Verify.NEVER).run(PACKAGE, PassContext())
    assert count_items(after) == 4


def test_a_broken_end_is_blamed_on_the_pass_that_broke_it() -> None:
    manager = PassManager((DropItems(keep=1), Repeat(), DropItems(keep=2)), verify=Verify.LAST)
    with pytest.raises(PassError, match="the IR after pass `repeat` is not valid") as caught:
        manager.run(PACKAGE, PassContext())
    assert caught.value.reproducer.pipeline_text == "repeat"
    assert caught.value.reproducer.ir_text == format_package(_run(DropItems(keep=1)))


def test_a_crash_is_blamed_on_the_pass_that_broke_the_ir() -> None:
    manager = PassManager((Repeat(), Crash()), verify=Verify.LAST)
    with pytest.raises(PassError, match="the IR after pass `repeat` is not valid"):
        manager.run(PACKAGE, PassContext())
    with pytest.raises(PassError, match="pass `crash` raised"):
        PassManager((Crash(),), verify=Verify.LAST).run(PACKAGE, PassContext())


def test_what_a_later_pass_repairs_is_found_only_after_every_pass() -> None:
    passes = (Repeat(), DropItems(keep=1))
    assert count_items(PassManager(passes, verify=Verify.LAST).run(PACKAGE, PassContext())) == 1
    with pytest.raises(PassError):
        PassManager(passes, verify=Verify.EACH).run(PACKAGE, PassContext())


def test_a_broken_end_is_reported_where_no_pass_alone_is_at_fault() -> None:
    with pytest.raises(PassError, match="after the pipeline is not valid") as caught:
        PassManager((RepeatOnce(),), verify=Verify.LAST).run(PACKAGE, PassContext())
    assert caught.value.reproducer.ir_text == format_package(PACKAGE)


def _run(*passes: Pass) -> Package:
    return PassManager(passes).run(PACKAGE, PassContext())


def test_reports_time_and_count_every_pass() -> None:
    ticks = iter([1.0, 3.5, 10.0, 11.0])
    reports: list[PassReport] = []
    manager = PassManager(
        (DropItems(keep=1), DropItems()), clock=lambda: next(ticks), on_report=reports.append
    )
    manager.run(PACKAGE, PassContext())
    assert reports == [PassReport("drop-items", 2.5, 2, 1, 0), PassReport("drop-items", 1.0, 1, 0, 0)]


@pytest.mark.parametrize(
    ("make_printer", "expected"),
    [
        (lambda w: IrPrinter(w, before=frozenset({"drop-items"})), ["before 2", "before 1", "before 0"]),
        (lambda w: IrPrinter(w, after=frozenset({"all"})), ["after 1", "after 0", "after 0"]),
        (lambda w: IrPrinter(w, after=frozenset({"other"})), []),
        (lambda w: IrPrinter(w, changes=True), ["after 1", "after 0", "same"]),
    ],
)
def test_ir_is_printed_when_asked_for(
    make_printer: Callable[[Callable[[str], None]], IrPrinter], expected: list[str]
) -> None:
    printed: list[str] = []
    manager = PassManager(
        (DropItems(keep=1), DropItems(), DropItems()), observers=(make_printer(printed.append),)
    )
    manager.run(PACKAGE, PassContext())
    assert [_summarize(text) for text in printed] == expected


def _summarize(text: str) -> str:
    """Return which IR `text` shows and how many constants are in it; the rest is the printer's."""
    if text == "// drop-items changed nothing\n":
        return "same"
    head, _, ir = text.partition("\n")
    package, problems = parse_package(SourceFile("printed.ir", ir))
    assert package is not None, problems
    return f"{head.split()[2]} {count_items(package)}"


def test_only_items_count_as_a_change() -> None:
    assert not is_changed(PACKAGE, evolve(PACKAGE, passes=("x",)))
    assert is_changed(PACKAGE, make_package())


def test_the_first_passes_of_the_standard_pipeline_bind_a_package() -> None:
    get = Function("get", "m.get", (Signature((Param("x", type=Ref("builtins.int")),), Ref("m.C")),))
    after = PassManager(passes_until("expand-aliases")).run(make_package(get), PassContext())
    (item,) = after.modules[0].items
    assert isinstance(item, Function)
    assert item.signatures[0].params[0].type == INT
    assert after.passes == STANDARD_PIPELINE[: STANDARD_PIPELINE.index("expand-aliases") + 1]


# --- pipelines as text ------------------------------------------------------------------


@pytest.fixture
def with_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the passes of this file known to the registry."""
    known = {"drop-items": DropItems, "crash": Crash}
    monkeypatch.setattr(registry, "_PASSES", {**registry._PASSES, "drop-items": "", "crash": ""})
    monkeypatch.setattr(registry, "load_pass", lambda name: known.get(name) or load_pass(name))


def parse(text: str) -> tuple[tuple[Pass, ...] | None, tuple[Diagnostic, ...]]:
    return parse_pipeline(SourceFile("<pipeline>", text))


def test_every_pass_has_the_name_of_its_file_and_its_class() -> None:
    for name in pass_names():
        cls = load_pass(name)
        assert cls.name == name
        assert cls.__module__.rpartition(".")[2] == name.replace("-", "_")
        assert cls.__name__ == name.title().replace("-", "")
        assert "=>" in (__import__(cls.__module__, fromlist=["x"]).__doc__ or "") + (cls.__doc__ or "")


def test_the_standard_pipeline_round_trips() -> None:
    passes = standard_passes()
    assert format_pipeline(passes) == ",".join(STANDARD_PIPELINE)
    assert parse(format_pipeline(passes)) == (passes, ())


def test_passes_until_ends_with_the_pass() -> None:
    assert [each.name for each in passes_until("bind-names")] == ["bind-names"]
    with pytest.raises(KeyError):
        passes_until("no-pass")


@pytest.mark.usefixtures("with_options")
@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("", ()),
        (" drop-items ", (DropItems(),)),
        ("drop-items{keep=2},crash", (DropItems(2), Crash())),
        ('crash{text="a \\"b\\"" loud=true}', (Crash('a "b"', True),)),
        ("crash{text=x.y},drop-items { keep = -1 }", (Crash("x.y"), DropItems(-1))),
    ],
)
def test_pipelines_are_read(text: str, passes: tuple[Pass, ...]) -> None:
    assert parse(text) == (passes, ())


_CRASHES = st.builds(Crash, st.text(), st.booleans())


@given(st.lists(st.builds(DropItems, st.integers()) | _CRASHES))
def test_printed_pipelines_read_back(passes: list[Pass]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        with_options.__wrapped__(monkeypatch)  # type: ignore[attr-defined]
        assert parse(format_pipeline(passes)) == (tuple(passes), ())


@pytest.mark.usefixtures("with_options")
@pytest.mark.parametrize(
    ("text", "code", "columns", "message", "help"),
    [
        ("bind-name", "PY610", (1, 10), "there is no pass named `bind-name`", "did you mean `bind-names`?"),
        (
            "drop-items{kep=1}",
            "PY611",
            (12, 15),
            "there is no option of `drop-items` named `kep`",
            "did you mean `keep`?",
        ),
        (
            "bind-names{x=1}",
            "PY611",
            (12, 13),
            "there is no option of `bind-names` named `x`",
            "this pass has no options",
        ),
        (
            "drop-items{keep=true}",
            "PY612",
            (17, 21),
            "option `keep` of `drop-items` takes a value of type int",
            "",
        ),
        ("bind-names select-public", "PY612", (12, 25), "expected `,`, found `select-public`", ""),
        ("bind-names,", "PY612", (12, 13), "expected the name of a pass, found the end", ""),
        ("drop-items{keep=1", "PY612", (18, 19), "expected the name of an option, found the end", ""),
        ("drop-items{keep 1}", "PY612", (17, 18), "expected `=`, found `1`", ""),
        ('crash{text="a}', "PY612", (12, 13), 'expected a value, found `"`', ""),
    ],
)
def test_a_bad_pipeline_is_explained(
    text: str, code: str, columns: tuple[int, int], message: str, help: str
) -> None:
    passes, (found, *rest) = parse(text)
    assert (passes, rest) == (None, [])
    assert found.span is not None
    assert (found.code.code, found.message, found.help) == (code, message, help)
    assert (found.span.column, found.span.end_column) == columns


@pytest.mark.usefixtures("with_options")
def test_every_unknown_name_is_reported_at_once() -> None:
    passes, found = parse("no-such,drop-items{x=1},bind-nams")
    assert passes is None
    assert [each.code.code for each in found] == ["PY610", "PY611", "PY610"]
