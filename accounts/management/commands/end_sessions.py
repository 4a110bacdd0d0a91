"""manage.py end_sessions"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Session, User
from accounts.sessions.expiry import active_sessions_q
from accounts.sessions.services import end_tenant_sessions, end_user_sessions
from accounts.users.queries import find_user_by_typed_email
from audit.services import SYSTEM
from core.text.normalization import pluralize
from tenants.context import tenant_context
from tenants.management.arguments import named_tenant
from tenants.management.terminal import confirm
from tenants.refs import ref_of


class Command(BaseCommand):
    help = (
        "End the sessions of a tenant's people, or of one of them, as the platform's staff: they "
        "are out on their next request, are told so (`staff`), and may log in again.\n\n"
        "Example: manage.py end_sessions acme --user ben@acme.example --yes"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the tenant's subdomain")
        parser.add_argument("--user", metavar="EMAIL", help="only this person's")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--dry-run", action="store_true", help="only count them")
        parser.add_argument("--json", action="store_true", help="print a JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = ref_of(named_tenant(options["slug"]))
        dry = options["dry_run"]
        with tenant_context(tenant):
            user = _person(options["user"])
            if not dry and not options["yes"]:
                whose = user.email if user else f"everybody at {tenant.slug}"
                question = f"Logs out {whose}. Type {tenant.slug} to do it: "
                confirm(tenant.slug, question)
            count = _count(user) if dry else _end(user)
        told = {"tenant": tenant.slug, "user": user and user.email, "ended": count, "dry_run": dry}
        line = f"{tenant.slug}: {'would end' if dry else 'ended'} {pluralize(count, 'session')}."
        self.stdout.write(json.dumps(told) if options["json"] else line)


def _person(email: str | None) -> User | None:
    if email is None:
        return None
    found = find_user_by_typed_email(email)
    if found is None:
        raise CommandError(f"There is no such person: {email}.")
    return found


def _count(user: User | None) -> int:
    living = Session.objects.filter(active_sessions_q(timezone.now()))
    return (living.filter(user=user) if user else living).count()


def _end(user: User | None) -> int:
    if user is not None:
        return end_user_sessions(user, Session.End.STAFF, actor=SYSTEM)
    return end_tenant_sessions(Session.End.STAFF, actor=SYSTEM, cause="end_sessions")
