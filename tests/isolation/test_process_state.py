"""Every value that a process keeps between requests is reviewed for tenant isolation."""

from tests.support.process_state import process_state

# How each value depends on the tenant; a new value fails the test until it is reviewed.
REVIEWED = {
    # The code's own facts, the same for all tenants.
    "accounts.users.queries._by_email_sql": "SQL text that names no schema",
    "accounts.users.queries._by_id_locked_sql": "SQL text that names no schema",
    "accounts.users.queries._by_spellings_sql": "SQL text that names no schema",
    "accounts.authentication._session_sql": "SQL text that names no schema",
    "accounts.permissions._cached_policy": "by the settings of a tenant, which hold nothing of its people",  # noqa: E501
    "accounts.passwords.validation._dummy_hash": "the hash of a password that no user has",
    "accounts.passwords.context_words._common_passwords": "Django's list of common passwords",
    "staff.backends._unknown_hash": "the hash of a password that no account has",
    "aggios.openapi_views.openapi_document": "the API's description, by the URL configuration",
    "operations.archives.progress.NO_PROGRESS": "a constant",
    "core.env.READ": "names of environment variables, filled while settings load",
    "core.env.OLD_NAMES_READ": "names of environment variables, filled while settings load",
    "aggios.settings.applications.INSTALLED_APPS": "a constant",
    "aggios.settings.applications.SILENCED_SYSTEM_CHECKS": "a constant",
    "aggios.openapi_views._GENERATING": "a lock; holds no data",
    "core.time_zones.time_zone_names": "names of time zones",
    "pages.site.documents._parser": "a parser; holds no document",
    "pages.site.documents._title": "titles of docs/, by name",
    "pages.site.documents._render": "pages of docs/, by name",
    "pages.site.documents.document_names": "names of the files in docs/",
    "pages.site.document_search._fold_character": "characters of docs/ and of searches, folded",
    "pages.site.document_search._folded": "texts of docs/, for the search",
    "pages.templatetags.components._decoration": "icons of the sprite, by name",
    # By request: a cached property of the request's own object.
    "accounts.middleware.session": "cached on the BrowserSession of one request",
    "audit.services.ANONYMOUS": "a constant",
    "audit.services.SYSTEM": "a constant",
    "core.db_backend.queries._insert_sql": "SQL text that names no schema, by model",
    "core.db_backend.scope.PUBLIC": "a constant",
    "tenants.domains.dns_proof.LOOKUP_SLOTS": "how many look-ups may go on at once; holds no data",
    "staff.admin_site.site": "Django admin's registry",
    "operations.audit_trails.PLATFORM_TRAIL": "a constant",
    "tenants.schemas.schema_state.tenant_migrations": "the migrations of the code",
    # Connections and counts of the process, of no tenant.
    "aggios.server.request_body.DRAIN_THREADS": "how many threads may read on; holds no data",
    "aggios.server.slow_clients.LIMITER": "waiting times of connections; holds no data of them",
    "accounts.passwords.hashers.hash_pool": "threads that hash; they know no tenant",
    "accounts.passwords.breaches._executor": "threads that query the service; they know no tenant",
    "accounts.passwords.breaches.service_pause": "until when the service is not queried",
    "core.rate_limits.limits._redis_windows": "a connection; the tenant is in each limit's key",
    "core.rate_limits.limits._local_windows": "counts by the same keys as in Redis",
    "core.observability.metrics.REQUEST_COUNT": "labels name no tenant",
    "core.crypto.encryption.parse_peppers": "by the text of the setting",
    "core.redis_connections._made": "a number",
    "files.storage.client._health_client": "a connection; asks for the bucket alone",
    "files.storage.client.client": "a connection; prefix and keys are put in at each call",
    "files.storage.client.signing_client": "signs requests; prefix and keys are passed in",
    "files.storage.credentials._sts_client": "a connection; asks with our own keys",
    # By request or thread: reset at the end, and empty in new threads.
    "core.request_context._current": "ContextVar, one request",
    "core.db_backend.scope._current": "ContextVar, one block",
    "tenants.context._current": "ContextVar, one block",
    # Keyed by the tenant.
    "accounts.sessions.tokens.token_backend": "by the TenantRef, its key version included",
    "accounts.sessions.tokens._verify_cached": "by the TenantRef and the whole token",
    "tenants.signing_keys._derive_key": "by secret, purpose, tenant id and key version",
    "files.storage.credentials.tenant_credentials": "by the tenant's prefix; the store confines them to it",  # noqa: E501
    "tenants.request_counts.request_counter": "by tenant id and day",
    "tenants.routing._entries": "by host name or tenant id, checked against a shared stamp",
    "tenants.domains.traefik._document": "host names of all, for the proxy inside alone",
}


def test_process_state_is_completely_reviewed():
    found = process_state()

    assert found - set(REVIEWED) == set(), "Say in REVIEWED how a tenant gets into it."
    assert set(REVIEWED) - found == set(), "These are no more."
