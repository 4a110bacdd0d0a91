"""Rendering of an e-mail: a subject and two templates, in the recipient's language and time zone.

Names that users choose are quoted, so that they read as names and not as text of Aggios. A name
that a mail program could turn into a link is not shown: a web or e-mail address, a domain name, a
telephone number. Anyone can create a tenant and have Aggios write to third parties in its name
(CWE-451; OWASP ASVS 5.0, 1.3.11).
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import ngettext

from accounts.models import Letter, User
from core.text.email_addresses import canonical_address
from core.text.normalization import DEFAULT_IGNORABLE, normalize_bounded
from tenants.context import current_tenant
from tenants.routing import site_url, tenant_host

MAX_SHOWN_NAME_LENGTH = 60
MAX_INPUT_LENGTH = 1000
MAX_DIGITS = 6  # more look like a telephone number
LINK_PATTERN = re.compile(
    r"""[/@\\]                                  # a path or an e-mail address
      | www[0-9]*[.\u3002]
      | [^\s.\u3002][.\u3002][^\s.,;:!?"')]{2}   # a domain name
      | [a-z][a-z0-9+-]*:[^\s]                  # mailto:x
    """,
    re.IGNORECASE | re.VERBOSE,
)
QUOTATION_MARKS = dict.fromkeys(map(ord, '"\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033'), "'")


@dataclass(frozen=True, slots=True)
class EmailContent:
    """What a builder returns.

    ``subject`` names the tenant as ``%(workspace)s``. ``context`` goes to the templates
    ``templates/mail/<kind>.txt`` and ``.html``. ``audit_action`` is recorded for ``audit_user``
    when the e-mail has been sent.
    """

    subject: str
    context: dict[str, Any] = field(default_factory=dict)
    audit_action: str = ""
    audit_user: User | None = None


def quoted_tenant_name() -> str:
    """Return the tenant's name in quotation marks, or its host if the name looks like a link."""
    tenant = current_tenant()
    return quoted_name(tenant.name, otherwise=tenant_host(tenant.slug))


def human_duration(lifetime: timedelta) -> str:
    """Return a duration in hours, or in days from two days on, in the current language."""
    hours = max(round(lifetime.total_seconds() / 3600), 1)
    if hours < 48:
        return ngettext("%d hour", "%d hours", hours) % hours
    return ngettext("%d day", "%d days", hours // 24) % (hours // 24)


def tenant_link(path: str, **query: str) -> str:
    """Return a URL on the tenant's own host."""
    parameters = "&".join(f"{name}={value}" for name, value in query.items())
    return f"{site_url(current_tenant().slug)}{path}" + (f"?{parameters}" if parameters else "")


def render_message(letter: Letter, mail: EmailContent) -> EmailMultiAlternatives:
    """Return the e-mail as text and HTML, ready to be sent.

    Its times are in the current time zone, which they name.

    Raises: ValidationFailed for an address that cannot receive e-mail.
    """
    workspace = quoted_tenant_name()
    return build_message(
        letter.kind,
        mail.subject % {"workspace": workspace},
        to=letter.recipient,
        language=letter.language,
        message_id=str(letter.id),
        context={
            "workspace": workspace,
            "host": tenant_host(current_tenant().slug),
            "zone": timezone.get_current_timezone_name().replace("_", " "),
            **mail.context,
        },
    )


def build_message(
    kind: str, subject: str, *, to: str, language: str, message_id: str, context: dict[str, Any]
) -> EmailMultiAlternatives:
    """Return the e-mail of the templates of a kind. ``context`` names the host that sends it.

    Raises: ValidationFailed for an address that cannot receive e-mail.
    """
    context = {"language": language, **context}
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=render_to_string(f"mail/{kind}.txt", context).strip() + "\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        # The canonical form: a mail library would encode a domain by IDNA 2003.
        to=[canonical_address(to)],
        headers={
            # RFC 3834: no automatic reply, such as an absence note.
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            "Content-Language": language,
            # The same for every attempt, so that a mailbox can recognise duplicates.
            "Message-ID": f"<{message_id}@{context['host']}>",
        },
    )
    html = render_to_string(f"mail/{kind}.html", context)
    message.attach_alternative(html, "text/html")
    return message


def quoted_name(name: str, *, otherwise: str) -> str:
    """Return a name in quotation marks, or ``otherwise`` for one that looks like a link.

    The result is one line without control, format or invisible characters.
    """
    plain = _printable(name[:MAX_INPUT_LENGTH])
    if not plain or _looks_like_link(plain):
        return otherwise
    shown = plain[:MAX_SHOWN_NAME_LENGTH].strip().translate(QUOTATION_MARKS)
    return f'"{shown}"'


def _printable(name: str) -> str:
    spaced = "".join(" " if char.isspace() else char for char in name)
    shown = (c for c in DEFAULT_IGNORABLE.sub("", spaced) if unicodedata.category(c)[0] != "C")
    return " ".join("".join(shown).split())


def _looks_like_link(name: str) -> bool:
    """Test the compatibility form: mail programs also detect full-width characters."""
    text = normalize_bounded(name, "NFKC", max_raw_length=MAX_INPUT_LENGTH)
    return bool(LINK_PATTERN.search(text)) or sum(char.isdigit() for char in text) > MAX_DIGITS
