"""What is known of the wheel of a package: `AbiFacts` in, the `Abi` of a package out, by check-abi."""

from __future__ import annotations

import json
from typing import final

from attrs import frozen

from .audit import Gil, WheelAudit
from .diagnostics import Severity


@final
@frozen
class Abi:
    """For what the files of a package are good, whatever the tags of its wheel promise.

    `platform` is the tag for the most systems, `any` without compiled files, empty where none fits. `stable`
    is the first CPython whose stable ABI has all that the modules use, None where they use more than that.
    """

    platform: str
    stable: tuple[int, int] | None = None
    gil: Gil = Gil.NONE


@final
@frozen
class AbiProblem:
    """A finding of an audit, by the code of its kind."""

    code: str
    severity: Severity
    message: str
    help: str = ""


@final
@frozen
class AbiFacts:
    """What the audit of a wheel found, for check-abi."""

    wheel: str
    abi: Abi
    problems: tuple[AbiProblem, ...] = ()

    @classmethod
    def of(cls, audit: WheelAudit) -> AbiFacts:
        """Return the facts of a wheel that was audited."""
        stable = audit.abi3.baseline if audit.modules else None
        problems = (
            AbiProblem(each.code.code, each.severity, each.message, each.help) for each in audit.problems
        )
        return cls(audit.wheel, Abi(audit.platform.qualifies, stable, audit.gil), tuple(problems))


def format_abi_facts(facts: AbiFacts) -> str:
    """Return `facts` as JSON; the inverse of `parse_abi_facts`."""
    abi = facts.abi
    return json.dumps(
        {
            "wheel": facts.wheel,
            "platform": abi.platform,
            "stable": list(abi.stable) if abi.stable else None,
            "gil": abi.gil.value,
            "problems": [
                {
                    "code": each.code,
                    "severity": each.severity.value,
                    "message": each.message,
                    "help": each.help,
                }
                for each in facts.problems
            ],
        },
        indent=2,
    )


def parse_abi_facts(text: str | bytes) -> AbiFacts:
    """Read what `format_abi_facts` wrote; what is left out is empty."""
    data = json.loads(text)
    stable = data.get("stable")
    problems = (
        AbiProblem(each["code"], Severity(each["severity"]), each["message"], each.get("help", ""))
        for each in data.get("problems", ())
    )
    abi = Abi(data["platform"], (stable[0], stable[1]) if stable else None, Gil(data.get("gil", "none")))
    return AbiFacts(data["wheel"], abi, tuple(problems))
