"""The stock project whose tenants hold Aggios' own tenant apps, made from the same migrations."""

from aggios.settings import TENANT_APPS as _OURS
from bench.stock.settings import *  # noqa: F403
from bench.stock.settings import SHARED_APPS

_QUIET = {"accounts": "bench.stock.apps.Accounts", "files": "bench.stock.apps.Files"}
TENANT_APPS = [_QUIET.get(app, app) for app in _OURS]
SHARED_APPS = [*SHARED_APPS, "django.contrib.auth"]
INSTALLED_APPS = list(dict.fromkeys([*SHARED_APPS, *TENANT_APPS]))
AUTH_USER_MODEL = "auth.User"
