"""manage.py end_sessions"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from accounts.models import Session, User
from accounts.sessions.expiry import active_sessions_q
from accounts.sessions.services import end_tenant_sessions, end_user_sessions
from accounts.users.queries import find_user_by_typed_email
from audit.services import SYSTEM
from core.text.normalization import pluralize
from tenants.context import ref_of, tenant_context
from tenants.management.arguments import (
    add_dry_run_argument,
    add_json_argument,
    add_slug_argument,
    add_yes_argument,
    named_tenant,
)
from tenants.management.base import TenantCommand


class Command(TenantCommand):
    help = (
        "End all sessions of a tenant, or those of one user, as platform staff. The next request "
        "of such a session is refused with the reason `staff`; users may log in again.\n\n"
        "Example: manage.py end_sessions acme --user ben@acme.example --yes"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_slug_argument(parser)
        parser.add_argument("--user", metavar="EMAIL", help="only this user's sessions")
        add_yes_argument(parser)
        add_dry_run_argument(parser, help="only count the sessions")
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = ref_of(named_tenant(options["slug"]))
        dry_run = options["dry_run"]
        with tenant_context(tenant):
            user = _user(options["user"])
            if not dry_run:
                whose = user.email if user else f"all users of {tenant.slug}"
                self.confirm(tenant.slug, f"This ends the sessions of {whose}.", options)
            count = _count(user) if dry_run else _end(user)
        email = user and user.email
        report = {"tenant": tenant.slug, "user": email, "ended": count, "dry_run": dry_run}
        verb = "would end" if dry_run else "ended"
        text = f"{tenant.slug}: {verb} {pluralize(count, 'session')}."
        self.write_result(report, text, as_json=options["json"])


def _user(email: str | None) -> User | None:
    if email is None:
        return None
    user = find_user_by_typed_email(email)
    if user is None:
        raise CommandError(f"There is no such user: {email}. `manage.py list_people` lists them.")
    return user


def _count(user: User | None) -> int:
    active = Session.objects.filter(active_sessions_q(timezone.now()))
    return (active.filter(user=user) if user else active).count()


def _end(user: User | None) -> int:
    if user is not None:
        return end_user_sessions(user, Session.End.STAFF, actor=SYSTEM)
    return end_tenant_sessions(Session.End.STAFF, actor=SYSTEM, cause="end_sessions")
