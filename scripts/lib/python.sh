# shellcheck shell=bash
# Sourced by the scripts beside this folder. It writes no files.

# Print the path of the first Python >= 3.11 with venv and pip, or an error in one line.
find_python() {
    for candidate in python3.11 python3.12 python3.13 python3.14 python3 python; do
        if command -v "$candidate" >/dev/null 2>&1 && python_fits "$candidate"; then
            command -v "$candidate"
            return 0
        fi
    done
    echo "Aggios needs Python 3.11 or later with venv and pip: none found on PATH." >&2
    return 1
}

python_fits() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}
