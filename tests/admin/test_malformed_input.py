"""Malformed input is refused and causes no server error."""

import pytest

from tests.support.browser import Browser
from tests.support.http_client import Site


@pytest.mark.parametrize(
    "query",
    ["/admin/audit/auditevent/?at__year=99999999", "/admin/tenants/tenant/?q=%00"],
)
def test_malformed_query_is_refused(superuser_browser: Browser, query: str) -> None:
    assert superuser_browser.get(query).status_code in {302, 400}


@pytest.mark.parametrize("selected", ["notauuid", "\x00"])
def test_malformed_selection_is_refused(superuser_browser: Browser, selected: str) -> None:
    form = {"action": "suspend", "_selected_action": selected}

    assert superuser_browser.submit("/admin/tenants/tenant/", form).status_code in {302, 400}


def test_malformed_session_cookie_is_ignored(site: Site) -> None:
    cookie = 'aggios_staff="\\000\\000\\000\\000\\000\\000\\000\\000aaaa"'

    answer = site.host("admin").get("/admin/", headers={"Cookie": cookie})

    assert answer.status_code == 302


def test_malformed_content_type_parameter_is_refused(site: Site) -> None:
    strange = {"Content-Type": "a/b; x*=foo''y"}

    answer = site.host().post("/api/auth/register", headers=strange, content=b"{}")

    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media_type"
