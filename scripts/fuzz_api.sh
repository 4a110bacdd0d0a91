#!/usr/bin/env bash
# Send generated requests to every operation of a tenant's API and compare each response with the
# OpenAPI description: no 5xx, and no status, content type, header or body that is not described.
# Needs a development stack that is running (scripts/start-dev.sh) and, once, PyPI.
#
#   scripts/fuzz_api.sh                        in new tenants, as their owner; at least 5 000 cases
#                                              (schemathesis' default of 100 examples gives fewer)
#   scripts/fuzz_api.sh --max-examples 300     more cases; all options of `schemathesis run` work
#
# It starts a web process on the stack's data without rate limits; with them most responses would be
# 429. At the end it prints the response statuses of each operation.
set -euo pipefail

VERSION='schemathesis==4.32.5'
CHECKS=not_a_server_error,status_code_conformance,content_type_conformance
CHECKS+=,response_headers_conformance,response_schema_conformance,unsupported_method,ignored_auth

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/scripts/lib/python.sh"
python=$(find_python)

place="${XDG_CACHE_HOME:-$HOME/.cache}/aggios-fuzz"
[ -x "$place/bin/st" ] || "$python" -m venv "$place"
"$place/bin/python" -m pip install --quiet --disable-pip-version-check "$VERSION"

port=${FUZZ_PORT:-8190}
export AGGIOS_HOME="${AGGIOS_HOME:-$root/.aggios}"
export FUZZ_URL="http://127.0.0.1:$port" FUZZ_DOMAIN="aggios.localhost"
export FUZZ_MAIL="$AGGIOS_HOME/mail" FUZZ_TALLY="${FUZZ_TALLY:-/dev/stdout}"

work=$(mktemp -d)
for limit in $(sed -n 's/^\(RATE_LIMIT_[A-Z_]*\)=.*/\1=1000000\/60/p' "$root/.env.example"); do
    limits+=("$limit")
done
mapfile -t settings <"$AGGIOS_HOME/env"
cd "$root"
env "${settings[@]}" "${limits[@]}" TRUSTED_PROXY_COUNT=0 WEB_WORKERS=2 LOG_LEVEL=WARNING \
    .venv/bin/python -m gunicorn --bind "127.0.0.1:$port" -c python:aggios.gunicorn aggios.wsgi \
    >"$AGGIOS_HOME/fuzz-web.log" 2>&1 &
web=$!
trap 'kill "$web"; rm -rf -- "$work"' EXIT
curl --silent --fail --retry 20 --retry-connrefused --retry-delay 1 -H "Host: acme.$FUZZ_DOMAIN" \
    -o "$work/schema.yaml" "$FUZZ_URL/api/schema"

export SCHEMATHESIS_HOOKS=fuzz_hooks PYTHONPATH="$root/scripts/lib"
cd "$work"
"$place/bin/st" run schema.yaml --url "$FUZZ_URL" \
    --checks "$CHECKS" --continue-on-failure --max-examples 150 "$@"
