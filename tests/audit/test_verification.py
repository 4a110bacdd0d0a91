"""verify_audit detects changes of a trail by a superuser of the database."""

import io
import json
from contextlib import suppress

import psycopg
import pytest
from django.core.management import CommandError, call_command

from audit.services import anonymise_events, record
from devstack.testing import TestStack
from tenants.context import TenantRef, tenant_context
from tenants.models import TrailHead
from tests.support.audit import ADA, BEN, EVENTS, links
from tests.support.commands import run_command

FORGED = (
    f"gen_random_uuid(), now(), 'test.forged', 'user', '{ADA.id}', '', '', '', '', NULL, '', ''"
)


def verified(ref: TenantRef, *options: str) -> dict:
    """Verify a trail and return its JSON document; check the exit status."""
    out = io.StringIO()
    try:
        call_command("verify_audit", "--tenant", ref.slug, "--json", *options, stdout=out)
        status = 0
    except CommandError as exc:
        status = exc.returncode
    (told,) = json.loads(out.getvalue())
    assert status == (0 if told["whole"] else 1)
    return told


def faults(ref: TenantRef, *options: str) -> list[str]:
    return verified(ref, *options)["faults"]


def test_unchanged_trail_is_intact(trail: TenantRef):
    told = verified(trail)

    assert (told["whole"], told["events"], told["erased"], told["faults"]) == (True, EVENTS, 0, [])
    assert verified(trail, "--anchor", told["head"])["whole"]


CHANGES = {
    "action": ("action = 'test.undone'", "was changed or moved"),
    "at": ("at = at - interval '1 microsecond'", "was changed or moved"),
    "actor_type": ("actor_type = 'staff'", "was changed or moved"),
    "actor_id": ("actor_id = actor_id || 'x'", "was changed or moved"),
    "target_type": ("target_type = ''", "was changed or moved"),
    "target_id": ("target_id = 'x'", "was changed or moved"),
    "request_id": ("request_id = 'x'", "was changed or moved"),
    "details": ("details = details || '{\"more\": 1}'", "was changed or moved"),
    "actor_label": ("actor_label = 'eve@acme.test'", "the actor or the address was changed"),
    "no actor_label": ("actor_label = ''", "the actor or the address was changed"),
    "ip": ("ip = '203.0.113.1'", "the actor or the address was changed"),
    "user_agent": ("user_agent = 'x'", "the actor or the address was changed"),
    "target_label": ("target_label = 'x'", "the name of its target was changed"),
}


@pytest.mark.parametrize("column", CHANGES)
def test_changed_event_is_reported(trail: TenantRef, superuser, column: str):
    change, words = CHANGES[column]
    third = links(trail, superuser)[2][1]

    superuser.execute(
        f"UPDATE {trail.schema_name}.audit_auditevent SET {change} WHERE id = %s", [third]
    )

    (fault,) = faults(trail)
    assert fault.startswith(f"Number 3 ({third}, test.")
    assert words in fault


@pytest.mark.parametrize("number", [1, 3, EVENTS])
def test_removed_event_is_reported(trail: TenantRef, superuser, number: int):
    event = links(trail, superuser)[number - 1][1]
    superuser.execute(f"DELETE FROM {trail.schema_name}.audit_auditevent WHERE id = %s", [event])

    assert faults(trail) == [f"Number {number} was removed: event {event} does not exist."]


@pytest.mark.parametrize("number", [1, 3])
def test_event_removed_with_its_link_leaves_a_gap(trail, superuser, number: int):
    remove(trail, superuser, number)

    assert faults(trail)[0] == (
        f"Numbers {number} to {number} are missing: their events were removed."
    )


def remove(trail: TenantRef, superuser, number: int) -> None:
    """Delete an event and its link."""
    event = links(trail, superuser)[number - 1][1]
    for table, key in (("audit_auditevent", "id"), ("audit_auditlink", "event_id")):
        superuser.execute(f"DELETE FROM {trail.schema_name}.{table} WHERE {key} = %s", [event])


def test_truncated_trail_fails_its_anchor(trail: TenantRef, superuser):
    head = f"{EVENTS}:{links(trail, superuser)[-1][2].hex()}"
    remove(trail, superuser, EVENTS)

    missed = f"The chain ends at number {EVENTS - 1}, before the anchor {EVENTS}."
    assert faults(trail, "--anchor", head) == [missed]


def test_last_verification_is_an_anchor(trail: TenantRef, superuser):
    assert verified(trail)["whole"]
    remove(trail, superuser, EVENTS)

    assert len(faults(trail)) == 1
    assert len(faults(trail)) == 1  # a broken trail does not become an anchor


def test_rebuilt_chain_fails_its_anchor(trail: TenantRef, superuser):
    head = verified(trail)["head"]
    TrailHead.objects.filter(tenant=trail.id).delete()
    superuser.execute(f"SET search_path = {trail.schema_name}")
    superuser.execute("UPDATE audit_auditevent SET action = 'test.undone'")
    superuser.execute("DELETE FROM audit_auditlink")
    superuser.execute("SELECT aggios.audit_add_links(current_schema(), NULL)")

    assert faults(trail) == []
    assert "the chain was rebuilt" in faults(trail, "--anchor", head)[0]


@pytest.mark.parametrize("said", ["-2 hours", "2 hours"])
def test_time_out_of_order_is_reported(trail: TenantRef, stores: TestStack, said: str):
    """The owner can choose the time of an event that it inserts, and the chain includes it."""
    with psycopg.connect(stores.env["DATABASE_OWNER_URL"]) as owner:
        owner.execute(f"SET search_path = {trail.schema_name}")
        owner.execute(
            "INSERT INTO audit_auditevent"
            f" SELECT {FORGED.replace('now()', 'now() + %s::interval')}, '{{}}'",
            [said],
        )

    (fault,) = faults(trail)
    assert fault.startswith(f"Number {EVENTS + 1} (")
    assert "the time of one of the two was changed" in fault


