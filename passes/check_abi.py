"""Keep with a package what its wheel is good for, and report what the tags of that promise in vain.

an audit of the wheel    =>    abi "manylinux_2_27_x86_64" stable 3.11 gil used_by_default
"""

from __future__ import annotations

from typing import ClassVar, Final, final

from attrs import frozen

from ..ir import codes
from ..ir.abi import AbiFacts, AbiProblem
from ..ir.diagnostics import Code, Diagnostic, Severity
from ..ir.items import Package
from ..ir.parts import evolve
from .context import PassContext

_CODES: Final = {value.code: value for value in vars(codes).values() if isinstance(value, Code)}


@final
@frozen
class CheckAbi:
    """Sets `Package.abi`. Nothing changes where nobody has looked into the wheel.

    A wheel that breaks its promises may still work here, so its errors are warnings, but for strict mode.
    What a wheel could promise beyond its tags concerns those who publish it, and is left out.
    """

    name: ClassVar[str] = "check-abi"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with what its wheel is good for."""
        facts = ctx.abi
        if facts is None:
            return package
        for problem in facts.problems:
            if problem.severity is not Severity.NOTE:
                ctx.report(_describe(problem, facts, strict=ctx.options.strict))
        return package if package.abi == facts.abi else evolve(package, abi=facts.abi)


def _describe(problem: AbiProblem, facts: AbiFacts, *, strict: bool) -> Diagnostic:
    severity = problem.severity if strict else Severity.WARNING
    message = f"`{facts.wheel}`: {problem.message}"
    return _CODES[problem.code].at(None, message, help=problem.help, severity=severity)
