"""Recognition of link preview programs by request headers of any length."""

import time

import pytest
from django.test import Client

from pages.link_previews import MAX_HEADER_LENGTH, is_preview_agent
from tests.support.accounts.in_process_client import random_address
from tests.support.factories import Agency
from tests.support.http_client import BASE_DOMAIN


@pytest.mark.parametrize(
    "agent",
    [
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "TelegramBot (like TwitterBot)",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "LinkedInBot/1.0 (compatible; Mozilla/5.0)",
        "Google_Inspection_Bot/1.0",
        "WhatsApp/2.23.20.0",
        "facebookexternalhit/1.1",
        "SomeCrawler/1",
    ],
)
def test_preview_agent_is_recognised(agent: str):
    assert is_preview_agent(agent)


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
        "AppleWebKit/605.1.15 Version/17 Safari/605",
        "bot/1.0",
        "botslack/1.0",
        "slack bot",
        "goobot",
    ],
)
def test_other_user_agent_is_no_preview_agent(agent: str):
    assert not is_preview_agent(agent)


@pytest.mark.parametrize("text", ["slack", "googleslack", "bing" + "x" * 3])
def test_user_agent_with_a_repeated_name_is_matched_quickly(text: str):
    agent = text * 100_000

    started = time.process_time()

    assert not is_preview_agent(agent)
    assert time.process_time() - started < 0.05


def test_user_agent_beyond_the_length_limit_is_not_read():
    assert not is_preview_agent("x" * MAX_HEADER_LENGTH + " Slackbot")


def test_share_page_with_a_wrong_token_does_not_read_the_user_agent(
    acme: Agency, monkeypatch: pytest.MonkeyPatch
):
    read: list[object] = []
    monkeypatch.setattr(
        "pages.sharing.public.is_preview_request", lambda request: bool(read.append(1))
    )
    headers = {"host": f"{acme.slug}.{BASE_DOMAIN}", "x-forwarded-for": random_address()}

    answer = Client().get("/s/" + "A" * 43, headers=headers)

    assert answer.status_code == 404
    assert read == []
