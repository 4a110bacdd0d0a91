"""What a letter says: a subject and two templates, in the language of whoever asked for it."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import ngettext

from accounts.models import Letter, User
from core.text.email_addresses import canonical_address
from core.text.normalization import DEFAULT_IGNORABLE, normalize_bounded
from tenants.context import current_tenant
from tenants.hosts import site_url, tenant_host

MAX_SHOWN_NAME_LENGTH = 60


MAX_INPUT_LENGTH = 1000


MAX_DIGITS = 6  # more are a telephone number


LINK_PATTERN = re.compile(
    r"""[/@\\]                                  # a path or a mail address
      | www[0-9]*[.\u3002]
      | [^\s.\u3002][.\u3002][^\s.,;:!?"')]{2}   # a domain name
      | [a-z][a-z0-9+-]*:[^\s]                  # mailto:x
    """,
    re.IGNORECASE | re.VERBOSE,
)


QUOTATION_MARKS = dict.fromkeys(map(ord, '"\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033'), "'")


@dataclass(frozen=True, slots=True)
class EmailContent:
    """What a builder says.

    ``subject`` names the workspace as ``%(workspace)s``. ``context`` goes to
    ``templates/mail/<kind>.txt`` and ``.html``. ``event`` is recorded in the audit trail when the
    letter has gone out; ``about`` is the person whom it concerns.
    """

    subject: str
    context: dict[str, Any] = field(default_factory=dict)
    event: str = ""
    about: User | None = None


def quoted_tenant_name() -> str:
    """Return what mails call the workspace: its name in quotation marks, or else its host."""
    tenant = current_tenant()
    return quoted_name(tenant.name, otherwise=tenant_host(tenant.slug))


def human_duration(lifetime: timedelta) -> str:
    """Return a time of whole hours, or of days if it is two or more, in the current language."""
    hours = max(round(lifetime.total_seconds() / 3600), 1)
    if hours < 48:
        return ngettext("%d hour", "%d hours", hours) % hours
    return ngettext("%d day", "%d days", hours // 24) % (hours // 24)


def tenant_link(path: str, **query: str) -> str:
    """Return an address on the tenant's own host."""
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return f"{site_url(current_tenant().slug)}{path}" + (f"?{asked}" if asked else "")


def render_message(letter: Letter, mail: EmailContent) -> EmailMultiAlternatives:
    """Return the mail, text and HTML, ready to be sent.

    Raises ValidationFailed for a letter to an address that mail cannot reach.
    """
    tenant, workspace = current_tenant(), quoted_tenant_name()
    context = {
        "workspace": workspace,
        "host": tenant_host(tenant.slug),
        "language": letter.language,
        **mail.context,
    }
    message = EmailMultiAlternatives(
        subject=" ".join((mail.subject % {"workspace": workspace}).split()),
        body=render_to_string(f"mail/{letter.kind}.txt", context).strip() + "\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        # Not what was typed: a mail library would encode a domain by IDNA 2003.
        to=[canonical_address(letter.recipient)],
        headers={
            # RFC 3834: nobody's absence note is to be sent back.
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            "Content-Language": letter.language,
            # The same for every attempt, so that a mailbox can tell a repetition.
            "Message-ID": f"<{letter.id}@{tenant_host(tenant.slug)}>",
        },
    )
    html = render_to_string(f"mail/{letter.kind}.html", context)
    message.attach_alternative(html, "text/html")
    return message


# Names that others choose, in the subject and the text of a mail.
#
# The rule: a name is put in quotation marks, so that it reads as a name and not as our words. One
# that a mail program could make a link of (a web or mail address, a domain name, a telephone
# number) is not shown at all. Anybody can open a workspace and have us write to strangers in its
# name (CWE-451; OWASP ASVS 5.0, 1.3.11).


def quoted_name(name: str, *, otherwise: str) -> str:
    """Return a name in quotation marks, or ``otherwise`` for one that looks like a link.

    It is one line without control, format or invisible characters.
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
    """Tell it of the compatibility form: mail programs take full-width letters and dots as well."""
    text = normalize_bounded(name, "NFKC", max_raw_length=MAX_INPUT_LENGTH)
    return bool(LINK_PATTERN.search(text)) or sum(char.isdigit() for char in text) > MAX_DIGITS
