"""What a compiled file says of itself, in one form for ELF, Mach-O and PE.

Only facts: what follows from them for a platform tag, the stable ABI or locks is for others to say.
"""

from __future__ import annotations

import enum
from typing import final

from attrs import frozen


@final
class BinaryFormat(enum.Enum):
    """The container of a compiled file."""

    ELF = "elf"
    MACH_O = "mach-o"
    PE = "pe"


@final
class GilVerdict(enum.Enum):
    """What a module asks of the global interpreter lock (`Py_mod_gil`, PEP 703).

    `USED_BY_DEFAULT`: it says nothing, which means that it needs the lock. `UNKNOWN`: what it says is made
    at run time, so it cannot be read.
    """

    NOT_USED = "not_used"
    USED = "used"
    USED_BY_DEFAULT = "used_by_default"
    UNKNOWN = "unknown"

    @property
    def is_safe(self) -> bool:
        """Whether the module says that it does without the lock."""
        return self is GilVerdict.NOT_USED


@final
@frozen
class InitFunction:
    """A function that makes a module: `PyInit_name`, or `PyModExport_name` (PEP 793)."""

    name: str
    gil: GilVerdict

    @property
    def module(self) -> str:
        """The last part of the module's name; one outside of ASCII is spelled in Punycode (PEP 489)."""
        kind, _, name = self.name.partition("_")
        if not kind.endswith("U"):
            return name
        plain, _, encoded = name.rpartition("_")
        try:
            return f"{plain}-{encoded}".removeprefix("-").encode("ascii").decode("punycode")
        except UnicodeError:
            return name


@final
@frozen
class Library:
    """A library that the loader looks for, by the name in the file.

    `versions` are the symbol versions that must be in it (ELF only). `required` is false where the file loads
    without it: a weak one of Mach-O, a delayed one of PE.
    """

    name: str
    versions: tuple[str, ...] = ()
    required: bool = True


@final
@frozen
class ImportedSymbol:
    """A symbol that must come from elsewhere, by its name in C.

    `library` is empty where the format does not tell (ELF without versions, flat Mach-O); `version` is a
    symbol version of ELF. A `weak` symbol may be missing. PE imports some by number, as `#<number>`.
    """

    name: str
    library: str = ""
    version: str = ""
    weak: bool = False


@final
@frozen
class Image:
    """The code for one architecture in a file. Everything is in the order of the file.

    `machine` is the processor family as in platform tags (`x86_64`, `aarch64`, `i686`, `arm64`, …; empty for
    one that is not known). `search_paths` are RPATH, RUNPATH or LC_RPATH as written. `own_name` is SONAME, an
    install name, or the name in PE's export table. `minimum_os` is the deployment target of macOS or the
    subsystem version of Windows. `isa` are the levels of the instruction set that the file is marked to need.
    """

    format: BinaryFormat
    machine: str
    bits: int
    libraries: tuple[Library, ...] = ()
    imports: tuple[ImportedSymbol, ...] = ()
    inits: tuple[InitFunction, ...] = ()
    search_paths: tuple[str, ...] = ()
    own_name: str = ""
    minimum_os: str = ""
    isa: tuple[str, ...] = ()

    @property
    def python_symbols(self) -> tuple[str, ...]:
        """What is imported of the C API of Python, sorted; names with `_Py` are private parts of it."""
        names = {each.name for each in self.imports if each.name.startswith(("Py", "_Py"))}
        return tuple(sorted(names))


@final
@frozen
class Binary:
    """A compiled file: one image, or one for each architecture of a fat Mach-O file."""

    images: tuple[Image, ...]
