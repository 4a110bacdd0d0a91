"""Template tags of the design system: icons, avatars (docs/design-system.md)."""

from datetime import datetime
from functools import lru_cache
from typing import Any
from zlib import crc32

from django import template
from django.forms import BaseForm, BoundField
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from files import filenames
from pages.base import try_again_sentence

register = template.Library()
AVATAR_HUES = 8
# A list of files shows several hundred icons of a few dozen kinds.
CACHED_ICONS = 256


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Return an icon of ``icons.svg``. Without a label it is decoration, hidden from readers."""
    if not label:
        return _decoration(name)
    return format_html(
        '<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>',
        label,
        _icon_address(name),
    )


@lru_cache(maxsize=CACHED_ICONS)
def _decoration(name: str) -> SafeString:
    """Return an icon without a label. Labels are not cached: they may come from users."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', _icon_address(name)
    )


def _icon_address(name: str) -> str:
    return f"{static('aggios/icons.svg')}#{name}"


@register.simple_tag
def avatar(name: str) -> SafeString:
    """Return the initials of a name in a circle of the name's colour, as decoration."""
    return format_html(
        '<span class="avatar hue-{}" aria-hidden="true">{}</span>', hue(name), initials(name)
    )


@register.filter
def initials(name: str) -> str:
    """Return the initials of the first and the last word of a name or an e-mail address."""
    words = str(name).partition("@")[0].replace(".", " ").split()
    ends = [words[0], words[-1]] if len(words) > 1 else words
    return "".join(word[0] for word in ends).upper()


@register.filter
def hue(name: str) -> int:
    """Return the number of a name's colour, always the same for one name."""
    return crc32(str(name).encode()) % AVATAR_HUES


@register.filter
def visible_errors(form: BaseForm) -> list[BoundField]:
    """Return the fields that have errors and that the user sees."""
    return [field for field in form.visible_fields() if field.errors]


@register.filter
def try_again(seconds: str) -> str:
    """Return when to try again, for the value of a field Retry-After; empty without seconds."""
    return try_again_sentence(int(seconds)) if seconds.isdecimal() else ""


@register.filter
def instant(text: str) -> datetime:
    """Return the time of an RFC 3339 text, so that ``date`` shows it in the current time zone."""
    return datetime.fromisoformat(text)


@register.filter
def shown_name(text: object) -> str:
    """Return a text with the name of a file, without characters that reverse its direction."""
    return filenames.shown_name(str(text))


@register.filter
def share(limit: Any, percent: int) -> int:
    """Return a share of a limit, for the marks of a meter."""
    return int(limit) * percent // 100
