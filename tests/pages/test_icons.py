"""The icons that templates use are in the sprite, and the documentation lists all of them."""

import re
from xml.etree import ElementTree as ET

from django.template import Context, Template

from pages.templatetags.components import hue, initials
from tests.support.translatable_strings import ROOT

SPRITE = ROOT / "templates/static/aggios/icons.svg"
USED = re.compile(r'\{% icon "([\w-]+)"|symbol="([\w-]+)"')


def sprite_names() -> list[str]:
    return [str(symbol.get("id")) for symbol in ET.parse(SPRITE).getroot()]


def test_icons_of_templates_are_in_the_sprite() -> None:
    used = {
        name
        for template in (ROOT / "templates").rglob("*.html")
        for match in USED.findall(template.read_text(encoding="utf-8"))
        for name in match
        if name
    }

    assert len(used) > 20
    assert used - set(sprite_names()) == set()


def test_documentation_lists_every_icon() -> None:
    text = (ROOT / "docs/design-system.md").read_text(encoding="utf-8")
    listed = text.partition("\nIcons: ")[2].partition(".\n")[0]

    assert re.split(r",\s+", listed) == sorted(sprite_names())


def test_names_in_tags_are_escaped(settings) -> None:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    source = "{% load components %}{% icon 'lock' label %}{% avatar name %}"

    shown = Template(source).render(Context({"label": '"><b>', "name": "<b> <i>"}))

    assert "<b>" not in shown
    assert "&lt;&lt;" in shown


def test_initials_and_colour_of_a_name_are_stable() -> None:
    names = ["Ada Lovelace", "ada.lovelace@acme.test", "Ada", "", "  ", "Åsa de Souza e Silva"]

    assert [initials(name) for name in names] == ["AL", "AL", "A", "", "", "ÅS"]
    assert len({hue("Ada Lovelace"), hue("Ada Lovelace")}) == 1
    assert all(0 <= hue(name) < 8 for name in names)
