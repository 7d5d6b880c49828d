"""The root of a workspace as a value, and its `pyproject.toml`, byte for byte the same each time."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import final

from attrs import field, frozen

from ..ir.errors import BridgeError
from ..ir.parts import evolve
from .literals import toml_string

IMPLEMENTATIONS = ("cpython", "pypy", "graalpy")
RUNTIME_MODES = ("embedded", "subprocess")
ASYNC_MODES = ("per-call", "persistent")

_HEADER = "# Made by mochic-py for one build; edits are lost. Declare dependencies in mochi.toml instead.\n"


@final
class MemberKind(enum.Enum):
    """Who wrote a member of the workspace: this program, or the user."""

    WRAPPER = "wrapper"
    USER = "user"


@final
@frozen
class VenvMember:
    """A folder of the workspace, relative to its root, under the name it is known by."""

    name: str
    path: str
    kind: MemberKind = MemberKind.WRAPPER


@final
@frozen
class SharedDependency:
    """A distribution for the whole environment. An empty `specifier` takes any version."""

    name: str
    specifier: str = ""
    extras: tuple[str, ...] = ()

    def __str__(self) -> str:
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        return f"{self.name}{extras}{self.specifier}"


@final
@frozen
class Venv:
    """The environment that the wrappers of a program share.

    `members` are sorted by path and `dependencies` by name; use `add_member` and
    `add_shared_dep`, which keep them so.
    """

    name: str = "mochi-python-workspace"
    version: str = "0.0.0"
    requires_python: str = ">=3.12,<3.15"
    implementation: str = "cpython"
    runtime_mode: str = "embedded"
    async_mode: str = "per-call"
    free_threaded: bool = False
    stubgen_fallback: bool = True
    sidecar_glob: str = "*_externs.py"
    members: tuple[VenvMember, ...] = ()
    dependencies: tuple[SharedDependency, ...] = field(default=())

    def add_member(self, member: VenvMember) -> Venv:
        """Return the value with `member`, sorted in; the same member twice is one."""
        members = {*self.members, member}
        return evolve(self, members=tuple(sorted(members, key=lambda m: (m.path, m.name, m.kind.value))))

    def add_shared_dep(self, name: str, specifier: str = "", extras: tuple[str, ...] = ()) -> Venv:
        """Return the value with a dependency on `name`, in place of an earlier one."""
        added = SharedDependency(name, specifier, extras)
        kept = {dep.name: dep for dep in self.dependencies} | {name: added}
        return evolve(self, dependencies=tuple(kept[key] for key in sorted(kept)))

    def validate(self) -> None:
        """Raise `BridgeError` for a setting that is not known, an empty field, or a path used twice."""
        for setting, value, known in (
            ("implementation", self.implementation, IMPLEMENTATIONS),
            ("runtime-mode", self.runtime_mode, RUNTIME_MODES),
            ("async-mode", self.async_mode, ASYNC_MODES),
        ):
            if value not in known:
                raise _invalid(f"unknown {setting} {value!r}: expected one of {', '.join(known)}")
        seen: set[str] = set()
        for member in self.members:
            if not member.name or not member.path:
                raise _invalid(f"a member of the workspace needs a name and a path: {member}")
            if member.path in seen:
                raise _invalid(f"two members of the workspace at {member.path!r}")
            seen.add(member.path)
        if any(not dep.name for dep in self.dependencies):
            raise _invalid("a shared dependency needs a name")

    def render_pyproject_toml(self) -> str:
        """Return the text of the workspace's `pyproject.toml`.

        Its tables stand in one order: `[build-system]`, `[project]`, `[python]`,
        `[python.wrappers]`, `[python.members]`.
        """
        wrappers = [member for member in self.members if member.kind is MemberKind.WRAPPER]
        tables = [
            _table(
                "build-system",
                [
                    ("requires", _array(["setuptools>=68"])),
                    ("build-backend", toml_string("setuptools.build_meta")),
                ],
            ),
            _table(
                "project",
                [
                    ("name", toml_string(self.name)),
                    ("version", toml_string(self.version)),
                    ("requires-python", toml_string(self.requires_python)),
                    ("dependencies", _array(str(dep) for dep in self.dependencies)),
                ],
            ),
            _table(
                "python",
                [
                    ("implementation", toml_string(self.implementation)),
                    ("runtime-mode", toml_string(self.runtime_mode)),
                    ("async-mode", toml_string(self.async_mode)),
                    ("free-threaded", _boolean(self.free_threaded)),
                    ("stubgen-fallback", _boolean(self.stubgen_fallback)),
                    ("sidecar-glob", toml_string(self.sidecar_glob)),
                ],
            ),
            _table("python.wrappers", [(_key(m.name), toml_string(m.path)) for m in wrappers]),
            _table("python.members", [(_key(m.path), toml_string(m.kind.value)) for m in self.members]),
        ]
        return "\n".join([_HEADER, *tables])


def _invalid(message: str) -> BridgeError:
    return BridgeError("venv", "", message)


def _table(name: str, pairs: Iterable[tuple[str, str]]) -> str:
    return "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in pairs), ""])


def _array(values: Iterable[str]) -> str:
    items = [f"    {toml_string(value)},\n" for value in values]
    return f"[\n{''.join(items)}]" if len(items) > 1 else f"[{''.join(items).strip().rstrip(',')}]"


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _key(text: str) -> str:
    bare = text.isascii() and text.replace("-", "a").replace("_", "a").isalnum()
    return text if bare else toml_string(text)
