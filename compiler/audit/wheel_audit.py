"""One wheel, audited: read its compiled files, judge them, and compare with what its name promises."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, final

from attrs import frozen
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from ...ir import codes
from ...ir.audit import PlatformVerdict, WheelAudit
from ...ir.binary import BinaryFormat, GilVerdict, Image
from ...ir.diagnostics import Diagnostic, DiagnosticError
from ...ir.dist import Target
from ...ir.parts import evolve
from ..frontends.binary.read import MalformedError, read_binary
from ..frontends.wheel import Wheel, open_wheel
from ..gate import check_wheel
from ..host import Host
from .linux import judge_linux
from .macos import judge_macos
from .promises import list_promises
from .stable_abi import WITH_GIL, judge_abi3, judge_abi3t, oldest_version
from .windows import bound_dlls, judge_windows

MOST_BYTES: Final = 512 * 1024**2
"""The largest compiled file that is read: the largest known ones have some hundred megabytes."""

_WORST_FIRST: Final = (
    GilVerdict.USED,
    GilVerdict.USED_BY_DEFAULT,
    GilVerdict.UNKNOWN,
    GilVerdict.NOT_USED,
)
_SUFFIX: Final = re.compile(r"(?:\.[\w-]+)?\.(?:so|pyd)$")
_JUDGES = {
    BinaryFormat.ELF: judge_linux,
    BinaryFormat.MACH_O: judge_macos,
    BinaryFormat.PE: judge_windows,
}


@final
@frozen
class CompiledFile:
    """A compiled file of a wheel by its path; a module is one that Python imports."""

    path: str
    images: tuple[Image, ...]

    @property
    def is_module(self) -> bool:
        """Whether Python can import it."""
        return any(image.inits for image in self.images)

    @property
    def module(self) -> str:
        """The dotted name of the module."""
        return _SUFFIX.sub("", self.path).replace("/", ".")


@final
@frozen
class WheelTags:
    """The tags in the name of a wheel, as written."""

    python: tuple[str, ...]
    abis: tuple[str, ...]
    platforms: tuple[str, ...]


def audit_wheel(path: Path, host: Host, filename: str = "") -> WheelAudit:
    """Return what is found in the wheel at `path`, whose name is `filename` where it differs.

    Nothing of this machine is looked at. Raises `DiagnosticError` where the file is no wheel.
    """
    filename = filename or path.name
    tags, name, version = _read_name(filename)
    problems = list(check_wheel(path, filename, host, name, version, Target()))
    with open_wheel(path, host, shown=filename) as wheel:
        files = tuple(_read_files(wheel, problems))
        bundled = frozenset(each.rpartition("/")[2] for each in wheel.names)
        described = _described_tags(wheel)
    images = tuple(image for file in files for image in file.images)
    modules = tuple(image for file in files if file.is_module for image in file.images)
    platform = _judge(images, bundled, tags.platforms)
    abi3 = judge_abi3(modules, _stable_version(tags))
    audit = WheelAudit(
        filename,
        tags.python,
        tags.abis,
        platform,
        abi3,
        judge_abi3t(modules, abi3),
        dict(_gil_verdicts(files)),
        bound_dlls(modules),
    )
    problems += list_promises(audit, files, described, images)
    return evolve(audit, problems=tuple(problems))


def _read_name(filename: str) -> tuple[WheelTags, str, str]:
    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise DiagnosticError(codes.INVALID_WHEEL.at(None, str(error))) from None
    python, abi, platform = filename.removesuffix(".whl").split("-")[-3:]
    tags = WheelTags(*(tuple(part.split(".")) for part in (python, abi, platform)))
    return tags, name, str(version)


def _read_files(wheel: Wheel, problems: list[Diagnostic]) -> Iterator[CompiledFile]:
    for path in wheel.compiled_files:
        if wheel.size(path) > MOST_BYTES:
            message = f"`{path}` has {wheel.size(path):,} bytes, and was not looked at"
            problems.append(codes.MALFORMED_BINARY.at(None, message))
            continue
        try:
            binary = read_binary(wheel.read(path))
        except MalformedError as error:
            problems.append(codes.MALFORMED_BINARY.at(None, f"`{path}` cannot be read: {error}"))
            continue
        except DiagnosticError as error:
            problems += error.diagnostics
            continue
        if binary is not None:
            yield CompiledFile(path, binary.images)


def _described_tags(wheel: Wheel) -> tuple[frozenset[str], bool]:
    """Return the tags in the file `WHEEL`, and whether it says that the wheel is pure."""
    text = wheel.read(f"{wheel.dist_info}/WHEEL").decode("utf-8", "replace")
    lines = [line.partition(":") for line in text.splitlines()]
    tags = frozenset(value.strip() for key, _, value in lines if key == "Tag")
    return tags, ("Root-Is-Purelib", "true") in {(key, value.strip().lower()) for key, _, value in lines}


def _judge(images: tuple[Image, ...], bundled: frozenset[str], platforms: tuple[str, ...]) -> PlatformVerdict:
    formats = {image.format for image in images}
    if not formats:
        return PlatformVerdict(platforms, "any")
    if len(formats) > 1:
        return PlatformVerdict(platforms, "")
    return _JUDGES[formats.pop()](images, bundled, platforms)


def _stable_version(tags: WheelTags) -> tuple[int, int] | None:
    if not WITH_GIL.intersection(tags.abis):
        return None
    return oldest_version(tags.python)


def _gil_verdicts(files: tuple[CompiledFile, ...]) -> Iterator[tuple[str, GilVerdict]]:
    """Yield the verdict on each module; of several architectures the worst, of several functions its own."""
    for file in files:
        own = file.module.rpartition(".")[2]
        found = [init for image in file.images for init in image.inits]
        mine = [init.gil for init in found if init.module == own] or [init.gil for init in found]
        worst = next((each for each in _WORST_FIRST if each in mine), None)
        if worst is not None:
            yield file.module, worst


def as_json(audit: WheelAudit) -> Mapping[str, object]:
    """Return an audit as `pkg audit --format json` prints it (schema 1)."""
    platform = audit.platform
    return {
        "schema": 1,
        "wheel": audit.wheel,
        "ok": audit.ok,
        "platform": {
            "declared": list(platform.declared),
            "qualifies": platform.qualifies,
            "needed": dict(platform.needed),
            "libraries": list(platform.libraries),
        },
        "abi": {
            "declared": ".".join(audit.abis),
            "abi3": {
                "ok": audit.abi3.ok,
                "baseline": _version(audit.abi3.baseline),
                "violations": [*audit.abi3.violations, *(name for name, _ in audit.abi3.late)],
            },
            "abi3t": {
                "ok": audit.abi3t.ok,
                "baseline": _version(audit.abi3t.baseline),
                "violations": list(audit.abi3t.violations),
            },
        },
        "gil": {
            "verdict": audit.gil.value,
            "modules": {name: verdict.value for name, verdict in sorted(audit.modules.items())},
        },
        "problems": [
            {"code": each.code.code, "severity": each.severity.value, "message": each.message}
            for each in audit.problems
        ],
    }


def _version(version: tuple[int, int] | None) -> str | None:
    return None if version is None else f"{version[0]}.{version[1]}"
