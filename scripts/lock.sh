#!/usr/bin/env bash
# Compile requirements.txt (production) and requirements-dev.txt (development and tests) with
# hashes from the short lists of direct dependencies beside them. One lock serves every platform
# and every Python from 3.11 on.
#
#   scripts/lock.sh             keep the locked versions, add new packages
#   scripts/lock.sh --upgrade   take the newest versions (any other uv option is passed on too)
set -euo pipefail

UV_VERSION='>=0.9'

cd "$(dirname -- "$0")/.."
. scripts/lib/python.sh
python=$(find_python)

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

"$python" -m venv "$work/env"
"$work/env/bin/python" -m pip install --quiet --disable-pip-version-check "uv$UV_VERSION"

compile() {
    source=$1
    target=$2
    shift 2
    "$work/env/bin/uv" pip compile "$source" --output-file "$target" \
        --universal --python-version 3.11 --generate-hashes \
        --no-annotate --quiet --custom-compile-command scripts/lock.sh "$@"
    echo "$target: $(grep -c '==' "$target") packages"
}

compile requirements.in requirements.txt "$@"
# Development uses the same versions as production.
compile requirements-dev.in requirements-dev.txt --constraints requirements.txt "$@"
