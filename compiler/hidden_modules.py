"""Modules that look public and are not meant for programs: `data/hidden_modules.toml` says which, and why.

module sqlalchemy.testing "…": fun eq_(a, b)     =>  exports []
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from ..ir.items import Module, Package
from ..ir.parts import evolve


def hide_modules(package: Package) -> Package:
    """Return the raw `package` with hidden modules and their submodules exporting nothing."""
    hidden = tuple(_read_table().get(package.name, {}))
    if not hidden:
        return package
    return evolve(package, modules=tuple(_hide(module, hidden) for module in package.modules))


def _hide(module: Module, hidden: tuple[str, ...]) -> Module:
    is_hidden = any(module.name == name or module.name.startswith(f"{name}.") for name in hidden)
    return evolve(module, exports=()) if is_hidden else module


@cache
def _read_table() -> dict[str, dict[str, str]]:
    return tomllib.loads(files(__package__).joinpath("data", "hidden_modules.toml").read_text("utf-8"))
