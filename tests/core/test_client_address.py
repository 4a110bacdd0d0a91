"""The client address behind trusted proxies, with forged headers."""

import pytest
from django.test import RequestFactory

from core.request_context import client_address, limit_key

PEER = "10.9.9.9"
CASES = [
    (0, "1.2.3.4", PEER),
    (1, "", PEER),
    (1, "1.2.3.4", "1.2.3.4"),
    (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
    (1, "6.6.6.6,1.2.3.4", "1.2.3.4"),
    (2, "6.6.6.6, 1.2.3.4, 10.0.0.1", "1.2.3.4"),
    (2, "1.2.3.4", PEER),
    (1, "2001:DB8:0:0::1", "2001:db8::1"),
    (1, "unknown", PEER),
    (1, "1.2.3.4, ", PEER),
    (1, "1.2.3.4:80", PEER),
    (1, "'; DROP TABLE", PEER),
]


@pytest.mark.parametrize(("proxies", "forwarded", "address"), CASES)
def test_client_address_is_taken_from_trusted_proxies(
    settings, proxies: int, forwarded: str, address: str
):
    settings.TRUSTED_PROXY_COUNT = proxies
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}

    request = RequestFactory().get("/", REMOTE_ADDR=PEER, **headers)

    assert client_address(request) == address


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
    ],
)
def test_limit_key_of_ipv6_is_its_network(address: str, counted_as: str):
    assert limit_key(address) == counted_as
