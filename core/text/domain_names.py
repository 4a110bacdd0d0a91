"""Domain names in the ASCII form of DNS (``xn--`` labels for other characters).

A name is mapped as in browsers (UTS 46, non-transitional) and encoded by IDNA 2008 (RFC 5891).
Python's own ``idna`` codec is IDNA 2003: it turns ``faß.example`` into ``fass.example``, which is
another domain.
"""

import ipaddress

import idna

MAX_LABEL_LENGTH = 63  # RFC 1035 section 2.3.4
MAX_DOMAIN_LENGTH = 253
MAX_DOMAIN_INPUT_LENGTH = 1000  # before each character is checked


def ascii_domain(text: str) -> str:
    """Return the A-labels of a domain name, in lower case and separated by full stops.

    Raises ValueError for anything that is not a host name: an IP address, or a name with a part
    that is too long.
    """
    name = _encoded(text)
    labels = name.split(".")
    is_valid = len(name) <= MAX_DOMAIN_LENGTH and all(map(_is_label, labels))
    if not is_valid or _is_ip_address(name):
        raise ValueError("This is not a domain name.")
    return name


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
