"""Reports and errors in the vocabulary of the Mochi toolchain (seed phase 0)."""

from __future__ import annotations

from typing import final

from attrs import frozen

from .refusals import SkipReason


@final
@frozen
class SkipReport:
    """One refused or degraded item: where, why, what exactly, and how to override it.

    `detail` may be empty. `override` is a line of Mochi or Python that the user can write
    by hand instead, empty where there is none.
    """

    path: str
    reason: SkipReason
    detail: str = ""
    override: str = ""

    def __str__(self) -> str:
        head = f"{self.path}: {self.reason.value}: {self.detail}"
        return f"{head}\n    override: {self.override}" if self.override else head


class BridgeError(Exception):
    """A phase of the bridge failed for a package.

    Renders as `phase[package]: cause`, without the brackets when no package is concerned.
    `cause` may be another `BridgeError`; it is also the `__cause__`, so that tracebacks and
    `find` walk the chain.
    """

    def __init__(self, phase: str, package: str, cause: BaseException | str) -> None:
        self.phase = phase
        self.package = package
        self.cause = cause
        super().__init__(phase, package, cause)
        if isinstance(cause, BaseException):
            self.__cause__ = cause

    def __str__(self) -> str:
        where = f"{self.phase}[{self.package}]" if self.package else self.phase
        return f"{where}: {self.cause}"

    def find(self, kind: type[BaseException]) -> BaseException | None:
        """Return the first error of type `kind` in the chain of causes, this one included."""
        error: BaseException | None = self
        while error is not None and not isinstance(error, kind):
            error = error.__cause__
        return error
