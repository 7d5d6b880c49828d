"""From a Mochi package to the archives of its distribution: what `pkg build` writes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO, Final, final

import tomli_w
from attrs import frozen

from ..backends.package_module import emit_package_module, emit_package_stub
from ..ir import codes
from ..ir.diagnostics import DiagnosticError
from ..ir.dist import AbiTagPolicy, Target
from ..ir.items import Package
from ..ir.source import SourceFile
from ..runtime import mochi_build
from ..runtime.mochi_build import Member, ProjectError, Tree
from .audit.stable_abi import read_version
from .compiled_code import CompiledCode, find_compiled, match_surface, relocate
from .frontends.mochi_surface import read_surface
from .host import Host
from .manifest import Manifest
from .mochi_toolchain import compile_to_python
from .package_project import BACKEND, BACKEND_FOLDER, PackageProject, read_package_project
from .retag import Promotion, retag_wheel

SOURCE: Final = "src"
_HEADER: Final = "# Written by mochic-py from mochi.toml.\n\n"


@final
@frozen
class PackageRequest:
    """What to build: the manifest, and what the command line says beside it. Paths are the user's."""

    manifest: SourceFile
    settings: Manifest
    compiled: str = ""
    jobs: int = 1
    sdist: bool = True
    wheels: bool = True


@final
@frozen
class BuiltFile:
    """An archive of the distribution."""

    name: str
    content: bytes


@final
@frozen
class BuiltPackage:
    """The archives, and what the Mochi module offers in them."""

    package: Package
    files: tuple[BuiltFile, ...]


def build_package(request: PackageRequest, host: Host) -> BuiltPackage:
    """Build the archives of a package; nothing is written.

    Raises `DiagnosticError` for whatever keeps a file from being what it must be (PY560 to PY563).
    """
    folder = Path(request.manifest.path).parent
    project = read_package_project(request.manifest, request.settings, host.list(host.base / folder))
    module = find_module(project, folder, host)
    source = SourceFile(str(module), host.read_bytes(module).decode("utf-8"))
    surface = read_surface(source, project.import_name, project.version, Target())
    code = _read_compiled(project, request, module, host)
    surface = match_surface(surface, code)
    tree = _make_tree(project, surface, relocate(code, project.import_name), source, folder, host)
    return BuiltPackage(surface, tuple(_write(tree, request, host)))


def find_module(project: PackageProject, folder: Path, host: Host) -> Path:
    """Return the Mochi module that is published. Raises `DiagnosticError` (PY563)."""
    if project.publish.module:
        return folder / project.publish.module
    places = [folder, folder / "src"]
    found = [
        place / name for place in places for name in host.list(host.base / place) if name.endswith(".mochi")
    ]
    usual = [path for path in found if path.stem in ("lib", project.import_name)]
    if len(usual or found) == 1:
        return (usual or found)[0]
    shown = ", ".join(f"`{path.relative_to(folder).as_posix()}`" for path in found) or "none"
    message = f"which Mochi module is published is not clear: here are {shown}"
    raise DiagnosticError(
        codes.INVALID_PROJECT.at(None, message, help="name it as `module` of `[python.publish]`")
    )


def _read_compiled(
    project: PackageProject, request: PackageRequest, module: Path, host: Host
) -> CompiledCode:
    folder = Path(request.manifest.path).parent
    named = request.compiled or (str(folder / project.publish.compiled) if project.publish.compiled else "")
    if named:
        code = _find_in(Path(named), module, host)
        if code is None:
            raise _missing(f"`{named}` does not hold the Python of `{module.name}`", module)
        return code
    with host.temporary_folder() as out:
        said = compile_to_python(module, Path(out), host)
        code = _find_in(Path(out), module, host)
    if code is None:
        raise _missing(f"`mochi build` ended well, without the Python of `{module.name}`", module, said)
    return code


def _missing(message: str, module: Path, notes: tuple[str, ...] = ()) -> DiagnosticError:
    help = f"there should be `src/mochi_user_{module.stem.replace('-', '_')}` in it"
    return DiagnosticError(codes.NO_COMPILED_CODE.at(None, message, notes=notes, help=help))


def _find_in(folder: Path, module: Path, host: Host) -> CompiledCode | None:
    top = host.base / folder
    content = {
        path.relative_to(top).as_posix(): host.read_bytes(path)
        for path in host.walk(top)
        if "__pycache__" not in path.parts
    }
    return find_compiled(content, module.stem)


