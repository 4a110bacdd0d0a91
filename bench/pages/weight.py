"""What a browser transfers to show a page for the first time, as the proxy really sends it.

Counted are the bodies of the document and of what it loads by itself: style sheets, scripts and the
modules that they import, images and icons. Headers are not counted, nor what is only loaded on an
action (the worker of an upload, the preview of a file).
"""

import posixpath
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from html.parser import HTMLParser
from http.client import HTTPConnection
from urllib.parse import urljoin, urlsplit

from bench.harness.load import LOOPBACK

# What browsers accept over https; over http they offer only the first two.
ENCODINGS = "gzip, deflate, br, zstd"
LOADED_LINKS = {"stylesheet", "icon", "modulepreload", "preload"}
SOURCES = {"script": "src", "img": "src", "source": "src", "use": "href", "image": "href"}
TIMEOUT = 60.0
MODULE_IMPORT = re.compile(
    r"""(?m)^(?:import|export)\b(?:[^"';]*\bfrom)?\s*["'](\.{0,2}/[^"']+)["']"""
)
STYLE_URL = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")


@dataclass(frozen=True)
class Transfer:
    """One response: the bytes of its body as they were sent, and their coding."""

    path: str
    size: int
    encoding: str
    cache_control: str
    content_type: str


@dataclass
class Visitor:
    """Loads pages of one host through the proxy; every file of the site only once."""

    port: int
    host: str
    cookies: str = ""
    files: dict[str, tuple[Transfer, list[str]]] = field(default_factory=dict)

    def visit(self, path: str) -> list[Transfer]:
        """Return the document and everything that it loads, without a cache.

        Raises: RuntimeError (if a response is not 200).
        """
        document, paths = self._load(path)
        found = {path: document}
        while paths:
            one = paths.pop()
            if one in found:
                continue
            if one not in self.files:
                self.files[one] = self._load(one)
            found[one], more = self.files[one]
            paths += more
        return list(found.values())

    def _load(self, path: str) -> tuple[Transfer, list[str]]:
        """Request a path twice: compressed for its size, and plain for what it names."""
        sent, size = self._get(path, ENCODINGS)
        plain, content = self._get(path, "identity")
        content_type = plain.get("content-type", "")
        transfer = Transfer(
            path,
            len(size),
            sent.get("content-encoding", ""),
            sent.get("cache-control", ""),
            content_type,
        )
        text = content.decode("utf-8", "replace")
        named = (urljoin(path, name) for name in _named(text, content_type))
        return transfer, [urlsplit(name)._replace(fragment="").geturl() for name in named]

    def _get(self, path: str, encodings: str) -> tuple[dict[str, str], bytes]:
        headers = {"Host": self.host, "Accept": "text/html,*/*;q=0.8", "Accept-Language": "en"}
        headers |= {"Accept-Encoding": encodings, "Cookie": self.cookies}
        with closing(HTTPConnection(LOOPBACK, self.port, timeout=TIMEOUT)) as connection:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            body = response.read()
            if response.status >= 500 or (response.status != 200 and "/static/" in path):
                raise RuntimeError(f"GET {self.host}{path}: {response.status} {body[:200]!r}")
            return {name.lower(): value for name, value in response.getheaders()}, body


class _Parser(HTMLParser):
    """Collects the addresses of what a document loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "link" and LOADED_LINKS & set(values.get("rel", "").split()):
            self.found.append(values.get("href", ""))
        elif tag in SOURCES:
            self.found.append(values.get(SOURCES[tag], ""))


def _named(text: str, content_type: str) -> Iterator[str]:
    """Return the addresses on the same host that a text loads."""
    kind = content_type.partition(";")[0]
    readers = {
        "text/html": _in_document,
        "text/css": partial(_matches, STYLE_URL),
        "text/javascript": partial(_matches, MODULE_IMPORT),
    }
    for name in readers.get(kind, lambda _: [])(text):
        parts = urlsplit(name)
        if name and not parts.scheme and not parts.netloc and parts.path:
            yield name


def _in_document(text: str) -> list[str]:
    parser = _Parser()
    parser.feed(text)
    return parser.found


def _matches(pattern: re.Pattern[str], text: str) -> list[str]:
    return [next(group for group in match.groups() if group) for match in pattern.finditer(text)]


def name_of(transfer: Transfer) -> str:
    """Return the last part of a transfer's path."""
    return posixpath.basename(urlsplit(transfer.path).path) or "/"
