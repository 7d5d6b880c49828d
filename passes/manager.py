"""Runs passes one after another: verifies, observes, times, and reports its own failures.

Nothing here does I/O. Observers are called around every pass; the clock and the sink for
printed IR are given by the caller.

Each pass walks the package on its own, so that what is printed, timed and verified between two of them is
true. That is cheap where a pass returns the same objects for what it leaves alone (`ir/parts.py`), rewrites
each type once (`ir/sharing.py`) and passes over signatures none of whose types it changes
(`Signature.inputs`): then a walk over all of scipy takes a few hundredths of a second. A new pass takes part
by using `map_items`, `map_outer_types` and `with_parts`, and by making no cycles of objects.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from typing import Protocol, final

from attrs import define, field, frozen

from ..ir.diagnostics import InternalError
from ..ir.items import Class, Module, Package
from ..ir.parts import evolve
from ..ir.printer import format_package
from ..ir.verifier import Verified, verify_package
from .context import Pass, PassContext
from .registry import format_pipeline


@final
@frozen
class Reproducer:
    """What replays a failure: `mochic-py opt --passes <pipeline_text>` over `ir_text`.

    `ir_text` is the package before the failing pass, `pipeline_text` that pass alone (or a whole
    pipeline, where no pass alone is at fault).
    """

    ir_text: str
    pipeline_text: str


class PassError(InternalError):
    """A pass raised, or left IR that the verifier rejects. Always a bug of the pass."""

    def __init__(self, message: str, reproducer: Reproducer) -> None:
        super().__init__(message, reproducer)
        self.reproducer = reproducer

    def __str__(self) -> str:
        return str(self.args[0])


@final
class Verify(enum.Enum):
    """When the verifier looks at a package: after every pass, after the last one only, or never.

    `LAST` costs least and misses what a later pass repairs. It names the pass at fault all the same:
    where the end is not valid, or a pass raises, the pipeline is run again with `EACH`.
    """

    EACH = "each"
    LAST = "last"
    NEVER = "never"


@final
@frozen
class PassReport:
    """What one pass cost and did. `seconds` is zero without a clock; `items` counts members too."""

    name: str
    seconds: float
    items_before: int
    items_after: int
    diagnostics: int


class Observer(Protocol):
    """Is told of every pass, with the packages themselves. Must not keep the run from going on."""

    def before_pass(self, each: Pass, package: Package) -> None:
        """Called before `each` runs on `package`."""
        ...

    def after_pass(self, each: Pass, before: Package, after: Package) -> None:
        """Called when `each` has made `after` of `before`, which is valid if every pass is verified."""
        ...

    def close(self) -> None:
        """Called when the run is over, however it ended."""
        ...


@final
@frozen
class IrPrinter:
    """Hands printed IR to `write`: before and after the named passes, or `all`.

    With `changes` the IR is also printed after every pass that changed it, and a line says
    so where a pass did not.
    """

    write: Callable[[str], None]
    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    changes: bool = False

    def before_pass(self, each: Pass, package: Package) -> None:
        """Print `package` when asked to."""
        if self.before & {each.name, "all"}:
            self.write(f"// IR before {each.name}\n{format_package(package)}")

    def after_pass(self, each: Pass, before: Package, after: Package) -> None:
        """Print `after` when asked to."""
        if self.after & {each.name, "all"}:
            self.write(f"// IR after {each.name}\n{format_package(after)}")
        elif self.changes and is_changed(before, after):
            self.write(f"// IR after {each.name} (changed)\n{format_package(after)}")
        elif self.changes:
            self.write(f"// {each.name} changed nothing\n")

    def close(self) -> None:
        """Nothing is kept."""


@final
@frozen
class PassManager:
    """A pipeline with what surrounds it. Each instance may run any number of packages.

    `clock` returns seconds; `on_report` is given one `PassReport` per pass as it ends.
    """

    passes: tuple[Pass, ...]
    verify: Verify = Verify.EACH
    observers: tuple[Observer, ...] = ()
    clock: Callable[[], float] | None = None
    on_report: Callable[[PassReport], None] | None = None

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` after every pass, in order.

        Diagnostics for the user go to `ctx`. Raises `PassError` when a pass raises or leaves
        IR that the verifier rejects.
        """
        verified = Verified() if self.verify is Verify.EACH else None
        counts = _ItemCounts()
        result = package
        try:
            for each in self.passes:
                result = self._run_pass(each, result, ctx, verified, counts)
        except PassError:
            if self.verify is Verify.LAST:
                self._verify_each(package, ctx)
            raise
        finally:
            for observer in self.observers:
                observer.close()
        if self.verify is Verify.LAST and self.passes and (problems := verify_package(result)):
            self._verify_each(package, ctx)
            # A pass that is not pure: all that is known is the pipeline.
            raise _make_rejection(self.passes, "the pipeline", package, result, problems)
        return result

    def _verify_each(self, package: Package, ctx: PassContext) -> None:
        """Raise the `PassError` of the first pass that breaks `package`, if one does."""
        again = PassContext(ctx.options, inventory=ctx.inventory, extensions=ctx.extensions)
        PassManager(self.passes).run(package, again)

    def _run_pass(
        self,
        each: Pass,
        before: Package,
        ctx: PassContext,
        verified: Verified | None,
        counts: _ItemCounts,
    ) -> Package:
        for observer in self.observers:
            observer.before_pass(each, before)
        reported = len(ctx.diagnostics)
        started = self.clock() if self.clock else 0.0
        try:
            after = each.run(before, ctx)
        except Exception as error:
            raise _make_error((each,), before, f"pass `{each.name}` raised {error!r}") from error
        seconds = self.clock() - started if self.clock else 0.0
        after = evolve(after, passes=(*after.passes, each.name))
        if verified is not None and (problems := verify_package(after, verified)):
            raise _make_rejection((each,), f"pass `{each.name}`", before, after, problems)
        for observer in self.observers:
            observer.after_pass(each, before, after)
        if self.on_report:
            found = len(ctx.diagnostics) - reported
            self.on_report(PassReport(each.name, seconds, counts.of(before), counts.of(after), found))
        return after


def is_changed(before: Package, after: Package) -> bool:
    """Return whether two packages differ in more than the list of passes that ran."""
    return evolve(before, passes=()) != evolve(after, passes=())


def count_items(package: Package) -> int:
    """Return the number of items and of members of classes."""
    return _ItemCounts().of(package)


@final
@define(eq=False)
class _ItemCounts:
    """Counts packages that share modules; each module is counted once."""

    _known: dict[int, tuple[Module, int]] = field(factory=dict)

    def of(self, package: Package) -> int:
        return sum(map(self._module, package.modules)) + sum(map(_count, package.generated))

    def _module(self, module: Module) -> int:
        known = self._known.get(id(module))
        if known is None:
            known = self._known[id(module)] = (module, sum(map(_count, module.items)))
        return known[1]


def _count(item: object) -> int:
    if not isinstance(item, Class):
        return 1
    return 1 + len(item.fields) + len(item.properties) + len(item.constructors) + len(item.methods)


def _make_error(passes: Iterable[Pass], before: Package, message: str) -> PassError:
    return PassError(message, Reproducer(format_package(before), format_pipeline(passes)))


def _make_rejection(
    passes: Iterable[Pass], what: str, before: Package, after: Package, problems: Iterable[str]
) -> PassError:
    listed = "\n".join(f"  {problem}" for problem in problems)
    failure = _make_error(passes, before, f"the IR after {what} is not valid:\n{listed}")
    failure.add_note(format_package(after))
    return failure
