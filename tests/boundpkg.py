"""Binds an import package from a folder on disk, and imports the wrapper that comes out."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from mochic_py.backends.workspace import WORKSPACE, WorkspaceMember, WorkspaceOptions, plan_workspace
from mochic_py.compiler.frontends.stub import read_module
from mochic_py.compiler.lower import LowerSettings, lower_package
from mochic_py.ir.dist import Target, Tier
from mochic_py.ir.items import Package
from mochic_py.ir.source import SourceFile

_EMITTED = ("python_wrap", "_mochi_wrap", "_mochi_link")


def lower_folder(folder: Path, target: Target | None = None) -> Package:
    """Return the import package in `folder` after the standard pipeline."""
    target = target or Target()
    modules = []
    for path in sorted(folder.rglob("*.py")):
        relative = path.relative_to(folder.parent)
        if "tests" in relative.parts:
            continue
        stub = path.with_suffix(".pyi")
        source = stub if stub.exists() else path
        parts = [*relative.parent.parts, *([] if path.stem == "__init__" else [path.stem])]
        module, _ = read_module(
            SourceFile(source.relative_to(folder.parent).as_posix(), source.read_text("utf-8")),
            ".".join(parts),
            is_package=path.stem == "__init__",
            is_stub=source.suffix == ".pyi",
            tier=Tier.INLINE,
            target=target,
        )
        modules.append(module)
    raw = Package(folder.name.replace("_", "-"), "1.0", (folder.name,), Tier.INLINE, target, tuple(modules))
    return lower_package(raw, LowerSettings(), lambda: 0.0).package


@contextmanager
def imported_wrapper(
    package: Package, place: Path, options: WorkspaceOptions | None = None
) -> Iterator[ModuleType]:
    """Write the workspace of `package` below `place` and import its wrapper; forget it afterwards."""
    alias = package.import_names[0]
    for artifact in plan_workspace([WorkspaceMember(package, alias)], options=options):
        path = place / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(artifact.content)
    root = str(place / WORKSPACE)
    _forget_wrappers()
    sys.path.insert(0, root)
    importlib.invalidate_caches()
    try:
        yield importlib.import_module(f"python_wrap.{alias}").externs
    finally:
        sys.path.remove(root)
        _forget_wrappers()


def _forget_wrappers() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in _EMITTED]:
        del sys.modules[name]
