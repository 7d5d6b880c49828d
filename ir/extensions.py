"""What compiled modules say of the GIL, and which locks stand in for it.

`Extensions` comes from the wheels of a package and of all it needs; insert-locks makes `Guard`s of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import final

from attrs import field, frozen

from .binary import GilVerdict


@final
@frozen
class Guard:
    """A lock that calls hold, named like the import package with the code that needs it.

    It stands in for the GIL where a user keeps that off against the word of a module, since elsewhere the
    interpreter turns it on for such a module. With `always` it is held wherever there is no GIL: somebody
    knows that the module is not as safe as it says.
    """

    name: str
    always: bool = False


@final
@frozen
class Extensions:
    """The compiled modules of a package and of what it needs, by dotted name.

    `denied` are those that nobody is to trust, whatever their verdict. `reach` has, for each module that
    is known, those among all of them that importing it may load; it may be empty where none needs a lock.
    """

    verdicts: Mapping[str, GilVerdict] = field(factory=dict)
    denied: frozenset[str] = frozenset()
    reach: Mapping[str, tuple[str, ...]] = field(factory=dict)

    @property
    def unsafe(self) -> frozenset[str]:
        """The modules whose calls need a lock where the GIL is off."""
        return self.denied | {name for name, verdict in self.verdicts.items() if not verdict.is_safe}


def format_extensions(extensions: Extensions) -> str:
    """Return `extensions` as JSON; the inverse of `parse_extensions`."""
    return json.dumps(
        {
            "verdicts": {name: extensions.verdicts[name].value for name in sorted(extensions.verdicts)},
            "denied": sorted(extensions.denied),
            "reach": {name: list(extensions.reach[name]) for name in sorted(extensions.reach)},
        },
        indent=2,
    )


def parse_extensions(text: str | bytes) -> Extensions:
    """Read what `format_extensions` wrote; what is left out is empty."""
    data = json.loads(text)
    return Extensions(
        {name: GilVerdict(verdict) for name, verdict in data.get("verdicts", {}).items()},
        frozenset(data.get("denied", ())),
        {name: tuple(found) for name, found in data.get("reach", {}).items()},
    )
