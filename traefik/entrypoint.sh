#!/bin/sh
# Start Traefik on its static configuration, filled in from the environment.
#
# It replaces ${NAME} and ${NAME:-default} in traefik.yml by the variable's value. If the variable of a
# ${NAME} is unset or empty, it exits with an error that names it. Comment lines are not changed.
#
#   CONFIG_DIRECTORY  the folder of traefik.yml and plugins-local/  (/etc/traefik)
#   RENDERED_CONFIG   the file that is written                      (/tmp/traefik.yml)
#   ACME_DNS_FILE     KEY=VALUE lines with the credentials of the DNS provider. They are read here
#                     and not given as variables, so that `docker inspect` does not show them.
#   PROVIDER_TOKEN_FILE  the token with which Traefik requests the custom domains from the backend;
#                     in traefik.yml it is ${TRAEFIK_PROVIDER_TOKEN}
set -eu

folder=${CONFIG_DIRECTORY:-/etc/traefik}
config=$folder/traefik.yml
rendered=${RENDERED_CONFIG:-/tmp/traefik.yml}
credentials=${ACME_DNS_FILE:-/run/secrets/acme_dns}

if [ -n "${CERT_RESOLVER:-}" ] && ! grep -q '^[A-Za-z_][A-Za-z0-9_]*=.' "$credentials"; then
    echo "traefik: $credentials holds no credentials for the DNS provider" \
        "\"${ACME_DNS_PROVIDER:-}\": the wildcard certificate cannot be had." \
        "See docs/deployment.md, or set CERT_RESOLVER= to start without certificates." >&2
    exit 78
fi
if [ -r "$credentials" ]; then
    while IFS='=' read -r name value || [ -n "$name" ]; do
        case $name in '' | '#'*) ;; *) export "$name=$value" ;; esac
    done <"$credentials"
fi

token=${PROVIDER_TOKEN_FILE:-/run/secrets/traefik_provider_token}
if [ -r "$token" ]; then
    IFS= read -r TRAEFIK_PROVIDER_TOKEN <"$token" || :
    export TRAEFIK_PROVIDER_TOKEN
fi

umask 077
awk '
    /^[ \t]*#/ { print; next }
    {
        done = ""
        rest = $0
        while (match(rest, /[$][{][A-Z0-9_]+(:-[^}]*)?[}]/)) {
            token = substr(rest, RSTART + 2, RLENGTH - 3)
            split_at = index(token, ":-")
            name = split_at ? substr(token, 1, split_at - 1) : token
            value = ENVIRON[name]
            if (value == "" && split_at) value = substr(token, split_at + 2)
            else if (value == "") { missing = missing " " name; value = "" }
            done = done substr(rest, 1, RSTART - 1) value
            rest = substr(rest, RSTART + RLENGTH)
        }
        print done rest
    }
    END { if (missing) { print "traefik: set" missing > "/dev/stderr"; exit 78 } }
' "$config" >"$rendered"

# Local plugins are read from plugins-local/ in the working directory. The files of dynamic/ use the
# plugin only if this variable is set: a Traefik that was started before an update reads the new files
# too, and a router whose plugin is not loaded responds with 404.
if grep -q '^ *malformedbody:' "$rendered"; then
    export LOCAL_PLUGINS=malformedbody
fi
cd "$folder"
exec "${TRAEFIK_BINARY:-traefik}" --configFile="$rendered"
