"""The audit trail in the admin: read-only."""

import secrets

from audit.services import SYSTEM, Target, record
from tests.admin.test_tenants import token_of
from tests.support.browser import Browser
from tests.support.staff_audit import last_event

LIST = "/admin/audit/auditevent/"


def test_events_are_listed_and_shown(staff_browser) -> None:
    label = f"<b>{secrets.token_hex(5)}</b>"
    record("tenant.tested", actor=SYSTEM, target=Target("tenant", "1", label), why="<script>")
    event = last_event("tenant.tested")
    reader = staff_browser("view_auditevent")

    found = reader.get(LIST, params={"q": label, "actor_type": "system"})
    missed = reader.get(LIST, params={"q": label, "actor_type": "staff"})
    shown = reader.get(f"{LIST}{event.pk}/change/")

    escaped = label.replace("<", "&lt;").replace(">", "&gt;")
    row = 'class="field-action">tenant.tested'
    assert (row in found.text, row in missed.text) == (True, False)
    assert escaped in shown.text
    assert "&lt;script&gt;" in shown.text


def test_events_are_read_only(superuser_browser: Browser) -> None:
    record("tenant.kept", actor=SYSTEM)
    event = last_event("tenant.kept")
    token = token_of(superuser_browser)

    answers = [
        superuser_browser.get(f"{LIST}add/"),
        superuser_browser.post(f"{LIST}add/", {"action": "tenant.forged", **token}),
        superuser_browser.post(f"{LIST}{event.pk}/change/", {"action": "tenant.forged", **token}),
        superuser_browser.post(f"{LIST}{event.pk}/delete/", {"post": "yes", **token}),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert last_event("tenant.kept") == event
