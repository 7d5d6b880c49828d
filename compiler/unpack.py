"""Wheels unpacked into a folder, as an installer does it; no code of theirs runs."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir import codes
from ..ir.diagnostics import DiagnosticError
from .host import Host
from .resolve.download import CachedWheel


def unpack_wheels(wheels: Sequence[CachedWheel], folder: str, python: str, host: Host) -> None:
    """Install `wheels` into `folder`; no code of theirs runs."""
    import uv  # deferred: it only tells where its executable lies

    with host.temporary_folder() as links:
        paths = [f"{links}/{wheel.pin.file.filename}" for wheel in wheels]
        for wheel, path in zip(wheels, paths, strict=True):
            host.link_or_copy(wheel.path, path)
        command = [uv.find_uv_bin(), "pip", "install", "--quiet", "--python", python, "--target", folder]
        command += ["--no-deps", "--no-index", "--offline", "--no-config", "--no-python-downloads"]
        done = host.run([*command, "--link-mode", "copy", *paths])
    if done.returncode != 0:
        reason = done.stderr.strip() or f"exit code {done.returncode}"
        raise DiagnosticError(codes.INSTALL_FAILED.at(None, f"uv could not unpack wheels: {reason}"))
