"""Environment, domain, language, logging."""

from pathlib import Path

from core import env
from core.observability.logging import logging_config

BASE_DIR = Path(__file__).resolve().parents[2]
ENVIRONMENT = env.choice("AGGIOS_ENVIRONMENT", "production", ("production", "development"))
PRODUCTION = ENVIRONMENT == "production"
DEBUG = env.flag("DEBUG", False)
VERSION = env.text("AGGIOS_VERSION", "0.1.0")
WEB_WORKERS = env.integer("WEB_WORKERS", 2, least=1)
WEB_THREADS = env.integer("WEB_THREADS", 16, least=1)

BASE_DOMAIN = env.text("BASE_DOMAIN", "aggios.app").lower()
PUBLIC_SCHEME = env.choice("PUBLIC_SCHEME", "https", ("https", "http"))
PUBLIC_PORT = env.integer("PUBLIC_PORT", 443 if PUBLIC_SCHEME == "https" else 80)
USUAL_PORT = (443 if PUBLIC_SCHEME == "https" else 80) == PUBLIC_PORT
PORT_IN_LINKS = "" if USUAL_PORT else f":{PUBLIC_PORT}"
# Tenant routing answers 404 for every other host. Verified custom domains are in the database, so a
# static list cannot hold them: see tenants/routing.py.
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", f".{BASE_DOMAIN},localhost,127.0.0.1")
TRUSTED_PROXY_COUNT = env.integer("TRUSTED_PROXY_COUNT", 1)
# Over https no other host of the domain can set a cookie with this prefix (RFC 6265bis, 4.1.3.2).
COOKIE_PREFIX = "__Host-" if PUBLIC_SCHEME == "https" else ""

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("pt-br", "Português (Brasil)")]
LANGUAGE_COOKIE_NAME = f"{COOKIE_PREFIX}aggios_language"
LANGUAGE_COOKIE_AGE = 365 * 86400
LANGUAGE_COOKIE_SECURE = PUBLIC_SCHEME == "https"
LANGUAGE_COOKIE_HTTPONLY = True
LOCALE_PATHS = [BASE_DIR / "templates" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_config(
    env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
    env.choice("LOG_FORMAT", "json", ("json", "console")),
)
# How often a process adds its request counts to the usage table.
REQUEST_COUNTS_SECONDS = env.integer("REQUEST_COUNTS_SECONDS", 10, least=1)
