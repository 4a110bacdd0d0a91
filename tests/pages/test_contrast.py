"""The colours of tokens.css: equal dark blocks, and enough contrast in both themes (WCAG 2.2)."""

import re

import pytest

from tests.support.translatable_strings import ROOT

SHEET = (ROOT / "templates/static/aggios/tokens.css").read_text(encoding="utf-8")
COLOUR = re.compile(r"(--[\w-]+): (#[0-9a-f]{6});")
SURFACES = ("--ground", "--raised", "--sunken")
TEXT_ON = [
    *((text, surface) for text in ("--text", "--soft", "--accent") for surface in SURFACES),
    *((f"--{kind}", f"--{kind}-ground") for kind in ("accent", "good", "note", "warn", "bad")),
    *(("--text", f"--{kind}-ground") for kind in ("accent", "good", "note", "warn", "bad")),
    ("--soft", "--accent-ground"),
    ("--accent-strong", "--accent-ground"),
    ("--bad", "--raised"),
    ("--bad", "--ground"),
    ("--on-accent", "--accent"),
    ("--on-accent", "--accent-strong"),
    ("--on-bad", "--bad"),
    ("--on-bad", "--bad-strong"),
    ("--on-deep", "--deep"),
    ("--on-deep-soft", "--deep"),
    *(("--on-hue", f"--hue-{number}") for number in range(8)),
]
PARTS_ON = [(part, surface) for part in ("--field", "--focus") for surface in SURFACES]


def colours(theme: str) -> dict[str, str]:
    light, dark = SHEET.partition("@media screen and (prefers-color-scheme: dark)")[::2]
    found = dict(COLOUR.findall(light))
    return found if theme == "light" else {**found, **dict(COLOUR.findall(dark))}


def luminance(colour: str) -> float:
    """Return the relative luminance (WCAG 2.2, definitions)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_of_a_theme_have_enough_contrast(theme: str) -> None:
    values = colours(theme)

    weak = [(a, b) for a, b in TEXT_ON if contrast(values[a], values[b]) < 4.5]
    faint = [(a, b) for a, b in PARTS_ON if contrast(values[a], values[b]) < 3]

    assert (weak, faint) == ([], [])


def test_dark_theme_is_the_same_by_system_and_by_choice() -> None:
    by_system, by_choice = (
        SHEET.partition(start)[2].partition("}")[0].split()
        for start in (':root:not([data-theme="light"]) {', ':root[data-theme="dark"] {')
    )

    assert by_system == by_choice


def test_components_use_no_colours_of_their_own() -> None:
    folder = ROOT / "templates/static/aggios"
    for name in ("components.css", "site.css", "workspace.css"):
        screen = (folder / name).read_text(encoding="utf-8").partition("@media print")[0]
        assert re.findall(r"(?<!%23)#[0-9a-f]{3,8}\b", re.sub(r"url\(.*?\)", "", screen)) == []
