"""Passwords, tokens and sessions of users and staff."""

from datetime import timedelta

from aggios.settings.base import COOKIE_PREFIX, PRODUCTION, PUBLIC_SCHEME, WEB_THREADS, WEB_WORKERS
from core import env

AUTHENTICATION_BACKENDS = ["staff.backends.StaffBackend"]
PASSWORD_HASHERS = ["accounts.passwords.hashers.PepperedArgon2"]
# Memory in KiB and passes of one hash (OWASP Password Storage Cheat Sheet). In production
# aggios/checks.py refuses less than OWASP's minimum; tests use less because they hash thousands.
ARGON2_MEMORY_COST = env.integer("ARGON2_MEMORY_COST", 19456, least=8)
ARGON2_TIME_COST = env.integer("ARGON2_TIME_COST", 2, least=1)
# Hashes at the same time in one process: by default as many as there are cores, shared by all
# processes. The queue is always shorter than the number of threads.
PASSWORD_HASH_CONCURRENCY = env.integer("PASSWORD_HASH_CONCURRENCY", 0) or -(
    -env.cores() // WEB_WORKERS
)
PASSWORD_HASH_QUEUE_SIZE = env.integer("PASSWORD_HASH_QUEUE_SIZE", 0) or max(
    WEB_THREADS - max(WEB_THREADS // 8, 2), 1
)
# The maximum wait in seconds, and the niceness of the threads that hash (Linux).
PASSWORD_HASH_TIMEOUT = 10
PASSWORD_HASH_NICE = env.integer("PASSWORD_HASH_NICE", 10)
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
# The breach service (k-anonymity range API); no request is made when it is empty. FAIL is the
# result if the service does not respond. It is never used for a log-in.
PASSWORD_BREACH_URL = env.text(
    "PASSWORD_BREACH_URL", "https://api.pwnedpasswords.com/range" if PRODUCTION else ""
)
PASSWORD_BREACH_FAIL = env.choice("PASSWORD_BREACH_FAIL", "open", ("open", "closed"))
PASSWORD_BREACH_SECONDS = env.integer("PASSWORD_BREACH_SECONDS", 2, least=1)
# Whether a password that another user has chosen (an owner, staff) must be changed before anything
# else.
FIRST_PASSWORD_CHANGE = env.choice(
    "FIRST_PASSWORD_CHANGE", "required" if PRODUCTION else "optional", ("required", "optional")
)

ACCESS_TOKEN_LIFETIME = timedelta(seconds=env.integer("ACCESS_TOKEN_SECONDS", 86400, least=60))
REFRESH_TOKEN_LIFETIME = timedelta(seconds=env.integer("REFRESH_TOKEN_SECONDS", 604800, least=60))
REFRESH_REUSE_GRACE = timedelta(seconds=env.integer("REFRESH_REUSE_GRACE_SECONDS", 30))
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": ACCESS_TOKEN_LIFETIME,
    "REFRESH_TOKEN_LIFETIME": REFRESH_TOKEN_LIFETIME,
    "ALGORITHM": "HS256",
}
# How long a log-in or a reauthentication is enough for dangerous actions
# (accounts/auth/reauthentication.py).
REAUTHENTICATION_LIFETIME = timedelta(seconds=env.integer("REAUTHENTICATION_SECONDS", 600, least=1))
RESET_LINK_LIFETIME = timedelta(seconds=env.integer("RESET_LINK_SECONDS", 3600, least=60))
VERIFY_LINK_LIFETIME = timedelta(seconds=env.integer("VERIFY_LINK_SECONDS", 3 * 86400, least=60))
EMAIL_CHANGE_LIFETIME = timedelta(seconds=env.integer("EMAIL_CHANGE_SECONDS", 86400, least=60))
# Of active keys. Each is found by an index, so this bounds rows, not time.
API_KEYS_PER_USER = env.integer("API_KEYS_PER_USER", 200, least=1)
# Contents of the export of one user's data, by name; accounts does not import files.
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

# Networks that may use the staff API; the proxy limits admin. to the same ranges.
STAFF_ALLOWED_NETWORKS = [
    env.network("STAFF_ALLOWED_NETWORKS", x)
    for x in env.items("STAFF_ALLOWED_NETWORKS", "0.0.0.0/0,::/0")
]
# Whether staff need a second factor; production refuses "optional".
STAFF_SECOND_FACTOR = env.choice(
    "STAFF_SECOND_FACTOR", "required" if PRODUCTION else "optional", ("required", "optional")
)
# As FIRST_PASSWORD_CHANGE, for staff.
STAFF_FIRST_PASSWORD_CHANGE = env.choice(
    "STAFF_FIRST_PASSWORD_CHANGE",
    "required" if PRODUCTION else "optional",
    ("required", "optional"),
)
# A log-in to the staff API; by default as long as one to the admin.
STAFF_TOKEN_LIFETIME = timedelta(seconds=env.integer("STAFF_TOKEN_SECONDS", 8 * 3600, least=60))
# A session of the admin without a request ends after this time; SESSION_COOKIE_AGE is its absolute
# limit.
STAFF_IDLE_SECONDS = env.integer("STAFF_IDLE_SECONDS", 1800, least=60)
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}aggios_staff"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_SECURE = PUBLIC_SCHEME == "https"
SESSION_COOKIE_HTTPONLY = True
# The session of a browser on a tenant's host (accounts/sessions/browser.py).
BROWSER_COOKIE_NAME = f"{COOKIE_PREFIX}aggios"
BROWSER_COOKIE_SECURE = PUBLIC_SCHEME == "https"
# The ticket that logs an owner in after sign-up, on the apex host (accounts/auth/login_tickets.py).
TICKET_COOKIE_NAME = f"{COOKIE_PREFIX}aggios_ticket"
# Whether a user has hidden the first steps on the home page (pages/checklist.py).
CHECKLIST_COOKIE_NAME = f"{COOKIE_PREFIX}aggios_checklist"
# Not in a cookie: a message can hold a password that is shown once.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
LOGIN_REDIRECT_URL = "admin:index"
