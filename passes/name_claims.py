"""Unique names: claims on a namespace, and the names they are given.

A name depends only on the claims that want the same one, never on how many others there
are or in which order they come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, count
from typing import TypeAlias, final

from attrs import frozen

from ..ir.keywords import mochi_local_name, mochi_name

ClaimKey: TypeAlias = tuple[str, str]


@final
@frozen
class Claim:
    """A wish for a name, for the role `key[1]` of the thing at the Python path `key[0]`.

    `wish` is what it would be called on its own, `qualified` what it is called when others
    have the same wish; both still unspelled. Of claims that stay equal the one of lowest
    `rank` keeps the name. `companions` are endings of names that come with the name.
    """

    key: ClaimKey
    wish: str
    qualified: str
    rank: int = 0
    companions: tuple[str, ...] = ()


def grant_names(claims: Sequence[Claim], taken: set[str]) -> dict[ClaimKey, str]:
    """Return a legal name for every claim and add the names to `taken`.

    Claims with the same wish all become qualified, but for one that alone has the lowest
    rank. Where names are still equal, the lowest rank, a name that needed no respelling, the
    shortest path and the first path, in this order, keep theirs; the others get `_2`, `_3`, …
    in the same order.
    """
    spelled: dict[str, str] = {}

    def spell(name: str) -> str:
        known = spelled.get(name)
        if known is None:
            known = spelled[name] = mochi_name(name)
        return known

    wishes = [spell(claim.wish) for claim in claims]
    rivals = Counter(zip(wishes, [claim.rank for claim in claims], strict=True))
    lowest: dict[str, int] = {}
    for name, rank in rivals:
        lowest[name] = min(rank, lowest.get(name, rank))

    def choose(claim: Claim, wish: str) -> str:
        alone = claim.rank == lowest[wish] and rivals[wish, claim.rank] == 1 and wish not in taken
        return claim.wish if alone else claim.qualified

    ordered = [
        (claim.rank, spell(text) != text, claim.key[0].count("."), claim.key, text, claim.companions)
        for claim, text in zip(claims, map(choose, claims, wishes), strict=True)
    ]
    granted: dict[ClaimKey, str] = {}
    late: list[tuple[ClaimKey, str, tuple[str, ...]]] = []
    for *_, key, text, companions in sorted(ordered):
        name = spell(text)
        if _take(name, companions, taken):
            granted[key] = name
        else:
            late.append((key, text, companions))
    # Names are only ever taken, so what failed once fails again: a search goes on where the last one ended.
    numbered: dict[tuple[str, tuple[str, ...]], Iterator[str]] = {}
    for key, text, companions in late:
        tries = numbered.setdefault((text, companions), _number(text))
        granted[key] = next(name for name in tries if _take(name, companions, taken))
    return granted


def _number(text: str) -> Iterator[str]:
    return (mochi_name(f"{text}_{number}") for number in count(2))


def grant_local_names(names: Sequence[str], reserved: Collection[str]) -> list[str]:
    """Return a legal name for every parameter or field in `names`, unique and not `reserved`.

    Names that need no respelling come first; the others get `_` and then `_2`, `_3`, ….
    """
    taken = set(reserved)
    granted = [""] * len(names)
    spelled = [mochi_local_name(name) for name in names]
    for index in sorted(range(len(names)), key=lambda index: (spelled[index] != names[index], names[index])):
        endings = chain(("", "_"), (f"_{number}" for number in count(2)))
        tries = (mochi_local_name(spelled[index] + ending) for ending in endings)
        granted[index] = next(name for name in tries if name not in taken)
        taken.add(granted[index])
    return granted


def _take(name: str, companions: tuple[str, ...], taken: set[str]) -> bool:
    if name in taken:
        return False
    others = [mochi_name(name + ending) for ending in companions]
    if not taken.isdisjoint(others):
        return False
    taken.add(name)
    taken.update(others)
    return True
