"""English sentences with values, which are translated when a response is rendered.

Code raises errors in English, and so logs, stored rows and commands stay in English. A sentence
without values is a plain text: it is its own key in the catalogue. A sentence with values keeps its
template, because only that is in the catalogue.
"""

from typing import Any

from django.utils.translation import gettext, ngettext


class TranslatableText(str):
    """An English sentence with its values filled in, and how it was made."""

    __slots__ = ("number", "template", "values")
    template: str
    values: dict[str, Any]
    number: int | None


def translatable(template: str, *, count: int | None = None, **values: Any) -> TranslatableText:
    """Return the sentence of a template such as ``Use at most %(most)s characters.``

    ``count`` selects the plural form of languages that have one for it.
    """
    # The count is a value too.
    values = values if count is None else {**values, "count": count}
    text = TranslatableText(template % values if values else template)
    text.template, text.values, text.number = template, values, count
    return text


def translated(text: str) -> str:
    """Return a sentence in the active language, or unchanged if it is not in the catalogue."""
    if not isinstance(text, TranslatableText):
        return gettext(text) if text else text
    values = {
        name: translated(value) if isinstance(value, TranslatableText) else value
        for name, value in text.values.items()
    }
    template = (
        gettext(text.template)
        if text.number is None
        else ngettext(text.template, text.template, text.number)
    )
    return template % values if values else template
