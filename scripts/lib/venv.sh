# shellcheck shell=bash
# Sourced by the scripts beside this folder, after python.sh; $root is the checkout.
# prepare_venv creates $root/.venv and installs requirements-dev.txt into it. If that is done already,
# it needs no network.

# shellcheck disable=SC2154  # $root is set by the script that sources this
prepare_venv() {
    take_venv_lock
    if ! "$root/.venv/bin/python" -c 'import sys' >/dev/null 2>&1; then
        base=$(find_python)
        echo "Creating .venv with $("$base" --version) …"
        "$base" -m venv --clear "$root/.venv"
    fi
    wanted=$(requirements_digest)
    if [ "$(cat "$root/.venv/.requirements" 2>/dev/null)" != "$wanted" ]; then
        install_requirements
        printf '%s\n' "$wanted" >"$root/.venv/.requirements"
    fi
    release_venv_lock
}

requirements_digest() {
    "$root/.venv/bin/python" - "$root/requirements-dev.txt" <<'PYTHON'
import hashlib, pathlib, sys
lock = pathlib.Path(sys.argv[1])
print(hashlib.sha256(sys.version.encode() + lock.read_bytes()).hexdigest())
PYTHON
}

install_requirements() {
    rm -f -- "$root/.venv/.requirements"
    "$root/.venv/bin/python" -m pip --version >/dev/null 2>&1 ||
        "$root/.venv/bin/python" -m ensurepip >/dev/null
    total=$(grep -c '^[a-zA-Z0-9].*==' "$root/requirements-dev.txt")
    log=$root/.venv/install.log
    echo "Installing requirements-dev.txt (once; a few hundred megabytes) …"
    if ! "$root/.venv/bin/python" -m pip install --disable-pip-version-check --no-input \
        --progress-bar off --require-hashes --requirement "$root/requirements-dev.txt" 2>&1 |
        tee "$log" | show_install "$total"; then
        echo "The installation failed; the last lines of $log:" >&2
        tail -n 15 "$log" >&2
        return 1
    fi
}

# Prints one line per package; on a terminal the line is overwritten.
show_install() {
    if [ -t 1 ]; then line='\r\033[K  %d of up to %d: %s'; else line='  %d of up to %d: %s\n'; fi
    awk -v total="$1" -v line="$line" '
        /^Collecting / { printf line, ++n, total, $2; fflush() }
        /^Installing collected/ { printf line, n, total, "unpacking …"; fflush() }
        END { print "" }'
}

# Two scripts that start at once must not install into the same environment: the second waits.
take_venv_lock() {
    if command -v flock >/dev/null 2>&1; then
        exec 9<"$root/scripts"
        flock -n 9 || { echo "Waiting for another script that prepares .venv …"; flock 9; }
        return
    fi
    while ! mkdir "$root/.venv.lock" 2>/dev/null; do
        # A killed script leaves its folder. The process id in it shows whether the script still runs.
        owner=$(cat "$root/.venv.lock/pid" 2>/dev/null || true)
        if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then
            rm -rf -- "$root/.venv.lock"
        else
            sleep 1
        fi
    done
    echo $$ >"$root/.venv.lock/pid"
    trap 'rm -rf -- "$root/.venv.lock"' EXIT
}

release_venv_lock() {
    if command -v flock >/dev/null 2>&1; then
        exec 9<&-
    else
        rm -rf -- "$root/.venv.lock"
        trap - EXIT
    fi
}
