"""manage.py erase_person"""

import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction
from django.db.models import Q

from accounts.models import ApiKey, Session, User
from accounts.users.erasure import erase_locked_user
from accounts.users.ownership import lock_owners
from accounts.users.queries import find_user_by_typed_email
from audit.models import AuditEvent
from audit.services import SYSTEM
from core.text.normalization import pluralize
from tenants.context import ref_of, tenant_context
from tenants.management.arguments import (
    ONE_TENANT,
    add_dry_run_argument,
    add_json_argument,
    named_tenant,
)
from tenants.management.base import TenantCommand
from tenants.models import Tenant


class Command(TenantCommand):
    help = (
        "Erase one user of a tenant: remove the user, and erase the user from the audit trail. "
        "The user's files stay. A user who was removed before is found by id only.\n\n"
        "Example: manage.py erase_person acme --user ben@acme.example --dry-run"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", nargs="?", metavar="TENANT", help=ONE_TENANT)
        parser.add_argument("--tenant", metavar="TENANT", help="the same, as in earlier releases")
        parser.add_argument("--user", required=True, metavar="ID|EMAIL")
        add_dry_run_argument(parser, help="only count the rows")
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        with tenant_context(ref_of(_tenant(options))):
            user = _find_user(options["user"])
            report = {**_stored_rows(user), "erased": not options["dry_run"]}
            if not options["dry_run"]:
                _erase(user)
        self.write_result(report, _line(report), as_json=options["json"])


def _tenant(options: dict[str, Any]) -> Tenant:
    if bool(options["slug"]) == bool(options["tenant"]):
        raise CommandError("Name one tenant, as the first argument.", returncode=2)
    return named_tenant(options["slug"] or options["tenant"])


def _line(report: dict[str, Any]) -> str:
    nouns = {"sessions": "session", "api_keys": "key", "events": "event"}
    counts = ", ".join(pluralize(report[name], noun) for name, noun in nouns.items())
    return f"{report['id']}: {counts}; erased: {report['erased']}"


def _find_user(wanted: str) -> User:
    try:
        user = User.objects.filter(pk=uuid.UUID(wanted)).first()
    except ValueError:
        user = find_user_by_typed_email(wanted)
    if user is None:
        raise CommandError(
            f"There is no such user in this tenant: {wanted!r}. `manage.py list_people` lists them."
        )
    return user


def _stored_rows(user: User) -> dict[str, Any]:
    as_actor = Q(actor_type="user", actor_id=str(user.pk))
    as_target = Q(target_type="user", target_id=str(user.pk))
    return {
        "id": str(user.pk),
        "removed_before": user.removed_at is not None,
        "sessions": Session.objects.filter(user=user).count(),
        "api_keys": ApiKey.objects.filter(user=user).count(),
        "events": AuditEvent.objects.filter(as_actor | as_target).count(),
    }


def _erase(user: User) -> None:
    with transaction.atomic():
        locked = lock_owners(user.pk)
        erase_locked_user(locked.get(user.pk, user), actor=SYSTEM)
