"""What packages may do to the machine, and whether the program granted it.

`infer_capabilities` finds out, `check_capabilities` compares the union over a dependency
graph with `[python.capabilities]`, `check_elevation` with what an older lock had.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final, final

from attrs import frozen
from packaging.utils import canonicalize_name

from ..ir import codes
from ..ir.diagnostics import Diagnostic, Severity
from ..ir.errors import SkipReport
from ..ir.refusals import SkipReason
from ..ir.source import Span
from .cache import Cache
from .capability_scan import RUNTIMES, STARTUP_CODE, Found, scan_wheel
from .frontends.wheel import open_wheel
from .host import Host
from .resolve.download import CachedWheel

KIND: Final = "capabilities"
"""The kind of cache entry that holds what was found in a wheel, under its SHA-256."""

CORRECTIONS: Final = "capabilities.toml"


@final
@frozen
class Correction:
    """What is known of a package beyond what its files show, and why."""

    package: str
    reason: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


def infer_capabilities(wheel: CachedWheel, host: Host, cache: Cache | None = None) -> tuple[Found, ...]:
    """Return the capabilities of `wheel`, each with its evidence, sorted by capability.

    With `cache`, a wheel is scanned once. Raises `DiagnosticError` for a wheel that cannot be
    read.
    """
    found = (each for each in _scan(wheel, host, cache) if each.capability not in RUNTIMES)
    return correct(wheel.pin.name, found)


def find_async_runtime(wheel: CachedWheel, host: Host, cache: Cache | None = None) -> SkipReport | None:
    """Return why the coroutines of `wheel` cannot be run, if they need trio's event loop.

    The bridge runs coroutines with asyncio; a package that uses trio and neither asyncio nor
    anyio does not work there.
    """
    runtimes = {each.capability: each for each in _scan(wheel, host, cache) if each.capability in RUNTIMES}
    if runtimes.keys() != {"trio"}:
        return None
    detail = f"needs the event loop of trio: `{runtimes['trio'].what}` at {runtimes['trio'].place}"
    return SkipReport(wheel.pin.name, SkipReason.INCOMPATIBLE_ASYNC_RUNTIME, detail)


def check_async_runtime(
    wheel: CachedWheel, span: Span | None, host: Host, cache: Cache | None = None
) -> tuple[Diagnostic, ...]:
    """Return a warning (PY553) at the import `span` when the coroutines of `wheel` cannot be run."""
    report = find_async_runtime(wheel, host, cache)
    if report is None:
        return ()
    message = f"coroutines of `{wheel.pin.name}` cannot be run: it {report.detail}"
    help = "only functions that are not `async` work; see SkipIncompatibleAsyncRuntime"
    return (codes.INCOMPATIBLE_ASYNC_RUNTIME.at(span, message, help=help),)


def _scan(wheel: CachedWheel, host: Host, cache: Cache | None) -> tuple[Found, ...]:
    key = wheel.hashes.sha256
    if cache is not None and (entry := cache.get(KIND, key)) is not None:
        return tuple(Found(*fields) for fields in json.loads(entry))
    with open_wheel(wheel.path, host, shown=wheel.pin.file.filename) as archive:
        found = scan_wheel(archive)
    if cache is not None:
        rows = [[each.capability, each.file, each.line, each.what] for each in found]
        cache.put(KIND, key, json.dumps(rows).encode())
    return found


def union(found: Mapping[str, Iterable[Found]]) -> frozenset[str]:
    """Return every capability that some package has."""
    return frozenset(each.capability for group in found.values() for each in group)


def check_capabilities(
    found: Mapping[str, Sequence[Found]], granted: Iterable[str], span: Span | None
) -> tuple[Diagnostic, ...]:
    """Return an error (PY550) for each capability of a package that is not granted.

    `found` is by package name, `span` the table `[python.capabilities]`. Code that runs when
    Python starts cannot be granted and is a warning (PY552).
    """
    allowed = frozenset(granted)
    return tuple(
        _report_startup(name, each) if each.capability == STARTUP_CODE else _report_missing(name, each, span)
        for name in sorted(found)
        for each in sorted(found[name], key=lambda each: each.capability)
        if each.capability not in allowed
    )


def check_elevation(
    before: Iterable[str], found: Mapping[str, Sequence[Found]], allowed: Iterable[str] = ()
) -> tuple[Diagnostic, ...]:
    """Return an error (PY551) for each capability of a package that the union `before` lacked.

    `before` is what the lock had, `allowed` what `--allow-capability` names.
    """
    known = frozenset(before) | frozenset(allowed)
    return tuple(
        codes.CAPABILITY_ELEVATION.at(
            None,
            f"`{name}` brings the capability `{each.capability}`, which no package of the lock had",
            notes=(_explain(each),),
            help=f"read that place; `--allow-capability {each.capability}` accepts it",
        )
        for name in sorted(found)
        for each in sorted(found[name], key=lambda each: each.capability)
        if each.capability not in known
    )


def _report_missing(name: str, each: Found, span: Span | None) -> Diagnostic:
    return codes.CAPABILITY_NOT_GRANTED.at(
        span,
        f"`{name}` has the capability `{each.capability}`, which `[python.capabilities]` does not grant",
        notes=(_explain(each),),
        help=f"write `{each.capability} = true` below `[python.capabilities]`, or do without the package",
    )


def _report_startup(name: str, each: Found) -> Diagnostic:
    return codes.STARTUP_CODE.at(
        None,
        f"`{name}` runs code whenever Python starts",
        notes=(_explain(each),),
        help="read that place; only an environment without the package is free of it",
        severity=Severity.WARNING,
    )


def _explain(each: Found) -> str:
    return each.what if each.file == CORRECTIONS else f"`{each.what}` at {each.place}"


def correct(package: str, found: Iterable[Found]) -> tuple[Found, ...]:
    """Return `found` with what is known of `package` added and removed, sorted by capability."""
    by_capability = {each.capability: each for each in found}
    for correction in _corrections().get(canonicalize_name(package), ()):
        for capability in correction.add:
            by_capability.setdefault(capability, Found(capability, CORRECTIONS, 0, correction.reason))
        for capability in correction.remove:
            by_capability.pop(capability, None)
    return tuple(sorted(by_capability.values(), key=lambda each: each.capability))


def read_corrections(text: str) -> tuple[Correction, ...]:
    """Return the entries `[[correction]]` of the table of corrections."""
    return tuple(
        Correction(
            canonicalize_name(entry["package"]),
            entry["reason"],
            tuple(entry.get("add", ())),
            tuple(entry.get("remove", ())),
        )
        for entry in tomllib.loads(text)["correction"]
    )


@cache
def _corrections() -> dict[str, tuple[Correction, ...]]:
    grouped: dict[str, tuple[Correction, ...]] = {}
    for each in read_corrections((files(f"{__package__}.data") / CORRECTIONS).read_text("utf-8")):
        grouped[each.package] = (*grouped.get(each.package, ()), each)
    return grouped
