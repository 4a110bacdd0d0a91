#!/usr/bin/env bash
# Check everything, or run the tests that are named:
#
#   scripts/test.sh                     ruff, mypy and the tests, a worker of pytest for each core
#   scripts/test.sh --all               the slow tests too (marker nightly); the default where CI=true
#   scripts/test.sh --fast              ruff, mypy and the tests that need no server
#   scripts/test.sh tests/devstack -x   pytest alone, in one process, with these arguments
#   scripts/test.sh --coverage …        each of them with branch coverage (40 % more CPU time); all
#                                       tests fail below the minimum that pyproject.toml names
#
# Other options of pytest may follow: scripts/test.sh --fast -x. The tests bring their own servers,
# on private ports and in temporary folders, so a running development stack is not in the way.
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
for name in CI COLUMNS FORCE_COLOR HOME LANG LC_ALL LC_CTYPE LOGNAME NO_COLOR PATH TERM TMPDIR USER; do
    if [ -n "${!name+set}" ]; then clean+=("$name=${!name}"); fi
done
command=(env -i "${clean[@]}" .venv/bin/python scripts/lib/run_tests.py "$@")

if ! $coverage; then exec "${command[@]}"; fi
start_coverage
status=0
"${command[@]}" || status=$?
# Named tests and tests without servers alone say nothing of the whole.
minimum=0
case ${1:-} in '' | --all) minimum= ;; esac
report_coverage $minimum || [ "$status" -ne 0 ] || status=2
exit "$status"
