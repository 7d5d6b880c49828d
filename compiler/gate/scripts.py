"""Scripts that a wheel installs: what they may be called, and what they may run.

Source: PyPA "Entry points specification".
"""

from __future__ import annotations

import re
from typing import Final

from ...ir import codes
from .findings import Findings

_INTERPRETER: Final = re.compile(r"(?:python|pypy)w?[0-9.]*t?(?:\.(?:exe|bat|cmd))?", re.IGNORECASE)
# The name becomes a file name; the target stands in the code of that file.
_SAFE_NAME: Final = re.compile(r"(?![.\s])[^/\\:*?\"<>|\x00-\x1f\x7f]+(?<![.\s])")
_TARGET: Final = re.compile(
    r"[^\W\d]\w*(?:\.[^\W\d]\w*)*\s*:\s*[^\W\d]\w*(?:\.[^\W\d]\w*)*\s*(?:\[[\w\s,.-]*\])?", re.UNICODE
)
_SECTION: Final = re.compile(r"\[\s*([^\]]*?)\s*\]")
_SCRIPT_GROUPS: Final = ("console_scripts", "gui_scripts")


def check_entry_points(content: bytes, findings: Findings) -> None:
    """Check the scripts that `entry_points.txt` asks for. Other groups make no files."""
    group = ""
    for line in content.decode("utf-8", "replace").splitlines():
        line = line.strip()
        if section := _SECTION.fullmatch(line):
            group = section[1]
        elif group in _SCRIPT_GROUPS and line and line[0] not in "#;":
            name, _, target = (part.strip() for part in line.partition("="))
            check_script_name(name, findings)
            if not _TARGET.fullmatch(target):
                findings.add(codes.UNSAFE_SCRIPT, f"has a script {name!r} that runs {target!r}")


def check_script_name(name: str, findings: Findings) -> None:
    """Check the name of a script file."""
    if not _SAFE_NAME.fullmatch(name):
        findings.add(codes.UNSAFE_SCRIPT, f"has a script named {name!r}")
    elif _INTERPRETER.fullmatch(name):
        findings.add(codes.INTERPRETER_SCRIPT, f"has a script named {name!r}")
