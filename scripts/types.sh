#!/usr/bin/env bash
# Check the types of every package with mypy. Its Django plugin reads the settings, which get their
# variables from .env.example and not from the caller's environment.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/scripts/lib/python.sh"
. "$root/scripts/lib/venv.sh"

prepare_venv
cd "$root"
settings=()
while IFS= read -r line; do settings+=("$line"); done < <(grep -E '^[A-Z0-9_]+=' .env.example)
exec env -i HOME="$HOME" PATH="$PATH" TERM="${TERM:-dumb}" "${settings[@]}" \
    .venv/bin/python -m mypy "$@"
