"""What the pages of files show, read from their HTML."""

import html
import re

import httpx

NAME = re.compile(r'<(?:a|span) class="file-name"[^>]*>.*?</svg><span>(.*?)</span>', re.S)
NOTICE = re.compile(r'<div class="notice \w+" role="\w+">.*?<div>\s*<p>(.*?)</p>', re.S)
NEXT = re.compile(r'href="([^"]+)" rel="next"')


def shown_names(page: httpx.Response) -> list[str]:
    """Return the names of folders and files in the order of the list."""
    return [html.unescape(name) for name in NAME.findall(page.text)]


def shown_notice(page: httpx.Response) -> str:
    """Return the text of the page's notice; empty if there is none."""
    found = NOTICE.search(page.text)
    return html.unescape(found[1]) if found else ""


def next_link(page: httpx.Response) -> str:
    """Return the address of the next page; empty on the last one."""
    found = NEXT.search(page.text)
    return html.unescape(found[1]) if found else ""
