"""The grammar of a tenant's subdomain.

A DNS label (RFC 1035 section 2.3.1, RFC 1123 section 2.1) in lower-case ASCII, 2 to 40 characters,
no leading or trailing hyphen. ``xn--`` is refused: such a label shows as other letters than it has.
"""

import re

from core.problems import FieldError, ValidationFailed

LEAST, MOST = 2, 40
GRAMMAR = re.compile(rf"[a-z0-9](?:[a-z0-9-]{{0,{MOST - 2}}}[a-z0-9])")

NOT_ASCII = ("invalid_slug", "Use the letters a to z, digits and hyphens inside.")

RESERVED = frozenset(
    """
    about abuse account accounts admin administrator aggios api app apps assets auth autoconfig
    autodiscover backup billing blog broadcasthost cache cdn central chat checkout ci cname
    community config console contact dash dashboard db demo-admin dev developer developers dns docs
    download downloads email feed feedback files ftp git grafana graphql health help helpdesk home
    hostmaster imap info internal invite invoice invoices ipv4 ipv6 isatap jobs kubernetes legal
    local localdomain localhost log login logout logs mail mailer mailhost master mcp media metrics
    minio minio-console mobile mta-sts mx my mysql news noc ns ns1 ns2 ns3 ns4 oauth office openid
    operations ops partner partners password payment payments pop pop3 portal postgres postmaster
    preview privacy prod production prometheus proxy public redis register registry root rss s3
    sales sandbox search secure security server sftp shop signin signup smtp sso staff staging
    static stats status storage store support sysadmin system tenant tenants terms test testing
    traefik upload uploads usenet user users uucp vpn web webmail webhook webhooks whois wiki
    wpad ws www www1 www2 www3
    """.split()  # noqa: SIM905 - a list of 180 strings would be harder to read
)


def normalise(text: str) -> str:
    """Return ``text`` as it is compared and stored: slugs have no case."""
    return text.strip().lower()


def checked(text: str, *, field: str = "subdomain") -> str:
    """Return the normalised slug, or raise ValidationFailed that names ``field`` and the reason."""
    slug = normalise(text)
    # Before the case goes: the lower case of some other letters is an ASCII one (U+212A, Kelvin).
    reason = _fault(slug) if text.strip().isascii() else NOT_ASCII
    if reason:
        raise ValidationFailed(errors=[FieldError(field, *reason)])
    return slug


def _fault(slug: str) -> tuple[str, str] | None:
    if not LEAST <= len(slug) <= MOST:
        return "invalid_length", f"Use {LEAST} to {MOST} characters."
    if not GRAMMAR.fullmatch(slug):
        return "invalid_slug", "Use lower-case letters, digits and hyphens inside."
    if slug.startswith("xn--"):
        return "invalid_slug", "Names that begin with xn-- are not given out."
    if slug in RESERVED:
        return "reserved", "This name is reserved."
    return None
