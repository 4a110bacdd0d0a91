"""The staff API: listing, creating, reading and changing tenants."""

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from tenants.models import Tenant
from tests.support.factories import Agency
from tests.support.http_client import Host, Site
from tests.support.staff_audit import assert_recorded

TENANTS = "/api/tenants"
FIELDS = """
    id name subdomain url domains status suspended_reason registration maintenance
    deletion_requested_at deletion_due_at export_before_deletion key_version cloned_from limits
    effective_limits usage
    created_at updated_at
"""
UNKNOWN_ID = "00000000-0000-7000-8000-000000000000"


def new_slug() -> str:
    return f"s{secrets.token_hex(6)}"


def faults(answer) -> set[tuple[str, str]]:
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return {(fault["field"], fault["code"]) for fault in answer.json()["errors"]}


def at(agency: Agency) -> str:
    return f"{TENANTS}/{agency.ref.id}"


def test_created_tenant_is_ready(site: Site, staff_superuser: Host) -> None:
    slug = new_slug()

    answer = staff_superuser.post(TENANTS, {"name": " Initech  Ltd ", "subdomain": slug.upper()})

    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert set(body) == set(FIELDS.split())
    assert (body["name"], body["subdomain"], body["status"]) == ("Initech Ltd", slug, "active")
    assert (body["registration"], body["deletion_due_at"]) == ("closed", None)
    assert [d["domain"] for d in body["domains"]] == [f"{slug}.aggios.localhost"]
    assert site.host(slug).get("/api/health").status_code == 200
    read = staff_superuser.get(answer.headers["location"])
    assert read.json() == body
    assert read.headers["etag"] == answer.headers["etag"]
    event = assert_recorded("tenant.created", by=staff_superuser.staff, target_id=body["id"])
    assert event.details == {"subdomain": slug}


def test_owner_password_is_only_in_the_response(site: Site, staff_superuser: Host) -> None:
    slug = new_slug()
    body = {"company": "Initech", "subdomain": slug, "owner_email": "Olga@Initech.test"}

    answer = staff_superuser.post(TENANTS, {**body, "registration": "open"})

    owner = answer.json()["owner"]
    assert answer.headers["cache-control"] == "no-store"
    entered = site.host(slug).post("/api/auth/login", owner)
    assert entered.status_code == 200, entered.text
    assert entered.json()["user"]["role"] == "owner"
    listed = staff_superuser.get(f"{TENANTS}?search={slug}")
    assert owner["password"] not in listed.text
    assert listed.json()["results"][0]["registration"] == "open"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"subdomain": "fine-name"}, ("name", "required")),
        ({"name": "A"}, ("subdomain", "required")),
        ({"name": "A", "subdomain": "www"}, ("subdomain", "reserved")),
        ({"name": "A", "subdomain": "a"}, ("subdomain", "invalid_length")),
        ({"name": "A", "subdomain": "xn--a"}, ("subdomain", "invalid_slug")),
        ({"name": "A", "subdomain": "a.b"}, ("subdomain", "invalid_slug")),
        ({"name": "x" * 121, "subdomain": "fine"}, ("name", "invalid_length")),
        ({"name": "A\x00", "subdomain": "fine"}, ("name", "null_characters_not_allowed")),
        ({"name": {"a": 1}, "subdomain": "fine"}, ("name", "invalid")),
        ({"name": "A", "subdomain": "fine", "registration": 1}, ("registration", "invalid_choice")),
        ({"name": "A", "subdomain": "fine", "owner_email": "x"}, ("owner_email", "invalid")),
        ([1], ("non_field_errors", "invalid")),
    ],
)  # fmt: skip
def test_invalid_field_is_named(staff_superuser: Host, body, fault: tuple[str, str]) -> None:
    before = Tenant.objects.count()

    assert fault in faults(staff_superuser.post(TENANTS, body))

    assert Tenant.objects.count() == before


def test_taken_subdomain_is_refused(acme: Agency, staff_superuser: Host) -> None:
    answer = staff_superuser.post(TENANTS, {"name": "A", "subdomain": "ACME"})

    assert (answer.status_code, answer.json()["code"]) == (409, "subdomain_taken")
    assert answer.json()["errors"][0]["field"] == "subdomain"


