"""Detects requests without a reader: link previews, indexers, prefetching.

Header fields are long texts from unknown clients. Only the beginning is read, by substring search,
which takes linear time.
"""

import re

from django.http import HttpRequest

# Products name themselves at the beginning of the field (RFC 9110 section 10.1.5).
MAX_HEADER_LENGTH = 400
WORD = re.compile(r"\w+")
PREVIEW_AGENTS = (
    "facebookexternalhit",
    "whatsapp",
    "skypeuripreview",
    "bitlybot",
    "embedly",
    "preview",
    "crawler",
    "spider",
)
# Their programs have the name and "bot" in one word: Slackbot, Googlebot, LinkedInBot.
BOT_OWNERS = (
    "slack",
    "telegram",
    "twitter",
    "discord",
    "linkedin",
    "pinterest",
    "google",
    "bing",
    "apple",
    "mastodon",
)


def is_preview_request(request: HttpRequest) -> bool:
    """Tell whether a program previews, indexes or prefetches (Fetch, ``Sec-Purpose``)."""
    purposes = (
        request.headers.get(name, "")[:MAX_HEADER_LENGTH] for name in ("Sec-Purpose", "Purpose")
    )
    if any("prefetch" in purpose or "preview" in purpose for purpose in purposes):
        return True
    return is_preview_agent(request.headers.get("User-Agent", ""))


def is_preview_agent(user_agent: str) -> bool:
    """Tell whether a ``User-Agent`` names a program that previews or indexes."""
    agent = user_agent[:MAX_HEADER_LENGTH].lower()
    if any(name in agent for name in PREVIEW_AGENTS):
        return True
    return any(_is_bot(word) for word in WORD.findall(agent))


def _is_bot(word: str) -> bool:
    bot = word.rfind("bot")
    return any(-1 < word.find(owner) <= bot - len(owner) for owner in BOT_OWNERS)
