"""Aggios' settings with one more tenant app, before or after a release (``BENCH_LEDGER``)."""

import os

from aggios.settings import *  # noqa: F403
from aggios.settings import INSTALLED_APPS as _APPS
from aggios.settings import TENANT_APPS as _TENANT_APPS

LEDGER = "bench.tenants.ledger"
TENANT_APPS = [*_TENANT_APPS, LEDGER]
INSTALLED_APPS = [*_APPS, LEDGER]
MIGRATION_MODULES = {"ledger": f"{LEDGER}.{os.environ['BENCH_LEDGER']}"}