def test_concurrent_creations_only_one_gets_subdomain(staff_superuser: Host) -> None:
    slug = new_slug()

    with ThreadPoolExecutor(4) as pool:
        ask = lambda _: staff_superuser.post(TENANTS, {"name": "A", "subdomain": slug})  # noqa: E731
        statuses = sorted(answer.status_code for answer in pool.map(ask, range(4)))

    assert statuses == [201, 409, 409, 409]
    assert Tenant.objects.filter(domains__domain=slug).count() == 1


def test_repeated_creation_is_done_once(staff_superuser: Host, staff_at) -> None:
    slug, key = new_slug(), {"Idempotency-Key": secrets.token_hex(8)}
    body = {"name": "A", "subdomain": slug, "owner_email": "o@a.test"}

    first, second = (staff_superuser.post(TENANTS, body, headers=key) for _ in range(2))
    other = staff_superuser.post(TENANTS, {**body, "name": "B"}, headers=key)
    another = staff_at().post(TENANTS, body, headers=key)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers["location"] == first.headers["location"]
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert another.json()["code"] == "subdomain_taken"


def test_tenants_are_listed_by_page_newest_first(staff_superuser: Host, new_agency) -> None:
    slugs = [new_agency().slug for _ in range(3)]

    first = staff_superuser.get(f"{TENANTS}?limit=2").json()
    second = staff_superuser.get(
        first["next"].partition(staff_superuser.name)[2].partition("/")[2].join(["/", ""])
    ).json()

    shown = [t["subdomain"] for t in first["results"] + second["results"]]
    assert shown[:3] == slugs[::-1]
    assert first["previous"] is None
    assert second["previous"]


def test_tenants_are_found_by_name_domain_and_state(staff_superuser: Host, new_agency) -> None:
    mark = f"zorb{secrets.token_hex(4)}"
    agency = new_agency(company=f"{mark.title()} & Söhne")

    def found(query: str) -> list[str]:
        return [t["subdomain"] for t in staff_superuser.get(f"{TENANTS}?{query}").json()["results"]]

    assert found(f"search={mark}") == [agency.slug]
    assert found(f"search={agency.slug.upper()}") == [agency.slug]
    assert found(f"search={agency.slug}&status=active") == [agency.slug]
    assert found(f"search={agency.slug}&status=suspended") == []
    assert found("search=%25%25") == []
    staff_superuser.post(f"{at(agency)}/suspend")
    assert found(f"search={agency.slug}&status=suspended") == [agency.slug]


