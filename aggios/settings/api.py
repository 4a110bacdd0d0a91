"""REST framework, OpenAPI, CORS, rate limits."""

from datetime import timedelta

from aggios.settings.base import BASE_DOMAIN, PORT_IN_LINKS, PUBLIC_SCHEME
from core import env

PROBLEM_TYPE_BASE = f"{PUBLIC_SCHEME}://{BASE_DOMAIN}{PORT_IN_LINKS}/errors/"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.BearerAuthentication",
        "accounts.cookie_authentication.CookieAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.IsAdmittedUser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "core.http.negotiation.IgnoreClientContentNegotiation",
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_PARSER_CLASSES": ["core.http.negotiation.StrictJSONParser"],
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
# Of bodies that are read into memory; files are streamed, up to FILE_MAX_BYTES.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
IDEMPOTENCY_LIFETIME = timedelta(hours=24)

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

RATE_LIMITS = {
    "signup": env.text("RATE_LIMIT_SIGNUP", "10/3600"),
    "register": env.text("RATE_LIMIT_REGISTER", "60/3600"),
    "refresh": env.text("RATE_LIMIT_REFRESH", "120/60"),
    # E-mail caused by users: per tenant, per user, lists of a user, per address. The last equals
    # "mail". A list of the page /people/invite/many has up to 500 lines. Each counts for the
    # tenant, and the whole list once for the user.
    "invite_tenant": env.text("RATE_LIMIT_INVITE_TENANT", "500/86400"),
    "invite_person": env.text("RATE_LIMIT_INVITE_PERSON", "100/3600"),
    "invite_list": env.text("RATE_LIMIT_INVITE_LIST", "5/3600"),
    "invite_address": env.text("RATE_LIMIT_INVITE_ADDRESS", "3/3600"),
    # Lists of workspaces that a client asks for; "mail" bounds the e-mails to an address.
    "tenant_list": env.text("RATE_LIMIT_TENANT_LIST", "10/3600"),
    "domain_check": env.text("RATE_LIMIT_DOMAIN_CHECK", "30/600"),
    "forgot": env.text("RATE_LIMIT_FORGOT", "20/3600"),
    "forgot_account": env.text("RATE_LIMIT_FORGOT_ACCOUNT", "5/3600"),
    "links": env.text("RATE_LIMIT_LINKS", "30/600"),
    "email_change": env.text("RATE_LIMIT_EMAIL_CHANGE", "5/3600"),
    "verification": env.text("RATE_LIMIT_VERIFICATION", "5/3600"),
    # e-mails of one kind to one address of a tenant
    "mail": env.text("RATE_LIMIT_MAIL", "3/3600"),
    # e-mails of every kind and tenant to an address that is not verified there
    "mail_unverified": env.text("RATE_LIMIT_MAIL_UNVERIFIED", "20/86400"),
    "export": env.text("RATE_LIMIT_EXPORT", "20/3600"),
    "login_account": env.text("RATE_LIMIT_LOGIN_ACCOUNT", "5/60"),
    # A key may have its own number.
    "api_key": env.text("RATE_LIMIT_API_KEY", "600/60"),
    "login_address": env.text("RATE_LIMIT_LOGIN_ADDRESS", "50/60"),
    "login_rate": env.text("RATE_LIMIT_LOGIN_RATE", "300/60"),
    "login_hour": env.text("RATE_LIMIT_LOGIN_HOUR", "30/3600"),
    "second_factor": env.text("RATE_LIMIT_SECOND_FACTOR", "10/3600"),
    # wrong passwords of one share: from one address, and from all addresses
    "share_password": env.text("RATE_LIMIT_SHARE_PASSWORD", "10/600"),
    "share_password_total": env.text("RATE_LIMIT_SHARE_PASSWORD_TOTAL", "100/3600"),
}
