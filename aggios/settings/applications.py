"""Applications, middleware, URL configurations, templates."""

from pathlib import Path

from aggios.settings.base import BASE_DIR, BASE_DOMAIN
from core import env

SHARED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "csp",
    "aggios",
    "core",
    "audit",
    "idempotency",
    "tenants",
    "staff",
    "pages",
    "operations",
]
TENANT_APPS = ["audit", "idempotency", "accounts", "files"]
INSTALLED_APPS = list(dict.fromkeys([*SHARED_APPS, *TENANT_APPS]))
INSTALLED_APPS[INSTALLED_APPS.index("django.contrib.admin")] = (
    "staff.admin_config.AggiosAdminConfig"
)
AUTH_USER_MODEL = "staff.StaffUser"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS: list[str] = []

MIDDLEWARE = [
    "core.http.middleware.RequestContextMiddleware",
    "tenants.middleware.CustomDomainHSTSMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "core.http.middleware.ApiVersionMiddleware",
    "core.observability.metrics.MetricsMiddleware",
    "core.http.middleware.EncodingMiddleware",
    "tenants.domains.traefik.TraefikProviderMiddleware",
    "tenants.middleware.TenantMiddleware",
    "accounts.middleware.BrowserSessionMiddleware",
    "staff.middleware.AdminSessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "staff.middleware.AdminAuthenticationMiddleware",
    "staff.middleware.AdminMessagesMiddleware",
    "staff.middleware.AdminLocaleMiddleware",
]
ROOT_URLCONF = "aggios.urls.apex"
SITE_URLCONFS = {
    "apex": "aggios.urls.apex",
    "api": "aggios.urls.api",
    "dash": "aggios.urls.dash",
    "admin": "aggios.urls.admin",
    "tenant": "aggios.urls.tenant",
}
APPEND_SLASH = False
WSGI_APPLICATION = "aggios.wsgi.application"

# Templates of an operator replace those of the same name, such as site/terms.html.
SITE_TEMPLATES_DIR = env.text("SITE_TEMPLATES_DIR", "")
OWN_TEMPLATES = [Path(SITE_TEMPLATES_DIR)] if SITE_TEMPLATES_DIR else []
DOCS_DIR = BASE_DIR / "docs"
CONTACT_EMAIL = env.text("CONTACT_EMAIL", "") or f"contact@{BASE_DOMAIN}"
# A URI (RFC 9116 section 2.5.3): mailto:… or https://…
SECURITY_CONTACT = env.text("SECURITY_CONTACT", "") or f"mailto:{CONTACT_EMAIL}"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [*OWN_TEMPLATES, BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "pages.context_processors.site_context",
            ]
        },
    }
]
