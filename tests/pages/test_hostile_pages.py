"""Attacks on every page of tests/support/pages/page_table.py."""

from html import escape
from urllib.parse import parse_qsl, quote, urlencode

import httpx
import pytest

from tests.support.browser import TOKEN, Browser
from tests.support.http_client import BASE_DOMAIN, PASSWORD, Site
from tests.support.pages.hostile import (
    EVIL_URLS,
    PAYLOADS,
    REDIRECT_PARAMETERS,
    STORED,
    assert_inert,
    assert_redirect_is_own,
    takes_post,
)
from tests.support.pages.page_objects import PageObjects
from tests.support.pages.page_table import PAGES, PUBLIC, PageRow
from tests.support.staff import NewStaff
from tests.support.table_dumps import dump_tables

pytestmark = pytest.mark.usefixtures("fresh_limits")

ROWS = [row for row in PAGES if row.then is None]
OPEN = {(row.kind, row.path) for row in ROWS if row.who == PUBLIC}
PRIVATE = [row for row in ROWS if row.who != PUBLIC and (row.kind, row.path) not in OPEN]
OF_A_TENANT = [row for row in ROWS if row.kind == "tenant" and "{" in row.path]
# Pages with a form without a log-in, for a token where the page has no form itself.
FORM_PATHS = {"apex": "/signup", "dash": "/", "tenant": "/password/reset?token=x"}
FORMS = [row for row in ROWS if row.kind in FORM_PATHS and takes_post(row) and row.checks_csrf]
# The mailer and requests themselves change these at any time.
VOLATILE = ("accounts_letter", "accounts_maillink", "accounts_session")
TRAIL = ("audit_auditevent", "audit_auditlink")  # downloads are recorded
LOG_IN_PATHS = {"/login", "/admin/login/"}


def each(rows: list[PageRow]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.name)


@each([row for row in ROWS if not row.is_framed])
def test_page_cannot_be_framed(page_objects: PageObjects, row: PageRow):
    answer = page_objects.browser(row).get(page_objects.path(row))

    assert answer.status_code == row.status
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"


@each([row for row in ROWS if row.kind == "tenant"])
def test_opening_a_page_changes_nothing(page_objects: PageObjects, row: PageRow):
    browser, path = page_objects.browser(row), page_objects.path(row)
    before = dump_tables(page_objects.agency.slug, without=VOLATILE + TRAIL)

    browser.get(path)

    assert dump_tables(page_objects.agency.slug, without=VOLATILE + TRAIL) == before


@each(PRIVATE)
def test_private_page_without_log_in_is_not_shown(
    site: Site, page_objects: PageObjects, row: PageRow
):
    anonymous = Browser(site, page_objects.label(row.kind))

    answer = anonymous.get(page_objects.path(row))

    if answer.status_code in {302, 303}:
        assert answer.headers["location"].partition("?")[0] in LOG_IN_PATHS
    elif row.shows_visitors:
        assert 'class="shell-nav"' not in answer.text
        assert page_objects.agency.owner.email not in answer.text
    else:
        assert answer.status_code in {401, 403, 404, 405}


@each(OF_A_TENANT)
def test_ids_of_another_tenant_are_not_found(
    page_objects: PageObjects, hostile_objects: PageObjects, row: PageRow
):
    answer = hostile_objects.browser(row).get(page_objects.path(row))

    assert answer.status_code in {302, 303, 403, 404, 405}
    assert_redirect_is_own(answer)
    assert page_objects.texts["company"] not in answer.text


def csrf_attacks(own: str, token: str, foreign_token: str) -> dict[str, tuple[str, dict[str, str]]]:
    """Return forged forms: the token that each sends, and its headers."""
    port = own.rpartition(":")[2]
    origins = {
        "sibling": f"http://evil.{BASE_DOMAIN}:{port}",
        "parent": f"http://{BASE_DOMAIN}:{port}1",
        "foreign": "https://evil.example",
        "null": "null",
    }
    return {
        "no token": ("", {"Origin": own}),
        "foreign token": (foreign_token, {"Origin": own}),
        **{name: (token, {"Origin": origin}) for name, origin in origins.items()},
        "cross-site": (token, {"Sec-Fetch-Site": "cross-site"}),
        "same-site": (token, {"Sec-Fetch-Site": "same-site"}),
    }


@each(FORMS)
def test_forged_form_is_refused_and_changes_nothing(
    page_objects: PageObjects, hostile_objects: PageObjects, row: PageRow
):
    browser, path = page_objects.browser(row), page_objects.path(row)
    token = token_of(browser, row)
    foreign = token_of(hostile_objects.browser(RESET), RESET)
    slug = page_objects.agency.slug
    before = dump_tables(slug, without=VOLATILE)
    fields = dict(parse_qsl(path.partition("?")[2]))

    answers = {}
    for name, (sent, headers) in csrf_attacks(f"http://{browser.host}", token, foreign).items():
        form = {**fields, "csrfmiddlewaretoken": sent}
        answers[name] = browser.client.post(path, data=form, headers=headers)

    assert {name: is_form_expired(answer) for name, answer in answers.items()} == dict.fromkeys(
        answers, True
    )
    assert dump_tables(slug, without=VOLATILE) == before


@each([row for row in FORMS if row.who == PUBLIC and row.status == 200])
def test_form_of_the_page_itself_is_accepted(page_objects: PageObjects, row: PageRow):
    """Without this the test above could pass because each form is refused."""
    browser = page_objects.browser(row)
    form = {"csrfmiddlewaretoken": token_of(browser, row)}

    answer = browser.post(page_objects.path(row), form)

    assert not is_form_expired(answer)


def token_of(browser: Browser, row: PageRow) -> str:
    """Return a CSRF token of this browser at the host of a row."""
    found = TOKEN.search(browser.get(FORM_PATHS[row.kind]).text)
    assert found
    return found[1]


def is_form_expired(answer: httpx.Response) -> bool:
    return answer.status_code == 403 and "form_expired" in answer.text


RESET = next(row for row in ROWS if row.name == "reset")


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


@each(ROWS)
@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_hostile_names_are_escaped(hostile_objects: PageObjects, row: PageRow, language: str):
    answer = hostile_objects.browser(row, language=language).get(hostile_objects.path(row))

    assert answer.status_code == row.status
    assert_inert(answer)


def test_hostile_names_are_shown(hostile_objects: PageObjects):
    """Without this the test above could pass because no page shows them."""
    rows = {row.name: row for row in ROWS}

    def shown(name: str) -> str:
        return hostile_objects.browser(rows[name]).get(hostile_objects.path(rows[name])).text

    assert escape(STORED["company"]) in shown("workspace")
    assert escape(STORED["reason"].partition("\n")[0]) in shown("suspended")
    assert escape(STORED["company"]) in shown("admin-tenant")
