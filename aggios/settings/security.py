"""Secrets, security headers, CSRF, limits of the server."""

from csp.constants import NONE, SELF

from aggios.settings.base import COOKIE_PREFIX, PRODUCTION, PUBLIC_SCHEME, WEB_THREADS
from core import env

SECRET_KEY = env.text("SECRET_KEY")
# Former keys, the latest first: their staff sessions and stored idempotent responses stay valid.
SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS", "")
# Every tenant's signing key is derived from this secret (tenants/signing_keys.py). The previous one
# is accepted while its tokens are valid.
TOKEN_MASTER_SECRET = env.text("TOKEN_MASTER_SECRET")
TOKEN_MASTER_SECRET_PREVIOUS = env.text("TOKEN_MASTER_SECRET_PREVIOUS", "")
# "2:<secret>,1:<secret>": the first is used for new hashes, the others still verify.
PASSWORD_PEPPERS = env.text("PASSWORD_PEPPERS")

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Second line of defence: the proxy redirects. Probes inside the network speak plain HTTP.
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^api/health", r"^metrics$", r"^internal/traefik$"]
SECURE_HSTS_SECONDS = env.integer("SECURE_HSTS_SECONDS", 63072000 if PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
# On custom domains of tenants: that host only, for a shorter time (tenants/middleware.py).
DOMAIN_HSTS_SECONDS = env.integer("DOMAIN_HSTS_SECONDS", 604800)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        # W3C, Trusted Types: no script of ours writes HTML, and upload/hasher.js alone names
        # another script. Pages with scripts of others leave it out (core/http/foreign_scripts.py).
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["aggios-worker"],
    }
}

CSRF_COOKIE_SECURE = PUBLIC_SCHEME == "https"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}aggios_csrf"
CSRF_FAILURE_VIEW = "pages.error_handlers.csrf_failure"

# Slow request bodies that one process accepts; the other threads stay free.
SLOW_CLIENT_LIMIT = env.integer("SLOW_CLIENT_LIMIT", 0) or max(WEB_THREADS * 3 // 4, 1)
