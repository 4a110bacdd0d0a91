"""The converter of ids in routes. Every process registers it (core/apps.py)."""

import re

from django.urls import register_converter
from django.urls.converters import UUIDConverter

UUID_PATTERN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)


class IdConverter(UUIDConverter):
    """``<id:…>`` in a route. Django's ``<uuid:…>`` accepts only lower case."""

    regex = UUID_PATTERN.pattern.replace("a-f", "a-fA-F")


register_converter(IdConverter, "id")
