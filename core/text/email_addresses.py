"""E-mail addresses and domain names in one canonical form, for storage and comparison.

- Surrounding white space is dropped; an address has at most 254 characters (RFC 5321 section
  4.5.3.1.3), its local part at most 64.
- The local part, in normal form C, is a dot-atom in ASCII and lower case. So it holds neither
  look-alike nor default-ignorable characters (UTS 36, UAX 44). Others need SMTPUTF8 (RFC 6531). A
  quoted local part is another spelling of a plain one (RFC 5321 section 4.1.2).
- The domain is in A-labels (``xn--`` for other characters): mapped as in browsers (UTS 46,
  non-transitional) and encoded by IDNA 2008 (RFC 5891). Python's own ``idna`` codec is IDNA 2003:
  it turns ``faß.example`` into ``fass.example``, which is another domain. An address literal, such
  as ``[192.0.2.1]``, is not accepted.

See docs/decisions/0021-email-addresses.md.
"""

import ipaddress

import idna
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

from core.problems import FieldError, ValidationFailed
from core.text.normalization import normalize_bounded
from core.text.translation import translatable

MAX_EMAIL_LENGTH = 254
MAX_LOCAL_PART_LENGTH = 64
INVALID = "Give a valid e-mail address."
TOO_LONG = translatable("Use at most %(most)s characters.", most=MAX_EMAIL_LENGTH)
LOCAL_TOO_LONG = translatable(
    "Use at most %(most)s characters before the @.", most=MAX_LOCAL_PART_LENGTH
)
LOOK_ALIKE = "Use the usual form of this address, without look-alike letters."
QUOTED = "Use the form of this address without quotation marks."
UNREACHABLE_DOMAIN = "No mail can reach this domain."
# Django accepts "localhost" by default: each mail server's own mailboxes (RFC 6761 section 6.3).
_validate_email = EmailValidator(allowlist=[])
MAX_LABEL_LENGTH = 63  # RFC 1035 section 2.3.4
MAX_DOMAIN_LENGTH = 253
MAX_DOMAIN_INPUT_LENGTH = 1000  # before each character is checked


def canonical_address(text: str, *, field: str = "email") -> str:
    """Return the canonical form of an address. The function is idempotent.

    Raises: ValidationFailed, which names ``field``, for an address that no mail can reach.
    """
    # The length is checked first, because the time of all other checks grows with it.
    address = text.strip()
    if len(address) > MAX_EMAIL_LENGTH:
        raise _invalid(field, TOO_LONG, "too_long")
    local, at, domain = address.rpartition("@")
    if not (at and local and domain):
        raise _invalid(field, INVALID)
    return _validated(f"{_local_part(local, field)}@{_domain(domain, field)}", field)


def address_key(text: str) -> str:
    """Return the key for looking up and rate-limiting an account: its canonical address.

    For a text that is not an address it returns the beginning in lower case. So a log-in with such
    a text takes the same steps and limits as one with an unknown address. It never raises.
    """
    try:
        return canonical_address(text)
    except ValidationFailed:
        return lowercased_address(text)


def lowercased_address(text: str) -> str:
    """Return an address in lower case, without surrounding white space, cut to length.

    Rows that could not be canonicalised have this form (docs/decisions/0021-email-addresses.md).
    """
    return text.strip()[:MAX_EMAIL_LENGTH].lower()[:MAX_EMAIL_LENGTH]


def searchable_address_part(text: str) -> str:
    """Return a part of an address in stored form for a search: its domain in A-labels."""
    local, at, domain = text.rpartition("@")
    try:
        return f"{local}{at}{ascii_domain(domain)}"
    except ValueError:
        return text


def ascii_domain(text: str) -> str:
    """Return the A-labels of a domain name, in lower case and separated by full stops.

    Raises: ValueError for anything that is not a host name: an IP address, or a name with a part
    that is too long.
    """
    name = _encoded(text)
    labels = name.split(".")
    is_valid = len(name) <= MAX_DOMAIN_LENGTH and all(map(_is_label, labels))
    if not is_valid or _is_ip_address(name):
        raise ValueError("This is not a domain name.")
    return name


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
    """Return an ASCII address if it is well formed and not too long."""
    if len(address) > MAX_EMAIL_LENGTH:
        raise _invalid(field, TOO_LONG, "too_long")
    try:
        _validate_email(address)
    except ValidationError as exc:
        raise _invalid(field, INVALID) from exc
    return address


def _invalid(field: str, detail: str, code: str = "invalid") -> ValidationFailed:
    return ValidationFailed(errors=[FieldError(field, code, detail)])


def _encoded(text: str) -> str:
    if len(text) > MAX_DOMAIN_INPUT_LENGTH:
        return ""
    try:
        return idna.encode(text, uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return ""


def _is_label(label: str) -> bool:
    return 0 < len(label) <= MAX_LABEL_LENGTH and label[0] != "-" and label[-1] != "-"


def _is_ip_address(name: str) -> bool:
    """Tell whether browsers read the name as an IPv4 address (WHATWG URL, IPv4 parser)."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.rpartition(".")[2].isdecimal()
    return True
