"""A finding of the checker, in Mochi's own terms."""

from __future__ import annotations

from typing import final

from attrs import frozen


@final
@frozen
class Problem:
    """One finding: Mochi's code, what is wrong, and the code points it concerns.

    `code` is None where Mochi itself refuses without a code, and a PY code where the rule is not
    Mochi's: it concerns the items of a bound package. `start` and `end` are offsets in
    the text that was read.
    """

    code: str | None
    message: str
    start: int
    end: int
    help: str = ""


class ProblemError(Exception):
    """Stops a reading or the check of one statement; caught inside this package."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem
