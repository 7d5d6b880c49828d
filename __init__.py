"""`mochic-py`: the bridge between Mochi and Python packages.

The public API: compiling, building workspaces, and the types of the IR. Names load on
first use (PEP 562), so that importing this package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .backends.declarations import ShimStyle as ShimStyle
    from .backends.target import Artifact as Artifact
    from .backends.venv import Venv as Venv
    from .compiler.compile import compile as compile
    from .compiler.driver import Driver as Driver
    from .compiler.host import Host as Host
    from .compiler.orchestrator import BuildRequest as BuildRequest
    from .compiler.orchestrator import BuildResult as BuildResult
    from .compiler.orchestrator import BuildTarget as BuildTarget
    from .compiler.orchestrator import Orchestrator as Orchestrator
    from .compiler.request import Emit as Emit
    from .compiler.request import PackageRequest as PackageRequest
    from .compiler.request import Request as Request
    from .compiler.request import Result as Result
    from .ir.diagnostics import Diagnostic as Diagnostic
    from .ir.diagnostics import DiagnosticError as DiagnosticError
    from .ir.dist import Requirement as Requirement
    from .ir.dist import Target as Target
    from .ir.errors import BridgeError as BridgeError
    from .ir.errors import SkipReport as SkipReport
    from .ir.items import Alias as Alias
    from .ir.items import Class as Class
    from .ir.items import Constant as Constant
    from .ir.items import Field as Field
    from .ir.items import Function as Function
    from .ir.items import Module as Module
    from .ir.items import Package as Package
    from .ir.items import Param as Param
    from .ir.items import Property as Property
    from .ir.items import Refusal as Refusal
    from .ir.items import Signature as Signature
    from .ir.items import Variant as Variant
    from .ir.refusals import SkipReason as SkipReason
    from .ir.source import SourceFile as SourceFile
    from .ir.types import AsyncOf as AsyncOf
    from .ir.types import BridgeType as BridgeType
    from .ir.types import FunOf as FunOf
    from .ir.types import IteratorOf as IteratorOf
    from .ir.types import ListOf as ListOf
    from .ir.types import LiteralOf as LiteralOf
    from .ir.types import MapOf as MapOf
    from .ir.types import OptionOf as OptionOf
    from .ir.types import Ref as Ref
    from .ir.types import Scalar as Scalar
    from .ir.types import SelfType as SelfType
    from .ir.types import SetOf as SetOf
    from .ir.types import StreamOf as StreamOf
    from .ir.types import TupleOf as TupleOf
    from .ir.types import TypeObject as TypeObject
    from .ir.types import TypeVarRef as TypeVarRef
    from .ir.types import UnionOf as UnionOf
    from .ir.types import Unsupported as Unsupported
    from .passes.manager import PassManager as PassManager

_HOMES = {
    "Alias": "ir.items",
    "Artifact": "backends.target",
    "AsyncOf": "ir.types",
    "BridgeError": "ir.errors",
    "BridgeType": "ir.types",
    "BuildRequest": "compiler.orchestrator",
    "BuildResult": "compiler.orchestrator",
    "BuildTarget": "compiler.orchestrator",
    "Class": "ir.items",
    "Constant": "ir.items",
    "Diagnostic": "ir.diagnostics",
    "DiagnosticError": "ir.diagnostics",
    "Driver": "compiler.driver",
    "Emit": "compiler.request",
    "Field": "ir.items",
    "FunOf": "ir.types",
    "Function": "ir.items",
    "Host": "compiler.host",
    "IteratorOf": "ir.types",
    "ListOf": "ir.types",
    "LiteralOf": "ir.types",
    "MapOf": "ir.types",
    "Module": "ir.items",
    "OptionOf": "ir.types",
    "Orchestrator": "compiler.orchestrator",
    "Package": "ir.items",
    "PackageRequest": "compiler.request",
    "Param": "ir.items",
    "PassManager": "passes.manager",
    "Property": "ir.items",
    "Ref": "ir.types",
    "Refusal": "ir.items",
    "Request": "compiler.request",
    "Requirement": "ir.dist",
    "Result": "compiler.request",
    "Scalar": "ir.types",
    "SelfType": "ir.types",
    "SetOf": "ir.types",
    "ShimStyle": "backends.declarations",
    "Signature": "ir.items",
    "SkipReason": "ir.refusals",
    "SkipReport": "ir.errors",
    "SourceFile": "ir.source",
    "StreamOf": "ir.types",
    "Target": "ir.dist",
    "TupleOf": "ir.types",
    "TypeObject": "ir.types",
    "TypeVarRef": "ir.types",
    "UnionOf": "ir.types",
    "Unsupported": "ir.types",
    "Variant": "ir.items",
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
