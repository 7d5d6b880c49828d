"""`mochic-py`: the bridge between Mochi and Python packages.

The public API. Names load on first use (PEP 562), so that importing this package costs
next to nothing until something is compiled.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .backends.target import Artifact as Artifact
    from .backends.venv import Venv as Venv
    from .compiler.compile import compile as compile
    from .compiler.driver import Driver as Driver
    from .compiler.host import Host as Host
    from .compiler.orchestrator import BuildRequest as BuildRequest
    from .compiler.orchestrator import BuildResult as BuildResult
    from .compiler.orchestrator import BuildTarget as BuildTarget
    from .compiler.orchestrator import Orchestrator as Orchestrator
    from .compiler.request import PackageRequest as PackageRequest
    from .compiler.request import Request as Request
    from .compiler.request import Result as Result
    from .ir.diagnostics import Diagnostic as Diagnostic
    from .ir.diagnostics import DiagnosticError as DiagnosticError
    from .ir.dist import Target as Target
    from .ir.errors import BridgeError as BridgeError
    from .ir.errors import SkipReport as SkipReport
    from .ir.refusals import SkipReason as SkipReason
    from .ir.source import SourceFile as SourceFile
    from .passes.manager import PassManager as PassManager

_HOMES = {
    "Artifact": "backends.target",
    "BridgeError": "ir.errors",
    "BuildRequest": "compiler.orchestrator",
    "BuildResult": "compiler.orchestrator",
    "BuildTarget": "compiler.orchestrator",
    "Diagnostic": "ir.diagnostics",
    "DiagnosticError": "ir.diagnostics",
    "Driver": "compiler.driver",
    "Host": "compiler.host",
    "Orchestrator": "compiler.orchestrator",
    "PackageRequest": "compiler.request",
    "PassManager": "passes.manager",
    "Request": "compiler.request",
    "Result": "compiler.request",
    "SkipReason": "ir.refusals",
    "SkipReport": "ir.errors",
    "SourceFile": "ir.source",
    "Target": "ir.dist",
    "Venv": "backends.venv",
    "compile": "compiler.compile",
}

__all__ = [*sorted(_HOMES), "__version__"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
