#!/usr/bin/env bash
# Send generated requests to every operation of a workspace's API and hold each answer against the
# OpenAPI description: no 5xx, no status, content type, header or body that it does not know.
# Needs a development stack that is running (scripts/start-dev.sh) and, once, PyPI.
#
#   scripts/fuzz_api.sh                        as Ada, the owner of the demo workspace
#   scripts/fuzz_api.sh --max-examples 300     more cases; all options of `schemathesis run` work
#
# What ends the workspace itself or the owner's rights over it is left out.
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

port=${AGGIOS_PORT:-8080}
export FUZZ_URL="http://127.0.0.1:$port" FUZZ_HOST="${FUZZ_HOST:-acme.aggios.localhost:$port}"
export FUZZ_EMAIL="${FUZZ_EMAIL:-ada@acme.example}" FUZZ_PASSWORD="${FUZZ_PASSWORD:-demo-password-42}"
export SCHEMATHESIS_HOOKS=fuzz_hooks PYTHONPATH="$root/scripts/lib"

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd "$work"
"$place/bin/st" run "$FUZZ_URL/api/schema" --url "$FUZZ_URL" -H "Host: $FUZZ_HOST" \
    --exclude-path /api/tenant/transfer --exclude-operation-id delete_workspace \
    --exclude-path-regex 'logout' \
    --checks "$CHECKS" --continue-on-failure "$@"
