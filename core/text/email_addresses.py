"""E-mail addresses: one canonical form for each mailbox, in which they are stored and compared.

- Surrounding white space is dropped; an address has at most 254 characters (RFC 5321 section
  4.5.3.1.3), its local part at most 64.
- The local part, in normal form C, is a dot-atom in ASCII and lower case. So it holds neither
  look-alike nor default-ignorable letters (UTS 36, UAX 44); mail to others needs SMTPUTF8
  (RFC 6531). A quoted local part is another spelling of a plain one (RFC 5321 section 4.1.2).
- The domain is in A-labels by UTS 46 and IDNA 2008 (``core/text/domain_names.py``). An address
  literal, such as ``[192.0.2.1]``, is none.

See docs/decisions/0021-email-addresses.md.
"""

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

from core.problems import FieldError, ValidationFailed
from core.text.domain_names import ascii_domain
from core.text.normalization import normalize_bounded

MAX_EMAIL_LENGTH = 254
MAX_LOCAL_PART_LENGTH = 64
INVALID = "Give a valid e-mail address."
TOO_LONG = f"Use at most {MAX_EMAIL_LENGTH} characters."
LOCAL_TOO_LONG = f"Use at most {MAX_LOCAL_PART_LENGTH} characters before the @."
LOOK_ALIKE = "Use the usual form of this address, without look-alike letters."
QUOTED = "Use the form of this address without quotation marks."
UNREACHABLE_DOMAIN = "No mail can reach this domain."
# Django's own takes "localhost", which is each mail server's own mailboxes (RFC 6761 section 6.3).
_validate_email = EmailValidator(allowlist=[])


def canonical_address(text: str, *, field: str = "email") -> str:
    """Return the canonical form of an address. It is idempotent.

    Raises ValidationFailed, which names ``field``, for what is no address that mail can reach.
    """
    # The length comes first: everything below takes time that grows with it.
    address = text.strip()
    if len(address) > MAX_EMAIL_LENGTH:
        raise _invalid(field, TOO_LONG, "too_long")
    local, at, domain = address.rpartition("@")
    if not (at and local and domain):
        raise _invalid(field, INVALID)
    return _validated(f"{_local_part(local, field)}@{_domain(domain, field)}", field)


def address_key(text: str) -> str:
    """Return what an account is looked up and counted by: the canonical form of an address.

    Of a text that is no address it returns the beginning, in lower case. So logging in with such a
    text takes the same steps and limits as with the address of an unknown person. It never raises.
    """
    try:
        return canonical_address(text)
    except ValidationFailed:
        return lowercased_address(text)


def lowercased_address(text: str) -> str:
    """Return an address as it was typed, without case and surrounding white space, cut to length.

    Rows that could not be rewritten keep such a form (docs/decisions/0021-email-addresses.md).
    """
    return text.strip()[:MAX_EMAIL_LENGTH].lower()[:MAX_EMAIL_LENGTH]


def searchable_address_part(text: str) -> str:
    """Return a part of an address that is searched for as it is stored: its domain in A-labels."""
    local, at, domain = text.rpartition("@")
    try:
        return f"{local}{at}{ascii_domain(domain)}"
    except ValueError:
        return text


def _local_part(local: str, field: str) -> str:
    local = normalize_bounded(local, "NFC", max_raw_length=MAX_EMAIL_LENGTH)
    if '"' in local:
        raise _invalid(field, QUOTED)
    if not local.isascii():
        raise _invalid(field, LOOK_ALIKE)
    if len(local) > MAX_LOCAL_PART_LENGTH:
        raise _invalid(field, LOCAL_TOO_LONG, "too_long")
    return local.lower()


def _domain(domain: str, field: str) -> str:
    try:
        return ascii_domain(domain)
    except ValueError as exc:
        raise _invalid(field, UNREACHABLE_DOMAIN) from exc


def _validated(address: str, field: str) -> str:
    """Return an address that is ASCII by now if it is a well-formed one, and not too long."""
    if len(address) > MAX_EMAIL_LENGTH:
        raise _invalid(field, TOO_LONG, "too_long")
    try:
        _validate_email(address)
    except ValidationError as exc:
        raise _invalid(field, INVALID) from exc
    return address


def _invalid(field: str, detail: str, code: str = "invalid") -> ValidationFailed:
    return ValidationFailed(errors=[FieldError(field, code, detail)])
