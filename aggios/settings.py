"""Settings of Aggios: one file for every environment, fed by environment variables (core/env.py).

``AGGIOS_ENVIRONMENT`` is ``production`` unless it says otherwise, and production refuses to start
with what only development may have: see aggios/checks.py.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from aggios.databases import databases
from core import env
from core.observability.logging import logging_config
from core.redis_connections import count_connection

BASE_DIR = Path(__file__).resolve().parent.parent

ENVIRONMENT = env.choice("AGGIOS_ENVIRONMENT", "production", ("production", "development"))
PRODUCTION = ENVIRONMENT == "production"
DEBUG = env.flag("DEBUG", False)
VERSION = env.text("AGGIOS_VERSION", "0.1.0")
WEB_WORKERS = env.integer("WEB_WORKERS", 2, least=1)
WEB_THREADS = env.integer("WEB_THREADS", 16, least=1)

# -- secrets ---------------------------------------------------------------------------------------
SECRET_KEY = env.text("SECRET_KEY")
# Former ones, the latest first: sessions of staff and kept answers that were made with them hold.
SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS", "")
# Every tenant's signing key is derived from this one (tenants/signing_keys.py). The previous one is
# still accepted while tokens that it signed are alive.
TOKEN_MASTER_SECRET = env.text("TOKEN_MASTER_SECRET")
TOKEN_MASTER_SECRET_PREVIOUS = env.text("TOKEN_MASTER_SECRET_PREVIOUS", "")
# "2:<secret>,1:<secret>": the first is used for new hashes, the others still verify.
PASSWORD_PEPPERS = env.text("PASSWORD_PEPPERS")

# -- where we are ----------------------------------------------------------------------------------
BASE_DOMAIN = env.text("BASE_DOMAIN", "aggios.app").lower()
PUBLIC_SCHEME = env.choice("PUBLIC_SCHEME", "https", ("https", "http"))
PUBLIC_PORT = env.integer("PUBLIC_PORT", 443 if PUBLIC_SCHEME == "https" else 80)
# The tenant routing answers 404 for every host that is no site of ours; verified custom domains
# live in the database, so a static list cannot hold them. See tenants/hosts.py.
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", f".{BASE_DOMAIN},localhost,127.0.0.1")
TRUSTED_PROXY_COUNT = env.integer("TRUSTED_PROXY_COUNT", 1)
# From where the staff API may be used; the proxy closes admin. by the same ranges.
STAFF_ALLOWED_NETWORKS = [
    env.network("STAFF_ALLOWED_NETWORKS", x)
    for x in env.items("STAFF_ALLOWED_NETWORKS", "0.0.0.0/0,::/0")
]
USUAL_PORT = (443 if PUBLIC_SCHEME == "https" else 80) == PUBLIC_PORT
PORT_IN_LINKS = "" if USUAL_PORT else f":{PUBLIC_PORT}"
PROBLEM_TYPE_BASE = f"{PUBLIC_SCHEME}://{BASE_DOMAIN}{PORT_IN_LINKS}/errors/"
CORS_ALLOWED_ORIGINS = env.items("CORS_ALLOWED_ORIGINS")
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "range",
    "x-api-version",
    "x-request-id",
]
CORS_EXPOSE_HEADERS = [
    "accept-ranges",
    "content-disposition",
    "content-range",
    "etag",
    "idempotency-replayed",
    "location",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "www-authenticate",
    "x-api-version",
    "x-request-id",
]

# -- applications ----------------------------------------------------------------------------------
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
TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
AUTH_USER_MODEL = "staff.StaffUser"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

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
    "core.http.encodings.EncodingMiddleware",
    "tenants.domains.traefik.TraefikProviderMiddleware",
    "tenants.middleware.TenantMiddleware",
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

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
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

# -- database --------------------------------------------------------------------------------------
DATABASE_POOLER = env.choice("DATABASE_POOLER", "none", ("none", "session"))
PG_BIN_DIR = env.text("PG_BIN_DIR", "")
DATABASES = databases()
DATABASE_ROUTERS = ["tenants.schemas.router.SchemaRouter"]

# -- cache, sessions -------------------------------------------------------------------------------
REDIS_URL = env.text("REDIS_URL")
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "aggios",
        "KEY_FUNCTION": "tenants.context.tenant_cache_key",
        "OPTIONS": {
            # Without Redis requests still work; health says so.
            "IGNORE_EXCEPTIONS": True,
            # Not pickle: who can write to Redis must not run code here.
            "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
            "CONNECTION_POOL_KWARGS": {
                "socket_connect_timeout": 0.25,
                "socket_timeout": 0.5,
                "max_connections": 100,
                "redis_connect_func": count_connection,
            },
        },
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
# Over https no other host of the domain can set a cookie with this prefix (RFC 6265bis, 4.1.3.2).
COOKIE_PREFIX = "__Host-" if PUBLIC_SCHEME == "https" else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}aggios_staff"
SESSION_COOKIE_AGE = 8 * 3600
# How long a session in the admin lasts without a request; the age above is its absolute limit.
STAFF_IDLE_SECONDS = env.integer("STAFF_IDLE_SECONDS", 1800, least=60)
# Not in a cookie: messages may hold a password that is shown once.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
LOGIN_REDIRECT_URL = "admin:index"

# -- people ----------------------------------------------------------------------------------------
# Whether staff reach anything without a second factor; production refuses optional.
STAFF_SECOND_FACTOR = env.choice(
    "STAFF_SECOND_FACTOR", "required" if PRODUCTION else "optional", ("required", "optional")
)
# Whether nothing but a change of it is open with a password that somebody else has chosen: to
# staff, and to people of workspaces, whom an owner or an administrator may have added with one.
STAFF_FIRST_PASSWORD_CHANGE = env.choice(
    "STAFF_FIRST_PASSWORD_CHANGE",
    "required" if PRODUCTION else "optional",
    ("required", "optional"),
)
FIRST_PASSWORD_CHANGE = env.choice(
    "FIRST_PASSWORD_CHANGE", "required" if PRODUCTION else "optional", ("required", "optional")
)
AUTHENTICATION_BACKENDS = ["staff.backends.StaffBackend"]
PASSWORD_HASHERS = ["accounts.passwords.hashers.PepperedArgon2"]
# Memory in KiB and passes of one hash (OWASP Password Storage Cheat Sheet). In production
# aggios/checks.py refuses less than OWASP's smallest; tests take less: they hash thousands.
ARGON2_MEMORY_COST = env.integer("ARGON2_MEMORY_COST", 19456, least=8)
ARGON2_TIME_COST = env.integer("ARGON2_TIME_COST", 2, least=1)
RESET_LINK_LIFETIME = timedelta(seconds=env.integer("RESET_LINK_SECONDS", 3600, least=60))
VERIFY_LINK_LIFETIME = timedelta(seconds=env.integer("VERIFY_LINK_SECONDS", 3 * 86400, least=60))
# Where to ask whether a new password is known from a breach; nothing is asked when it is empty.
# What holds when no answer comes. A log-in never asks.
PASSWORD_BREACH_URL = env.text(
    "PASSWORD_BREACH_URL", "https://api.pwnedpasswords.com/range" if PRODUCTION else ""
)
PASSWORD_BREACH_FAIL = env.choice("PASSWORD_BREACH_FAIL", "open", ("open", "closed"))
PASSWORD_BREACH_SECONDS = env.integer("PASSWORD_BREACH_SECONDS", 2, least=1)
# How many passwords each process hashes at once: by default all processes together as many as there
# are cores. How many requests may be at it or wait for it: always fewer than there are threads.
PASSWORD_HASH_CONCURRENCY = env.integer("PASSWORD_HASH_CONCURRENCY", 0) or -(
    -env.cores() // WEB_WORKERS
)
# Bodies of a process that may keep a thread waiting; the other threads are for everybody else.
SLOW_CLIENT_LIMIT = env.integer("SLOW_CLIENT_LIMIT", 0) or max(WEB_THREADS * 3 // 4, 1)
PASSWORD_HASH_QUEUE_SIZE = env.integer("PASSWORD_HASH_QUEUE_SIZE", 0) or max(
    WEB_THREADS - max(WEB_THREADS // 8, 2), 1
)
# The longest wait, in seconds, and the niceness of the threads that hash (Linux).
PASSWORD_HASH_TIMEOUT = 10
PASSWORD_HASH_NICE = env.integer("PASSWORD_HASH_NICE", 10)
# How long a workspace that is to be deleted waits for somebody to call it off.
DELETION_GRACE_DAYS = env.integer("DELETION_GRACE_DAYS", 30)
# How long a former subdomain leads to the new one, and is kept from others; 0 frees it at once.
SUBDOMAIN_REDIRECT_DAYS = env.integer("SUBDOMAIN_REDIRECT_DAYS", 90)
# A claim of a custom domain that nobody proves goes after this time.
DOMAIN_CLAIM_DAYS = env.integer("DOMAIN_CLAIM_DAYS", 30, least=1)
# Proved or not; each costs look-ups and a certificate.
CUSTOM_DOMAINS_PER_TENANT = env.integer("CUSTOM_DOMAINS_PER_TENANT", 20)
# Of those that are alive; each is looked up by an index, so these bound rows, not time.
API_KEYS_PER_USER = env.integer("API_KEYS_PER_USER", 200, least=1)
FILE_SHARES_LIMIT = env.integer("FILE_SHARES_LIMIT", 200, least=1)
# Who is asked for the records that prove custom domains; the system's resolvers when unset.
DNS_RESOLVERS = [env.address("DNS_RESOLVERS", x, 53) for x in env.items("DNS_RESOLVERS")]
# The folder that a workspace is exported into before it is purged; none without it.
_EXPORTS = env.text("TENANT_EXPORT_DIR", "")
TENANT_EXPORT_DIR = Path(_EXPORTS) if _EXPORTS else None
# What Traefik shows when it asks for the routes of custom domains, and the resolver that is to get
# their certificates; without one they have Traefik's self-signed certificate.
TRAEFIK_PROVIDER_TOKEN = env.text("TRAEFIK_PROVIDER_TOKEN", "")
DOMAIN_CERT_RESOLVER = env.text("DOMAIN_CERT_RESOLVER", "")
# How a workspace that staff opens gets its owner; staff itself knows no people of tenants.
TENANT_OWNER_FACTORY = "operations.tenant_owners.create_owner"
# How often a process adds the requests that it counted to the table of usage.
REQUEST_COUNTS_SECONDS = env.integer("REQUEST_COUNTS_SECONDS", 10, least=1)
# How a tenant is measured; staff itself knows no files of tenants.
TENANT_USAGE_MEASURER = "operations.usage.measure_tenant"
# What an export of one person's data holds, by name; accounts itself knows no files.
PERSONAL_DATA_SOURCES = {
    "sessions": "accounts.users.data_export.export_sessions",
    "second_factors": "accounts.users.data_export.export_second_factors",
    "api_keys": "accounts.users.data_export.export_api_keys",
    "invitations": "accounts.users.data_export.export_invitations",
    "mailed_links": "accounts.users.data_export.export_email_links",
    "events": "accounts.users.data_export.export_audit_events",
    "files": "files.personal_data.export_files",
    "uploads": "files.personal_data.export_uploads",
    "shares": "files.personal_data.export_shares",
}
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "accounts.passwords.validators.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "accounts.passwords.validators.MaximumLengthValidator"},
    {"NAME": "accounts.passwords.validators.CommonPasswordValidator"},
    {"NAME": "accounts.passwords.validators.ContextWordValidator"},
    {"NAME": "accounts.passwords.breaches.BreachedPasswordValidator"},
    {
        "NAME": "accounts.passwords.validators.UserAttributeSimilarityValidator",
        "OPTIONS": {
            "user_attributes": ("email", "mailbox", "first_name", "last_name", "full_name")
        },
    },
]
ACCESS_TOKEN_LIFETIME = timedelta(seconds=env.integer("ACCESS_TOKEN_SECONDS", 86400, least=60))
REFRESH_TOKEN_LIFETIME = timedelta(seconds=env.integer("REFRESH_TOKEN_SECONDS", 604800, least=60))
REFRESH_REUSE_GRACE = timedelta(seconds=env.integer("REFRESH_REUSE_GRACE_SECONDS", 30))
# How long a log-in, or a proof given since, is enough for dangerous actions
# (accounts/permissions.py).
REAUTHENTICATION_LIFETIME = timedelta(seconds=env.integer("REAUTHENTICATION_SECONDS", 600, least=1))
# A staff's log-in to the API; as long as one to the admin unless told otherwise.
STAFF_TOKEN_LIFETIME = timedelta(seconds=env.integer("STAFF_TOKEN_SECONDS", 8 * 3600, least=60))
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": ACCESS_TOKEN_LIFETIME,
    "REFRESH_TOKEN_LIFETIME": REFRESH_TOKEN_LIFETIME,
    "ALGORITHM": "HS256",
}

# -- API -------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.IsAdmittedUser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "core.http.negotiation.IgnoreClientContentNegotiation",
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_PARSER_CLASSES": ["core.api.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "core.api.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "core.api.openapi.ProblemAutoSchema",
    "LIST_SERIALIZER_ERRORS_AS_DICT": True,  # so that an error names the element
    "EXCEPTION_HANDLER": "core.http.responses.exception_response",
    "UNAUTHENTICATED_USER": None,
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S.%fZ",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Aggios API",
    "VERSION": "v1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": False,
    "PATH_CONVERTER_OVERRIDES": {"id": {"type": "string", "format": "uuid"}},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "core.api.openapi.link_created_resources",
    ],
    "ENUM_NAME_OVERRIDES": {
        "RoleEnum": "accounts.models.User.Role",
        "TenantStatusEnum": ["active", "suspended"],
        "InvitationStateEnum": ["pending", "accepted", "expired", "revoked"],
        "UploadStateEnum": ["pending", "verifying", "ready", "failed"],
        "UploadReasonEnum": ["aborted", "expired", "interrupted", "mismatch"],
    },
}
# Bodies that are read into memory; files are streamed and bounded by FILE_MAX_BYTES.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_HANDLERS = ["core.http.multipart.NoFilesUploadHandler"]
# The largest object of Amazon S3 (user guide, "Multipart upload limits") is the largest file.
FILE_MAX_BYTES = env.integer("FILE_MAX_BYTES", 5 * 1024**4, least=1)
# Through the backend (POST /api/files); what is larger goes straight to the store.
FILE_STREAM_MAX_BYTES = env.integer("FILE_STREAM_MAX_BYTES", 5 * 1024**3, least=1)
# What comes by one request to the store; what is larger comes in parts.
UPLOAD_SINGLE_BYTES = env.integer("UPLOAD_SINGLE_BYTES", 16 * 1024**2, least=0)
UPLOAD_SECONDS = env.integer("UPLOAD_SECONDS", 86400, least=60)
# What nothing was sent of by then ends, and what one user may hold (files/uploads/user_limits.py).
UPLOAD_START_SECONDS = env.integer("UPLOAD_START_SECONDS", 3600, least=60)
UPLOAD_OPEN_PER_USER = env.integer("UPLOAD_OPEN_PER_USER", 100, least=1)
UPLOAD_USER_SHARE_PERCENT = env.integer("UPLOAD_USER_SHARE_PERCENT", 50, least=1)
# What is larger is read and verified after the answer (manage.py verify_uploads), so many at once.
UPLOAD_SYNC_VERIFY_MAX_BYTES = env.integer("UPLOAD_SYNC_VERIFY_MAX_BYTES", 1024**3, least=0)
UPLOAD_VERIFY_CONCURRENCY = env.integer("UPLOAD_VERIFY_CONCURRENCY", 4, least=1)
UPLOAD_VERIFY_SWEEP_SECONDS = env.integer("UPLOAD_VERIFY_SWEEP_SECONDS", 60, least=1)
UPLOAD_URL_SECONDS = env.integer("UPLOAD_URL_SECONDS", 3600, least=10)
TRASH_SECONDS = env.integer("TRASH_SECONDS", 30 * 86400, least=0)
# What every tenant may keep, 0 is no limit, unless staff say otherwise (tenants/limits.py).
TENANT_LIMITS = {
    "storage_bytes": env.integer("TENANT_STORAGE_BYTES", 1024**4, least=0),
    "storage_objects": env.integer("TENANT_STORAGE_OBJECTS", 0, least=0),
    "file_max_bytes": 0,
}
IDEMPOTENCY_LIFETIME = timedelta(hours=24)

# -- rate limits, "count/seconds": see core/rate_limits/limits.py ----------------------------------
RATE_LIMITS = {
    "signup": env.text("RATE_LIMIT_SIGNUP", "10/3600"),
    "register": env.text("RATE_LIMIT_REGISTER", "60/3600"),
    "refresh": env.text("RATE_LIMIT_REFRESH", "120/60"),
    # Mail that people have us send: of one workspace, of one of its people, and to one address,
    # which is as many as "mail" lets out.
    "invite_tenant": env.text("RATE_LIMIT_INVITE_TENANT", "500/86400"),
    "invite_person": env.text("RATE_LIMIT_INVITE_PERSON", "100/3600"),
    "invite_address": env.text("RATE_LIMIT_INVITE_ADDRESS", "3/3600"),
    "domain_check": env.text("RATE_LIMIT_DOMAIN_CHECK", "30/600"),
    "forgot": env.text("RATE_LIMIT_FORGOT", "20/3600"),
    "forgot_account": env.text("RATE_LIMIT_FORGOT_ACCOUNT", "5/3600"),
    "links": env.text("RATE_LIMIT_LINKS", "30/600"),
    "verification": env.text("RATE_LIMIT_VERIFICATION", "5/3600"),
    # letters of one kind to one address of a workspace
    "mail": env.text("RATE_LIMIT_MAIL", "3/3600"),
    # letters of every kind and workspace together to an address that is nobody's verified one there
    "mail_stranger": env.text("RATE_LIMIT_MAIL_UNVERIFIED", "20/86400"),
    "export": env.text("RATE_LIMIT_EXPORT", "20/3600"),
    "login_account": env.text("RATE_LIMIT_LOGIN_ACCOUNT", "5/60"),
    # Each key may have a number of its own.
    "api_key": env.text("RATE_LIMIT_API_KEY", "600/60"),
    "login_address": env.text("RATE_LIMIT_LOGIN_ADDRESS", "50/60"),
    "login_rate": env.text("RATE_LIMIT_LOGIN_RATE", "300/60"),
    "login_hour": env.text("RATE_LIMIT_LOGIN_HOUR", "30/3600"),
    "second_factor": env.text("RATE_LIMIT_SECOND_FACTOR", "10/3600"),
    # wrong passwords of one link to a file: from one address, and from all together
    "share_password": env.text("RATE_LIMIT_SHARE_PASSWORD", "10/600"),
    "share_password_total": env.text("RATE_LIMIT_SHARE_PASSWORD_TOTAL", "100/3600"),
}

# -- mail: accounts/mail ---------------------------------------------------------------------------
EMAIL_HOST = env.text("EMAIL_HOST", "")
EMAIL_PORT = env.integer("EMAIL_PORT", 587, least=1)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
# STARTTLS, or TLS from the first byte. Certificates are verified.
EMAIL_USE_SSL = env.flag("EMAIL_USE_SSL", EMAIL_PORT == 465)
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", not EMAIL_USE_SSL)
EMAIL_TIMEOUT = env.integer("EMAIL_TIMEOUT_SECONDS", 10, least=1)
# While developing, mail goes into this folder in place of a server.
EMAIL_FOLDER = env.text("EMAIL_FOLDER", "")
EMAIL_BACKEND = (
    "accounts.email.transport.FolderBackend"
    if EMAIL_FOLDER
    else "django.core.mail.backends.smtp.EmailBackend"
)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"Aggios <no-reply@{BASE_DOMAIN}>")
# Whoever delivers hears of most letters at once; this often it looks for those that it did not
# hear of, and for those that are to be tried again.
MAIL_SWEEP_SECONDS = env.integer("MAIL_SWEEP_SECONDS", 60, least=1)
# A letter that was being sent when its deliverer died is sent again after this time.
MAIL_LEASE = timedelta(seconds=env.integer("MAIL_LEASE_SECONDS", 120, least=1))
MAIL_GIVE_UP_AFTER = timedelta(hours=env.integer("MAIL_GIVE_UP_HOURS", 72))

# -- object storage --------------------------------------------------------------------------------
S3_BUCKET = env.text("S3_BUCKET", "aggios")
S3_ENDPOINT_URL = env.text("S3_ENDPOINT_URL")
S3_PUBLIC_ENDPOINT_URL = env.text("S3_PUBLIC_ENDPOINT_URL")
S3_REGION = env.text("S3_REGION", "us-east-1")
S3_ACCESS_KEY_ID = env.text("S3_ACCESS_KEY_ID")
S3_SECRET_ACCESS_KEY = env.text("S3_SECRET_ACCESS_KEY")
# What setup_storage switches on where the store has it; off leaves the bucket as it is.
S3_BUCKET_VERSIONING = env.flag("S3_BUCKET_VERSIONING", True)
S3_BUCKET_ENCRYPTION = env.flag("S3_BUCKET_ENCRYPTION", True)
DOWNLOAD_URL_SECONDS = env.integer("DOWNLOAD_URL_SECONDS", 300, least=10)
# Whether tenants have keys of their own, which the store confines to their prefix (AWS STS).
S3_TENANT_CREDENTIALS = env.choice("S3_TENANT_CREDENTIALS", "off", ("off", "sts"))
S3_STS_ENDPOINT_URL = env.text("S3_STS_ENDPOINT_URL", "") or S3_ENDPOINT_URL
S3_STS_ROLE_ARN = env.text("S3_STS_ROLE_ARN", "") or "arn:aws:iam::000000000000:role/aggios"
# An address ends with the keys that it was signed with.
_longest = max(UPLOAD_URL_SECONDS, DOWNLOAD_URL_SECONDS) if S3_TENANT_CREDENTIALS == "sts" else 0
S3_STS_SECONDS = env.integer("S3_STS_SECONDS", 14400, least=max(900, _longest + 300))

# -- static files ----------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", "") or BASE_DIR / "staticfiles")
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"]
STORAGES = {
    "default": {"BACKEND": "files.storage.backend.TenantStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = not PRODUCTION

# -- language and time -----------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("pt-br", "Português (Brasil)")]
LANGUAGE_COOKIE_NAME = f"{COOKIE_PREFIX}aggios_language"
LANGUAGE_COOKIE_AGE = 365 * 86400
LANGUAGE_COOKIE_SECURE = PUBLIC_SCHEME == "https"
LANGUAGE_COOKIE_HTTPONLY = True
LOCALE_PATHS = [BASE_DIR / "templates" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

# -- security headers ------------------------------------------------------------------------------
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# The proxy redirects; this is the second lock. Probes inside the network speak plain HTTP.
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^api/health", r"^metrics$", r"^internal/traefik$"]
SECURE_HSTS_SECONDS = env.integer("SECURE_HSTS_SECONDS", 63072000 if PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
# On tenants' custom domains: that host alone, and for a shorter time (tenants/middleware.py).
DOMAIN_HSTS_SECONDS = env.integer("DOMAIN_HSTS_SECONDS", 604800)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = PUBLIC_SCHEME == "https"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = PUBLIC_SCHEME == "https"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}aggios_csrf"
CSRF_FAILURE_VIEW = "pages.error_handlers.csrf_failure"
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
    }
}

# -- logs ------------------------------------------------------------------------------------------
LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_config(
    env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
    env.choice("LOG_FORMAT", "json", ("json", "console")),
)
SILENCED_SYSTEM_CHECKS: list[str] = []
