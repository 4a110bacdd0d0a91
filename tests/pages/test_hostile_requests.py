"""Redirects to other sites, and hostile parameters and paths, at each page."""

from urllib.parse import parse_qsl, quote, urlencode

import pytest

from tests.support.browser import Browser
from tests.support.http_client import PASSWORD, Site
from tests.support.pages.hostile import (
    EVIL_URLS,
    PAYLOADS,
    REDIRECT_PARAMETERS,
    ROWS,
    assert_inert,
    assert_redirect_is_own,
    each,
)
from tests.support.pages.page_objects import PageObjects
from tests.support.pages.rows.row import PageRow
from tests.support.staff import NewStaff

pytestmark = pytest.mark.usefixtures("fresh_limits")


@each(ROWS)
def test_parameter_redirects_to_no_other_site(page_objects: PageObjects, row: PageRow):
    path, _, query = page_objects.path(row).partition("?")
    values = dict(parse_qsl(query))
    # A page that names no such parameter gets some of the URLs, each in several parameters.
    targets = EVIL_URLS if set(row.parameters) & set(REDIRECT_PARAMETERS) else EVIL_URLS[:2]

    for target in targets:
        names = dict.fromkeys(REDIRECT_PARAMETERS, target)
        answer = page_objects.browser(row).get(f"{path}?{urlencode(values | names)}")

        assert answer.status_code < 500
        assert_redirect_is_own(answer)
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert_inert(answer)


@pytest.mark.parametrize("target", EVIL_URLS)
def test_log_in_leads_to_no_other_site(
    site: Site, page_objects: PageObjects, new_staff: NewStaff, target: str
):
    owner, staff = page_objects.agency.owner, new_staff()
    secret = {"password": PASSWORD, "next": target}

    answers = [
        Browser(site, page_objects.agency.slug).submit("/login", {"email": owner.email, **secret}),
        Browser(site, "admin").submit("/admin/login/", {"username": staff.email, **secret}),
    ]

    assert [answer.status_code for answer in answers] == [303, 302]
    for answer in answers:
        assert_redirect_is_own(answer)


@each(ROWS)
def test_hostile_parameters_are_escaped(page_objects: PageObjects, row: PageRow):
    browser = page_objects.browser(row)
    path, _, query = page_objects.path(row).partition("?")
    values = dict(parse_qsl(query))
    others = ("lang", "notice", "page", "q", *row.parameters)

    for payload in PAYLOADS if row.parameters or values else [" ".join(PAYLOADS)]:
        # A hostile token hides the page, so each parameter of the path is replaced alone.
        for changed in (
            {**dict.fromkeys(others, payload), payload: payload},
            *({name: payload} for name in values),
        ):
            answer = browser.get(f"{path}?{urlencode(values | changed)}")

            assert answer.status_code < 500
            assert_inert(answer)


@each(ROWS)
def test_hostile_path_is_escaped(page_objects: PageObjects, row: PageRow):
    browser = page_objects.browser(row)
    path, _, query = row.path.partition("?")
    segments = path.split("/")
    changed = {position for position, segment in enumerate(segments) if "{" in segment}

    for payload in PAYLOADS if changed else [" ".join(PAYLOADS)]:
        quoted = quote(payload, safe="")
        paths = [f"{path.rstrip('/')}/{quoted}".format_map(page_objects)]
        for position in changed | {len(segments) - 1}:
            template = "/".join([*segments[:position], "PAYLOAD", *segments[position + 1 :]])
            paths.append(template.format_map(page_objects).replace("PAYLOAD", quoted))
        for hostile in paths:
            answer = browser.get(f"{hostile}?{query.format_map(page_objects)}")

            assert answer.status_code < 500
            if answer.headers.get("content-type", "").startswith("text/html"):
                assert_inert(answer)
