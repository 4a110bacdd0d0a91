"""manage.py invite"""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings

from accounts.invitations.services import invite_as_platform
from accounts.models import User
from accounts.users.queries import find_user_by_typed_email
from audit.services import SYSTEM
from core.text.normalization import timestamp
from tenants.context import TenantRef, ref_of, tenant_context
from tenants.management.arguments import add_json_argument, add_slug_argument, named_tenant
from tenants.management.base import TenantCommand
from tenants.states import require_served


class Command(TenantCommand):
    help = (
        "Invite a person into one tenant by e-mail, as the platform. A former open invitation of "
        "the address is revoked. The mailer sends the e-mail; failed_mail shows why one did not "
        "arrive.\n\n"
        "Example: manage.py invite acme ben@acme.example --role admin --language pt-br"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_slug_argument(parser)
        parser.add_argument("email", metavar="EMAIL", help="the address that is invited")
        parser.add_argument("--role", choices=User.Role.values, default=User.Role.MEMBER.value)
        parser.add_argument(
            "--language",
            choices=list(dict(settings.LANGUAGES)),
            default="",
            help="of the e-mail (default: the tenant's)",
        )
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = ref_of(named_tenant(options["slug"]))
        require_served(tenant)
        with tenant_context(tenant):
            invitation = invite_as_platform(
                email=options["email"],
                role=options["role"],
                language=options["language"],
                actor=SYSTEM,
            )
            is_known = find_user_by_typed_email(invitation.email) is not None
        document = {
            "tenant": tenant.slug,
            "id": str(invitation.pk),
            "email": invitation.email,
            "role": invitation.role,
            "language": invitation.language,
            "expires_at": timestamp(invitation.expires_at),
            "has_account": is_known,
        }
        self.write_result(document, _line(tenant, document), as_json=options["json"])


def _line(tenant: TenantRef, document: dict[str, Any]) -> str:
    line = "{email} is invited to {tenant} as {role}, until {expires_at}.".format(**document)
    if not document["has_account"]:
        return line
    known = f"There is an account with this address in {tenant.slug} already:"
    return f"{line}\n{known} the e-mail says so, and changes no role."
