"""The stock project with Aggios' own tenant apps, created by the same migrations.

With ``BENCH_LEDGER`` it has one app more: ``before`` or ``after`` a release, see
``bench/tenants/ledger``.
"""

import os

from django.apps import AppConfig

from aggios.settings import TENANT_APPS as _OURS
from bench.stock.settings import *  # noqa: F403
from bench.stock.settings import SHARED_APPS

LEDGER = "bench.tenants.ledger"
RELEASE = os.environ.get("BENCH_LEDGER")


class Accounts(AppConfig):
    """``accounts`` with its models and migrations, without what it does at the start of Aggios."""

    name = "accounts"


class Files(AppConfig):
    """``files`` in the same way."""

    name = "files"


_MODELS_ONLY = {app: f"{__name__}.{app.capitalize()}" for app in ("accounts", "files")}
TENANT_APPS = [_MODELS_ONLY.get(app, app) for app in _OURS] + [LEDGER] * bool(RELEASE)
SHARED_APPS = [*SHARED_APPS, "django.contrib.auth"]
INSTALLED_APPS = list(dict.fromkeys([*SHARED_APPS, *TENANT_APPS]))
MIGRATION_MODULES = {"ledger": f"{LEDGER}.{RELEASE}"}
AUTH_USER_MODEL = "auth.User"
# As many as Aggios uses; the default is 2.
TENANT_MULTIPROCESSING_MAX_PROCESSES = min(os.cpu_count() or 1, 8)
