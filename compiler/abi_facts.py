"""What check-abi is told of the wheel of a package. What each wheel tells is kept in the cache."""

from __future__ import annotations

from typing import Final, final

from attrs import define

from ..ir.abi import AbiFacts, format_abi_facts, parse_abi_facts
from ..ir.items import Package
from ..passes.context import Pass, PassContext
from .cache import Cache
from .host import Host
from .resolve.download import CachedWheel

_KIND: Final = "abi-facts"
_PASS: Final = "check-abi"


@final
@define(eq=False)
class AbiReader:
    """Tells check-abi of a wheel; an observer of the pass manager."""

    wheel: CachedWheel
    host: Host
    store: Cache
    ctx: PassContext

    def before_pass(self, each: Pass, package: Package) -> None:
        """Have the wheel audited."""
        if each.name == _PASS:
            self.ctx.abi = read_abi_facts(self.wheel, self.host, self.store)

    def after_pass(self, each: Pass, before: Package, after: Package) -> None:
        """Nothing is to be done then."""

    def close(self) -> None:
        """Nothing is kept."""


def read_abi_facts(wheel: CachedWheel, host: Host, store: Cache) -> AbiFacts:
    """Return what an audit finds in `wheel`, whose files are read once by each version of the tool.

    Raises `DiagnosticError` for a damaged wheel.
    """
    # Deferred: policies and the table of the stable ABI, which nothing else of a compilation needs.
    from .audit.wheel_audit import audit_wheel

    key = wheel.hashes.sha256
    kept = store.get(_KIND, key)
    if kept is not None:
        return parse_abi_facts(kept)
    facts = AbiFacts.of(audit_wheel(wheel.path, host, wheel.pin.file.filename))
    store.put(_KIND, key, format_abi_facts(facts).encode())
    return facts
