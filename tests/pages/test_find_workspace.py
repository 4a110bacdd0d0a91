"""dash.: the page that finds a workspace by its name or address."""

import pytest

from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.http_client import Site


@pytest.mark.parametrize(
    "typed",
    [
        "acme",
        " ACME ",
        "acme.aggios.localhost",
        "http://acme.aggios.localhost:8080/files?x=1",
        "HTTPS://Acme.Aggios.Localhost",
        "acme/",
    ],
)
def test_workspace_name_or_address_redirects_to_the_workspace(
    site: Site, acme: Agency, typed: str
) -> None:
    answer = Browser(site, "dash").get("/", params={"workspace": typed})

    assert answer.status_code == 302
    assert answer.headers["location"] == f"http://acme.aggios.localhost:{site.port}"


@pytest.mark.parametrize(
    "typed",
    [
        "nobody-here",
        "admin",
        "evil.example",
        "//evil.example",
        "acme.evil.example",
        "http://evil.example/acme",
        "acme@evil.example",
        "é",
        "\x00",
        "<script>",
        "x" * 2000,
    ],
)
def test_unknown_workspace_is_404_without_a_redirect(site: Site, acme: Agency, typed: str) -> None:
    answer = Browser(site, "dash").get("/", params={"workspace": typed})

    assert answer.status_code == 404
    assert "No workspace answers at" in answer.text
    assert "<script>" not in answer.text


def test_form_action_policy_allows_workspace_hosts(site: Site) -> None:
    policy = Browser(site, "dash").get("/").headers["content-security-policy"]

    assert f"form-action 'self' http://*.aggios.localhost:{site.port}" in policy
