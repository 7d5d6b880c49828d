"""A wheel under other tags, where the audit proves that it keeps what they promise.

Symbols alone do not prove that a module was compiled for the stable ABI: macros of the full API reach into
structures and leave no symbol behind. What proves it is how the build named the module, `.abi3.so`, or which
DLL it is bound to on Windows, together with the symbols.
"""

from __future__ import annotations

import enum
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, final

from attrs import frozen

from ..ir import codes
from ..ir.audit import WheelAudit
from ..ir.diagnostics import Diagnostic, DiagnosticError
from ..runtime.mochi_build import Member, find_epoch, write_wheel
from .audit.stable_abi import FIRST_ABI3, FIRST_ABI3T, oldest_version
from .audit.wheel_audit import audit_wheel
from .host import Host
from .resolve.tags import FIRST_ABI2026

_VERSIONED: Final = re.compile(r"\.(?:cpython-3\d+t?|cp3\d+t?)-[\w-]+(?=\.(?:so|pyd)$)")
_STABLE: Final = re.compile(r"(?:^|/)[^/.]+(?:\.abi3\.so|\.abi3t\.so|\.pyd)$")


@final
class Promotion(enum.Enum):
    """What a wheel can be made for: the stable ABI, the one of 2026, or the one without the GIL as well."""

    ABI3 = "abi3"
    ABI2026 = "abi2026"
    ABI3T = "abi3t"


@final
@frozen
class Retagged:
    """A wheel under its new name."""

    filename: str
    content: bytes


def retag_wheel(
    path: Path,
    to: Promotion,
    host: Host,
    *,
    filename: str = "",
    assume_limited: bool = False,
    oldest: tuple[int, int] | None = None,
) -> Retagged:
    """Return the wheel at `path` with the tags for `to`; nothing is written.

    `assume_limited` takes the user's word that `Py_LIMITED_API` was defined, `oldest` that it was defined as
    that version of CPython: the wheel is for it and all later ones. Raises `DiagnosticError` (PY580) with
    every reason against it.
    """
    audit = audit_wheel(path, host, filename)
    names = _names_of(path, host)
    reasons = list(_find_reasons(audit, to, names, assume_limited))
    needed = audit.abi3.baseline or FIRST_ABI3
    if oldest is not None and needed > oldest:
        reasons.append(
            _refuse(f"it uses what the stable ABI has from {_tag(needed)} on, not in {_tag(oldest)}")
        )
    if reasons:
        raise DiagnosticError(*reasons)
    python, abi = _new_tags(audit, to) if oldest is None else (_tag(oldest), to.value)
    return _rewrite(path, audit, f"{python}-{abi}", host)


def _names_of(path: Path, host: Host) -> list[str]:
    with host.open_binary(path) as file, zipfile.ZipFile(file) as archive:
        return archive.namelist()


def _find_reasons(
    audit: WheelAudit, to: Promotion, names: Sequence[str], assume_limited: bool
) -> Iterator[Diagnostic]:
    yield from (problem for problem in audit.problems if not audit.ok)
    if not audit.modules:
        yield _refuse("it has no compiled module: its tags need no ABI")
        return
    if audit.abi3.violations:
        yield _refuse(f"it uses what is not in the stable ABI: {', '.join(audit.abi3.violations[:8])}")
    if any(abi.endswith("t") and abi.startswith("cp") for abi in audit.abis):
        yield _refuse("it is built for Python without the GIL, whose modules other builds cannot load")
    if audit.python_dlls:
        yield _refuse(f"it is bound to {', '.join(audit.python_dlls)}, not to python3.dll")
    target = {name.replace(".", "/") for name in audit.modules}
    built = [name for name in names if name.rpartition(".")[2] in ("so", "pyd") and _stem(name) in target]
    unproven = [name for name in built if not _STABLE.search(name)]
    if unproven and not assume_limited and "abi3" not in audit.abis:
        yield _refuse(
            f"nothing shows that `{unproven[0]}` was compiled with `Py_LIMITED_API`",
            "build with the limited API, or say `--assume-limited-api` where you know that it was",
        )
    if to is Promotion.ABI3 and "abi3" in audit.abis:
        yield _refuse("it is tagged for the stable ABI already")
    if to is not Promotion.ABI3 and "abi3" not in audit.abis:
        yield _refuse("it is not tagged for the stable ABI", "`pkg slim --abi3` comes first")
    if to is Promotion.ABI3T and not audit.abi3t.ok:
        shown = ", ".join(audit.abi3t.violations[:8])
        yield _refuse(f"it uses what is not in the stable ABI without the GIL: {shown}", "see PEP 803")


def _refuse(reason: str, help: str = "") -> Diagnostic:
    return codes.CANNOT_RETAG.at(None, f"the wheel keeps its tags: {reason}", help=help)


def _stem(name: str) -> str:
    head, _, tail = name.rpartition("/")
    return f"{head}/{tail.partition('.')[0]}".removeprefix("/")


def _new_tags(audit: WheelAudit, to: Promotion) -> tuple[str, str]:
    needed = max(audit.abi3.baseline or FIRST_ABI3, oldest_version(audit.python) or FIRST_ABI3)
    match to:
        case Promotion.ABI3:
            return _tag(needed), "abi3"
        case Promotion.ABI2026:
            return _tag(max(needed, FIRST_ABI2026)), "abi2026"
        case Promotion.ABI3T:
            return _tag(max(needed, FIRST_ABI3T)), "abi3.abi3t"


def _tag(version: tuple[int, int]) -> str:
    return f"cp{version[0]}{version[1]}"


# --- the new file -----------------------------------------------------------------------


def _rewrite(path: Path, audit: WheelAudit, tags: str, host: Host) -> Retagged:
    platform = ".".join(audit.platform.declared)
    filename = f"{'-'.join(audit.wheel.split('-')[:-3])}-{tags}-{platform}.whl"
    with host.open_binary(path) as file, zipfile.ZipFile(file) as archive:
        dist_info = next(
            name.partition("/")[0] for name in archive.namelist() if name.endswith(".dist-info/WHEEL")
        )
        members = list(_members(archive, dist_info, f"{tags}-{platform}"))
    out = io.BytesIO()
    write_wheel(members, dist_info, out, find_epoch(host.environ))
    return Retagged(filename, out.getvalue())


def _members(archive: zipfile.ZipFile, dist_info: str, tags: str) -> Iterator[Member]:
    for info in archive.infolist():
        if info.is_dir() or info.filename.startswith(f"{dist_info}/RECORD"):
            continue
        content = archive.read(info)
        name = info.filename
        if name == f"{dist_info}/WHEEL":
            content = _describe(content.decode("utf-8"), tags).encode()
        is_executable = bool(info.external_attr >> 16 & 0o100)
        # On Windows a module for the stable ABI has a plain name.
        suffix = ".abi3" if name.endswith(".so") else ""
        yield Member(_VERSIONED.sub(suffix, name), content, is_executable)


def _describe(text: str, tags: str) -> str:
    """Return the text of `WHEEL` with other tags."""
    kept = [line for line in text.splitlines() if line.strip() and not line.startswith("Tag:")]
    pythons, abis, platforms = (part.split(".") for part in tags.split("-"))
    shown = [f"Tag: {p}-{a}-{m}" for p in pythons for a in abis for m in platforms]
    return "".join(f"{line}\n" for line in [*kept, *shown])