def test_tenants_are_ordered_as_requested(staff_superuser: Host, new_agency) -> None:
    mark = secrets.token_hex(4)
    for name in ("b", "a", "c"):
        new_agency(company=f"{mark} {name}")

    def names(ordering: str) -> list[str]:
        rows = staff_superuser.get(f"{TENANTS}?search={mark}&ordering={ordering}").json()["results"]
        return [row["name"][-1] for row in rows]

    assert (names("name"), names("-name"), names("created_at")) == (
        ["a", "b", "c"],
        ["c", "b", "a"],
        ["b", "a", "c"],
    )


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=gone", "status"),
        ("ordering=key_version", "ordering"),
        ("limit=0", "limit"),
        ("search=" + "x" * 256, "search"),
        ("search=%00", "search"),
    ],
)
def test_invalid_query_is_refused(staff_superuser: Host, query: str, field: str) -> None:
    assert field in {name for name, _ in faults(staff_superuser.get(f"{TENANTS}?{query}"))}


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("name", [UNKNOWN_ID, "1", "public", "%00", "..%2f", UNKNOWN_ID + "/"])
def test_unknown_tenant_is_not_found(staff_superuser: Host, method: str, name: str) -> None:
    answer = staff_superuser.request(method, f"{TENANTS}/{name}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_tenant_being_purged_is_not_found(staff_superuser: Host, new_agency) -> None:
    agency = new_agency()
    Tenant.objects.filter(pk=agency.ref.id).update(status="deleting")

    try:
        statuses = [
            staff_superuser.request(method, at(agency)).status_code for method in ("GET", "DELETE")
        ]
        statuses.append(staff_superuser.post(f"{at(agency)}/resume").status_code)
        found = staff_superuser.get(f"{TENANTS}?search={agency.slug}").json()["results"]
    finally:
        Tenant.objects.filter(pk=agency.ref.id).update(status="active")

    assert (statuses, found) == ([404, 404, 404], [])


def test_change_applies_at_once(site: Site, staff_superuser: Host, new_agency) -> None:
    agency = new_agency()
    person = {"email": "new@a.test", "password": "correct horse battery"}
    assert agency.host.post("/api/auth/register", person).status_code == 403

    answer = staff_superuser.patch(at(agency), {"registration": "open"})

    assert (answer.status_code, answer.json()["registration"]) == (200, "open")
    assert agency.host.post("/api/auth/register", person).status_code == 201
    event = assert_recorded(
        "tenant.updated", by=staff_superuser.staff, target_id=str(agency.ref.id)
    )
    assert event.details == {"changes": {"registration": {"from": "closed", "to": "open"}}}


def test_read_only_fields_are_ignored(staff_superuser: Host, new_agency) -> None:
    agency = new_agency()
    before = staff_superuser.get(at(agency)).json()
    forged = {"id": UNKNOWN_ID, "schema_name": "public", "status": "suspended", "key_version": 9}

    answer = staff_superuser.patch(
        at(agency), {**forged, "object_prefix": "x", "deletion_due_at": None}
    )

    assert answer.json() == before
    assert Tenant.objects.get(pk=agency.ref.id).schema_name == agency.ref.schema_name


def test_concurrent_changes_do_not_overwrite_each_other(staff_superuser: Host, new_agency) -> None:
    agency = new_agency()
    read = staff_superuser.get(at(agency))
    seen = {"If-Match": read.headers["etag"]}

    first = staff_superuser.patch(at(agency), {"name": "One"}, headers=seen)
    second = staff_superuser.patch(at(agency), {"name": "Two"}, headers=seen)
    gone = staff_superuser.delete(at(agency), headers=seen)

    assert (first.status_code, second.status_code, gone.status_code) == (200, 412, 412)
    assert staff_superuser.get(at(agency)).json()["name"] == "One"
    known = staff_superuser.get(at(agency), headers={"If-None-Match": first.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


def test_concurrent_changes_with_same_etag_only_one_succeeds(
    staff_superuser: Host, new_agency
) -> None:
    agency = new_agency()
    seen = {"If-Match": staff_superuser.get(at(agency)).headers["etag"]}

    with ThreadPoolExecutor(4) as pool:
        ask = lambda n: staff_superuser.patch(at(agency), {"name": f"N{n}"}, headers=seen)  # noqa: E731
        statuses = sorted(answer.status_code for answer in pool.map(ask, range(4)))

    assert statuses == [200, 412, 412, 412]


def test_changed_subdomain_is_served_at_once(site: Site, staff_superuser: Host, new_agency) -> None:
    agency, slug = new_agency(), new_slug()

    answer = staff_superuser.patch(at(agency), {"subdomain": slug.upper(), "redirect_days": 3})

    assert (answer.status_code, answer.json()["subdomain"]) == (200, slug)
    former = [d for d in answer.json()["domains"] if d["redirect_until"]]
    assert [d["domain"] for d in former] == [f"{agency.slug}.aggios.localhost"]
    assert site.host(slug).with_token(agency.owner.access_token).get("/api/users/me").is_success
    assert agency.owner.at.get("/api/users/me").status_code == 307
    event = assert_recorded(
        "tenant.renamed", by=staff_superuser.staff, target_id=answer.json()["id"]
    )
    assert event.details == {"from": agency.slug, "to": slug, "redirect_days": 3}


def test_subdomain_of_another_tenant_changes_nothing(
    staff_superuser: Host, acme: Agency, new_agency
) -> None:
    agency = new_agency()

    answer = staff_superuser.patch(at(agency), {"name": "Half", "subdomain": "acme"})

    assert (answer.status_code, answer.json()["code"]) == (409, "subdomain_taken")
    read = staff_superuser.get(at(agency)).json()
    assert (read["subdomain"], read["name"] == "Half") == (agency.slug, False)
    assert ("subdomain", "reserved") in faults(
        staff_superuser.patch(at(agency), {"subdomain": "www"})
    )
