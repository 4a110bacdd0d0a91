"""Forms that other sites send to each page, and forms that a page sends itself."""

from urllib.parse import parse_qsl

import httpx
import pytest

from tests.support.browser import TOKEN, Browser
from tests.support.http_client import BASE_DOMAIN
from tests.support.pages.hostile import ROWS, each, takes_post
from tests.support.pages.page_objects import PageObjects
from tests.support.pages.rows.row import PUBLIC, PageRow
from tests.support.table_dumps import dump_tables

pytestmark = pytest.mark.usefixtures("fresh_limits")

# Pages with a form without a log-in, for a token where the page has no form itself.
FORM_PATHS = {"apex": "/signup", "dash": "/", "tenant": "/password/reset?token=x"}
FORMS = [row for row in ROWS if row.kind in FORM_PATHS and takes_post(row) and row.checks_csrf]
# The mailer and requests themselves change these at any time.
VOLATILE = ("accounts_letter", "accounts_maillink", "accounts_session")
RESET = next(row for row in ROWS if row.name == "reset")


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
