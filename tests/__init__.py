"""Tests of Aggios. Importing the package settles the environment before Django reads its settings.

Ports and secrets are drawn here; the servers start when the first test asks for them (conftest.py).
"""

import os
from contextlib import ExitStack

import django

from devstack.home import Home
from devstack.testing import TestStack, temporary_home

OVERRIDES = {
    # Limits have tests of their own; here they would be in the way of the suite.
    "RATE_LIMIT_SIGNUP": "100000/3600",
    "RATE_LIMIT_REGISTER": "100000/3600",
    "RATE_LIMIT_REFRESH": "100000/60",
}

session = ExitStack()
stack = session.enter_context(
    TestStack(Home.at(session.enter_context(temporary_home())), overrides=OVERRIDES)
)
os.environ.update(stack.env, DJANGO_SETTINGS_MODULE="aggios.settings")
django.setup()
