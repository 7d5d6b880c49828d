"""Unique names: claims on a namespace, and the names they are given.

A name depends only on the claims that want the same one, never on how many others there
are or in which order they come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
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
    spelled = {text: mochi_name(text) for text in {claim.wish for claim in claims}}
    texts = _choose(claims, spelled, taken)
    spelled |= {text: mochi_name(text) for text in texts if text not in spelled}
    wanted = Counter([spelled[text] for text in texts])
    for claim, text in zip(claims, texts, strict=True):
        if claim.companions:
            wanted.update(_accompany(spelled[text], claim.companions))
    granted: dict[ClaimKey, str] = {}
    contested: list[tuple[int, bool, int, ClaimKey, str, tuple[str, ...]]] = []
    for claim, text in zip(claims, texts, strict=True):
        name, key = spelled[text], claim.key
        if wanted[name] == 1 and not claim.companions and name not in taken:
            # What nobody else wants does not have to wait for its turn.
            granted[key] = name
            taken.add(name)
        else:
            contested.append((claim.rank, name != text, key[0].count("."), key, text, claim.companions))
    late: list[tuple[ClaimKey, str, tuple[str, ...]]] = []
    for *_, key, text, companions in sorted(contested):
        if _take(spelled[text], companions, taken):
            granted[key] = spelled[text]
        else:
            late.append((key, text, companions))
    # Names are only ever taken, so what failed once fails again: a search goes on where the last one ended.
    numbered: dict[tuple[str, tuple[str, ...]], Iterator[str]] = {}
    for key, text, companions in late:
        tries = numbered.setdefault((text, companions), _number(text))
        granted[key] = next(name for name in tries if _take(name, companions, taken))
    return granted


def _choose(claims: Sequence[Claim], spelled: Mapping[str, str], taken: Collection[str]) -> list[str]:
    """Return for every claim its wish, or what it is called when others have the same wish."""
    wishes = [spelled[claim.wish] for claim in claims]
    shared = {wish for wish, number in Counter(wishes).items() if number > 1}
    rivals = Counter(
        [(wish, claim.rank) for wish, claim in zip(wishes, claims, strict=True) if wish in shared]
    )
    lowest: dict[str, int] = {}
    for wish, rank in rivals:
        lowest[wish] = min(rank, lowest.get(wish, rank))

    def is_alone(claim: Claim, wish: str) -> bool:
        return claim.rank == lowest[wish] and rivals[wish, claim.rank] == 1

    return [
        claim.wish if wish not in taken and (wish not in shared or is_alone(claim, wish)) else claim.qualified
        for wish, claim in zip(wishes, claims, strict=True)
    ]


def _accompany(name: str, companions: tuple[str, ...]) -> list[str]:
    return [mochi_name(name + ending) for ending in companions]


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
    others = _accompany(name, companions)
    if not taken.isdisjoint(others):
        return False
    taken.add(name)
    taken.update(others)
    return True
