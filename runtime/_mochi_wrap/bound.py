"""The bound functions of a workspace by name, for those who call them from outside."""

from __future__ import annotations

import hashlib
import importlib
import json
import pkgutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

FOLDER = "python_wrap"


class ContractError(RuntimeError):
    """What a program was compiled for is not what the workspace has."""


def find_function(target: str) -> tuple[Callable[..., Any], bool]:
    """Return the function that `alias.name` means, and whether it has to be awaited.

    For a function that waits for a coroutine, its form to be awaited is returned.
    Raises `LookupError` where there is none.
    """
    alias, _, name = target.partition(".")
    module = load_wrapper(alias)
    function = None if name.startswith("_") else getattr(module, name, None)
    if function is None:
        raise LookupError(f"{alias} binds no function {name}")
    if not callable(function):
        return (lambda: getattr(module, name)), False
    if is_coroutine_function(function):
        return function, True
    stem, found, end = name.rpartition("_sync")
    twin = getattr(module, f"{stem}_async{end}" if found else f"{name}_async", None)
    if twin is not None and is_coroutine_function(twin):
        return twin, True
    return function, False


def load_wrapper(alias: str) -> Any:
    """Return the wrapper of a package. Raises `LookupError` where there is none."""
    if not alias.isidentifier():
        raise LookupError(f"{alias!r} is no alias of a package")
    name = f"{FOLDER}.{alias}"
    try:
        return importlib.import_module(name).externs
    except ModuleNotFoundError as error:
        if error.name not in (name, FOLDER):
            raise
        raise LookupError(f"no package is bound as {alias}") from None


def is_coroutine_function(function: Any) -> bool:
    """Tell whether `function` is an `async def`."""
    code = getattr(function, "__code__", None)
    return bool(getattr(code, "co_flags", 0) & 0x80)


def list_aliases(workspace: Path) -> list[str]:
    """Return the aliases of the packages that a workspace binds."""
    return sorted(each.name for each in pkgutil.iter_modules([str(workspace / FOLDER)]))


# --- the contract -----------------------------------------------------------------------


def read_checksums(workspace: Path, alias: str) -> dict[str, str]:
    """Return the checksum of every function of a package, by target.

    It is that of the function's declaration in Mochi and of the Python path behind it.
    Raises `LookupError` where the workspace has no table of symbols for the package.
    """
    found = sorted((workspace / FOLDER / alias).glob("*_symbols.json"))
    if not found:
        raise LookupError(f"there is no table of symbols of {alias}")
    table = json.loads(found[0].read_text("utf-8"))
    return {
        f"{alias}.{row['mochi']}": checksum(row["signature"], row["python"])
        for row in table["symbols"]
    }


def checksum(signature: str, path: str) -> str:
    """Return the checksum of a declared function."""
    return hashlib.sha256(f"{signature}\n{path}".encode()).hexdigest()[:16]


def check_contract(workspace: Path, expected: Mapping[str, str]) -> None:
    """Raise `ContractError` where a function is not what its checksum says, naming it."""
    known: dict[str, dict[str, str]] = {}
    for target, wanted in expected.items():
        alias = target.partition(".")[0]
        if alias not in known:
            try:
                known[alias] = read_checksums(workspace, alias)
            except LookupError as error:
                raise ContractError(str(error)) from None
        found = known[alias].get(target)
        if found != wanted:
            change = (
                "is not bound any more"
                if found is None
                else "is declared otherwise now"
            )
            raise ContractError(
                f"{target} {change} than when the program was compiled; compile it again"
                if found
                else f"{target} {change}; compile the program again"
            )
