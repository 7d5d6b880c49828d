"""The locks of an emitted module: what takes them and gives them back, bound once at its top."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import final

from attrs import frozen

from ..ir.extensions import Guard
from .imports import Imports
from .literals import python_string, python_tuple
from .type_tests import HELPERS
from .writer import Writer


@final
@frozen
class Lock:
    """The variables that take the locks of some guards and give them back."""

    acquire: str
    release: str

    @property
    def arguments(self) -> tuple[str, str]:
        """Both, as the runtime takes them."""
        return self.acquire, self.release


@final
class Locks:
    """The locks of one module, by the guards that they stand for. `guards` are those of all its entries."""

    def __init__(self, imports: Imports, guards: Iterable[tuple[Guard, ...]]) -> None:
        self._imports = imports
        self._known: dict[tuple[Guard, ...], Lock] = {}
        every = {guard.name: guard for each in guards for guard in each}
        self._all = tuple(every[name] for name in sorted(every))

    @property
    def whole(self) -> Lock | None:
        """All locks of the module, for what cannot tell whom it calls; None where there are none."""
        return self.find(self._all)

    def find(self, guards: tuple[Guard, ...]) -> Lock | None:
        """Return the lock for `guards`, None where there are none."""
        if not guards:
            return None
        if guards not in self._known:
            self._imports.use(HELPERS, "module_lock")
            names = self._imports.names
            self._known[guards] = Lock(names.fresh("_lock_acquire"), names.fresh("_lock_release"))
        return self._known[guards]

    def write(self, writer: Writer) -> None:
        """Bind the variables of every lock that was asked for."""
        if self._known:
            writer.line()
        for guards, lock in self._known.items():
            maker = self._imports.use(HELPERS, "module_lock")
            arguments = [python_string(guard.name) for guard in guards if not guard.always]
            always = [python_string(guard.name) for guard in guards if guard.always]
            arguments += [f"always={python_tuple(always)}"] if always else []
            writer.bracketed(f"{lock.acquire}, {lock.release} = {maker}(", arguments, ")")


@contextmanager
def hold(writer: Writer, lock: Lock) -> Iterator[None]:
    """Write the statements of the context so that they hold `lock`."""
    writer.line(f"{lock.acquire}()")
    with writer.block("try:"):
        yield
    with writer.block("finally:"):
        writer.line(f"{lock.release}()")
