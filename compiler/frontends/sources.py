"""URLs and paths that name where a package comes from: what is allowed, and why not."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

from ...ir import codes
from ...ir.redact import has_credentials
from .problem import Problem

GIT_SCHEMES: Final = ("https", "http", "ssh", "git", "file")
INDEX_SCHEMES: Final = ("https", "http", "file")

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<host>[^/?#]*)(?P<rest>.*)", re.DOTALL)
_SCP = re.compile(r"(?P<host>[\w.-]+@[\w.-]+):(?P<path>[^/].*)")
_DRIVE = re.compile(r"[A-Za-z]:")


def check_url(url: str, kind: str, schemes: tuple[str, ...]) -> Problem | None:
    """Return what forbids `url` as the place of a `kind` (`git` or `index`).

    Messages never repeat the URL: what is wrong in it may be a secret.
    """
    if not url:
        return Problem(codes.INVALID_SOURCE, "the URL is missing", "write for example `https://host/path`")
    if kind == "git" and (scp := _SCP.fullmatch(url)):
        help = f"write `ssh://{scp['host']}/{scp['path']}`"
        return Problem(codes.INVALID_SOURCE, "this form of address is no URL", help)
    match = _URL.fullmatch(url)
    if match is None:
        return Problem(codes.INVALID_SOURCE, "this is not a URL", "write for example `https://host/path`")
    scheme = match["scheme"].lower()
    if has_credentials(url):
        help = "keep credentials in the keyring, in netrc, or in git's own configuration"
        return Problem(codes.CREDENTIALS_IN_URL, codes.CREDENTIALS_IN_URL.summary, help)
    if scheme not in schemes:
        help = f"the schemes are {', '.join(schemes)}"
        return Problem(codes.INVALID_SOURCE, f"`{scheme}` cannot be the scheme of this URL", help)
    if not match["host"] and scheme != "file":
        return Problem(codes.INVALID_SOURCE, "the URL names no host")
    if not match["rest"].strip("/") and scheme == "file":
        return Problem(codes.INVALID_SOURCE, "the URL names no path")
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        return Problem(codes.INVALID_SOURCE, "a URL holds no blanks or control characters")
    return None


def normalise_path(path: str) -> str:
    """Return `path` without `.` parts, doubled and trailing slashes; `..` parts stay."""
    return PurePosixPath(path).as_posix()


def check_path(path: str) -> Problem | None:
    """Return what forbids `path`, which is relative to the manifest.

    Absolute paths do not hold on another machine. Parents are allowed: a package beside the
    program is the common case.
    """
    code = codes.INVALID_SOURCE_PATH
    if not path.strip():
        return Problem(code, "the path is empty", "write for example `../pkg`")
    if "://" in path:
        return Problem(code, "this is a URL, not a path", "write a path relative to the manifest")
    if path.startswith(("/", "~")) or _DRIVE.match(path):
        return Problem(code, "the path is absolute", "write it relative to the manifest")
    if "\\" in path:
        return Problem(code, "the path holds `\\`", f"write `{path.replace(chr(92), '/')}`")
    if re.search(r"[\x00-\x1f\x7f]", path):
        return Problem(code, "the path holds a control character")
    return None
