"""The audit trail in the admin: read by those who may, changed by nobody."""

import secrets

from audit.services import SYSTEM, Target, record
from tests.admin.test_tenants import token_of
from tests.support.browser import Browser
from tests.support.staff_audit import last_event

LIST = "/admin/audit/auditevent/"


def test_events_are_found_and_shown(staff_browser) -> None:
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


def test_nobody_adds_changes_or_deletes(sue: Browser) -> None:
    record("tenant.kept", actor=SYSTEM)
    event = last_event("tenant.kept")
    token = token_of(sue)

    answers = [
        sue.get(f"{LIST}add/"),
        sue.post(f"{LIST}add/", {"action": "tenant.forged", **token}),
        sue.post(f"{LIST}{event.pk}/change/", {"action": "tenant.forged", **token}),
        sue.post(f"{LIST}{event.pk}/delete/", {"post": "yes", **token}),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert last_event("tenant.kept") == event
