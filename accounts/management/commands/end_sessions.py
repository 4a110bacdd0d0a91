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
from tenants.context import ref_of, tenant_context
from tenants.management.arguments import named_tenant
from tenants.management.terminal import confirm


class Command(BaseCommand):
    help = (
        "End all sessions of a tenant, or those of one user, as platform staff. The next request "
        "of such a session is refused with the reason `staff`; users may log in again.\n\n"
        "Example: manage.py end_sessions acme --user ben@acme.example --yes"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the tenant's subdomain")
        parser.add_argument("--user", metavar="EMAIL", help="only this user's sessions")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--dry-run", action="store_true", help="only count the sessions")
        parser.add_argument("--json", action="store_true", help="print a JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = ref_of(named_tenant(options["slug"]))
        dry = options["dry_run"]
        with tenant_context(tenant):
            user = _user(options["user"])
            if not dry and not options["yes"]:
                whose = user.email if user else f"all users of {tenant.slug}"
                question = f"Ends the sessions of {whose}. Type {tenant.slug} to do it: "
                confirm(tenant.slug, question)
            count = _count(user) if dry else _end(user)
        report = {
            "tenant": tenant.slug,
            "user": user and user.email,
            "ended": count,
            "dry_run": dry,
        }
        line = f"{tenant.slug}: {'would end' if dry else 'ended'} {pluralize(count, 'session')}."
        self.stdout.write(json.dumps(report) if options["json"] else line)


def _user(email: str | None) -> User | None:
    if email is None:
        return None
    found = find_user_by_typed_email(email)
    if found is None:
        raise CommandError(f"There is no such user: {email}.")
    return found


def _count(user: User | None) -> int:
    active = Session.objects.filter(active_sessions_q(timezone.now()))
    return (active.filter(user=user) if user else active).count()


def _end(user: User | None) -> int:
    if user is not None:
        return end_user_sessions(user, Session.End.STAFF, actor=SYSTEM)
    return end_tenant_sessions(Session.End.STAFF, actor=SYSTEM, cause="end_sessions")
