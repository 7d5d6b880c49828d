"""Runs `runtime/inspector.py`: what an installed package holds, found by importing its modules in a sandbox.

What comes back is not trusted: its size is bounded, links are not followed, and it is checked as it is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, final

from attrs import field, frozen

from ..ir.inventory import RuntimeModule, parse_inventory
from ..ir.parts import evolve
from .host import Host
from .sandbox import Limits, Surroundings, open_child

_SCRIPTS: Final = ("inspector.py", "sandbox.py")
_MAX_RESULT: Final = 64 * 1024 * 1024
# A module may end the process; the rest is then tried without it, but not forever.
_MAX_STARTS: Final = 5
_PATIENCE: Final = 20
LIMITS: Final = Limits(memory=8 * 1024**3, cpu=240, wall=300.0)


@final
@frozen
class Wanted:
    """What to look at: names in modules beside what those list themselves, and dotted paths of classes."""

    modules: Mapping[str, tuple[str, ...]] = field(factory=dict)
    paths: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.modules or self.paths)


@final
@frozen
class Found:
    """The text of an inventory and how the modules were held; `error` is set when the run itself failed."""

    text: str = ""
    protection: str = ""
    error: str = ""


def scripts() -> dict[str, str]:
    """Return the texts of the scripts; results depend on them."""
    return {name: _script(name).read_text("utf-8") for name in _SCRIPTS}


def _script(name: str) -> Traversable:
    return files(__package__.rpartition(".")[0]).joinpath("runtime", name)


def take_inventory(
    wanted: Wanted,
    around: Surroundings,
    host: Host,
    limits: Limits = LIMITS,
    patience: int = _PATIENCE,
) -> Found:
    """Return what is behind the names of `wanted`.

    A module that ends the process, or that is stopped after `patience` seconds, has that as its error.
    """
    failed: dict[str, RuntimeModule] = {}
    for _ in range(_MAX_STARTS):
        modules = {name: names for name, names in wanted.modules.items() if name not in failed}
        paths = tuple(path for path in wanted.paths if path not in failed)
        rest = evolve(wanted, modules=modules, paths=paths)
        found, culprit = _run(rest, around, host, limits, patience)
        if not culprit:
            return _add(found, failed)
        failed[culprit] = RuntimeModule(error=found.error)
    return Found(error=f"modules of the package end the process: {', '.join(sorted(failed))}")


def _add(found: Found, failed: Mapping[str, RuntimeModule]) -> Found:
    if not found.text or not failed:
        return found
    raw = json.loads(found.text)
    raw["modules"] |= {name: {"error": module.error} for name, module in failed.items()}
    return evolve(found, text=json.dumps(raw, separators=(",", ":"), sort_keys=True))


def _run(
    wanted: Wanted, around: Surroundings, host: Host, limits: Limits, patience: int
) -> tuple[Found, str]:
    """Run the script once; return also the module that ended it early."""
    with open_child(host) as child:
        with ExitStack() as stack:
            script, sandbox = (stack.enter_context(as_file(_script(name))) for name in _SCRIPTS)
            job = {
                "modules": {name: list(names) for name, names in wanted.modules.items()},
                "paths": list(wanted.paths),
                "sandbox": str(sandbox),
                "patience": patience,
            }
            ended = child.finish(script, job, around, limits, host)
        return _read(child.out, ended, wanted, host)


def _read(out: Path, ended: str, wanted: Wanted, host: Host) -> tuple[Found, str]:
    raw = host.read_inside(out, "inventory.json", _MAX_RESULT)
    if raw is None:
        note = host.read_inside(out, "current", 1024 * 1024) or b""
        # What stops a module that hangs leaves its stack behind the name.
        current = note.decode("utf-8", "replace").partition("\n")[0]
        if current in wanted.modules or current in wanted.paths:
            return Found(error=ended or "it ended the process"), current
        return Found(error=ended or "the process left no result"), ""
    text = raw.decode("utf-8", "replace")
    try:
        parse_inventory(text)
        return Found(text, str(json.loads(text)["protection"])), ""
    except (ValueError, LookupError) as error:
        return Found(error=f"the process left a result that cannot be read: {error}"), ""
