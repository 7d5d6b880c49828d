"""The options of `…_with` calls as arguments."""

from __future__ import annotations

from collections.abc import Mapping
from sys import intern

from .failures import OptionError, fail, type_name
from .scalars import Converter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def keywords(
    where: str,
    options: Mapping[str, Any],
    known: Mapping[str, Converter],
    further: Converter | None = None,
) -> dict[str, Any]:
    """Return the keyword arguments that `options` asks for; what is not given is not sent.

    `further` converts names that are not known, where the function takes `**kwargs`.
    """
    if not isinstance(options, Mapping):
        fail(f"{where}: parameter options", "a map", options)
    given: dict[str, Any] = {}
    for name, value in options.items():
        convert = known.get(name, further)
        if convert is None:
            raise OptionError(_unknown_option(where, name, known))
        # Some functions in C tell keywords apart by identity, which names from elsewhere lack.
        key = intern(name) if type(name) is str else name
        given[key] = convert(value, f"{where}: option {name}")
    return given


def split_options(
    where: str,
    options: Mapping[str, Any],
    known: Mapping[str, Converter],
    *,
    positional: tuple[str, ...] = (),
    further: Converter | None = None,
    splat: str | None = None,
    before_splat: tuple[str, ...] = (),
) -> tuple[list[Any], dict[str, Any]]:
    """Return the positional and keyword arguments that `options` asks for.

    The options in `positional` are passed by place, so one of them needs all before it.
    `splat` names the option that holds the list for `*args`: where that is not empty, those
    in `before_splat` are passed by place too.
    """
    given = keywords(where, options, known, further)
    rest = list(given.pop(splat)) if splat is not None and splat in given else []
    ordered = positional + before_splat if rest else positional
    places: list[Any] = []
    for index, name in enumerate(ordered):
        if name in given:
            places.append(given.pop(name))
            continue
        behind = next((later for later in ordered[index + 1 :] if later in given), None)
        if behind is None and rest:
            behind = splat
        if behind is not None:
            raise OptionError(
                f"{where}: option {behind} needs option {name}, which stands before it"
            )
        break
    return places + rest, given


def _unknown_option(where: str, name: object, known: Mapping[str, Converter]) -> str:
    if not isinstance(name, str):
        return f"{where}: the name of an option is a string, not {type_name(name)}"
    if not known:
        return f"{where}: unknown option {name!r}; there are none"
    import difflib  # only needed for this message

    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    return f"{where}: unknown option {name!r}; did you mean {(near or sorted(known))[0]!r}?"
