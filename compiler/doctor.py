"""What `mochic-py doctor` tells of the machine: versions, interpreters, the cache, the index."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from typing import Any, Final

from .. import __version__
from ..ir.diagnostics import DiagnosticError
from .cache import Cache
from .host import Host
from .http import redact
from .install import find_interpreters
from .resolve.index import IndexClient, default_index_url

SCHEMA: Final = 1


def examine(host: Host, index_url: str = "", *, offline: bool = False) -> dict[str, Any]:
    """Return what there is, as JSON values.

    `index.reachable` is null when `offline`; `index.reason` says why it is false.
    """
    cache = Cache(host)
    size = cache.measure()
    return {
        "schema": SCHEMA,
        "versions": {
            "mochic-py": __version__,
            "python": platform.python_version(),
            "uv": _uv_version(host),
        },
        "interpreters": [
            {"version": each.version, "free_threaded": each.free_threaded, "path": each.path}
            for each in find_interpreters()
        ],
        "cache": {"folder": str(cache.root), "files": size.files, "bytes": size.bytes},
        "index": _examine_index(host, cache, index_url, offline),
    }


def format_findings(found: dict[str, Any]) -> Iterator[str]:
    """Yield the lines that show what `examine` has found."""
    for name, version in found["versions"].items():
        yield f"{name:<12} {version or 'not found'}"
    for each in found["interpreters"]:
        yield f"{'interpreter':<12} {each['version']}{'t' if each['free_threaded'] else ''}  {each['path']}"
    if not found["interpreters"]:
        yield f"{'interpreter':<12} none of CPython found"
    cache, index = found["cache"], found["index"]
    yield f"{'cache':<12} {cache['folder']}  {cache['files']} files, {cache['bytes']} bytes"
    state = {True: "reachable", False: "not reachable", None: "not asked (--offline)"}[index["reachable"]]
    yield f"{'index':<12} {index['url']}  {state}"
    if index["reason"]:
        yield f"{'':<12} {index['reason']}"


def _uv_version(host: Host) -> str | None:
    """Return the version of the uv that installs and builds, or None where it does not run."""
    import uv  # deferred: it only tells where its executable lies

    try:
        done = host.run([uv.find_uv_bin(), "--version"], timeout=10.0)
    except (DiagnosticError, FileNotFoundError):
        return None
    return done.stdout.split()[1] if done.returncode == 0 else None


def _examine_index(host: Host, cache: Cache, index_url: str, offline: bool) -> dict[str, Any]:
    """Ask for the list of all names, of which nothing is read: it is large."""
    url, reachable, reason = redact(default_index_url(host.environ, index_url)), None, ""
    if not offline:
        try:
            client = IndexClient(host, cache, default_index_url(host.environ, index_url))
            with host.stream(f"{client.url}/") as reply:
                reachable = reply.status == 200
                reason = "" if reachable else f"it answers {reply.status}"
        except DiagnosticError as error:
            reachable, reason = False, error.diagnostics[0].message
    return {"url": url, "reachable": reachable, "reason": reason}
