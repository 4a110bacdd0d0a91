#!/usr/bin/env bash
# Check every locked package for published advisories with pip-audit: in OSV, or in PyPI's own list if
# OSV does not respond. Run it for a release; scripts/test.sh does not. Needs network.
#
#   scripts/audit-dependencies.sh                       requirements of production
#   scripts/audit-dependencies.sh requirements-dev.txt  development and tests
#
# OSV_URL is another OSV service, such as a mirror. PIP_AUDIT is the path of an installed pip-audit.
#
# Exit status: 0 every package was checked and none has an advisory, 1 at least one has, 64 wrong usage,
# 75 the audit is incomplete: no network, or pip-audit could not be installed.
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

# Without markers and hashes, so that packages of other platforms are checked too. pip-audit accepts one
# version per package, so a second version of a package goes into a second list.
grep -oE '^[A-Za-z0-9._-]+(\[[^]]*\])?==[^ ;\\]+' "$locked" | sort -u |
    awk -F '==' -v folder="$work" '{ print > (folder "/packages" ++seen[$1] ".txt") }'

# Print the advisories of one service for one list. Return 0, 1 or 75, as the script does.
look_up() {
    options=(--vulnerability-service "$1")
    if [ "$1" = osv ] && [ -n "${OSV_URL:-}" ]; then options+=(--osv-url "$OSV_URL"); fi
    # pip-audit exits with 1 for an advisory and also without network, and with 0 if it checked
    # nothing. So the result is read from its report.
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
