"""What a pass is given beside the package, and what it gives back beside one."""

from __future__ import annotations

from typing import ClassVar, Protocol, final

from attrs import Factory, define, frozen

from ..ir.abi import AbiFacts
from ..ir.diagnostics import Diagnostic
from ..ir.extensions import Extensions
from ..ir.inventory import Inventory
from ..ir.items import Package


@final
@frozen
class PassOptions:
    """The settings of `[python]` that passes obey.

    `strict` turns degradations into refusals. `int_mode` is `bigint` or `int64-only`. `infer` allows types
    for missing annotations. `monomorphise` has the path of a generic item, and types by variable, as text.
    `async_mode` is `per-call` or `persistent`; `async_cancel_timeout` is in milliseconds.
    """

    strict: bool = False
    int_mode: str = "bigint"
    infer: bool = True
    monomorphise: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    async_mode: str = "per-call"
    async_cancel_timeout: int = 5000


@final
@define
class PassContext:
    """Options in, diagnostics out. One context serves one run of a pipeline.

    `inventory` is what the installed package holds, `extensions` what its compiled modules say of the
    GIL, `abi` what an audit found in its wheel; None where nobody looked.
    """

    options: PassOptions = PassOptions()
    diagnostics: list[Diagnostic] = Factory(list)
    inventory: Inventory | None = None
    extensions: Extensions | None = None
    abi: AbiFacts | None = None

    def report(self, diagnostic: Diagnostic) -> None:
        """Keep `diagnostic`; the pass goes on."""
        self.diagnostics.append(diagnostic)


class Pass(Protocol):
    """A rewrite. `name` is the kebab-case file name; the fields are its options.

    `run` is pure: it returns a new package and reports through `ctx`.
    """

    name: ClassVar[str]

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` rewritten."""
        ...
