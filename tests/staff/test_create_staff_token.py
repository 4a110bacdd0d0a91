"""manage.py create_staff_token"""

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from staff.models import StaffToken
from tests.support.http_client import Site
from tests.support.staff_audit import last_event


def made(*arguments: str) -> str:
    out = io.StringIO()
    call_command("create_staff_token", *arguments, stdout=out)
    return out.getvalue().strip()


def test_token_is_valid_for_its_days(site: Site, new_staff) -> None:
    staff = new_staff("view_tenant")

    told = json.loads(made(staff.email.upper(), "--name", "ci", "--days", "90", "--json"))

    assert site.host("api").with_token(told["token"]).get("/api/tenants").status_code == 200
    row = StaffToken.objects.get(pk=told["id"])
    assert (row.name, round((row.expires_at - row.created_at) / timedelta(days=1))) == ("ci", 90)
    event = last_event("staff.token_issued", target_id=told["id"])
    assert (event.actor_type, event.details["name"]) == ("system", "ci")
    assert told["token"] not in str(vars(event))


def test_command_without_json_prints_only_the_token(site: Site, new_staff) -> None:
    token = made(new_staff("view_tenant").email, "--name", "ci")

    assert site.host().with_token(token).get("/api/tenants").status_code == 200


@pytest.mark.parametrize(
    "arguments",
    [
        ["nobody@aggios.test", "--name", "ci"],
        ["{email}", "--name", " "],
        ["{email}", "--name", "c\ni"],
        ["{email}", "--name", "ci", "--days", "0"],
        ["{email}", "--name", "ci", "--days", "367"],
    ],
)
def test_invalid_arguments_are_refused(new_staff, arguments: list[str]) -> None:
    email = new_staff().email

    with pytest.raises(CommandError):
        made(*(argument.format(email=email) for argument in arguments))


def test_inactive_user_gets_no_token(new_staff) -> None:
    staff = new_staff()
    staff.is_active = False
    staff.save()

    with pytest.raises(CommandError, match="No active staff user"):
        made(staff.email, "--name", "ci")
