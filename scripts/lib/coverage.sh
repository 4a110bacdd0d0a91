# shellcheck shell=bash
# Sourced by scripts/test.sh, after venv.sh; $root is the checkout. Measures every Python process
# that the tests start from .venv, with any environment: pytest, its workers, gunicorn's workers and
# commands. A .pth file starts the measurement, as
# https://coverage.readthedocs.io/en/latest/subprocess.html describes.

# shellcheck disable=SC2154  # $root is set by the script that sources this
start_coverage() {
    pth=$(coverage_pth)
    rm -f -- "$pth"
    coverage_data=$(mktemp -d)
    # Other accounts write there too: root runs PostgreSQL under another account.
    chmod 1777 "$coverage_data"
    # Lines of such a file stand alone. The process number guards against a file that a killed run
    # has left behind.
    "$root/.venv/bin/python" - "$$" "$root/pyproject.toml" "$coverage_data/data" >"$pth" <<'PYTHON'
import sys
program = f"""
import os
try:
    os.kill({sys.argv[1]}, 0)
except OSError:
    pass
else:
    os.environ.update(COVERAGE_PROCESS_START={sys.argv[2]!r}, COVERAGE_FILE={sys.argv[3]!r})
    import coverage
    coverage.process_startup()
"""
print(f"import sys; exec({program!r})")
PYTHON
    trap stop_coverage EXIT
}

# Print the coverage and the missing lines. Fails below $1, or below the minimum in pyproject.toml.
report_coverage() {
    rm -f -- "$pth"
    export COVERAGE_FILE="$coverage_data/data"
    "$root/.venv/bin/python" -m coverage combine --quiet
    "$root/.venv/bin/python" -m coverage report ${1:+--fail-under="$1"}
}

stop_coverage() {
    rm -rf -- "$pth" "$coverage_data"
}

coverage_pth() {
    printf '%s/aggios_coverage.pth' \
        "$("$root/.venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
}
