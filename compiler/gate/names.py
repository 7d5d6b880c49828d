"""What the names of files in archives may be, and what they become when installed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from ...ir import codes
from ...ir.diagnostics import Severity
from ...ir.dist import Target
from ..frontends.wheel import find_path_problem
from .findings import Findings

# Windows takes these for devices with any ending, the digits in superscript too.
_RESERVED: Final = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[1-9¹²³])(?:\..*)?", re.IGNORECASE
)


def is_reserved(name: str) -> bool:
    """Whether a part of the path `name` is a device on Windows, or changes there."""
    return any(
        _RESERVED.fullmatch(part) or part.endswith((".", " ")) for part in name.removesuffix("/").split("/")
    )


def ignores_case(target: Target) -> bool:
    """Whether file systems of `target` take names that differ in case for one."""
    return target.platform.startswith(("windows", "macos"))


def check_names(names: Iterable[str], target: Target, findings: Findings) -> None:
    """Check the names of an archive, one by one and against each other. Folders end with `/`."""
    seen: set[str] = set()
    for name in names:
        code = find_path_problem(name)
        if code is not None:
            findings.add(code, f"holds a file named {name!r}")
        elif is_reserved(name):
            findings.add(codes.RESERVED_FILE_NAME, f"holds a file named {name!r}")
        if name in seen:
            findings.add(codes.DUPLICATE_ENTRY, f"holds {name!r} twice")
        seen.add(name)
    check_places((name for name in seen if not name.endswith("/")), target, findings)


def check_places(files: Iterable[str], target: Target, findings: Findings) -> None:
    """Check that no two of the distinct `files` are one place, or a file and a folder."""
    listed = sorted(files)
    present = set(listed)
    by_folded: dict[str, str] = {}
    severity = Severity.ERROR if ignores_case(target) else Severity.WARNING
    for name in listed:
        parent = name.rpartition("/")[0]
        while parent:
            if parent in present:
                findings.add(codes.DUPLICATE_ENTRY, f"holds {parent!r} as a file and as a folder")
            parent = parent.rpartition("/")[0]
        folded = unicodedata.normalize("NFC", name).casefold()
        other = by_folded.setdefault(folded, name)
        if other != name:
            findings.add(codes.CASE_CLASH, f"holds {other!r} and {name!r}", severity)
