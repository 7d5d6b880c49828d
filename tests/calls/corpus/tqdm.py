"""Calls of tqdm: bars over lists and ranges, figures as text."""

from __future__ import annotations

import io

import tqdm
from tqdm import utils

SPEC = "tqdm@==4.70.1"


def calls(w):
    yield (
        "over a list",
        lambda: list(w.tqdm_new_with({"iterable": [1, 2, 3], "file": io.StringIO()})),
        lambda: [1, 2, 3],
    )
    yield (
        "over a range",
        lambda: list(w.trange_with(3, {"file": io.StringIO()})),
        lambda: list(tqdm.trange(3, file=io.StringIO())),
    )
    yield "steps", lambda: steps(w), lambda: 5
    yield "an interval", lambda: w.tqdm_format_interval(3723.0), lambda: tqdm.tqdm.format_interval(3723)
    yield "a number", lambda: w.tqdm_format_num(1234567.0), lambda: tqdm.tqdm.format_num(1234567.0)
    yield "a size", lambda: w.tqdm_format_sizeof(12345.0), lambda: tqdm.tqdm.format_sizeof(12345.0)
    yield (
        "a meter",
        lambda: w.tqdm_format_meter_with(5.0, 10.0, 2.0, {"ncols": 40, "ascii": True}),
        lambda: tqdm.tqdm.format_meter(5.0, 10.0, 2.0, ncols=40, ascii=True),
    )
    yield "length of a text", lambda: w.utils_disp_len("ab"), lambda: utils.disp_len("ab")
    yield "a text cut off", lambda: w.utils_disp_trim("abcd", 2), lambda: utils.disp_trim("abcd", 2)
    yield (
        "an option that does not exist",
        lambda: w.tqdm_new_with({"totl": 10, "file": io.StringIO()}),
        lambda: tqdm.tqdm(totl=10, file=io.StringIO()),
    )


def steps(w):
    bar = w.tqdm_new_with({"total": 10, "file": io.StringIO()})
    w.tqdm_update_with(bar, {"n": 5})
    w.tqdm_close(bar)
    return w.tqdm_n(bar)
