"""Calls of pillow: images as handles, files and bytes, points as records, errors."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageColor, ImageDraw, ImageOps

SPEC = "pillow@==13.0.0"
NEAR = {"a file", "a file that is none"}


def calls(w):
    yield "an image", lambda: w.Image_size(w.Image_new("RGB", [3, 2])), lambda: Image.new("RGB", (3, 2)).size
    yield (
        "bytes of an image",
        lambda: w.Image_tobytes(w.Image_new_with("L", [2, 1], {"color": 7})),
        lambda: Image.new("L", (2, 1), color=7).tobytes(),
    )
    yield (
        "another size",
        lambda: w.Image_size(w.Image_resize(through(w), [5, 4])),
        lambda: directly().resize((5, 4)).size,
    )
    yield (
        "another mode",
        lambda: w.Image_mode(w.Image_convert_with(through(w), {"mode": "L"})),
        lambda: directly().convert("L").mode,
    )
    yield "a pixel", lambda: w.Image_getpixel(through(w), [0, 0]), lambda: directly().getpixel((0, 0))
    yield (
        "drawing",
        lambda: w.Image_tobytes(draw(w)),
        lambda: draw_directly().tobytes(),
    )
    yield "a file", lambda: save_and_open(w), lambda: ("PNG", (3, 2))
    yield (
        "a file that is none",
        lambda: w.Image_open(io.BytesIO(b"nothing")).mode,
        lambda: fail_to_open(),
    )
    yield "a colour", lambda: w.ImageColor_getrgb("#ff0080"), lambda: ImageColor.getrgb("#ff0080")
    yield "an unknown colour", lambda: w.ImageColor_getrgb("nocolour"), lambda: ImageColor.getrgb("nocolour")
    yield (
        "bands",
        lambda: [w.Image_mode(each) for each in w.Image_split(through(w))],
        lambda: [each.mode for each in directly().split()],
    )
    yield (
        "inverted",
        lambda: w.Image_getpixel(w.ImageOps_invert(through(w)), [0, 0]),
        lambda: ImageOps.invert(directly()).getpixel((0, 0)),
    )


def through(w):
    return w.Image_new_with("RGB", [3, 2], {"color": "red"})


def directly():
    return Image.new("RGB", (3, 2), color="red")


def draw(w):
    image = through(w)
    w.ImageDraw_line_with(w.ImageDraw_Draw(image), [0, 0, 2, 1], {"fill": "blue", "width": 1})
    return image


def draw_directly():
    image = directly()
    ImageDraw.Draw(image).line([0, 0, 2, 1], fill="blue", width=1)
    return image


def save_and_open(w):
    w.Image_save(through(w), "a.png")
    found = w.Image_open(Path("a.png"))
    return found.format, found.size


def fail_to_open():
    return Image.open(io.BytesIO(b"nothing"))
