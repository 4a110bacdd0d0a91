"""Passwords of shares: required, throttled against guessing, and never revealed."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from files.models import Share
from tenants.context import tenant_context
from tests.support.accounts.in_process_client import post_from_address, random_address
from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.files.shares import DATA, audit_events, create_share, open_share, share_path
from tests.support.http_client import Site

PASSWORD = "open sesame"
WIDE = 4


@pytest.fixture
def protected_share(agency: Agency) -> dict:
    return create_share(agency.owner.at, password=PASSWORD, max_downloads=2)


def count_downloads(agency: Agency) -> int:
    with tenant_context(agency.ref):
        return Share.objects.get().downloads


def test_share_password_is_accepted_as_json(agency: Agency, protected_share: dict, site: Site):
    path = share_path(protected_share)

    asked = open_share(agency, protected_share)
    head = agency.host.request("HEAD", path)
    empty = agency.host.post(path, {})
    wrong = agency.host.post(path, {"password": "open barley"})
    before = count_downloads(agency)
    right = agency.host.post(path, {"password": PASSWORD})

    assert (asked.status_code, asked.json()["code"]) == (401, "share_password_required")
    assert asked.headers["Content-Type"] == "application/problem+json"
    assert head.status_code == 401
    assert (empty.status_code, empty.json()["code"]) == (401, "share_password_required")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "share_password_wrong")
    assert (before, right.status_code, count_downloads(agency)) == (0, 302, 1)
    assert site.fetch(right.headers["Location"]).content == DATA
    assert (
        len(audit_events(agency, "share.opened")) == len(audit_events(agency, "share.refused")) == 1
    )


def test_browser_gets_a_share_password_form(agency: Agency, protected_share: dict, site: Site):
    browser = Browser(site, agency.slug)

    page = browser.get(share_path(protected_share))
    wrong = browser.post(share_path(protected_share), {"password": "open barley"})
    blank = browser.post(share_path(protected_share), {"password": ""})
    # As browsers send a form of a page with the referrer policy no-referrer.
    right = browser.post(
        share_path(protected_share), {"password": PASSWORD}, headers={"Origin": "null"}
    )

    assert page.status_code == 200
    assert (page.headers["Referrer-Policy"], page.headers["Cache-Control"]) == (
        "no-referrer",
        "no-store",
    )
    for word in ('<label for="id_password">', 'type="password"', "noindex", "<h1>"):
        assert word in page.text
    for word in ("<script>", "shared.txt", 'role="alert"'):
        assert word not in page.text
    assert (wrong.status_code, blank.status_code) == (401, 401)
    assert 'role="alert"' in wrong.text
    assert "This is not the password of the link." in wrong.text
    assert "open barley" not in wrong.text
    assert right.status_code == 302
    policy = page.headers["Content-Security-Policy"]
    store = right.headers["Location"].split("/aggios")[0].split("/", 3)
    assert f"{store[0]}//{store[2]}" in policy.partition("form-action")[2].partition(";")[0]
    assert count_downloads(agency) == 1


def test_share_password_form_is_translated(agency: Agency, protected_share: dict, site: Site):
    page = Browser(site, agency.slug, language="pt-BR").get(share_path(protected_share))

    assert '<html lang="pt-br">' in page.text
    assert "Um arquivo para você" in page.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"password": ["open sesame"]}', 401),
        (b'["open sesame"]', 401),
        (b'{"password": "\\ud800"}', 401),
        (b'{"password": "open sesame"', 400),
        (b"", 400),
    ],
)
def test_malformed_share_password_body_is_refused(
    agency: Agency, protected_share: dict, body: bytes, status: int
):
    headers = {"Content-Type": "application/json"}

    response = agency.host.post(share_path(protected_share), content=body, headers=headers)

    assert response.status_code == status, response.text
    assert count_downloads(agency) == 0


def test_share_password_guesses_from_one_address_are_limited(agency: Agency, protected_share: dict):
    def guess(_: int) -> int:
        return agency.host.post(
            share_path(protected_share), {"password": "open barley"}
        ).status_code

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(guess, range(20)))
    assert set(found) <= {401, 429, 503}  # for some the password hash pool was full
    found += [guess(0) for _ in range(11)]
    shut = agency.host.post(share_path(protected_share), {"password": PASSWORD})

    assert found.count(401) == 10
    assert (shut.status_code, shut.json()["limits"]) == (429, ["share_password"])
    assert count_downloads(agency) == 0
    elsewhere = post_from_address(
        agency.slug, share_path(protected_share), {"password": PASSWORD}, address=random_address()
    )
    assert elsewhere.status_code == 302


def test_share_password_guesses_from_many_addresses_are_limited(
    agency: Agency, protected_share: dict, settings
):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "share_password_total": f"{WIDE}/3600"}

    def guess(share: dict, password: str = "open barley"):
        return post_from_address(
            agency.slug, share_path(share), {"password": password}, address=random_address()
        )

    assert guess(protected_share, PASSWORD).status_code == 302
    assert [guess(protected_share).status_code for _ in range(WIDE)] == [401] * WIDE
    refused = guess(protected_share, PASSWORD)
    other = create_share(agency.owner.at, protected_share["file"], password=PASSWORD)

    assert (refused.status_code, json.loads(refused.content)["limits"]) == (
        429,
        ["share_password_total"],
    )
    assert "share_password_total" not in str(refused.headers)
    assert guess(other, PASSWORD).status_code == 302


def test_correct_share_password_clears_the_failures_of_its_address(
    agency: Agency, protected_share: dict
):
    for _ in range(9):
        agency.host.post(share_path(protected_share), {"password": "open barley"})
    assert agency.host.post(share_path(protected_share), {"password": PASSWORD}).status_code == 302

    after = agency.host.post(share_path(protected_share), {"password": "open barley"})

    assert after.status_code == 401
    assert "r=9" in after.headers["RateLimit"]
