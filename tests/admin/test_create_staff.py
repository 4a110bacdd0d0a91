"""manage.py create_staff"""

import io
import json
import secrets

import pytest
from django.core.management import CommandError, call_command

from staff.models import StaffUser
from tests.support.browser import Browser
from tests.support.http_client import PASSWORD, Site
from tests.support.staff import log_in_to_admin
from tests.support.staff_audit import last_event


def new_email() -> str:
    return f"c{secrets.token_hex(5)}@aggios.test"


def run(*arguments: str) -> dict:
    out = io.StringIO()
    call_command("create_staff", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_generated_password_works(site: Site) -> None:
    email = new_email()

    made = run(email, "--superuser", "--generate-password")

    assert (made["email"], made["is_superuser"], made["created"]) == (email, True, True)
    assert log_in_to_admin(Browser(site, "admin"), email, made["password"]).status_code == 302
    event = last_event("staff.created", target_id=made["id"])
    assert (event.actor_type, event.details) == ("system", {"superuser": True})


def test_password_from_file_is_not_shown(site: Site, tmp_path) -> None:
    file, email = tmp_path / "password", new_email()
    file.write_text(PASSWORD + "\n")

    made = run(email, "--password-file", str(file))

    assert "password" not in made
    assert not made["is_superuser"]
    assert log_in_to_admin(Browser(site, "admin"), email).status_code == 302


def test_if_missing_with_existing_user_changes_nothing(committed) -> None:
    email = new_email()
    first = run(email, "--generate-password")
    before = StaffUser.objects.get(email=email)

    again = run(email.upper(), "--superuser", "--generate-password", "--if-missing")

    after = StaffUser.objects.get(email=email)
    assert (again["id"], again["created"]) == (first["id"], False)
    assert "password" not in again
    assert (after.password, after.is_superuser) == (before.password, False)


@pytest.mark.parametrize(
    ("password", "says"), [("short", "10 characters"), ("password123", "too common"), ("", "10")]
)
def test_weak_password_is_refused(committed, tmp_path, password: str, says: str) -> None:
    file, email = tmp_path / "password", new_email()
    file.write_text(password)

    with pytest.raises(CommandError, match=says):
        run(email, "--password-file", str(file))

    assert not StaffUser.objects.filter(email=email).exists()


def test_invalid_arguments_are_one_line(committed, tmp_path) -> None:
    email = new_email()
    run(email, "--generate-password")

    with pytest.raises(CommandError, match="has this e-mail address"):
        run(email, "--generate-password")
    with pytest.raises(CommandError, match="valid e-mail"):
        run("nobody", "--generate-password")
    with pytest.raises(CommandError, match="cannot be read"):
        run(new_email(), "--password-file", str(tmp_path / "missing"))
