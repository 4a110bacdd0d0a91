"""A tenant in maintenance answers 503; other tenants are served."""

import io
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command

from audit.models import AuditEvent
from audit.services import SYSTEM
from core.db_backend.scope import PUBLIC, use_scope
from tenants.lifecycle import begin_maintenance, end_maintenance, maintenance_mode
from tenants.models import Tenant
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD, Site

FAILED = Tenant.Maintenance.MIGRATION_FAILED
SECRET = 'column "x" of relation "t_00.accounts_user" does not exist'


@pytest.fixture
def broken(new_agency: Callable[..., Agency]) -> Agency:
    agency = new_agency()
    begin_maintenance(agency.ref.id, FAILED, actor=SYSTEM, note=SECRET)
    return agency


def actions(agency: Agency) -> list[tuple[str, dict]]:
    with use_scope(PUBLIC):
        rows = AuditEvent.objects.filter(
            target_id=str(agency.ref.id), action__startswith="tenant.maintenance"
        )
        return list(rows.order_by("at", "id").values_list("action", "details"))


def test_maintenance_answers_503_with_reason_and_retry_after(broken: Agency, acme: Agency):
    answer = broken.owner.at.get("/api/users/me")

    assert (answer.status_code, answer.json()["code"]) == (503, "tenant_unavailable")
    assert answer.headers["Retry-After"] == "60"
    assert "update failed" in answer.json()["detail"]
    assert answer.json()["maintenance"] == "migration_failed"
    assert SECRET not in answer.text
    assert acme.owner.at.get("/api/users/me").status_code == 200


def test_maintenance_serves_health(broken: Agency):
    assert broken.host.get("/api/health/ready").status_code == 200


def test_maintenance_shows_a_page_in_browsers(broken: Agency):
    page = broken.host.get("/", headers={"Accept": "text/html"})

    assert page.status_code == 503
    assert page.headers["Content-Type"].startswith("text/html")
    assert "update failed" in page.text


def test_maintenance_is_refused_on_the_api_host(site: Site, broken: Agency):
    api = site.host("api")
    login = {"tenant": broken.slug, "email": broken.owner.email, "password": PASSWORD}
    answers = [
        api.with_token(broken.owner.access_token).get("/api/users/me"),
        api.post("/api/auth/login", login),
        api.post("/api/auth/refresh", {"refresh_token": broken.owner.refresh_token}),
    ]

    assert {(a.status_code, a.json()["code"]) for a in answers} == {(503, "tenant_unavailable")}


def test_ended_maintenance_is_served_and_audited(broken: Agency):
    for _ in range(2):
        end_maintenance(broken.ref.id, actor=SYSTEM)

    assert broken.owner.at.get("/api/users/me").status_code == 200
    assert actions(broken) == [
        ("tenant.maintenance_began", {"reason": "migration_failed"}),
        ("tenant.maintenance_ended", {"reason": "migration_failed"}),
    ]


def test_end_maintenance_command_reports_the_reason(broken: Agency):
    out = io.StringIO()
    for _ in range(2):
        call_command("end_maintenance", broken.slug, stdout=out)

    assert out.getvalue().splitlines() == [
        f"{broken.slug} is served again (was: migration_failed).",
        f"{broken.slug} was not under maintenance.",
    ]
    assert broken.owner.at.get("/api/users/me").status_code == 200
    with pytest.raises(CommandError, match="no tenant"):
        call_command("end_maintenance", "no-such-tenant")


def test_maintenance_mode_stays_after_an_error(new_agency: Callable[..., Agency]):
    agency = new_agency()
    with (
        pytest.raises(ValueError, match="half done"),
        maintenance_mode(agency.ref.id, Tenant.Maintenance.RESTORING, actor=SYSTEM),
    ):
        raise ValueError("half done")

    assert agency.owner.at.get("/api/users/me").status_code == 503


def test_maintenance_mode_ends_after_success(new_agency: Callable[..., Agency]):
    agency = new_agency()
    with maintenance_mode(agency.ref.id, Tenant.Maintenance.RESTORING, actor=SYSTEM):
        assert agency.owner.at.get("/api/users/me").status_code == 503

    assert agency.owner.at.get("/api/users/me").status_code == 200
