"""Calls of python-dateutil: dates as handles of the standard library, rules, errors."""

from __future__ import annotations

import datetime

from dateutil import easter, parser, relativedelta, rrule, tz

SPEC = "python-dateutil@==4.0.0"

START = datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC)


def calls(w):
    yield (
        "a date in words",
        lambda: w.parser_parse("21 Nov 2026 14:05"),
        lambda: parser.parse("21 Nov 2026 14:05"),
    )
    yield (
        "the day first",
        lambda: w.parser_parse_with("02/03/2026", {"dayfirst": True}),
        lambda: parser.parse("02/03/2026", dayfirst=True),
    )
    yield "no date", lambda: w.parser_parse("nothing"), lambda: parser.parse("nothing")
    yield "ISO", lambda: w.parser_isoparse("2026-W03-2"), lambda: parser.isoparse("2026-W03-2")
    yield "Easter", lambda: w.easter_easter(2026), lambda: easter.easter(2026)
    yield (
        "a difference",
        lambda: w.relativedelta_months(w.relativedelta_new_with({"months": 14})),
        lambda: relativedelta.relativedelta(months=14).months,
    )
    yield (
        "a date moved",
        lambda: START + w.relativedelta_new_with({"months": 1}),
        lambda: START + relativedelta.relativedelta(months=1),
    )
    yield (
        "a rule",
        lambda: list(w.rrule_new_with(rrule.MONTHLY, {"count": 3, "dtstart": START})),
        lambda: list(rrule.rrule(rrule.MONTHLY, count=3, dtstart=START)),
    )
    yield (
        "a time zone",
        lambda: w.tz_gettz_with({"name": "UTC"}).utcoffset(START),
        lambda: tz.gettz("UTC").utcoffset(START),
    )
