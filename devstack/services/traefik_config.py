"""The configuration of the development stack's Traefik, like that of production in traefik/."""

from typing import Any

from devstack.environment import BASE_DOMAIN
from devstack.ports import LOOPBACK
from devstack.services.protocol import Context

# Request bodies of any size can come from slow clients.
READ_TIMEOUT = "3600s"
# Much shorter than gunicorn's keep-alive (75 s): a request on a connection that gunicorn is closing
# fails, and must not be repeated. As in traefik/dynamic/services.yml.
IDLE_TIMEOUT = "5s"
# As in traefik/dynamic/backend.yml: POSTs with a response that must not be buffered.
STREAMED_RESPONSES = (
    "^((/api)?/files/archive|/me/export|/people/[^/]+/export|/admin/[a-z]+/[a-z]+/)$"
)
# As in traefik/dynamic/storage.yml.
USER_CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
COMPRESSED_TYPES = (
    "application/json",
    "application/problem+json",
    "application/vnd.oai.openapi",
    "text/html",
    "text/css",
    "text/javascript",
    "application/javascript",
    "image/svg+xml",
)


def static_config(context: Context) -> dict[str, Any]:
    """Return the static configuration."""
    return {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "log": {"level": "WARN", "format": "json"},
        "accessLog": {
            "filePath": str(context.home.logs / "access.log"),
            "format": "json",
            "fields": {
                # As in traefik/traefik.yml: a path can contain the token of a share.
                "names": {"RequestPath": "drop"},
                "headers": {"names": {"X-Request-Id": "keep", "User-Agent": "keep"}},
                # A presigned URL is a credential.
                "queryParameters": {"defaultMode": "drop"},
            },
        },
        "entryPoints": {
            "web": {
                "address": f"{context.web_address}:{context.ports['web']}",
                # X_Auth_User would reach WSGI as X-Auth-User.
                "http": {"aliasHeadersStrategy": "delete"},
                "asDefault": True,
                "transport": {
                    "respondingTimeouts": {"readTimeout": READ_TIMEOUT},
                    "lifeCycle": {"graceTimeOut": "2s"},
                },
            },
            # For the supervisor: answers once the routes are loaded.
            "ready": {"address": f"{LOOPBACK}:{context.ports['proxy_ready']}"},
        },
        # As in traefik/traefik.yml.
        "experimental": {
            "abortOnPluginFailure": True,
            "localPlugins": {"malformedbody": {"moduleName": "malformedbody"}},
        },
        "providers": {"file": {"filename": "dynamic.yml", "watch": False}},
    }


def dynamic_config(context: Context) -> dict[str, Any]:
    """Return the dynamic configuration: routers, middlewares and services."""
    return {
        "http": {
            "routers": _routers(),
            "middlewares": _middlewares(),
            "services": {
                "s3": _service(context, "s3"),
                "app": _service(context, "gunicorn"),
                "fallback": _service(context, "fallback"),
            },
            "serversTransports": {
                "local": {"forwardingTimeouts": {"idleConnTimeout": IDLE_TIMEOUT}}
            },
        }
    }


def _service(context: Context, port: str) -> dict[str, Any]:
    # No health check: with one server it could only turn a short wait into an error.
    url = f"http://{LOOPBACK}:{context.ports[port]}"
    servers = {"servers": [{"url": url}], "passHostHeader": True}
    return {"loadBalancer": {**servers, "serversTransport": "local"}}


def _routers() -> dict[str, Any]:
    return {
        # Exact hosts need a priority: by default the longest rule wins.
        "s3": {
            "rule": f"Host(`s3.{BASE_DOMAIN}`)",
            "service": "s3",
            "middlewares": ["unavailable", "again", "user-content"],
            "priority": 1000,
        },
        "metrics": {
            "rule": "Path(`/metrics`) || PathPrefix(`/metrics/`) || PathPrefix(`/internal/`)",
            "service": "fallback",
            "middlewares": ["not-found"],
            "entryPoints": ["web", "ready"],
            "priority": 500,
        },
        # Unknown hosts too: the application knows the tenants and answers 404 for other hosts.
        "app": {
            "rule": "PathPrefix(`/`)",
            "service": "app",
            "middlewares": ["compress", "unavailable", "malformed-bodies", "again"],
            "priority": 1,
        },
        # As in traefik/dynamic/backend.yml: less than 10 000 bytes, and no streamed response.
        "short": {
            "rule": "HeaderRegexp(`Content-Length`, `^[0-9]{1,4}$`)"
            f" && !PathRegexp(`{STREAMED_RESPONSES}`)",
            "service": "app",
            "middlewares": ["compress", "unavailable", "whole-bodies", "again"],
            "priority": 2,
        },
    }


def _middlewares() -> dict[str, Any]:
    return {
        "not-found": {"replacePath": {"path": "/.problems/404"}},
        # Text that the backend generates, never file contents. As in traefik/dynamic/backend.yml.
        "compress": {"compress": {"includedContentTypes": list(COMPRESSED_TYPES)}},
        # Only Traefik's own errors (no server, lost connection): a server's own 503 passes.
        "unavailable": {
            "errors": {
                "status": ["502", "504"],
                "statusRewrites": {"502": 503, "504": 503},
                "service": "fallback",
                "query": "/.problems/503?url={url}",
            }
        },
        # As in traefik/dynamic/backend.yml.
        "malformed-bodies": {
            "chain": {"middlewares": ["malformed-bodies-status", "malformed-bodies-answer"]}
        },
        "malformed-bodies-status": {"plugin": {"malformedbody": {}}},
        "malformed-bodies-answer": {
            "errors": {
                "status": ["499"],
                "statusRewrites": {"499": 400},
                "service": "fallback",
                "query": "/.problems/400?url={url}",
            }
        },
        # Short bodies are buffered, so that a slow client does not block an application thread.
        # Longer ones are streamed, and the application limits their time.
        "whole-bodies": {
            "buffering": {"memRequestBodyBytes": 10_000, "maxRequestBodyBytes": 10_000}
        },
        # An uploaded HTML page runs no scripts.
        "user-content": {
            "headers": {
                "contentTypeNosniff": True,
                "customResponseHeaders": {
                    "Content-Security-Policy": USER_CONTENT_POLICY,
                    "Referrer-Policy": "no-referrer",
                    "Access-Control-Allow-Credentials": "",
                },
            }
        },
        # While a server restarts, a request that it has not accepted is repeated, for two or
        # three seconds in all. A request that it has accepted is never sent twice.
        "again": {"retry": {"attempts": 6, "initialInterval": "200ms"}},
    }