def _make_tree(
    project: PackageProject,
    surface: Package,
    code: CompiledCode,
    source: SourceFile,
    folder: Path,
    host: Host,
) -> Tree:
    """Return the files of the source archive, from which each wheel is made."""
    package = f"{SOURCE}/{project.import_name}"
    texts = {
        "pyproject.toml": _HEADER + tomli_w.dumps(_with_sources(project)),
        f"{package}/__init__.py": emit_package_module(surface, code.module),
        f"{package}/__init__.pyi": emit_package_stub(surface),
        f"{package}/py.typed": "",
        "mochi/mochi.toml": host.read_bytes(folder / "mochi.toml").decode("utf-8"),
        f"mochi/{Path(source.path).name}": source.text,
    }
    content = {path: text.encode() for path, text in texts.items()}
    content |= {f"{SOURCE}/{path}": data for path, data in code.files.items()}
    content |= {name: host.read_bytes(folder / name) for name in project.files}
    content |= _backend()
    try:
        return mochi_build.make_tree(Member(path, data) for path, data in content.items())
    except ProjectError as error:
        raise _describe(error) from None


def _with_sources(project: PackageProject) -> Mapping[str, object]:
    """Return `pyproject.toml` of the source archive, which holds the Mochi sources too."""
    tool = project.document["tool"]["mochi-build"]
    included = [*tool["sdist-include"], "mochi"]
    return {**project.document, "tool": {"mochi-build": {**tool, "sdist-include": included}}}


def _backend() -> dict[str, bytes]:
    """Return the files of the build backend, which travels with the sources."""
    folder = files(mochi_build.__name__)
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".py"))
    return {f"{BACKEND_FOLDER}/{BACKEND}/{name}": folder.joinpath(name).read_bytes() for name in names}


def _write(tree: Tree, request: PackageRequest, host: Host) -> Iterator[BuiltFile]:
    try:
        epoch = mochi_build.find_epoch(host.environ)
        if request.sdist:
            name = f"{tree.project.stem}.tar.gz"
            yield _fill(name, lambda out: mochi_build.build_sdist_file(tree, out, epoch))
        if request.wheels:
            yield from _write_wheels(tree, request, epoch, host)
    except ValueError as error:
        raise _describe(error) from None


def _write_wheels(tree: Tree, request: PackageRequest, epoch: int, host: Host) -> Iterator[BuiltFile]:
    """Yield a wheel for each tag, for the stable ABI where `abi3` says so, and promoted by the policy."""
    policy = request.settings.python.abi_tag_policy
    publish = request.settings.publish
    found: dict[str, BuiltFile] = {}
    for tag in tree.project.tags:
        name = mochi_build.wheel_name(tree.project, tag)
        wheel = _fill(name, _wheel_writer(tree, tag, epoch, request.jobs))
        abi = tag.split("-")[1]
        if publish is not None and publish.abi3 and abi.startswith("cp"):
            wheel = _retag(wheel, Promotion.ABI3, host, read_version(publish.abi3_min_version))
            abi = "abi3"
        is_stable = "abi3" in abi.split(".")
        if not (is_stable and policy is AbiTagPolicy.ABI2026):
            found[wheel.name] = wheel
        if is_stable and policy is not AbiTagPolicy.LEGACY:
            made = _retag(wheel, Promotion.ABI2026, host)
            found[made.name] = made
    yield from found.values()


def _retag(wheel: BuiltFile, to: Promotion, host: Host, oldest: tuple[int, int] | None = None) -> BuiltFile:
    with host.temporary_folder() as folder:
        path = Path(folder, wheel.name)
        host.write_bytes_atomic(path, wheel.content)
        made = retag_wheel(path, to, host, oldest=oldest)
    return BuiltFile(made.filename, made.content)


def _wheel_writer(tree: Tree, tag: str, epoch: int, jobs: int) -> Callable[[BinaryIO], None]:
    return lambda out: mochi_build.build_wheel_file(tree, tag, out, epoch, jobs)


def _fill(name: str, write: Callable[[BinaryIO], None]) -> BuiltFile:
    out = io.BytesIO()
    write(out)
    return BuiltFile(name, out.getvalue())


def _describe(error: ValueError) -> DiagnosticError:
    return DiagnosticError(codes.INVALID_PROJECT.at(None, str(error)))