def test_swapped_events_are_reported(trail: TenantRef, superuser):
    table = f"{trail.schema_name}.audit_auditlink"
    for before, after in ((2, 99), (3, 2), (99, 3)):
        superuser.execute(f"UPDATE {table} SET sequence = %s WHERE sequence = %s", [after, before])

    found = faults(trail)
    assert [text.split(" (")[0] for text in found] == ["Number 2", "Number 3", "Number 4"]


def test_renumbered_chain_is_reported(trail: TenantRef, superuser):
    remove(trail, superuser, 3)
    table = f"{trail.schema_name}.audit_auditlink"
    superuser.execute(f"UPDATE {table} SET sequence = 3 WHERE sequence = 4")
    superuser.execute(f"UPDATE {table} SET sequence = 4 WHERE sequence = 5")

    assert [text.split(" (")[0] for text in faults(trail)] == ["Number 3", "Number 4"]


def test_forged_event_is_reported(trail: TenantRef, superuser):
    table = f"{trail.schema_name}.audit_auditevent"
    with superuser.transaction():
        superuser.execute("SET LOCAL session_replication_role = replica")  # no triggers
        superuser.execute(f"INSERT INTO {table} VALUES ({FORGED}, '{{}}')")

    (fault,) = faults(trail)
    assert "(test.forged," in fault
    assert "is not in the chain" in fault


def test_forged_link_is_reported(trail: TenantRef, superuser):
    table = f"{trail.schema_name}.audit_auditlink"
    superuser.execute(
        f"INSERT INTO {table} (event_id, sequence, hash, actor_promise, target_promise) "
        "VALUES (gen_random_uuid(), 6, sha256(''), '', '')"
    )

    assert faults(trail)[0].startswith("Number 6 was removed: event ")


def test_trail_after_erasure_is_intact(trail: TenantRef):
    with tenant_context(trail):
        count = anonymise_events(BEN.id, actor=ADA)

    told = verified(trail)
    assert (told["whole"], told["erased"]) == (True, count)


ERASED = {
    "a name put back": "audit_auditevent SET target_label = 'x' WHERE id = {third}",
    "no cause": "audit_auditlink SET target_erased_by = event_id WHERE event_id = {third}",
    "no mark": "audit_auditlink SET target_erased_by = NULL WHERE event_id = {third}",
}


@pytest.mark.parametrize("change", ERASED)
def test_change_of_erased_event_is_reported(trail: TenantRef, superuser, change: str):
    third = links(trail, superuser)[2][1]
    with tenant_context(trail):
        anonymise_events(BEN.id, actor=ADA)

    superuser.execute(f"UPDATE {trail.schema_name}.{ERASED[change]}".format(third=f"'{third}'"))

    found = faults(trail)
    assert found[0].startswith(f"Number 3 ({third}, test.done")
    assert "the name of its target was changed" in found[0]


def test_additional_erasure_is_reported(trail: TenantRef, superuser):
    with tenant_context(trail):
        record("test.done", actor=ADA)
        anonymise_events(BEN.id, actor=ADA)
    event, erasure = (row[1] for row in links(trail, superuser)[5:7])
    superuser.execute(f"SET search_path = {trail.schema_name}")
    superuser.execute("UPDATE audit_auditevent SET actor_label = '' WHERE id = %s", [event])
    superuser.execute(
        "UPDATE audit_auditlink SET actor_salt = NULL, actor_erased_by = %s WHERE event_id = %s",
        [erasure, event],
    )

    assert faults(trail) == [
        f"Event {erasure} erased 5 events, but another number of events refers to it."
    ]


def test_platform_trail_is_intact(trail: TenantRef):
    (told,) = json.loads(run_command("verify_audit", "--platform", "--json"))

    assert told["events"] > 0
    assert told["faults"] == []


def test_recently_verified_trail_is_skipped(trail: TenantRef):
    def named() -> set[str]:
        out = io.StringIO()
        # It fails if a test of another module has left a broken trail.
        with suppress(CommandError):
            call_command("verify_audit", "--json", "--older-than", "3600", stdout=out)
        told = {row["trail"]: row["faults"] for row in json.loads(out.getvalue())}
        assert not told.get(trail.slug)
        return set(told)

    assert trail.slug in named()
    assert trail.slug not in named()


@pytest.mark.parametrize("anchor", ["17", "17:xyz", f"{'5a' * 32}:17"])
def test_invalid_anchor_is_refused(trail: TenantRef, anchor: str):
    with pytest.raises(CommandError, match="NUMBER:HASH"):
        run_command("verify_audit", "--tenant", trail.slug, "--anchor", anchor)


def test_text_output_is_readable(trail: TenantRef, superuser):
    whole = run_command("verify_audit", "--tenant", trail.slug)
    event = links(trail, superuser)[0][1]
    superuser.execute(f"DELETE FROM {trail.schema_name}.audit_auditevent WHERE id = %s", [event])
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 of 1 audit trail not whole"):
        call_command("verify_audit", "--tenant", trail.slug, stdout=out)

    assert f"{trail.slug}: whole, {EVENTS} events, ends at {EVENTS}:" in whole
    assert f"{trail.slug}: NOT WHOLE" in out.getvalue()
    assert "  Number 1 was removed" in out.getvalue()
