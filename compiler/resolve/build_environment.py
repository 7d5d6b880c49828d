"""The environment variables that the code of a build sees: what a build needs, and no secrets.

A build runs code of other people. Of the variables of the user it gets an allow-list; its home is
a temporary folder, so that `.netrc`, `.pypirc` and the like are out of sight as well.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_PLAIN: Final = frozenset(
    {
        "PATH", "TMPDIR", "TEMP", "TMP", "LANG", "LANGUAGE", "TZ", "SOURCE_DATE_EPOCH",
        # compilers and linkers
        "CC", "CXX", "CPP", "FC", "F77", "F90", "LD", "AR", "AS", "NM", "RANLIB", "STRIP", "LDSHARED",
        "CFLAGS", "CXXFLAGS", "CPPFLAGS", "FFLAGS", "FCFLAGS", "LDFLAGS", "ARFLAGS", "ARCHFLAGS",
        "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "LD_LIBRARY_PATH",
        "PKG_CONFIG", "PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR", "PKG_CONFIG_SYSROOT_DIR", "MAKEFLAGS",
        "CMAKE_ARGS", "CMAKE_GENERATOR", "CMAKE_PREFIX_PATH", "CMAKE_TOOLCHAIN_FILE",
        "CMAKE_BUILD_PARALLEL_LEVEL", "RUSTC", "RUSTFLAGS", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN",
        "MACOSX_DEPLOYMENT_TARGET", "SDKROOT", "DEVELOPER_DIR",
        # Windows cannot start programs without these
        "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "PROGRAMFILES", "PROGRAMFILES(X86)",
        "PROGRAMDATA", "PROCESSOR_ARCHITECTURE", "NUMBER_OF_PROCESSORS", "INCLUDE", "LIB", "LIBPATH",
        # certificates
        "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    }
)  # fmt: skip
_PROXIES: Final = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"})
_LOCALE: Final = re.compile(r"LC_[A-Z]+")
_USER: Final = re.compile(r"(?<=//)[^/]*@|^[^/]*@")
_SEPARATOR: Final = ";" if sys.platform == "win32" else ":"
_UV_KEPT: Final = frozenset({"UV_CACHE_DIR", "UV_HTTP_TIMEOUT"})


def clean_environment(environ: Mapping[str, str], home: Path, scripts: Path | None = None) -> dict[str, str]:
    """Return what code of a build may see of `environ`.

    `home` becomes its home; the programs in `scripts`, those of the build requirements, come first
    on its path. Proxies lose their credentials.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if name.upper() in _PLAIN or _LOCALE.fullmatch(name.upper())
    }
    for name, value in environ.items():
        if name.upper() in _PROXIES:
            kept[name] = _USER.sub("", value)
    if "RUSTUP_HOME" not in kept and environ.get("HOME"):
        # The programs of rustup look for their toolchains in the home folder.
        kept["RUSTUP_HOME"] = str(Path(environ["HOME"], ".rustup"))
    if scripts is not None:
        kept["PATH"] = _SEPARATOR.join(filter(None, (str(scripts), kept.get("PATH", ""))))
    return {**kept, "HOME": str(home), "USERPROFILE": str(home)}


def fetch_environment(environ: Mapping[str, str], index_url: str) -> dict[str, str]:
    """Return the environment in which uv fetches build requirements, from the index at `index_url` alone.

    The URL may hold credentials, which a command line would show to everyone; no code of others
    may run with it.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if name in _UV_KEPT or not name.startswith(("UV_", "PIP_", "MOCHIC_INDEX_"))
    }
    return {**kept, "UV_DEFAULT_INDEX": index_url}
