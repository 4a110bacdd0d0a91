"""Colours and the text on them."""

import itertools

import pytest

from core.colors import BLACK, WHITE, contrast, hover_color, is_color, text_color_on

STEPS = [f"{part:02x}" for part in range(0, 256, 15)]
COLORS = ["#" + "".join(parts) for parts in itertools.product(STEPS, repeat=3)]


def test_text_on_every_colour_can_be_read():
    weakest = min(contrast(text_color_on(color), color) for color in COLORS)

    assert weakest >= 4.5


def test_text_on_the_colour_under_the_pointer_can_be_read():
    weakest = min(contrast(text_color_on(color), hover_color(color)) for color in COLORS)

    assert weakest >= 4.5


@pytest.mark.parametrize(
    ("color", "text"),
    [("#000000", WHITE), ("#ffffff", BLACK), ("#0b6e5f", WHITE), ("#ffd500", BLACK)],
)
def test_text_is_white_where_that_can_be_read(color: str, text: str):
    assert text_color_on(color) == text


def test_contrast_is_that_of_the_guideline():
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast("#777777", WHITE) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    "text", ["", "#fff", "#FFFFFF", "0b6e5f", "#0b6e5f;", "#0b6e5g", "red", "#0b6e5f\n", "url(x)"]
)
def test_other_text_is_no_colour(text: str):
    assert not is_color(text)
