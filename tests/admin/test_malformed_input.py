"""Values that no row can have are refused; they are no faults of ours."""

import pytest

from tests.support.browser import Browser
from tests.support.http_client import Site


@pytest.mark.parametrize(
    "query",
    ["/admin/audit/auditevent/?at__year=99999999", "/admin/tenants/tenant/?q=%00"],
)
def test_a_query_that_cannot_be(sue: Browser, query: str) -> None:
    assert sue.get(query).status_code in {302, 400}


@pytest.mark.parametrize("selected", ["notauuid", "\x00"])
def test_a_selection_that_cannot_be(sue: Browser, selected: str) -> None:
    form = {"action": "suspend", "_selected_action": selected}

    assert sue.submit("/admin/tenants/tenant/", form).status_code in {302, 400}


def test_a_session_cookie_that_cannot_be(site: Site) -> None:
    cookie = 'aggios_staff="\\000\\000\\000\\000\\000\\000\\000\\000aaaa"'

    answer = site.host("admin").get("/admin/", headers={"Cookie": cookie})

    assert answer.status_code == 302


def test_a_content_type_that_cannot_be(site: Site) -> None:
    strange = {"Content-Type": "a/b; x*=foo''y"}

    answer = site.host().post("/api/auth/register", headers=strange, content=b"{}")

    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media_type"
