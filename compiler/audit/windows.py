"""Which Windows tag the PE files of a wheel allow, and which DLL of Python they are bound to."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Final

from ...ir.audit import PlatformVerdict
from ...ir.binary import Image

STABLE_DLL: Final = re.compile(r"python3t?\.dll")
_VERSIONED_DLL: Final = re.compile(r"python3\d+t?(?:_d)?\.dll")
_API_SET: Final = re.compile(r"(?:api|ext)-ms-(?:win|onecore)-[\w-]+\.dll")
_TAGS: Final = {"amd64": "win_amd64", "win32": "win32", "arm64": "win_arm64", "arm32": "win_arm32"}


@cache
def known_libraries() -> frozenset[str]:
    """Return the libraries that are there wherever Python is."""
    text = files(__package__.rpartition(".")[0]).joinpath("data", "windows_libraries.toml").read_text("utf-8")
    data = tomllib.loads(text)
    return frozenset([*data["system"].split(), *data["python"].split()])


def judge_windows(
    images: Iterable[Image], bundled: frozenset[str], declared: tuple[str, ...]
) -> PlatformVerdict:
    """Return the verdict on a wheel with these images and the library names that are `bundled`.

    `libraries` are those that neither Windows, Python nor the wheel has.
    """
    images = tuple(images)
    inside = {name.lower() for name in bundled}
    asked = {library.name.lower() for image in images for library in image.libraries if library.required}
    external = sorted(name for name in asked - inside if not _is_known(name))
    machines = {image.machine for image in images}
    tag = _TAGS.get(machines.pop(), "") if len(machines) == 1 else ""
    return PlatformVerdict(declared, "" if external else tag, {}, tuple(external))


def bound_dlls(modules: Iterable[Image]) -> tuple[str, ...]:
    """Return the DLLs of one version of Python that modules ask for: those for the stable ABI must not."""
    names = {library.name.lower() for image in modules for library in image.libraries}
    return tuple(sorted(name for name in names if _VERSIONED_DLL.fullmatch(name)))


def _is_known(name: str) -> bool:
    if STABLE_DLL.fullmatch(name) or _VERSIONED_DLL.fullmatch(name) or _API_SET.fullmatch(name):
        return True
    return name in known_libraries()
