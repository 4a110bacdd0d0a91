"""Aggios' settings with the canary app in ``public`` and in every tenant, and its routes."""

from aggios.settings import *  # noqa: F403
from aggios.settings import DATABASES, SHARED_APPS, SITE_URLCONFS, TENANT_APPS
from bench.attack.connections import with_connections

CANARY = "bench.attack"
SHARED_APPS = [*SHARED_APPS, CANARY]
TENANT_APPS = [*TENANT_APPS, CANARY]
INSTALLED_APPS = list(dict.fromkeys([*SHARED_APPS, *TENANT_APPS]))
SITE_URLCONFS = {**SITE_URLCONFS, "tenant": "bench.attack.views"}
DATABASES = {**DATABASES, "default": with_connections(DATABASES["default"])}
