#!/usr/bin/env bash
# Check the types of every package with mypy. Its Django plugin reads the settings; the documented
# example (.env.example) is enough for them, and nothing else of the caller's environment is used.
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
