"""Every route of every kind of host, from the URL configurations."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter, UUIDConverter
from django.urls.resolvers import RoutePattern
from django.utils.regex_helper import normalize

PARAMETER_PATTERN = re.compile(r"<(?:[^>:]+:)?([^>]+)>")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a path. ``kind`` is ``uuid``, ``int`` or ``text``."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Route:
    """A route. ``template`` has ``%(name)s`` for each parameter."""

    site: str
    shown: str
    template: str
    parameters: tuple[Parameter, ...]

    def path(self, fill: Callable[[Parameter], str]) -> str:
        """Return a path of this route."""
        return self.template % {p.name: fill(p) for p in self.parameters}


def all_routes() -> list[Route]:
    """Return the routes of every URL configuration in ``settings.SITE_URLCONFS``."""
    found = []
    for site, urlconf in settings.SITE_URLCONFS.items():
        patterns = _walk(get_resolver(urlconf), "/", ())
        found += [
            Route(site, _display_path(text), text, parameters) for text, parameters in patterns
        ]
    return list(dict.fromkeys(found))


def _walk(
    resolver: URLResolver, prefix: str, known: tuple[Parameter, ...]
) -> Iterator[tuple[str, tuple[Parameter, ...]]]:
    for pattern in resolver.url_patterns:
        for text, parameters in _templates(pattern):
            if isinstance(pattern, URLResolver):
                yield from _walk(pattern, prefix + text, known + parameters)
            else:
                yield prefix + text, known + parameters


def _templates(pattern: URLPattern | URLResolver) -> list[tuple[str, tuple[Parameter, ...]]]:
    """Return the templates of a pattern; a regular expression may have several."""
    described = pattern.pattern
    if isinstance(described, RoutePattern):
        converters = described.converters
        text = PARAMETER_PATTERN.sub(r"%(\1)s", str(described).replace("%", "%%"))
        return [(text, tuple(Parameter(n, _kind(c)) for n, c in converters.items()))]
    alternatives = normalize(described.regex.pattern)
    return [
        (text, tuple(Parameter(name, "text") for name in names)) for text, names in alternatives
    ]


def _kind(converter: object) -> str:
    if isinstance(converter, UUIDConverter):
        return "uuid"
    return "int" if isinstance(converter, IntConverter) else "text"


def _display_path(template: str) -> str:
    return re.sub(r"%\((\w+)\)s", r"{\1}", template)
