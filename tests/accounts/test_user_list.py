"""The list of users: every page and every filter."""

import secrets

import pytest

from accounts.models import User
from tenants.context import tenant_context
from tests.files.test_listing import list_all_pages
from tests.support.accounts.tokens import field_errors, status_and_code
from tests.support.factories import Agency, create_agency

USERS = "/api/users"


@pytest.fixture(scope="module")
def large_tenant(site) -> Agency:
    """An agency with an owner and 300 other users."""
    large_tenant = create_agency(site, f"c{secrets.token_hex(5)}")
    with tenant_context(large_tenant.ref):
        User.objects.bulk_create(
            User(
                email=f"n{number:03}@large.test",
                password="!",
                first_name=f"Zoë{number}" if number < 20 else "Ann",
                last_name="Tester",
                role="admin" if number % 50 == 0 else "member",
                is_active=number % 100 != 1,
            )
            for number in range(300)
        )
    return large_tenant


class TestListing:
    @pytest.mark.parametrize("ordering", ["created_at", "-created_at", "email", "-email", ""])
    def test_pages_return_every_user_once(self, large_tenant: Agency, ordering: str):
        pages = list_all_pages(large_tenant.owner.at, f"{USERS}?ordering={ordering}&limit=70")
        last = pages[-2]["next"]
        back = list_all_pages(large_tenant.owner.at, last[last.index("/api/") :], "previous")

        forwards = [user["email"] for page in pages for user in page["results"]]
        backwards = [user["email"] for page in reversed(back) for user in page["results"]]
        assert len(forwards) == len(set(forwards)) == 301
        assert backwards == forwards
        if "email" in ordering:
            assert forwards == sorted(forwards, reverse=ordering.startswith("-"))

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ("role=admin", 6),
            ("role=owner", 1),
            ("is_active=false", 3),
            ("is_active=true&role=admin", 6),
            ("search=N00", 10),
            ("search=zoë1", 11),
            ("search=ZOË", 20),
            ("search=ann%20TEST", 280),
            ("search=%25", 0),
            ("search=_", 0),
            ("search=n001&is_active=false", 1),
        ],
    )
    def test_search_and_filters_find_users(self, large_tenant: Agency, query: str, count: int):
        pages = list_all_pages(large_tenant.owner.at, f"{USERS}?{query}&limit=200")

        assert sum(len(page["results"]) for page in pages) == count

    @pytest.mark.parametrize(
        ("query", "field", "code"),
        [
            ("role=root", "role", "invalid_choice"),
            ("is_active=yes", "is_active", "invalid_choice"),
            ("is_active=True", "is_active", "invalid_choice"),
            ("ordering=role", "ordering", "invalid_choice"),
            ("ordering=--email", "ordering", "invalid_choice"),
            ("ordering=password", "ordering", "invalid_choice"),
            ("search=%00", "search", "invalid"),
            ("search=" + "x" * 256, "search", "invalid"),
            ("limit=0", "limit", "out_of_range"),
        ],
    )
    def test_invalid_query_is_named(self, large_tenant: Agency, query: str, field: str, code: str):
        assert field_errors(large_tenant.owner.at.get(f"{USERS}?{query}")) == {(field, code)}

    def test_list_holds_no_user_of_another_tenant(self, large_tenant: Agency, globex: Agency):
        assert globex.owner.email not in large_tenant.owner.at.get(f"{USERS}?search=globex").text
        path = f"{USERS}/{globex.owner.id}"
        assert status_and_code(large_tenant.owner.at.get(path)) == (404, "not_found")
        assert status_and_code(large_tenant.owner.at.delete(path)) == (404, "not_found")
        assert globex.owner.at.get("/api/users/me").status_code == 200
