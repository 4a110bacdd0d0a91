#!/usr/bin/env bash
# Check everything, or run the tests that are named:
#
#   scripts/test.sh                     ruff, mypy and all tests
#   scripts/test.sh tests/devstack -x   pytest alone, with these arguments
#   scripts/test.sh --coverage …        either of both with branch coverage (40 % more CPU time); all
#                                       tests fail below the minimum that pyproject.toml names
#
# The tests bring their own servers, on private ports and in temporary folders, so a running
# development stack is not in the way.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/scripts/lib/python.sh"
. "$root/scripts/lib/venv.sh"
. "$root/scripts/lib/coverage.sh"

coverage=false
if [ "${1:-}" = --coverage ]; then
    coverage=true
    shift
fi

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
if ! $coverage; then
    run pytest "$@"
    exit
fi
start_coverage
status=0
run pytest "$@" || status=$?
# Named tests alone say nothing of the whole.
report_coverage ${1:+0} || [ "$status" -ne 0 ] || status=2
exit "$status"
