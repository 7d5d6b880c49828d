"""What the tags of a wheel promise, against what was found: problems, and tags that would fit better."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from packaging.tags import parse_tag

from ...ir import codes
from ...ir.audit import WheelAudit
from ...ir.binary import BinaryFormat, Image
from ...ir.diagnostics import Diagnostic, Severity
from .linux import read_policies
from .macos import allows, read_targets, tagged_machines
from .stable_abi import WITH_GIL, oldest_version

if TYPE_CHECKING:
    from .wheel_audit import CompiledFile

_LINUX: Final = re.compile(r"(?P<family>many|musl)linux_(?P<major>\d+)_(?P<minor>\d+)_(?P<machine>\w+)")
_ABI_SUFFIX: Final = re.compile(r"\.(?:cpython-(?P<unix>3\d+t?)|cp(?P<windows>3\d+t?))-[\w-]+\.(?:so|pyd)$")
_NEEDS_GIL: Final = re.compile(r"cp3\d+")
_SHOWN: Final = 8


def list_promises(
    audit: WheelAudit,
    files: Sequence[CompiledFile],
    described: tuple[frozenset[str], bool],
    images: Sequence[Image],
) -> Iterator[Diagnostic]:
    """Yield what the wheel promises in vain, and what it could promise."""
    yield from _tags(audit, described, images)
    yield from _platform(audit, images)
    yield from _stable_abi(audit)
    yield from _suffixes(audit, files)


def _tags(
    audit: WheelAudit, described: tuple[frozenset[str], bool], images: Sequence[Image]
) -> Iterator[Diagnostic]:
    tags, is_pure = described
    written = {str(tag) for text in tags for tag in parse_tag(text)} if all(map(_is_tag, tags)) else set()
    named = {str(tag) for tag in parse_tag("-".join(audit.wheel.removesuffix(".whl").split("-")[-3:]))}
    if written != named:
        shown = ", ".join(sorted(written ^ named)[:_SHOWN])
        yield codes.TAGS_DIFFER.at(None, f"the file name and the file WHEEL differ in their tags: {shown}")
    if images and is_pure:
        message = "the wheel has compiled files and says `Root-Is-Purelib: true`"
        yield codes.TAGS_DIFFER.at(None, message, severity=Severity.WARNING)


def _is_tag(text: str) -> bool:
    return text.count("-") == 2


# --- platforms --------------------------------------------------------------------------


def _platform(audit: WheelAudit, images: Sequence[Image]) -> Iterator[Diagnostic]:
    verdict = audit.platform
    if not images:
        return
    machines = sorted({image.machine or "an unknown processor" for image in images})
    kind = images[0].format
    if len({image.format for image in images}) > 1:
        yield codes.PLATFORM_TAG_NOT_MET.at(None, "the wheel has files for several operating systems")
        return
    for tag in verdict.declared:
        if tag == "any":
            message = f"the wheel is for any platform, and has compiled files for {', '.join(machines)}"
            yield codes.PLATFORM_TAG_NOT_MET.at(None, message)
        elif not _has_machine(tag, machines):
            yield codes.WRONG_ARCHITECTURE.at(
                None, f"`{tag}` is promised; the files are for {', '.join(machines)}"
            )
        elif not _is_met(tag, audit, kind):
            yield codes.PLATFORM_TAG_NOT_MET.at(None, _explain(tag, audit))
    foreign = _foreign(audit, kind)
    if foreign:
        message = f"libraries are missing that neither the system nor the wheel has: {', '.join(foreign)}"
        yield codes.FOREIGN_LIBRARY.at(None, message, help="put them into the wheel, or link them statically")
    better = verdict.qualifies
    if better and kind is BinaryFormat.ELF and better not in verdict.declared and _is_better(better, audit):
        yield codes.BETTER_TAG.at(None, f"this wheel qualifies for {better}")


def _has_machine(tag: str, machines: Sequence[str]) -> bool:
    if tag.startswith("macosx"):
        wanted = tagged_machines(tag)
        return bool(wanted) and set(wanted) <= set(machines)
    return (len(machines) == 1 and tag in (machines[0], f"win_{machines[0]}")) or tag.endswith(
        f"_{machines[0]}"
    )


def _is_met(tag: str, audit: WheelAudit, kind: BinaryFormat) -> bool:
    verdict = audit.platform
    match kind:
        case BinaryFormat.ELF:
            if tag.startswith("linux_"):
                return True
            wanted, has = _LINUX.fullmatch(_canonical(tag)), _LINUX.fullmatch(verdict.qualifies)
            if not wanted or not has or wanted["family"] != has["family"]:
                return False
            return (int(wanted["major"]), int(wanted["minor"])) >= (int(has["major"]), int(has["minor"]))
        case BinaryFormat.MACH_O:
            return allows(verdict.qualifies, tag, read_targets(verdict.needed.items()))
        case BinaryFormat.PE:
            return tag in ("win32", "win_amd64", "win_arm64", "win_arm32")


def _canonical(tag: str) -> str:
    """Return a tag by the version of the C library, which old ones do not name."""
    for policy in read_policies():
        for alias in policy.aliases:
            if tag.startswith(f"{alias}_"):
                return f"{policy.name}{tag.removeprefix(alias)}"
    return tag


def _explain(tag: str, audit: WheelAudit) -> str:
    verdict = audit.platform
    needed = ", ".join(f"{name} {version}" for name, version in verdict.needed.items())
    qualifies = (
        f"it qualifies for {verdict.qualifies}" if verdict.qualifies else "it qualifies for no such tag"
    )
    return f"`{tag}` is promised; {qualifies}" + (f" (needs {needed})" if needed else "")


def _foreign(audit: WheelAudit, kind: BinaryFormat) -> list[str]:
    verdict = audit.platform
    if verdict.qualifies and not verdict.qualifies.startswith("linux"):
        return []
    if kind is BinaryFormat.ELF:
        usual = {name for policy in read_policies() for name in policy.libraries}
        return [name for name in verdict.libraries if name not in usual and not _is_loader(name)]
    if kind is BinaryFormat.MACH_O:
        return [name for name in verdict.libraries if not name.startswith(("/usr/lib/", "/System/Library/"))]
    return list(verdict.libraries)


def _is_loader(name: str) -> bool:
    return name.startswith(("ld-linux", "ld-musl", "ld64", "libc.musl", "libpython"))


def _is_better(qualifies: str, audit: WheelAudit) -> bool:
    """Tell whether a tag suits more systems than all that are declared."""
    has = _LINUX.fullmatch(qualifies)
    if has is None:
        return False
    declared = [_LINUX.fullmatch(_canonical(tag)) for tag in audit.platform.declared]
    found = [(int(each["major"]), int(each["minor"])) for each in declared if each]
    return not found or (int(has["major"]), int(has["minor"])) < min(found)


# --- the stable ABI ---------------------------------------------------------------------


def _stable_abi(audit: WheelAudit) -> Iterator[Diagnostic]:
    if not audit.modules:
        return
    abi = audit.abi3
    tagged = oldest_version(audit.python)
    if not {*WITH_GIL, "abi3t"}.intersection(audit.abis):
        if abi.ok and abi.baseline and tagged and all(map(_NEEDS_GIL.fullmatch, audit.abis)):
            since = max(abi.baseline, tagged)
            yield codes.BETTER_TAG.at(
                None, f"the modules keep to the stable ABI: cp{since[0]}{since[1]}-abi3 would do"
            )
        return
    if abi.violations:
        message = f"not in the stable ABI: {_few(abi.violations)}"
        yield codes.OUTSIDE_STABLE_ABI.at(None, message, help="define Py_LIMITED_API when compiling")
    if abi.late:
        names = [f"{name} ({major}.{minor})" for name, (major, minor) in abi.late]
        message = f"in the stable ABI only later than the tag says: {_few(names)}"
        help = f"tag it cp{abi.baseline[0]}{abi.baseline[1]}" if abi.baseline else ""
        yield codes.STABLE_ABI_TOO_LATE.at(None, message, help=help)
    if "abi3t" in audit.abis and not audit.abi3t.ok:
        message = f"not in the stable ABI without the GIL: {_few(audit.abi3t.violations)}"
        yield codes.OUTSIDE_STABLE_ABI.at(None, message, help="see PEP 803")
    if audit.python_dlls:
        message = (
            f"a wheel for the stable ABI is bound to {', '.join(audit.python_dlls)} instead of python3.dll"
        )
        yield codes.OUTSIDE_STABLE_ABI.at(None, message, help="link with python3.lib")


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _suffixes(audit: WheelAudit, files: Sequence[CompiledFile]) -> Iterator[Diagnostic]:
    """Yield modules whose file names say that another Python is to load them."""
    abis = {abi.removeprefix("cp") for abi in audit.abis}
    if not all(abi.rstrip("t").isdigit() for abi in abis):
        return
    for file in files:
        match = _ABI_SUFFIX.search(file.path)
        if match and (match["unix"] or match["windows"]) not in abis:
            message = f"`{file.path}` is loaded by another Python than {', '.join(audit.abis)}"
            yield codes.TAGS_DIFFER.at(None, message)
