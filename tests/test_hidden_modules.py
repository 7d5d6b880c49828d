"""Modules that look public and are not meant for programs."""

from __future__ import annotations

import tomllib
from importlib.resources import files

from mochic_py.compiler.hidden_modules import hide_modules
from mochic_py.ir.dist import Target, Tier
from mochic_py.ir.items import Function, Module, Package, Signature
from mochic_py.passes.context import PassContext
from mochic_py.passes.manager import PassManager
from mochic_py.passes.registry import passes_until

NAMES = (
    "sqlalchemy",
    "sqlalchemy.orm",
    "sqlalchemy.testing",
    "sqlalchemy.testing.suite",
    "sqlalchemy.testings",
)


def make_package(name: str) -> Package:
    modules = tuple(
        Module(each, f"{each}.py", (Function("run", f"{each}.run", (Signature(()),)),)) for each in NAMES
    )
    return Package(name, "1.0", ("sqlalchemy",), Tier.INLINE, Target(), modules)


def public_paths(package: Package) -> list[str]:
    selected = PassManager(passes_until("select-public")).run(package, PassContext())
    return [item.path for module in selected.modules for item in module.items]


def test_what_a_hidden_module_holds_is_not_bound():
    assert public_paths(hide_modules(make_package("sqlalchemy"))) == [
        "sqlalchemy.run",
        "sqlalchemy.orm.run",
        "sqlalchemy.testings.run",
    ]


def test_modules_of_that_name_in_other_distributions_are_left_alone():
    package = make_package("sqlalchemy-fork")
    assert hide_modules(package) is package


def test_every_entry_has_a_reason():
    table = tomllib.loads(files("mochic_py.compiler.data").joinpath("hidden_modules.toml").read_text("utf-8"))
    for hidden in table.values():
        assert hidden
        assert all(reason.strip() for reason in hidden.values())
