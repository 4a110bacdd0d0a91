"""Look-up of a domain's proof record, with a DNS server of the tests."""

import secrets
import socket

import pytest
from django.core.exceptions import ImproperlyConfigured

from core import env
from core.problems import ValidationFailed
from tenants.domains import dns_proof
from tenants.domains.dns_proof import CHALLENGE_LABEL, VALUE_PREFIX, CheckResult, look_up_proof
from tenants.domains.validation import clean_custom_domain
from tests.support.name_server import SILENT, NameServer

TOKEN = "0123456789abcdef0123456789abcdef01234567"
RIGHT = f"{VALUE_PREFIX}{TOKEN}"


@pytest.fixture
def domain() -> str:
    return f"{secrets.token_hex(6)}.example"


@pytest.mark.parametrize(
    ("records", "outcome"),
    [
        ([f'TXT "{RIGHT}"'], CheckResult.FOUND),
        (['TXT "v=spf1 -all"', f'TXT "{RIGHT}"', 'TXT "other"'], CheckResult.FOUND),
        ([f'TXT "{VALUE_PREFIX}" "{TOKEN[:20]}" "{TOKEN[20:]}"'], CheckResult.FOUND),
        ([f'TXT "{RIGHT.upper()}"'], CheckResult.FOUND),
        ([f'TXT " {RIGHT} "'], CheckResult.FOUND),
        ([f'TXT "\\"{RIGHT}\\""'], CheckResult.FOUND),
        ([f'TXT "{RIGHT[:-1]}"'], CheckResult.WRONG_VALUE),
        ([f'TXT "{RIGHT}0"'], CheckResult.WRONG_VALUE),
        ([f'TXT "{VALUE_PREFIX}"'], CheckResult.WRONG_VALUE),
        ([f'TXT "x{RIGHT}"'], CheckResult.NOT_FOUND),
        ([f'TXT "{TOKEN}"'], CheckResult.NOT_FOUND),
        (['TXT "\\255\\000\\010"'], CheckResult.NOT_FOUND),
        (["A 192.0.2.1"], CheckResult.NOT_FOUND),
        ([], CheckResult.NOT_FOUND),
    ],
)
def test_lookup_returns_the_result_for_each_record(
    zone: NameServer, domain: str, records: list[str], outcome: CheckResult
):
    zone.records[f"{CHALLENGE_LABEL}.{domain}"] = records

    assert look_up_proof(domain, TOKEN) == outcome


def test_record_at_another_name_is_not_found(zone: NameServer, domain: str):
    zone.txt(domain, RIGHT)
    zone.txt(f"{CHALLENGE_LABEL}.www.{domain}", RIGHT)

    assert look_up_proof(domain, TOKEN) == CheckResult.NXDOMAIN


def test_wildcard_record_is_found(zone: NameServer, domain: str):
    zone.txt(f"*.{domain}", RIGHT)

    assert look_up_proof(domain, TOKEN) == CheckResult.FOUND


def test_cname_is_followed(zone: NameServer, domain: str):
    zone.records[f"{CHALLENGE_LABEL}.{domain}"] = ["CNAME proofs.elsewhere.example."]
    zone.txt("proofs.elsewhere.example", RIGHT)

    assert look_up_proof(domain, TOKEN) == CheckResult.FOUND


def test_cname_loop_ends(zone: NameServer, domain: str):
    zone.records[f"{CHALLENGE_LABEL}.{domain}"] = ["CNAME other.example."]
    zone.records["other.example"] = [f"CNAME {CHALLENGE_LABEL}.{domain}."]

    assert look_up_proof(domain, TOKEN) == CheckResult.SERVFAIL


def test_large_answer_is_read_by_tcp(zone: NameServer, domain: str):
    zone.txt(f"{CHALLENGE_LABEL}.{domain}", *(f"{n} {'x' * 200}" for n in range(40)), RIGHT)

    assert look_up_proof(domain, TOKEN) == CheckResult.FOUND
    assert [line.split()[0] for line in zone.asked] == ["UDP", "TCP"]


@pytest.mark.parametrize("fault", ["SERVFAIL", "REFUSED", "NOTIMP"])
def test_failing_server_differs_from_missing_record(zone: NameServer, domain: str, fault: str):
    zone.faults[f"{CHALLENGE_LABEL}.{domain}"] = fault

    assert look_up_proof(domain, TOKEN) == CheckResult.SERVFAIL


def test_silent_server_times_out(zone: NameServer, domain: str, monkeypatch):
    monkeypatch.setattr(dns_proof, "LOOKUP_TIMEOUT", 1.0)
    zone.faults[f"{CHALLENGE_LABEL}.{domain}"] = SILENT

    assert look_up_proof(domain, TOKEN) == CheckResult.TIMEOUT


def test_next_server_is_used_after_failure(zone: NameServer, domain: str, settings, monkeypatch):
    monkeypatch.setattr(dns_proof, "SERVER_TIMEOUT", 0.3)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dead:
        dead.bind(("127.0.0.1", 0))
        gone = dead.getsockname()[1]
    settings.DNS_RESOLVERS = [("127.0.0.1", gone), *settings.DNS_RESOLVERS]
    zone.txt(f"{CHALLENGE_LABEL}.{domain}", RIGHT)

    assert look_up_proof(domain, TOKEN) == CheckResult.FOUND


def test_empty_token_is_never_found(zone: NameServer, domain: str):
    zone.txt(f"{CHALLENGE_LABEL}.{domain}", VALUE_PREFIX)

    assert look_up_proof(domain, "") == CheckResult.WRONG_VALUE


def test_longest_domain_can_be_looked_up(zone: NameServer):
    name = clean_custom_domain(".".join(["x" * 62] * 3 + ["y" * 38, "example"]))
    zone.txt(f"{CHALLENGE_LABEL}.{name}", RIGHT)

    assert look_up_proof(name, TOKEN) == CheckResult.FOUND
    with pytest.raises(ValidationFailed):
        clean_custom_domain(f"y{name}")


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("10.0.0.2", ("10.0.0.2", 53)),
        ("10.0.0.2:5353", ("10.0.0.2", 5353)),
        ("[fd00::2]", ("fd00::2", 53)),
        ("[fd00::2]:5353", ("fd00::2", 5353)),
    ],
)
def test_resolver_addresses_are_parsed(value: str, parts: tuple[str, int]):
    assert env.address("DNS_RESOLVERS", value, 53) == parts


@pytest.mark.parametrize("value", ["dns.example", "10.0.0.2:x", "10.0.0.2:99999", "fd00::2", ""])
def test_invalid_resolver_address_stops_the_start(value: str):
    with pytest.raises(ImproperlyConfigured, match="DNS_RESOLVERS"):
        env.address("DNS_RESOLVERS", value, 53)
