"""What an audit finds in a wheel. The facts below it are in `ir/binary.py`."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import final

from attrs import field, frozen

from .binary import GilVerdict
from .diagnostics import Diagnostic, Severity


@final
@frozen
class PlatformVerdict:
    """Which systems a wheel suits.

    `declared` are the platform tags in its name. `qualifies` is the tag for the most systems that its files
    allow: `any` without compiled files, `linux_<machine>` or empty where no tag of a policy holds. `needed`
    is the highest version that is asked of each library that has versions, by their prefix (`GLIBC`).
    `libraries` must come from the system.
    """

    declared: tuple[str, ...]
    qualifies: str
    needed: Mapping[str, str] = field(factory=dict)
    libraries: tuple[str, ...] = ()


@final
@frozen
class StableAbi:
    """Whether the modules keep to the stable ABI (PEP 384).

    `baseline` is the first version of CPython that has all they use. `violations` are the symbols outside
    of it; `late` those that came after the version in the tag, with the version that brought them.
    """

    ok: bool
    baseline: tuple[int, int] | None = None
    violations: tuple[str, ...] = ()
    late: tuple[tuple[str, tuple[int, int]], ...] = ()


@final
class Gil(enum.Enum):
    """The verdict on a whole wheel: that of its worst module, `NONE` without modules."""

    NONE = "none"
    NOT_USED = "not_used"
    UNKNOWN = "unknown"
    USED_BY_DEFAULT = "used_by_default"
    USED = "used"


_ORDER = (GilVerdict.USED, GilVerdict.USED_BY_DEFAULT, GilVerdict.UNKNOWN, GilVerdict.NOT_USED)


def judge_gil(verdicts: Iterable[GilVerdict]) -> Gil:
    """Return the verdict on a wheel with modules of these `verdicts`."""
    found = set(verdicts)
    worst = next((each for each in _ORDER if each in found), None)
    return Gil.NONE if worst is None else Gil(worst.value)


@final
@frozen
class WheelAudit:
    """All findings on one wheel. `modules` has the verdict on the GIL of each module by its dotted name.

    `python_dlls` are those of one version of Python that its modules ask for (Windows).
    """

    wheel: str
    python: tuple[str, ...]
    abis: tuple[str, ...]
    platform: PlatformVerdict
    abi3: StableAbi
    abi3t: StableAbi
    modules: Mapping[str, GilVerdict]
    python_dlls: tuple[str, ...] = ()
    problems: tuple[Diagnostic, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing worse than a warning was found."""
        return not any(problem.severity is Severity.ERROR for problem in self.problems)

    @property
    def gil(self) -> Gil:
        """The verdict on the wheel as a whole."""
        return judge_gil(self.modules.values())
