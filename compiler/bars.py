"""The bars of the corpus: what the measures of its packages must reach, and the table of both.

Shares are of the larger of two counts, the census's and ours, so that neither an item that we
do not see nor one that the census does not see makes a share larger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, final

from attrs import frozen

from .census import Census, Measure
from .report import align

_SEEN_OVERALL: Final = 0.97
_SEEN_EACH: Final = 0.92
_BOUND_OVERALL: Final = 0.82
_BOUND_TYPED: Final = 0.88
_MISSING_EACH: Final = 0.01


@final
@frozen
class Row:
    """A package of the corpus: the census and what was measured. `public` is the larger count."""

    census: Census
    measure: Measure

    @property
    def public(self) -> int:
        """The count that shares are of."""
        return max(self.census.callables, self.measure["counts"]["public"])

    @property
    def bound(self) -> int:
        """Callables bound without any loss."""
        return self.measure["counts"]["bound"]

    @property
    def seen(self) -> int:
        """Callables bound, with or without a loss."""
        return self.bound + self.measure["counts"]["degraded"]

    @property
    def missing(self) -> float | None:
        """The share of names exported at run time that were not found, None where nobody looked."""
        missing, exported = self.measure["missing"], self.measure["exported"]
        return None if missing is None or exported is None else len(missing) / max(exported, 1)


@final
@frozen
class Bar:
    """A bar: what it says, what was reached, and who falls short of it."""

    name: str
    reached: str
    ok: bool
    short: tuple[str, ...] = ()


def find_bars(rows: Sequence[Row], failures: Mapping[str, str]) -> tuple[Bar, ...]:
    """Return every bar with what `rows` reach; `failures` says of packages why they were not measured."""
    typed = [row for row in rows if row.census.typed]
    number = len(rows) + len(failures)
    unbound = [f"{package}: {reason}" for package, reason in failures.items()]
    unstrict = [f"{row.census.package}: {row.measure['unstrict']}" for row in rows if row.measure["unstrict"]]
    return (
        Bar(
            "packages that are bound, 100%", f"{len(rows) / max(number, 1):.0%}", not unbound, tuple(unbound)
        ),
        Bar(
            "packages that are bound in strict mode, 100%",
            f"{(len(rows) - len(unstrict)) / max(number, 1):.0%}",
            not unbound and not unstrict,
            tuple(unstrict),
        ),
        _overall("bound or degraded, all packages", _seen(rows), _SEEN_OVERALL),
        _each(
            f"bound or degraded, each package, at least {_SEEN_EACH:.0%}",
            {row.census.package: row.seen / row.public for row in rows},
            _SEEN_EACH,
        ),
        _overall("bound without loss, all packages", _bound(rows), _BOUND_OVERALL),
        _overall(f"bound without loss, the {len(typed)} packages with types", _bound(typed), _BOUND_TYPED),
        _find_missing(rows),
        _check_shims(rows),
    )


def _overall(name: str, share: float, least: float) -> Bar:
    return Bar(f"{name}, at least {least:.0%}", f"{share:.1%}", share >= least)


def _each(name: str, shares: dict[str, float], least: float) -> Bar:
    short = tuple(f"{package} {share:.1%}" for package, share in shares.items() if share < least)
    return Bar(name, f"{min(shares.values(), default=1):.1%}", not short, short)


def _find_missing(rows: Sequence[Row]) -> Bar:
    name = f"exported at run time but not found, each package, under {_MISSING_EACH:.0%}"
    shares = {row.census.package: row.missing for row in rows}
    known = {package: share for package, share in shares.items() if share is not None}
    short = [f"{package} {share:.1%}" for package, share in known.items() if share >= _MISSING_EACH]
    short += [
        f"{row.census.package} not measured: {row.measure['unprobed']}" for row in rows if row.missing is None
    ]
    return Bar(name, f"{max(known.values()):.1%}" if known else "-", not short, tuple(short))


def _check_shims(rows: Sequence[Row]) -> Bar:
    bad = [f"{row.census.package}: {row.measure['problem']}" for row in rows if row.measure["problem"]]
    reached = f"{(len(rows) - len(bad)) / max(len(rows), 1):.0%}"
    return Bar("shims that pass the checker, 100%", reached, not bad, tuple(bad))


def _seen(rows: Sequence[Row]) -> float:
    return sum(row.seen for row in rows) / max(sum(row.public for row in rows), 1)


def _bound(rows: Sequence[Row]) -> float:
    return sum(row.bound for row in rows) / max(sum(row.public for row in rows), 1)


# --- text -------------------------------------------------------------------------------

_HEADER = (
    *("package", "version", "types", "census", "ours", "bound", "degraded", "refused"),
    *("seen", "without loss", "strict", "missing", "shim"),
)


def format_corpus_table(rows: Sequence[Row], failures: Mapping[str, str]) -> str:
    """Return a line for each package, one for all, and one for each bar."""
    lines = [_HEADER, *map(_format_row, rows), _format_total(rows)]
    bars = "".join(map(_format_bar, find_bars(rows, failures)))
    return f"{align(lines)}\n{bars}\n{_format_reasons(rows)}{_format_sources(rows)}"


def _format_row(row: Row) -> tuple[str, ...]:
    measure = row.measure
    counts = measure["counts"]
    return (
        measure["package"],
        measure["version"],
        measure["tier"],
        str(row.census.callables),
        *(str(counts["public"]), str(counts["bound"]), str(counts["degraded"]), str(counts["refused"])),
        f"{row.seen / row.public:.1%}",
        f"{row.bound / row.public:.1%}",
        "fails" if measure["unstrict"] else f"{measure['strict']['bound'] / row.public:.1%}",
        "-" if row.missing is None else f"{row.missing:.1%}",
        "fails" if measure["problem"] else "ok",
    )


def _format_total(rows: Sequence[Row]) -> tuple[str, ...]:
    counts = [row.measure["counts"] for row in rows]
    public = max(sum(row.public for row in rows), 1)
    strict = sum(row.measure["strict"]["bound"] for row in rows)
    failing = sum(bool(row.measure["problem"]) for row in rows)
    return (
        *(f"{len(rows)} packages", "", "", str(sum(row.census.callables for row in rows))),
        str(sum(each["public"] for each in counts)),
        str(sum(each["bound"] for each in counts)),
        str(sum(each["degraded"] for each in counts)),
        str(sum(each["refused"] for each in counts)),
        f"{_seen(rows):.1%}",
        f"{_bound(rows):.1%}",
        f"{strict / public:.1%}",
        "",
        f"{failing} fail" if failing else "ok",
    )


def _format_bar(bar: Bar) -> str:
    text = f"{'ok  ' if bar.ok else 'FAIL'}  {bar.name}: {bar.reached}\n"
    return text + "".join(f"        {each}\n" for each in bar.short)


def _format_reasons(rows: Iterable[Row]) -> str:
    counts = [row.measure["counts"] for row in rows]
    lines = []
    for what, found in (
        ("Degraded", [each["degraded_by"] for each in counts]),
        ("Refused", [each["refused_by"] for each in counts]),
        ("Noted", [each["notes"] for each in counts]),
    ):
        total = Counter[str]()
        for each in found:
            total.update(each)
        reasons = ", ".join(f"{reason} {number}" for reason, number in total.most_common())
        lines.append(f"{what}: {reasons or 'none'}.\n")
    return "".join(lines)


def _format_sources(rows: Iterable[Row]) -> str:
    """Say how much stubs leave out, for the packages that are counted in their stubs."""
    pairs = [
        f"{row.census.package} {row.census.callables} of {row.census.source}"
        for row in rows
        if row.census.of == "stubs" and row.census.source > row.census.callables
    ]
    return f"Counted in their stubs, which lack a part of the sources: {', '.join(pairs)}.\n" if pairs else ""


def build_corpus_report(rows: Sequence[Row], failures: Mapping[str, str]) -> dict[str, Any]:
    """Return the table and the bars as JSON values."""
    return {
        "schema": 1,
        "packages": [
            {
                **row.measure,
                "census": {**row.census.kinds, "of": row.census.of, "source": row.census.source},
                "typed": row.census.typed,
                "of": row.public,
            }
            for row in rows
        ],
        "bars": [
            {"name": bar.name, "reached": bar.reached, "ok": bar.ok, "short": list(bar.short)}
            for bar in find_bars(rows, failures)
        ],
    }
