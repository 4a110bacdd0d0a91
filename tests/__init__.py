"""Tests of Aggios. The import of this package sets the environment that Django's settings read.

It chooses ports and secrets. The servers start when the first test needs them (tests/plugins).
"""

import logging
import os
from contextlib import ExitStack

import django

from devstack.home import Home
from devstack.services import postgres
from devstack.testing import TestStack, temporary_home
from tests.support.name_server import NameServer

session = ExitStack()
# Its port is bound from here on. It answers once a test uses the fixture.
name_server = session.enter_context(NameServer())
OVERRIDES = {
    "DNS_RESOLVERS": name_server.address,
    # As in production. The header is sent over https alone.
    "SECURE_HSTS_SECONDS": "63072000",
    # Limits have tests of their own. All other tests come from one address.
    "RATE_LIMIT_SIGNUP": "100000/3600",
    "RATE_LIMIT_REGISTER": "100000/3600",
    "RATE_LIMIT_REFRESH": "100000/60",
    "RATE_LIMIT_FORGOT": "100000/3600",
    "RATE_LIMIT_FORGOT_ACCOUNT": "100000/3600",
    "RATE_LIMIT_LINKS": "100000/600",
    "RATE_LIMIT_VERIFICATION": "100000/3600",
    "RATE_LIMIT_MAIL": "100000/3600",
    "RATE_LIMIT_MAIL_UNVERIFIED": "100000/86400",
    # Shared users log in once, and a run may take an hour. Tests of proofs change their age.
    "REAUTHENTICATION_SECONDS": "43200",
    "STAFF_IDLE_SECONDS": "28800",
    "REQUEST_COUNTS_SECONDS": "1",
    # A suite hashes thousands of passwords. Tests of hashing use the usual cost (usual_argon2).
    "ARGON2_MEMORY_COST": "64",
    "ARGON2_TIME_COST": "1",
}

# Tests kill servers, never the machine: what PostgreSQL wrote survives in the system's cache.
postgres.SETTINGS.update({"fsync": "off", "full_page_writes": "off"})
# One line for each request of a test, with its address and status, costs more than it tells.
logging.getLogger("httpx").setLevel(logging.WARNING)
stack = session.enter_context(
    TestStack(Home.at(session.enter_context(temporary_home())), overrides=OVERRIDES)
)
ENVIRONMENT = {**stack.env, "DJANGO_SETTINGS_MODULE": "aggios.settings"}
os.environ.update(ENVIRONMENT)
django.setup()
