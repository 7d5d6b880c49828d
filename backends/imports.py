"""What an emitted Python module takes from elsewhere: asked for by use, printed once at its top."""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

from .literals import python_string
from .names import Names
from .writer import Writer

_LONGEST_VARIABLE = 20


@final
class Imports:
    """The imports of one module, and the names it has at module level.

    `exported` are the names that the module declares; everything it needs beside them gets
    a name with a leading underscore, so the two never meet.
    """

    def __init__(self, exported: Iterable[str]) -> None:
        self._exported = frozenset(exported)
        self.names = Names(self._exported)
        self._from: dict[str, dict[str, str]] = {}
        self._modules: dict[str, str] = {}
        self._lazy: dict[str, str] = {}
        self._bound: dict[str, tuple[str, str]] = {}
        self._driver, self._driver_name = "", ""

    def drive_by(self, driver: str) -> None:
        """Let `driver`, an expression, do what `use_driver` asks for, in place of the runtime itself."""
        self._driver = driver

    def use_driver(self, module: str, name: str) -> str:
        """Return the expression for `name` of what drives awaitables, which is `module` itself by default."""
        if not self._driver:
            return self.use(module, name)
        if not self._driver_name:
            self._driver_name = self.names.fresh("_loop")
            self.use(module, self._driver)
        return f"{self._driver_name}.{name}"

    def use(self, module: str, name: str) -> str:
        """Return the expression for `name` of `module`, importing what it takes.

        Names of the standard library are imported one by one, the runtime's module as a whole.
        """
        if _is_runtime(module):
            return f"{self._module(module)}.{name}"
        known = self._from.setdefault(module, {})
        if name not in known:
            known[name] = self.names.fresh(f"_{name.lstrip('_')}")
        return known[name]

    def bind(self, module: str, name: str) -> str:
        """Return a variable that holds `name` of `module`, for what functions call every time.

        Looking a name up in a module that has a `__getattr__` takes as long as a call.
        """
        if name not in self._bound:
            self._bound[name] = (self.names.fresh(f"_{name}"), self.use(module, name))
        return self._bound[name][0]

    def use_exported(self, module: str, name: str) -> None:
        """Import `name` from `module` as an exported name of this one."""
        self._from.setdefault(module, {})[name] = name

    def _module(self, module: str) -> str:
        """Return the variable of `module`, imported as a whole."""
        if module not in self._modules:
            self._modules[module] = self.names.fresh(f"_{module.strip('_').partition('_')[0]}")
        return self._modules[module]

    def builtin(self, name: str) -> str:
        """Return the expression for a builtin, which an exported name may hide."""
        if name not in self._exported:
            return name
        return f"{self._module('builtins')}.{name}"

    def lazy(self, module: str, helpers: str) -> str:
        """Return the variable of package module `module`, which is imported at its first use."""
        if module not in self._lazy:
            self.use(helpers, "lazy_module")
            # A long variable would push the calls beyond the formatter's line.
            shown = module if len(module) <= _LONGEST_VARIABLE else module.rpartition(".")[2]
            wanted = "".join(ch if ch.isalnum() and ch.isascii() else "_" for ch in shown)
            self._lazy[module] = self.names.fresh(f"_{wanted}")
        return self._lazy[module]

    def write(self, writer: Writer) -> None:
        """Write the import statements, those of the standard library first."""
        for ours in (False, True):
            modules = sorted(name for name in self._modules if _is_runtime(name) is ours)
            origins = sorted(name for name in self._from if _is_runtime(name) is ours)
            if not modules and not origins:
                continue
            writer.line()
            for module in modules:
                writer.line(f"import {module} as {self._modules[module]}")
            for module in origins:
                for name, local in sorted(self._from[module].items()):
                    writer.line(f"from {module} import {name} as {local}")

    def write_lazy(self, writer: Writer, helpers: str) -> None:
        """Write the variables that functions use: what is bound, and modules imported at their first use."""
        if self._lazy or self._driver_name or self._bound:
            writer.line()
        for bound, value in sorted(self._bound.values()):
            writer.line(f"{bound} = {value}")
        if self._driver_name:
            writer.line(f"{self._driver_name} = {self.use(helpers, self._driver)}")
        for module, variable in self._lazy.items():
            lazy_module = self.use(helpers, "lazy_module")
            arguments = [python_string(module), f"{self.builtin('globals')}()", python_string(variable)]
            writer.bracketed(f"{variable} = {lazy_module}(", arguments, ")")


def _is_runtime(module: str) -> bool:
    """Tell the modules that lie beside the wrappers from those of the standard library."""
    return module.startswith("_")
