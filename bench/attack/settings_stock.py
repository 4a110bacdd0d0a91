"""The stock project's settings with the canary app in ``public`` and in every tenant."""

from bench.attack.connections import with_connections
from bench.stock.settings import *  # noqa: F403
from bench.stock.settings import DATABASES, SHARED_APPS, TENANT_APPS

CANARY = "bench.attack"
SHARED_APPS = [*SHARED_APPS, CANARY]
TENANT_APPS = [*TENANT_APPS, CANARY]
INSTALLED_APPS = list(dict.fromkeys([*SHARED_APPS, *TENANT_APPS]))
ROOT_URLCONF = "bench.attack.views"
DATABASES = {"default": with_connections(DATABASES["default"])}
