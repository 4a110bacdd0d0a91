#!/usr/bin/env bash
# Look every locked package up in the published advisories (OSV, or PyPI's own where OSV does not
# answer), with pip-audit. Part of a release; scripts/test.sh does without it. Needs network.
#
#   scripts/audit-dependencies.sh                       what production runs
#   scripts/audit-dependencies.sh requirements-dev.txt  development and tests
#
# OSV_URL names another OSV service, such as a mirror; PIP_AUDIT a pip-audit that is installed.
#
# Exit status: 0 every package was looked up and none has an advisory, 1 one has, 64 wrong usage,
# 75 the audit was NOT done, or not for every package: no network, or no pip-audit to be had.
set -euo pipefail

PIP_AUDIT_VERSION='>=2.10,<3'

cd "$(dirname -- "$0")/.."
. scripts/lib/python.sh
python=$(find_python)
locked=${1:-requirements.txt}
[ $# -le 1 ] && [ -f "$locked" ] || { echo "audit-dependencies: name one list of packages." >&2; exit 64; }

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

not_done() {
    echo "audit-dependencies: NOT AUDITED: $1" >&2
    exit 75
}

audit=${PIP_AUDIT:-}
if [ -z "$audit" ]; then
    "$python" -m venv "$work/env"
    "$work/env/bin/python" -m pip install --quiet --disable-pip-version-check \
        "pip-audit$PIP_AUDIT_VERSION" || not_done "pip-audit could not be installed."
    audit=$work/env/bin/pip-audit
fi

# Without markers and hashes: a package that only another platform needs is looked up as well. Where
# the lock holds two versions of one, the second is in another list: pip-audit takes one of a name.
grep -oE '^[A-Za-z0-9._-]+(\[[^]]*\])?==[^ ;\\]+' "$locked" | sort -u |
    awk -F '==' -v folder="$work" '{ print > (folder "/packages" ++seen[$1] ".txt") }'

# Print what a service knows of one list. Return 0, 1 or 75, as the script does.
look_up() {
    options=(--vulnerability-service "$1")
    if [ "$1" = osv ] && [ -n "${OSV_URL:-}" ]; then options+=(--osv-url "$OSV_URL"); fi
    # Its exit status is 1 for an advisory and for want of network alike, and 0 when it looked
    # nothing up: what it found is read from its report.
    "$audit" --requirement "$2" --no-deps --disable-pip --progress-spinner off --format json \
        "${options[@]}" >"$work/report.json" 2>"$work/log" || true
    "$python" scripts/lib/audit_report.py "$2" "$work/report.json"
}

for service in osv pypi; do
    worst=0
    for list in "$work"/packages*.txt; do
        status=0
        look_up "$service" "$list" || status=$?
        if [ "$status" -gt "$worst" ]; then worst=$status; fi
    done
    [ "$worst" -eq 75 ] || exit "$worst"
    [ -s "$work/report.json" ] ||
        echo "audit-dependencies: $service: $(tail -n 1 "$work/log" | cut -c 1-200)" >&2
done
not_done "neither OSV nor PyPI said anything of every package."
