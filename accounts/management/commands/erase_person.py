"""manage.py erase_person"""

import json
import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Q

from accounts.models import ApiKey, Session, User
from accounts.users.erasure import erase_locked_user
from accounts.users.ownership import lock_owners
from accounts.users.queries import find_user_by_typed_email
from audit.models import AuditEvent
from audit.services import SYSTEM
from core.problems import Problem
from core.text.normalization import pluralize
from tenants.context import tenant_context
from tenants.management.arguments import named_tenant
from tenants.refs import ref_of


class Command(BaseCommand):
    help = (
        "Erase one person of a tenant: remove them, and take them out of the audit trail. Their "
        "files stay. Somebody who was removed before is found by the id alone.\n\n"
        "Example: manage.py erase_person --tenant acme --user ben@acme.example --dry-run"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True, metavar="SLUG")
        parser.add_argument("--user", required=True, metavar="ID|EMAIL")
        parser.add_argument("--dry-run", action="store_true", help="only say what there is")
        parser.add_argument("--json", action="store_true", help="print a JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        with tenant_context(ref_of(named_tenant(options["tenant"]))):
            person = _named(options["user"])
            told = {**_kept(person), "erased": not options["dry_run"]}
            if not options["dry_run"]:
                _erase(person)
        self.stdout.write(json.dumps(told) if options["json"] else _line(told))


def _line(told: dict[str, Any]) -> str:
    nouns = {"sessions": "session", "api_keys": "key", "events": "event"}
    counts = ", ".join(pluralize(told[name], noun) for name, noun in nouns.items())
    return f"{told['id']}: {counts}; erased: {told['erased']}"


def _named(wanted: str) -> User:
    try:
        person = User.objects.filter(pk=uuid.UUID(wanted)).first()
    except ValueError:
        person = find_user_by_typed_email(wanted)
    if person is None:
        raise CommandError(f"Nobody in this tenant is {wanted!r}.")
    return person


def _kept(person: User) -> dict[str, Any]:
    own = Q(actor_type="user", actor_id=str(person.pk))
    about = Q(target_type="user", target_id=str(person.pk))
    return {
        "id": str(person.pk),
        "removed_before": person.removed_at is not None,
        "sessions": Session.objects.filter(user=person).count(),
        "api_keys": ApiKey.objects.filter(user=person).count(),
        "events": AuditEvent.objects.filter(own | about).count(),
    }


def _erase(person: User) -> None:
    try:
        with transaction.atomic():
            locked = lock_owners(person.pk)
            erase_locked_user(locked.get(person.pk, person), actor=SYSTEM)
    except Problem as problem:
        raise CommandError(problem.sentence) from problem
