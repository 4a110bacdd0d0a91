#!/usr/bin/env bash
# Check the style of the code with ruff: rules and format. Changes nothing.
#
#   scripts/lint.sh         check everything
#   scripts/lint.sh --fix   repair what ruff can repair, and format
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/scripts/lib/python.sh"
. "$root/scripts/lib/venv.sh"

prepare_venv
cd "$root"
if [ "${1:-}" = --fix ]; then
    .venv/bin/python -m ruff check --fix .
    exec .venv/bin/python -m ruff format .
fi
.venv/bin/python -m ruff check .
exec .venv/bin/python -m ruff format --check .
