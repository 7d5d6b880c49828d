"""The machine as it is: processor, platform, the place of the cache, the sources of this program.

What changes or is changed goes through `Host` (`host.py`). Cheap to import, as a warm compile does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def machine() -> str:
    """Return the processor family of this machine, lower-case: `x86_64`, `arm64`, …"""
    import platform

    return platform.machine().lower()


def this_platform() -> str:
    """Return the target platform that this machine is."""
    arm = machine() in ("arm64", "aarch64")
    if sys.platform == "darwin":
        return "macos-arm64" if arm else "macos-x86_64"
    if sys.platform == "win32":
        return "windows-arm64" if arm else "windows-x86_64"
    return "linux-aarch64" if arm else "linux-x86_64"


def available_cpus() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cache_dir(environ: Mapping[str, str]) -> Path:
    """Return the folder of the shared cache.

    `$XDG_CACHE_HOME/mochi/python-deps`, else `~/.cache/mochi/python-deps`, else a folder
    below the one for temporary files. A relative `XDG_CACHE_HOME` is ignored, as the XDG
    base directory specification asks.
    """
    xdg = environ.get("XDG_CACHE_HOME", "")
    if xdg and Path(xdg).is_absolute():
        return Path(xdg, "mochi", "python-deps")
    home = environ.get("HOME") or environ.get("USERPROFILE") or ""
    if home and Path(home).is_absolute():
        return Path(home, ".cache", "mochi", "python-deps")
    import tempfile

    return Path(environ.get("TMPDIR") or tempfile.gettempdir(), "mochi-cache", "python-deps")


def tool_stamp() -> str:
    """Return what cached results depend on: the version and, in a checkout, its sources.

    An installed tool is immutable, so its version is enough. In a checkout (there is a
    `pyproject.toml` beside the package) the newest modification time and the number of
    the sources are added.
    """
    from .. import __version__

    root = Path(__file__).parent.parent
    if not (root / "pyproject.toml").exists():
        return __version__
    newest, count = 0, 0
    folders = [str(root / folder) for folder in ("ir", "passes", "backends", "compiler", "runtime")]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    folders += [] if entry.name == "__pycache__" else [entry.path]
                else:
                    newest = max(newest, entry.stat().st_mtime_ns)
                    count += 1
    return f"{__version__}+{count}.{newest:x}"
