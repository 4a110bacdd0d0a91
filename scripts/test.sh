#!/usr/bin/env bash
# Run all checks, or only the named tests:
#
#   scripts/test.sh                     ruff, mypy and the tests, with one pytest worker more than cores
#   scripts/test.sh --all               the slow tests too (marker nightly); the default if CI=true
#   scripts/test.sh --fast              ruff, mypy and the tests that need no server
#   scripts/test.sh tests/devstack -x   only pytest, in one process, with these arguments
#   scripts/test.sh --coverage …        the same with branch coverage (40 % more CPU time); a run of
#                                       all tests fails below the minimum in pyproject.toml
#
# Other options of pytest may follow: scripts/test.sh --fast -x. The tests start their own servers, on
# private ports and in temporary folders, so a development stack can keep running.
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

# The caller's settings must not reach the tests: only these variables do.
clean=()
for name in CHROMIUM CI COLUMNS FORCE_COLOR HOME LANG LC_ALL LC_CTYPE LOGNAME NO_COLOR PATH TERM TMPDIR USER; do
    if [ -n "${!name+set}" ]; then clean+=("$name=${!name}"); fi
done
command=(env -i "${clean[@]}" .venv/bin/python scripts/lib/run_tests.py "$@")

if ! $coverage; then exec "${command[@]}"; fi
start_coverage
status=0
"${command[@]}" || status=$?
# A run of some tests says nothing about the coverage of the project.
minimum=0
case ${1:-} in '' | --all) minimum= ;; esac
report_coverage $minimum || [ "$status" -ne 0 ] || status=2
exit "$status"
