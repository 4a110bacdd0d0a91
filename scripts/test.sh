#!/usr/bin/env bash
# Check everything, or run the tests that are named:
#
#   scripts/test.sh                     ruff, mypy and all tests
#   scripts/test.sh tests/devstack -x   pytest alone, with these arguments
#
# The tests bring their own servers, on private ports and in temporary folders, so a running
# development stack is not in the way.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/scripts/lib/python.sh"
. "$root/scripts/lib/venv.sh"

unset PYTHONPATH PYTHONHOME
prepare_venv
cd "$root"

# Settings of whoever calls must not reach the tests: only these variables do.
clean=()
for name in CI COLUMNS FORCE_COLOR HOME LANG LC_ALL LC_CTYPE LOGNAME NO_COLOR PATH TERM TMPDIR USER; do
    if [ -n "${!name+set}" ]; then clean+=("$name=${!name}"); fi
done
run_with_example() { env -i "${clean[@]}" "${example[@]}" .venv/bin/python -m "$@"; }
run() { env -i "${clean[@]}" .venv/bin/python -m "$@"; }

if [ $# -eq 0 ]; then
    run ruff check .
    run ruff format --check .
    # mypy's Django plugin reads the settings; the documented example must be enough for them.
    example=()
    while IFS= read -r line; do example+=("$line"); done < <(grep -E '^[A-Z0-9_]+=' .env.example)
    run_with_example mypy
fi
run pytest "$@"
