"""Every file of a build as artifacts, below `python_workspace/`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import final

from attrs import frozen

from ..ir.items import Package
from .declarations import ShimStyle, declare
from .entries import Declarations
from .go_names import package_name
from .go_package import GO_MODULE, emit_go_package
from .go_types import RUNTIME as GO_RUNTIME
from .literals import python_docstring
from .refusals import emit_refusals
from .shim import emit_shim
from .symbols import emit_symbols
from .target import Artifact
from .venv import MemberKind, Venv, VenvMember
from .wrapper import emit_wrapper
from .wrapper_stub import emit_wrapper_stub

WORKSPACE = "python_workspace"
ALL_KINDS = frozenset({"wrapper", "pyi", "shim", "symbols"})

_RUNTIME_FOLDER = "_mochi_wrap"
_LINK_FILE = "_mochi_link.py"
_GITIGNORE = ".venv/\n__pycache__/\n*.pyc\n"


@final
@frozen
class WorkspaceOptions:
    """How files are emitted. `emit` names the kinds of file: wrapper, pyi, shim, symbols, go.

    `link` adds what the sidecars of linked programs import.
    """

    style: ShimStyle = ShimStyle.MODULE
    emit: frozenset[str] = ALL_KINDS
    int_mode: str = "bigint"
    strict_return_types: bool = True
    link: bool = False


@final
@frozen
class WorkspaceMember:
    """A package under its alias. `specifier` is PEP 440 text, empty for git and path sources."""

    package: Package
    alias: str
    specifier: str = ""
    extras: tuple[str, ...] = ()


def plan_workspace(
    members: Sequence[WorkspaceMember],
    venv: Venv | None = None,
    options: WorkspaceOptions | None = None,
) -> tuple[Artifact, ...]:
    """Return the files of the workspace in order of their paths.

    `venv` carries settings and members of the user; every package is added to it. Raises
    `BridgeError` where two members have one alias or a setting is unknown.
    """
    options = options or WorkspaceOptions()
    root = venv or Venv()
    artifacts: list[Artifact] = []
    for member in members:
        root = add_to_venv(root, member)
        artifacts += plan_member(member, options)
    return tuple(sorted((*artifacts, *plan_root(root, options)), key=lambda artifact: artifact.path))


def plan_root(venv: Venv, options: WorkspaceOptions) -> tuple[Artifact, ...]:
    """Return the files of the workspace that belong to no single package.

    Raises `BridgeError` where `venv` is not valid.
    """
    venv.validate()
    artifacts = [
        _text(".gitignore", _GITIGNORE),
        _text("pyproject.toml", venv.render_pyproject_toml()),
    ]
    if options.emit & {"wrapper", "pyi", "go"}:
        artifacts += (_text(name, read_runtime(name)) for name in runtime_files())
    if "go" in options.emit:
        artifacts += [_text("go/go.mod", GO_MODULE), *map(_go_runtime, embed_files())]
        artifacts.append(_text("go/mochi_host/main.go", read_runtime("embed/go/mochi_host/main.go")))
    if options.link or (options.style is ShimStyle.LINKED and "wrapper" in options.emit):
        artifacts.append(_text(_LINK_FILE, read_runtime(_LINK_FILE)))
    return tuple(artifacts)


def add_to_venv(venv: Venv, member: WorkspaceMember) -> Venv:
    """Return `venv` with the wrapper folder of `member` and its distribution as a dependency."""
    folder = VenvMember(member.alias, f"python_wrap/{member.alias}", MemberKind.WRAPPER)
    known = {each.path: each for each in venv.members}
    if folder.path in known and known[folder.path] == folder:
        # Kept twice, so that `validate` reports the clash.
        return venv.add_member(VenvMember(f"{member.alias} ({member.package.name})", folder.path))
    return venv.add_member(folder).add_shared_dep(member.package.name, member.specifier, member.extras)


def plan_member(
    member: WorkspaceMember, options: WorkspaceOptions, declarations: Declarations | None = None
) -> list[Artifact]:
    """Return the files below `python_wrap/<alias>/`.

    `declarations` is `declare(member.package)` where the caller has it already.
    """
    package, alias = member.package, member.alias
    declared = declarations or declare(package)
    stem = file_stem(package.name)
    folder = f"python_wrap/{alias}"
    texts: dict[str, str] = {}
    if options.emit & {"wrapper", "go"}:
        texts["__init__.py"] = _init(alias, stem)
        texts[f"{stem}_externs.py"] = emit_wrapper(
            package,
            alias,
            int_mode=options.int_mode,
            strict_return_types=options.strict_return_types,
            declarations=declared,
        )
    if "pyi" in options.emit:
        texts[f"{stem}_externs.pyi"] = emit_wrapper_stub(package, alias, declarations=declared)
    if "shim" in options.emit:
        texts[f"{stem}_shim.mochi"] = emit_shim(package, alias, options.style, declarations=declared)
    if "symbols" in options.emit:
        texts[f"{stem}_symbols.json"] = emit_symbols(package, alias, declarations=declared)
    if skipped := emit_refusals(package, declarations=declared):
        texts["SKIPPED.txt"] = skipped
    artifacts = [_text(f"{folder}/{name}", text) for name, text in texts.items()]
    if "go" in options.emit:
        module = f"python_wrap.{alias}.{stem}_externs"
        text = emit_go_package(package, alias, module, declarations=declared)
        artifacts.append(_text(f"go/{package_name(alias)}/bound.go", text))
    return artifacts


def file_stem(distribution: str) -> str:
    """Return `<pkg>` of file names: the normalised distribution name as a Python module name."""
    stem = "".join(ch if ch.isalnum() and ch.isascii() else "_" for ch in distribution)
    return f"_{stem}" if stem[:1].isdigit() else stem


@cache
def runtime_files() -> tuple[str, ...]:
    """Return the names of the files of the runtime that every wrapper needs."""
    names = sorted(each.name for each in _runtime().joinpath(_RUNTIME_FOLDER).iterdir())
    return tuple(f"{_RUNTIME_FOLDER}/{name}" for name in names if name.endswith((".py", ".pyi")))


@cache
def embed_files() -> tuple[str, ...]:
    """Return the names of the files that make the library for hosts in Go."""
    folder = _runtime().joinpath("embed")
    own = [each.name for each in folder.iterdir() if each.name.endswith((".c", ".h"))]
    go = [f"go/{each.name}" for each in folder.joinpath("go").iterdir() if each.name.endswith(".go")]
    return tuple(f"embed/{name}" for name in sorted((*own, *go)))


def _go_runtime(name: str) -> Artifact:
    return _text(f"go/{GO_RUNTIME}/{name.rpartition('/')[2]}", read_runtime(name))


@cache
def read_runtime(name: str) -> str:
    """Return the text of a file of the runtime that is copied beside wrappers."""
    return _runtime().joinpath(name).read_text("utf-8")


def _runtime() -> Traversable:
    return files(f"{__package__.rpartition('.')[0]}.runtime")


def _init(alias: str, stem: str) -> str:
    doc = python_docstring(f"Wrapper of `{alias}` for Mochi. Generated by mochic-py.")
    return f'{doc}\n\nfrom . import {stem}_externs as externs\n\n__all__ = ["externs"]\n'


def _text(path: str, text: str) -> Artifact:
    return Artifact(f"{WORKSPACE}/{path}", text.encode("utf-8", "surrogatepass"))
