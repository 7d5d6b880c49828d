"""Which modules keep to the stable ABI of CPython (PEP 384), and to the one without the GIL (PEP 803)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from ...ir.audit import StableAbi
from ...ir.binary import Image

FIRST_ABI3T: Final = (3, 15)
FIRST_ABI3: Final = (3, 2)
WITH_GIL: Final = frozenset({"abi3", "abi2026"})
"""The ABI tags that promise the stable ABI as of the Python beside them (PEP 384, ADR 0013)."""

_TAG: Final = re.compile(r"(?:cp|py)(?P<major>\d)(?P<minor>\d*)")
_OPAQUE: Final = frozenset(
    {"PyModuleDef_Init", "PyModule_Create2", "PyModule_FromDefAndSpec2", "PyState_AddModule"}
)
"""Functions that take the address of a `PyModuleDef`, whose size the ABI without the GIL does not fix."""


@cache
def stable_symbols() -> Mapping[str, tuple[int, int]]:
    """Return the functions and data of the stable ABI, each with the version that brought it."""
    from abi3info import DATAS, FUNCTIONS  # type: ignore[import-untyped]  # deferred: a large table, which only audits need

    found = {symbol.name: (each.added.major, each.added.minor) for symbol, each in FUNCTIONS.items()}
    return found | {symbol.name: (each.added.major, each.added.minor) for symbol, each in DATAS.items()}


def read_version(tag: str) -> tuple[int, int] | None:
    """Return the version in a Python tag such as `cp312` or `py3`."""
    match = _TAG.fullmatch(tag)
    return (int(match["major"]), int(match["minor"] or 0)) if match else None


def oldest_version(tags: Iterable[str]) -> tuple[int, int] | None:
    """Return the first version that some of the Python tags of a wheel name."""
    return min(filter(None, map(read_version, tags)), default=None)


def judge_abi3(modules: Iterable[Image], tagged: tuple[int, int] | None) -> StableAbi:
    """Return whether `modules` keep to the stable ABI as of the version `tagged`, any where that is None."""
    used = sorted({name for image in modules for name in image.python_symbols})
    known = stable_symbols()
    outside = tuple(name for name in used if name not in known)
    baseline = max((known[name] for name in used if name in known), default=FIRST_ABI3)
    late = tuple((name, known[name]) for name in used if tagged and name in known and known[name] > tagged)
    return StableAbi(not outside and not late, None if outside else baseline, outside, late)


def judge_abi3t(modules: Iterable[Image], abi3: StableAbi) -> StableAbi:
    """Return whether modules that keep to the stable ABI also do so where there is no GIL."""
    modules = tuple(modules)
    used = {name for image in modules for name in image.python_symbols}
    inits = [init.name for image in modules for init in image.inits]
    wrong = sorted(used & _OPAQUE)
    wrong += sorted(name for name in inits if not name.startswith("PyModExport"))
    violations = tuple(dict.fromkeys((*abi3.violations, *wrong)))
    baseline = max(abi3.baseline, FIRST_ABI3T) if abi3.baseline else None
    return StableAbi(not violations, None if violations else baseline, violations)
