"""The core metadata of a distribution file: who it says it is, and whether that can be read."""

from __future__ import annotations

import re
from typing import Final

from packaging.utils import canonicalize_name, canonicalize_version

from ...ir import codes
from ...ir.diagnostics import Severity
from ..dependency_text import parse_dependency
from ..frontends.metadata import MetadataError, parse_metadata
from .findings import Findings

KNOWN: Final = (2, 5)
"""The newest version of the core metadata that is known."""

_VERSION: Final = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})", re.ASCII)


def check_identity(
    found: str, found_version: str, name: str, version: str, how: str, findings: Findings
) -> None:
    """Compare a name and version with those expected, in their normal forms (PEP 503, PEP 440)."""
    if canonicalize_name(found) != canonicalize_name(name):
        findings.add(codes.NAME_DIFFERS, f"{how} `{found[:80]}`, not `{name}`")
    # Numbers too long to convert are not equal to any that could be.
    if len(found_version) > 256 or canonicalize_version(found_version) != canonicalize_version(version):
        findings.add(codes.VERSION_DIFFERS, f"{how} version `{found_version[:80]}`, not `{version}`")


def check_metadata(content: bytes, name: str, version: str, findings: Findings) -> None:
    """Check METADATA or PKG-INFO."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        findings.add(codes.METADATA_NOT_UTF8, f"has metadata that are not UTF-8 at byte {error.start}")
        return
    try:
        metadata = parse_metadata(content)
    except MetadataError as error:
        findings.add(codes.INVALID_WHEEL_METADATA, f"has broken metadata: {error}")
        return
    check_identity(metadata.name, metadata.version, name, version, "has metadata for", findings)
    _check_metadata_version(metadata.metadata_version, findings)
    for text in metadata.requires_dist:
        try:
            parse_dependency(text)
        except (ValueError, RecursionError):
            findings.add(codes.INVALID_REQUIRES_DIST, f"depends on `{text[:200]}`, which cannot be read")


def _check_metadata_version(text: str, findings: Findings) -> None:
    match = _VERSION.fullmatch(text)
    if match is None or int(match[1]) > KNOWN[0]:
        findings.add(codes.UNSUPPORTED_METADATA_VERSION, f"has metadata of version `{text[:80]}`")
    elif (int(match[1]), int(match[2])) > KNOWN:
        text = f"has metadata of version `{text}`, of which a part may not be understood"
        findings.add(codes.UNSUPPORTED_METADATA_VERSION, text, Severity.WARNING)
