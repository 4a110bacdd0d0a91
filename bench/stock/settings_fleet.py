"""The stock project with Aggios' tenant apps and one more, before or after a release."""

import os

from bench.stock.settings_same_models import *  # noqa: F403
from bench.stock.settings_same_models import INSTALLED_APPS as _APPS
from bench.stock.settings_same_models import TENANT_APPS as _TENANT_APPS

LEDGER = "bench.tenants.ledger"
TENANT_APPS = [*_TENANT_APPS, LEDGER]
INSTALLED_APPS = [*_APPS, LEDGER]
MIGRATION_MODULES = {"ledger": f"{LEDGER}.{os.environ['BENCH_LEDGER']}"}
# As many as Aggios takes; the default is 2.
TENANT_MULTIPROCESSING_MAX_PROCESSES = min(os.cpu_count() or 1, 8)
